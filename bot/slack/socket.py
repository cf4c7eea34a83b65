"""Socket Mode: Slack's requests over a WebSocket that we open, for installations without a public URL.

One of these is one connection; Slack allows ten for an app and gives each request to any one of them.
https://docs.slack.dev/apis/events-api/using-socket-mode
"""

import asyncio
import time
from typing import Self

import structlog
from slack_bolt.adapter.socket_mode.aiohttp import AsyncSocketModeHandler
from slack_bolt.adapter.socket_mode.async_internals import send_async_response
from slack_bolt.adapter.socket_mode.internals import build_headers
from slack_sdk.socket_mode.aiohttp import SocketModeClient
from slack_sdk.socket_mode.request import SocketModeRequest

from bot.outlets.slack_errors import Answer, Kind, kind_of
from bot.outlets.slack_web import Said, SlackWeb
from bot.settings import SettingsError
from bot.slack.app import SlackApp

CHECK_SECONDS = 5.0
PATIENCE = 3
"""After so many failed checks in a row a new address is asked for."""

log = structlog.get_logger()


class SocketMode:
    """Keeps one connection. Enter it as an async context manager.

    Entering asks Slack once, and raises SettingsError where the app-level token is refused; where Slack is away it
    returns, and goes on trying. `check` is the pause between looks at the connection, in seconds.
    """

    def __init__(self, app: SlackApp, web: SlackWeb, app_token: str, *, check: float = CHECK_SECONDS) -> None:
        self._app = app
        self._web = web
        self._token = app_token
        self._check = check
        self._handler: _Handler | None = None
        self._tasks: list[asyncio.Task[None]] = []
        self._connected = asyncio.Event()

    @property
    def connected(self) -> bool:
        """Whether Slack can reach us, as of the last look; for /readyz."""
        return self._connected.is_set()

    async def wait_connected(self) -> None:
        """Return once there is a connection."""
        await self._connected.wait()

    async def __aenter__(self) -> Self:
        """Begin to connect."""
        address = await self._first_address()
        self._handler = _Handler(self._app, self._token, ping_interval=self._check)
        self._handler.client.wss_uri = address
        self._tasks = [
            asyncio.create_task(self._connect(self._handler), name="socket-connect"),
            asyncio.create_task(self._watch(self._handler), name="socket-watch"),
        ]
        return self

    async def __aexit__(self, *_: object) -> None:
        """Close the connection; what comes now goes to another replica, or comes again."""
        assert self._handler is not None  # noqa: S101 (entered)
        client = self._handler.client
        self._connected.clear()
        await client.close()
        # The SDK cancels its tasks without waiting for them.
        theirs = [client.message_processor, client.current_session_monitor, client.message_receiver]
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, *(task for task in theirs if task is not None), return_exceptions=True)

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

    async def _connect(self, handler: "_Handler") -> None:
        await handler.client.connect()
        self._connected.set()

    async def _watch(self, handler: "_Handler") -> None:
        """Look at the connection, and mend what the SDK does not.

        Once a handshake has failed the SDK's client repeats it at the same address for ever; but an address serves once
        and for a short while. Without one it asks for another.
        """
        failures = 0
        while True:
            await asyncio.sleep(self._check)
            if await handler.client.is_connected():
                failures = 0
                self._connected.set()
            else:
                failures += 1
                self._connected.clear()
                if failures % PATIENCE == 0:
                    log.warning("socket_asks_anew", checks=failures)
                    handler.client.wss_uri = None


class _Handler(AsyncSocketModeHandler):
    """Bolt's, with the reception between the socket and Bolt."""

    def __init__(self, app: SlackApp, token: str, *, ping_interval: float) -> None:
        super().__init__(app.bolt, token, ping_interval=ping_interval)
        self._app = app

    async def handle(self, client: SocketModeClient, req: SocketModeRequest) -> None:  # type: ignore[override]
        """Answer one envelope; one that gets no answer is repeated by Slack, or told to the person."""
        began = time.time()
        headers = {name: str(value) for name, value in (build_headers(req) or {}).items()}
        response = await self._app.dispatch(req.payload, headers=headers, envelope=req.envelope_id)
        await send_async_response(client, req, response, began)
