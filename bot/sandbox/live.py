"""The page's live feed: what happens, sent to each open page that may see it."""

import asyncio
from collections import defaultdict, deque
from collections.abc import Callable
from typing import Literal

import orjson
from aiohttp import web

from bot.sandbox.answers import Json
from bot.sandbox.changes import (
    Altered,
    Change,
    Deleted,
    Edited,
    HomePublished,
    ModalMoved,
    Moved,
    Posted,
    Reacted,
    Regrouped,
)
from bot.sandbox.channel import Channel
from bot.sandbox.message import Message
from bot.sandbox.workspace import Workspace

QUEUE_BOUND = 2_000
METER_SECONDS = 1.0
NOTICE_SECONDS = 5.0  # a burst of refusals is one notice
MINUTE = 60.0


class Live:
    """Open pages by person. A page that falls ``QUEUE_BOUND`` behind is closed; it will load anew."""

    def __init__(self, workspace: Workspace, *, clock: Callable[[], float]) -> None:
        self._workspace = workspace
        self._clock = clock
        self._pages: defaultdict[str, set[asyncio.Queue[str | None]]] = defaultdict(set)
        self._posted: defaultdict[str, deque[float]] = defaultdict(deque)
        self._limited: defaultdict[str, deque[float]] = defaultdict(deque)
        self._noticed: dict[str, float] = {}
        self._metered: dict[str, tuple[int, bool]] = {}

    async def serve(self, request: web.Request, user: str) -> web.WebSocketResponse:
        """Send one page its feed until it goes."""
        socket = web.WebSocketResponse(heartbeat=30.0, timeout=1.0)
        await socket.prepare(request)
        queue: asyncio.Queue[str | None] = asyncio.Queue(QUEUE_BOUND)
        self._pages[user].add(queue)
        writer = asyncio.create_task(self._write(socket, queue), name=f"live feed of {user}")
        try:
            async for _ in socket:
                pass  # the page only listens; reading notices that it has gone
        finally:
            self._pages[user].discard(queue)
            writer.cancel()
            await asyncio.gather(writer, return_exceptions=True)
        return socket

    async def _write(self, socket: web.WebSocketResponse, queue: asyncio.Queue[str | None]) -> None:
        while (frame := await queue.get()) is not None:
            await socket.send_str(frame)
        await socket.close(code=1013, message=b"too far behind")

    def hear(self, change: Change) -> None:
        """Show a change to those who may see it."""
        match change:
            case Posted(channel=channel, message=message):
                if message.audience is None and message.bot_id is not None:
                    self._posted[channel.id].append(self._clock())
                event = "message" if message.audience is None else "ephemeral"
                self._message(event, channel, message)
            case Edited(channel=channel, message=message):
                self._message("message_changed", channel, message)
            case Deleted(channel=channel, message=message):
                gone: Json = {"event": "message_deleted", "channel": channel.id, "ts": message.ts}
                self._send(gone, self._audience(channel, message))
            case Moved(channel=channel, user=user) | Altered(channel=channel, user=user):
                self._channel(channel, also=user)
            case ModalMoved(user=user, action=action, view=view):
                self._send({"event": "view", "action": action, "view": view}, [user])
            case HomePublished(user=user, view=view):
                self._send({"event": "home", "view": view}, [user])
            case Reacted() | Regrouped():
                pass  # the edited message carries its reactions

    def presence(self, *, connected: bool) -> None:
        """The app connected, or its last connection went."""
        self._send({"event": "app", "connected": connected}, list(self._pages))

    def notice(self, user: str | None, level: Literal["info", "warning", "error"], text: str) -> None:
        """Say something to one person, or to all."""
        self._send({"event": "notice", "level": level, "text": text}, list(self._pages) if user is None else [user])

    def limited(self, method: str, channel: str | None, retry_after: int) -> None:
        """A 429 was handed out."""
        name = self._workspace.channels[channel].name if channel in self._workspace.channels else "the workspace"
        if channel is not None:
            self._limited[channel].append(self._clock())
        if self._clock() - self._noticed.get(method, 0.0) < NOTICE_SECONDS:
            return
        self._noticed[method] = self._clock()
        self.notice(None, "warning", f"429 for {method} in {name}: retry after {retry_after} s")

    async def meter(self) -> None:
        """Once a second, how busy each channel is: messages and 429s of the last minute."""
        while True:
            await asyncio.sleep(METER_SECONDS)
            if any(self._pages.values()):
                self.measure()

    def measure(self) -> None:
        """Send the meters that changed."""
        horizon = self._clock() - MINUTE
        for channel_id in {*self._posted, *self._limited}:
            reading = (
                _since(horizon, self._posted[channel_id]),
                _since(horizon, self._limited[channel_id]) > 0,
            )
            channel = self._workspace.channels.get(channel_id)
            if channel is None or reading == self._metered.get(channel_id):
                continue
            self._metered[channel_id] = reading
            event: Json = {"event": "meter", "channel": channel_id}
            self._send(event | {"per_minute": reading[0], "limited": reading[1]}, self._everybody(channel))

    def _message(self, event: str, channel: Channel, message: Message) -> None:
        audience = self._audience(channel, message)
        if audience:
            self._send({"event": event, "message": message.to_page()}, audience)

    def _channel(self, channel: Channel, *, also: str) -> None:
        bot = self._workspace.bot.id
        for user in {*self._everybody(channel), also} & set(self._pages):
            self._send({"event": "channel", "channel": channel.to_page(viewer=user, bot=bot)}, [user])

    def _audience(self, channel: Channel, message: Message) -> list[str]:
        return [message.audience] if message.audience is not None else self._everybody(channel)

    def _everybody(self, channel: Channel) -> list[str]:
        return [user for user, pages in self._pages.items() if pages and self._workspace.visible(channel, user)]

    def _send(self, event: Json, users: list[str]) -> None:
        if not any(self._pages.get(user) for user in users):
            return
        frame = orjson.dumps(event).decode()
        for user in users:
            for queue in list(self._pages.get(user, ())):
                if queue.qsize() >= QUEUE_BOUND - 1:
                    self._pages[user].discard(queue)
                    queue.put_nowait(None)
                else:
                    queue.put_nowait(frame)

    def close(self) -> None:
        """Send every page away."""
        for queues in self._pages.values():
            for queue in list(queues):
                queue.put_nowait(None)


def _since(horizon: float, times: deque[float]) -> int:
    """How many times lie within the horizon; forgets the others."""
    while times and times[0] < horizon:
        times.popleft()
    return len(times)
