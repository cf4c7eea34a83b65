"""Every event to every socket whose filter matches: matched once, framed once, never waiting for anyone.

Rules of this file:
1. `publish` and everything it leads to is synchronous: no socket can make another one wait.
2. Sockets with the same filter form an audience. An event is matched against audiences, not sockets.
3. What arrives within one turn of the event loop goes out in one write per socket: a write costs a system call, a
   frame does not.
4. A socket misses nothing silently: it gets every matching event in order, or a gap, or it is closed.
"""

import asyncio
from secrets import token_hex
from typing import Self

import structlog

from bot.core.event import Event
from bot.core.filters import Filter
from bot.core.routing import Index
from bot.render.frame import PING, Frame, event_frame, gap_frame, position_frame, skipped_frame
from bot.telemetry import Metrics
from bot.web.history import Entry, History
from bot.web.socket import LINGER_SECONDS, Farewell, Socket, Wire
from bot.web.wheel import Wheel

log = structlog.get_logger()

SLOTS = 20
REPLAY_BYTES = 64 << 10
REPLAY_SECONDS = 30.0


class Audience:
    """The sockets of one filter, by wire, and the frames that they are to get at the end of this turn."""

    def __init__(self, wanted: Filter) -> None:
        self.wanted = wanted
        self.sockets: dict[Wire, set[Socket]] = {}
        self.pending: list[Frame] = []


class Gateway:
    """Fans events out to sockets.

    `heartbeat` is in seconds; a WebSocket that leaves a ping unanswered until the next one is given up. A socket with
    more than `buffer` bytes unsent is closed as slow. Events with more than `largest` bytes are announced as skipped.
    `capacity` bounds the sockets.
    """

    def __init__(
        self,
        metrics: Metrics,
        *,
        history: History | None = None,
        heartbeat: float = 20.0,
        buffer: int = 1 << 20,
        largest: int = 64 << 10,
        capacity: int = 10_000,
    ) -> None:
        self._metrics = metrics
        self._history = history or History(token_hex(4))
        self._heartbeat = heartbeat
        self._buffer = buffer
        self._largest = largest
        self._capacity = capacity
        self._index: Index[str] = Index()
        self._audiences: dict[str, Audience] = {}
        self._waiting: dict[str, Audience] = {}
        self._wheel: Wheel[Socket] = Wheel(SLOTS)
        self._sockets: set[Socket] = set()
        self._empty = asyncio.Event()
        self._empty.set()
        self._flushing: asyncio.Handle | None = None
        self._turning: asyncio.TimerHandle | None = None
        self._begun = False
        self._closed = False

    async def __aenter__(self) -> Self:
        """Start the heartbeat."""
        self._turning = asyncio.get_running_loop().call_later(self._heartbeat / SLOTS, self._turn)
        return self

    async def __aexit__(self, *_: object) -> None:
        """Close what is still open."""
        await self.close()

    @property
    def takes(self) -> bool:
        """Whether another socket may join."""
        return not self._closed and len(self._sockets) < self._capacity

    def publish(self, event: Event, body: bytes) -> None:
        """Give the event to every socket that wants it. `body` is its CloudEvent JSON, without a byte to spare."""
        entry = self._history.append(event, body if len(body) <= self._largest else None, size=len(body))
        audiences = [self._audiences[name] for name in self._index.match(event)]
        if not audiences:
            return
        frame = self._frame(entry)
        for audience in audiences:
            if not audience.pending:
                self._waiting[str(audience.wanted)] = audience
            audience.pending.append(frame)
        if self._flushing is None:
            self._flushing = asyncio.get_running_loop().call_soon(self._flush)

    def begin(self) -> None:
        """The source is read from its end from here on.

        The first time, the stream begins. From then on events may have been missed since the source was last read, and
        every socket is told.
        """
        if not self._begun:
            self._begun = True
            return
        self._flush()
        self._history.interrupt()
        gap = gap_frame("this process had to begin reading anew", cursor=self._history.cursor)
        for name, audience in self._audiences.items():
            audience.pending.append(gap)
            self._waiting[name] = audience
        self._flush()

    def enter(self, socket: Socket) -> None:
        """Count the socket among the open ones; its handler calls `leave` when it ends."""
        self._sockets.add(socket)
        self._empty.clear()
        self._metrics.sockets.labels(socket.wire.transport).inc()
        if self._closed:
            self.drop(socket, Farewell.GOING_AWAY)

    async def follow(self, socket: Socket, *, after: str | None = None) -> None:
        """Send what came behind the cursor `after`, at the socket's own pace, then let it follow the stream.

        Without a cursor it follows from now on. Where events behind the cursor are gone it is sent a gap.
        """
        try:
            async with asyncio.timeout(REPLAY_SECONDS):
                await self._replay(socket, after)
        except TimeoutError:
            self.drop(socket, Farewell.SLOW)
        except ConnectionError:
            self.drop(socket, Farewell.GONE)

    def drop(self, socket: Socket, why: Farewell) -> None:
        """End the socket; its handler does the rest. Dropping it twice is dropping it once."""
        if socket.farewell.done():
            return
        self._detach(socket)
        self._metrics.sockets_dropped.labels(why.name.lower()).inc()
        socket.end(why)

    def leave(self, socket: Socket) -> None:
        """Forget the socket, once, when its handler ends."""
        self._detach(socket)
        self._sockets.remove(socket)
        self._metrics.sockets.labels(socket.wire.transport).dec()
        if not self._sockets:
            self._empty.set()

    async def close(self) -> None:
        """Take no more sockets, send what is pending, say 1001 to all, and cut off who does not answer in time."""
        self._closed = True
        if self._turning is not None:
            self._turning.cancel()
        self._flush()
        for socket in list(self._sockets):
            self.drop(socket, Farewell.GOING_AWAY)
        try:
            async with asyncio.timeout(LINGER_SECONDS):
                await self._empty.wait()
        except TimeoutError:
            log.warning("sockets_cut_off", sockets=len(self._sockets))
            for socket in self._sockets:
                socket.transport.abort()

    async def _replay(self, socket: Socket, after: str | None) -> None:
        place = self._history.head if after is None else self._history.place(after)
        if isinstance(place, str):
            socket.send(gap_frame(place, cursor=self._history.cursor))
            place = self._history.head
        socket.send(position_frame(self._history.cursor_at(place)))
        while place < self._history.head:
            entries = self._history.since(place, size=REPLAY_BYTES)
            if entries is None:
                socket.send(gap_frame("the events behind the cursor are no longer kept", cursor=self._history.cursor))
                break
            wanted = [self._frame(entry) for entry in entries if socket.wanted.matches(entry.event)]
            place = entries[-1].sequence
            socket.send(*wanted, position_frame(self._history.cursor_at(place)))
            await socket.drain()
        self._attach(socket)

    def _frame(self, entry: Entry) -> Frame:
        cursor = self._history.cursor_at(entry.sequence)
        if entry.body is None:
            return skipped_frame(entry.event.source, entry.event.id, entry.size, cursor=cursor)
        return event_frame(entry.body, cursor=cursor)

    def _attach(self, socket: Socket) -> None:
        if socket.farewell.done():
            return
        self._flush()  # what is pending was published before this socket's place in the stream
        name = str(socket.wanted)
        audience = self._audiences.get(name)
        if audience is None:
            audience = self._audiences[name] = Audience(socket.wanted)
            self._index.add(name, socket.wanted)
        audience.sockets.setdefault(socket.wire, set()).add(socket)
        self._wheel.add(socket)

    def _detach(self, socket: Socket) -> None:
        self._wheel.remove(socket)
        name = str(socket.wanted)
        audience = self._audiences.get(name)
        if audience is None or socket not in audience.sockets.get(socket.wire, ()):
            return
        audience.sockets[socket.wire].remove(socket)
        if not any(audience.sockets.values()):
            del self._audiences[name]
            self._index.remove(name)

    def _flush(self) -> None:
        """One write per socket for all that is pending."""
        if self._flushing is not None:
            self._flushing.cancel()
            self._flushing = None
        waiting, self._waiting = self._waiting, {}
        for audience in waiting.values():
            frames, audience.pending = audience.pending, []
            for wire, sockets in audience.sockets.items():
                self._write(wire.dress(frames), sockets)
                self._metrics.frames.inc(len(frames) * len(sockets))

    def _write(self, data: bytes, sockets: set[Socket]) -> None:
        lost: list[tuple[Socket, Farewell]] = []
        for socket in sockets:
            transport = socket.transport
            if transport.is_closing():
                lost.append((socket, Farewell.GONE))
            elif transport.get_write_buffer_size() > self._buffer:
                lost.append((socket, Farewell.SLOW))
            else:
                transport.write(data)
        for socket, why in lost:
            self.drop(socket, why)

    def _turn(self) -> None:
        """Give the sockets whose turn it is a sign of life, and the place they have reached."""
        self._turning = asyncio.get_running_loop().call_later(self._heartbeat / SLOTS, self._turn)
        self._flush()  # the place may only be told once everything before it was sent
        position = position_frame(self._history.cursor)
        for socket in self._wheel.turn():
            if socket.transport.is_closing() or not socket.answered:
                self.drop(socket, Farewell.GONE)
            elif socket.transport.get_write_buffer_size() > self._buffer:
                self.drop(socket, Farewell.SLOW)
            elif socket.wire is Wire.WS:
                socket.answered = False
                socket.write(position.websocket + PING)
            else:
                socket.send(position)
