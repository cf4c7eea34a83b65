"""Socket Mode: Slack's requests over a WebSocket that we open, for installations without a public URL.

One of these is one connection; Slack allows ten for an app and gives each request to any one of them.
https://docs.slack.dev/apis/events-api/using-socket-mode
"""

import asyncio
import time
from collections.abc import Callable
from typing import Any, Self

import orjson
import structlog
from aiohttp import WSMessage
from slack_bolt.adapter.socket_mode.aiohttp import AsyncSocketModeHandler
from slack_bolt.adapter.socket_mode.async_internals import send_async_response
from slack_bolt.adapter.socket_mode.internals import build_headers
from slack_sdk.socket_mode.aiohttp import SocketModeClient
from slack_sdk.socket_mode.request import SocketModeRequest

from bot.outlets.slack.errors import Answer, Kind, kind_of
from bot.outlets.slack.web import Said, SlackWeb
from bot.settings import SettingsError
from bot.slack.app import SlackApp

CHECK_SECONDS = 5.0
PATIENCE = 3
"""After so many failed checks in a row a new address is asked for."""
REPLACE_SECONDS = 120.0
"""After so long without a connection the SDK's client is thrown away, and said to be down."""
FAREWELL_SECONDS = 1.0
"""How long, before the connection closes, what came last may take to be acknowledged."""
LONGEST_NOTICE = 1_000
"""Characters of a message about the connection itself; a person's request has more."""
MOST = 1_000
"""Requests between their arrival and their acknowledgement; the SDK itself would start any number."""
CROWDED = 8
"""Connections from which it is said that Slack's ten are nearly used up: an eleventh makes all of them unsteady."""

log = structlog.get_logger()


class SocketMode:
    """Keeps one connection. Enter it as an async context manager.

    Entering asks Slack once, and raises SettingsError where the app-level token is refused; where Slack is away it
    returns, and goes on trying. `check` is the pause between looks at the connection, in seconds; after `replace`
    seconds without one it is made anew from nothing.
    """

    def __init__(
        self,
        app: SlackApp,
        web: SlackWeb,
        app_token: str,
        *,
        check: float = CHECK_SECONDS,
        replace: float = REPLACE_SECONDS,
    ) -> None:
        self._app = app
        self._web = web
        self._token = app_token
        self._check = check
        self._replace = replace
        self._handler: _Handler | None = None
        self._watching: asyncio.Task[None] | None = None
        self._connected = asyncio.Event()
        self._since = time.monotonic()

    @property
    def connected(self) -> bool:
        """Whether Slack can reach us, as of the last look; for /readyz."""
        return self._connected.is_set()

    @property
    def why_not(self) -> str | None:
        """What /readyz says while Slack can't reach us, with how long that has been so; None while it can."""
        if self.connected:
            return None
        heard = self._handler.heard if self._handler is not None else None
        last = "nothing was heard on it" if heard is None else f"last heard {time.monotonic() - heard:.0f} s ago"
        return f"the Socket Mode connection is down for {time.monotonic() - self._since:.0f} s, {last}"

    async def wait_connected(self) -> None:
        """Return once there is a connection."""
        await self._connected.wait()

    async def __aenter__(self) -> Self:
        """Begin to connect."""
        self._handler = self._made(await self._first_address())
        self._watching = asyncio.create_task(self._watch(), name="socket-watch")
        return self

    async def __aexit__(self, *_: object) -> None:
        """Acknowledge what came last, and close; what comes now goes to another replica, or comes again."""
        assert self._handler is not None  # noqa: S101 (entered)
        assert self._watching is not None  # noqa: S101 (entered)
        self._watching.cancel()
        await asyncio.gather(self._watching, return_exceptions=True)
        await self._handler.farewell(FAREWELL_SECONDS)
        self._connected.clear()
        await self._handler.end()

    async def _first_address(self) -> str | None:
        """Where to connect. The SDK's own first attempt would repeat for ever, silently, with a token that is wrong."""
        match await self._web.ask(self._web.api.apps_connections_open(app_token=self._token)):
            case Said(data={"url": str(url)}):
                return url
            case Answer(error=error) as answer if kind_of(answer) is Kind.INSTALLATION:
                line = (
                    f"TIDINGS_SLACK_APP_TOKEN is refused by Slack ({error}). It is your app's app-level token, xapp-…"
                )
                raise SettingsError([line])
            case reply:
                log.warning("socket_waits_for_slack", reply=repr(reply))
                return None

    def _made(self, address: str | None) -> "_Handler":
        return _Handler(self._app, self._token, ping_interval=self._check, address=address, opened=self._opened)

    def _opened(self) -> None:
        if not self.connected:
            self._connected.set()
            log.info("socket_connected", after_seconds=round(time.monotonic() - self._since, 1))

    async def _watch(self) -> None:
        """Look at the connection, and mend what the SDK does not.

        Once a handshake has failed the SDK's client repeats it at the same address for ever; but an address serves once
        and for a short while. Without one it asks for another. A client whose own tasks died repeats nothing; after a
        while there is a new one in its place.
        """
        failures = 0
        while True:
            await asyncio.sleep(self._check)
            assert self._handler is not None  # noqa: S101 (entered)
            if await self._handler.client.is_connected():
                failures = 0
                self._opened()
                continue
            if self.connected:
                self._connected.clear()
                self._since = time.monotonic()
            failures += 1
            if failures * self._check >= self._replace:
                log.error("socket_down", why=self.why_not)
                former, self._handler = self._handler, self._made(None)
                await former.end()
                failures = 0
            elif failures % PATIENCE == 0:
                log.warning("socket_asks_anew", checks=failures)
                self._handler.client.wss_uri = None


class _Handler(AsyncSocketModeHandler):
    """Bolt's, with the reception between the socket and Bolt; it begins to connect at once, to `address` if given.

    `heard` is when the last message came, by the monotonic clock. `opened` is called once there is a connection.
    """

    def __init__(
        self, app: SlackApp, token: str, *, ping_interval: float, address: str | None, opened: Callable[[], None]
    ) -> None:
        super().__init__(app.bolt, token, ping_interval=ping_interval)
        self.heard: float | None = None
        self._app = app
        self._handling: set[asyncio.Task[Any]] = set()
        self.client.wss_uri = address
        self.client.on_message_listeners.append(self._hear)
        self._connecting = asyncio.create_task(self._connect(opened), name="socket-connect")

    async def handle(self, client: SocketModeClient, req: SocketModeRequest) -> None:  # type: ignore[override]
        """Answer one envelope; one that gets no answer is repeated by Slack, or told to the person."""
        if len(self._handling) >= MOST:
            log.warning("socket_overrun", requests=len(self._handling))
            return
        # The SDK keeps no reference to the task that this runs in.
        task = asyncio.current_task()
        assert task is not None  # noqa: S101 (a coroutine runs in one)
        self._handling.add(task)
        try:
            began = time.time()
            headers = {name: str(value) for name, value in (build_headers(req) or {}).items()}
            response = await self._app.dispatch(req.payload, headers=headers, envelope=req.envelope_id)
            await send_async_response(client, req, response, began)
        finally:
            self._handling.discard(task)

    async def farewell(self, seconds: float) -> None:
        """Wait until what came is acknowledged."""
        if self._handling:
            await asyncio.wait(self._handling, timeout=seconds)

    async def end(self) -> None:
        """Close the connection, and wait for the SDK's tasks, which it only cancels."""
        client = self.client
        await client.close()
        self._connecting.cancel()
        theirs = [client.message_processor, client.current_session_monitor, client.message_receiver]
        tasks = [self._connecting, *(task for task in theirs if task is not None)]
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _connect(self, opened: Callable[[], None]) -> None:
        await self.client.connect()
        opened()

    async def _hear(self, message: WSMessage) -> None:
        self.heard = time.monotonic()
        match _notice(message.data):
            case {"type": "hello", "num_connections": int(connections)} if connections >= CROWDED:
                log.warning("socket_crowded", connections=connections, most=10)
            case {"type": "disconnect", "reason": "link_disabled" | "too_many_websockets" as reason}:
                log.error("socket_refused", reason=reason)
            case {"type": "disconnect", "reason": str(reason)}:
                log.info("socket_refreshed", reason=reason)


def _notice(text: str) -> Any:
    """A message about the connection itself, or nothing: what is raised in a listener stops the SDK's reading."""
    if len(text) > LONGEST_NOTICE:
        return None
    try:
        return orjson.loads(text)
    except ValueError:
        return None  # Slack sends empty ones, too
