"""One browser's connection, as the gateway sees it: bytes go in without waiting, and one farewell ends it."""

import asyncio
from collections.abc import Awaitable, Callable
from enum import Enum, StrEnum

from bot.core.filters import Filter
from bot.render.frame import Frame, chunk, websocket_close

LINGER_SECONDS = 5.0


class Wire(StrEnum):
    """What the bytes on a connection look like."""

    WS = "ws"
    SSE = "sse"
    SSE_CHUNKED = "sse_chunked"

    @property
    def transport(self) -> str:
        """The metric's label: sse or ws."""
        return "ws" if self is Wire.WS else "sse"

    def dress(self, frames: list[Frame]) -> bytes:
        """The bytes of several frames, for one write."""
        if self is Wire.WS:
            return b"".join([frame.websocket for frame in frames])
        data = b"".join([frame.sse for frame in frames])
        return chunk(data) if self is Wire.SSE_CHUNKED else data


class Farewell(Enum):
    """Why a connection ends, with its WebSocket close code and reason. `docs/streams.md` documents them."""

    GONE = (1000, "")
    GOING_AWAY = (1001, "going away")
    PROTOCOL = (1008, "this stream only speaks")
    SLOW = (4008, "slow")

    @property
    def code(self) -> int:
        """RFC 6455, section 7.4; 4000 to 4999 are for private use."""
        return self.value[0]

    @property
    def reason(self) -> str:
        """Short text for people."""
        return self.value[1]


class Socket:
    """A connection with its filter.

    `drain` waits until the transport's buffer has room again; only catching up waits for it, never the gateway.
    """

    def __init__(
        self, transport: asyncio.WriteTransport, wire: Wire, wanted: Filter, drain: Callable[[], Awaitable[None]]
    ) -> None:
        self.transport = transport
        self.wire = wire
        self.wanted = wanted
        self.drain = drain
        self.answered = True
        self.farewell: asyncio.Future[Farewell] = asyncio.get_running_loop().create_future()

    def send(self, *frames: Frame) -> None:
        """Write the frames; bytes for a lost connection go nowhere."""
        self.write(self.wire.dress(list(frames)))

    def write(self, data: bytes) -> None:
        """Write without waiting."""
        if not self.transport.is_closing():
            self.transport.write(data)

    def end(self, why: Farewell) -> None:
        """Say once why it ends. The handler closes one that still listens; one that does not is cut off from here."""
        if self.farewell.done():
            return
        self.farewell.set_result(why)
        if why in {Farewell.SLOW, Farewell.GONE}:
            if why is Farewell.SLOW and self.wire is Wire.WS:
                self.write(websocket_close(why.code, why.reason))
            self.transport.close()  # sends what is buffered first, which may take for ever
            asyncio.get_running_loop().call_later(LINGER_SECONDS, self.transport.abort)
