"""Events to a thousand WebSockets through the gateway, against bare sends of the same bytes to as many sockets."""

import asyncio
import multiprocessing
import resource
import selectors
import socket
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from multiprocessing.connection import Connection
from typing import Any

import orjson
import uvloop

from bot.core.event import Event, Model, Status
from bot.render.frame import event_frame
from bot.telemetry import Metrics
from bot.web.access import Access
from bot.web.gateway import Gateway
from bot.web.server import Server
from bot.web.streams import Streams
from bot.web.tickets import LocalTickets

TOKEN, COALESCED, PATIENCE = "bench", 8, 64 << 10
HANDSHAKE = (
    "GET /ws HTTP/1.1\r\nHost: bench\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
    f"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nAuthorization: Bearer {TOKEN}\r\n\r\n"
).encode()

EVENT = Event(
    source="/bench",
    id="1",
    type="ai.inference.completed",
    time=datetime(2026, 11, 1, tzinfo=UTC),
    inference="inf-1",
    status=Status.COMPLETED,
    model=Model(name="fraud-scorer"),
)
BODY = orjson.dumps(
    {"specversion": "1.0", "id": "1", "source": "/bench", "data": {"title": "Card payment over 2,000 EUR"}}
)


def run(sockets: int = 1_000, seconds: float = 5) -> dict[str, Any]:
    """Frames a second that arrive, one and eight to a write, and the floor: a bare send of one frame to each socket.

    The ratio compares the CPU time that a frame costs the sender, which other work on the machine does not change.
    """
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    floor = _floor(sockets, seconds / 3)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        single, coalesced = runner.run(_gateway(sockets, seconds / 3))
    return {
        "sockets": sockets,
        "frame_bytes": len(event_frame(BODY, cursor="01234567:1000").websocket),
        "floor_frames_per_second": round(floor.per_second),
        "floor_cpu_us_per_frame": round(floor.cpu_us, 2),
        "frames_per_second": round(single.per_second),
        "cpu_us_per_frame": round(single.cpu_us, 2),
        "ratio_to_floor": round(floor.cpu_us / single.cpu_us, 3),
        "coalesced": COALESCED,
        "coalesced_frames_per_second": round(coalesced.per_second),
        "coalesced_cpu_us_per_frame": round(coalesced.cpu_us, 2),
    }


@dataclass(frozen=True, slots=True, kw_only=True)
class _Rate:
    """Frames that arrived in a second, and microseconds of the sender's CPU for each."""

    per_second: float
    cpu_us: float


class _Clock:
    """Wall and CPU time since it was made."""

    def __init__(self) -> None:
        self._wall, self._cpu = time.perf_counter(), time.process_time()

    @property
    def wall(self) -> float:
        return time.perf_counter() - self._wall

    @property
    def cpu(self) -> float:
        return time.process_time() - self._cpu


class _Readers:
    """A process that opens the sockets and counts the bytes they get, on the other core."""

    def __init__(self, port: int, sockets: int) -> None:
        context = multiprocessing.get_context("spawn")
        self._pipe, theirs = context.Pipe()
        self._process = context.Process(target=_read, args=(theirs, port, sockets), daemon=True)
        self._process.start()

    def counted(self) -> int:
        self._pipe.send("count")
        count: int = self._pipe.recv()
        return count

    def stop(self) -> None:
        self._pipe.send("stop")
        self._process.join()


def _read(pipe: Connection, port: int, sockets: int) -> None:
    count, buffer = 0, bytearray(256 << 10)
    with selectors.DefaultSelector() as selector:
        selector.register(pipe, selectors.EVENT_READ)
        for _ in range(sockets):
            opened = socket.create_connection(("127.0.0.1", port))
            opened.sendall(HANDSHAKE)
            selector.register(opened, selectors.EVENT_READ)
        while True:
            for key, _ in selector.select():
                if isinstance(key.fileobj, socket.socket):
                    count += key.fileobj.recv_into(buffer)
                elif pipe.recv() == "stop":
                    return
                else:
                    pipe.send(count)


def _floor(sockets: int, seconds: float) -> _Rate:
    frame = event_frame(BODY, cursor="01234567:1000").websocket
    with socket.create_server(("127.0.0.1", 0), backlog=sockets) as server:
        readers = _Readers(server.getsockname()[1], sockets)
        opened = [server.accept()[0] for _ in range(sockets)]
        for each in opened:
            each.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # as aiohttp does; Nagle's delay merges frames
            each.recv(len(HANDSHAKE))
        readers.counted()  # answers once all are open
        sent, clock = 0, _Clock()
        while clock.wall < seconds:
            for each in opened:
                each.sendall(frame)
            sent += sockets
        cpu = clock.cpu
        while readers.counted() < sent * len(frame):
            time.sleep(0.001)
        wall = clock.wall
        readers.stop()
        for each in opened:
            each.close()
    return _Rate(per_second=sent / wall, cpu_us=cpu / sent * 1e6)


async def _gateway(sockets: int, seconds: float) -> tuple[_Rate, _Rate]:
    metrics, tickets = Metrics(), LocalTickets()
    async with Gateway(metrics) as gateway:
        streams = Streams(gateway, Access(TOKEN, (), tickets), tickets)
        async with Server(streams.routes(), host="127.0.0.1", port=0, farewells=[gateway.close]) as url:
            readers = _Readers(int(url.rsplit(":", 1)[1]), sockets)
            await asyncio.to_thread(readers.counted)
            while _following(gateway) < sockets:  # noqa: ASYNC110 - the other process sets no asyncio.Event
                await asyncio.sleep(0.01)
            single = await _rate(gateway, readers, seconds, 1)
            coalesced = await _rate(gateway, readers, seconds, COALESCED)
            await asyncio.to_thread(readers.stop)
    return single, coalesced


async def _rate(gateway: Gateway, readers: _Readers, seconds: float, together: int) -> _Rate:
    """Frames a second, `together` published in each turn of the loop, at the pace of the readers."""
    before = await _settled(readers)
    opened = [each.transport for each in gateway._sockets]
    history, clock, cpu = gateway._history, _Clock(), 0.0
    first = history.head + 1
    while clock.wall < seconds:
        before_turn = clock.cpu
        for _ in range(together):
            gateway.publish(EVENT, BODY)
        await asyncio.sleep(0)  # the gateway writes
        await asyncio.sleep(0)  # uvloop sends what was written
        cpu += clock.cpu - before_turn
        while any(each.get_write_buffer_size() > PATIENCE for each in opened[::50]):  # noqa: ASYNC110 - no event for it
            await asyncio.sleep(0.001)
    published = range(first, history.head + 1)
    size = sum(len(event_frame(BODY, cursor=history.cursor_at(each)).websocket) for each in published) * len(opened)
    await _until(lambda: readers.counted() - before >= size)
    sent = len(published) * len(opened)
    return _Rate(per_second=sent / clock.wall, cpu_us=cpu / sent * 1e6)


async def _settled(readers: _Readers) -> int:
    """What was counted once nothing more arrives: the handshakes and first positions."""
    last = -1
    while (counted := await asyncio.to_thread(readers.counted)) != last:
        last = counted
        await asyncio.sleep(0.05)
    return last


async def _until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(30):
        while not await asyncio.to_thread(condition):  # noqa: ASYNC110 - the other process sets no asyncio.Event
            await asyncio.sleep(0.001)


def _following(gateway: Gateway) -> int:
    return sum(len(each) for audience in gateway._audiences.values() for each in audience.sockets.values())
