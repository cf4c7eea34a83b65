"""WebSockets: by aiohttp's client, and byte by byte as RFC 6455 writes them."""

import asyncio
import json
import socket
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from aiohttp import ClientSession, WSMsgType, WSServerHandshakeError

from bot.telemetry import Metrics
from bot.web.gateway import Gateway
from bot.web.socket import Farewell, Socket
from tests.edges.web.browsers import TOKEN, Site, event, following, ids, publish, raw, says, session, site, until

HANDSHAKE = (
    "GET /ws HTTP/1.1\r\nHost: tidings.test\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n"
    f"Authorization: Bearer {TOKEN}\r\n\r\n"
)


@asynccontextmanager
async def opened(served: Site) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    reader, writer = await raw(served, HANDSHAKE)
    head = await reader.readuntil(b"\r\n\r\n")
    assert b"101 Switching Protocols" in head
    assert b"s3pPLMBiTxaQ9kYGzzhZRbK+xOo=" in head  # the answer to the nonce of RFC 6455, section 1.3
    yield reader, writer
    writer.close()


async def frame(reader: asyncio.StreamReader) -> tuple[int, bytes]:
    """The first byte and the payload of the next frame."""
    async with asyncio.timeout(10):
        first, size = await reader.readexactly(2)
        if size == 126:
            (size,) = struct.unpack(">H", await reader.readexactly(2))
        elif size == 127:
            (size,) = struct.unpack(">Q", await reader.readexactly(8))
        return first, await reader.readexactly(size)


def masked(first: int, payload: bytes) -> bytes:
    mask = b"\x01\x02\x03\x04"
    size = bytes([0x80 | len(payload)]) if len(payload) < 126 else b"\xfe" + struct.pack(">H", len(payload))
    return bytes([first]) + size + mask + bytes(byte ^ mask[i % 4] for i, byte in enumerate(payload))


async def close_code(reader: asyncio.StreamReader) -> int:
    while True:
        first, payload = await frame(reader)
        if first == 0x88:
            return int.from_bytes(payload[:2], "big")


async def test_a_browser_sees_the_events_it_asked_for_in_order(http: ClientSession, gateway: Gateway) -> None:
    async with http.ws_connect("/ws", params={"filter": "model:fraud-*"}) as browser:
        assert await says(browser) == {"cursor": gateway._history.cursor_at(0)}
        await until(lambda: following(gateway) > 0)
        publish(gateway, 1)
        publish(gateway, 2, model="support-reply")
        publish(gateway, 3)
        said = [await says(browser), await says(browser)]
    assert said == [{"cursor": gateway._history.cursor_at(n), "event": {"id": str(n), "padding": ""}} for n in (1, 3)]


async def test_a_browser_that_comes_back_misses_nothing_however_much_it_was(
    gateway: Gateway, http: ClientSession
) -> None:
    publish(gateway, *range(1, 301), padding=10_000)  # far more than a transport's buffer takes
    async with http.ws_connect("/ws", params={"after": gateway._history.cursor_at(50)}) as browser:
        assert await says(browser) == {"cursor": gateway._history.cursor_at(50)}
        first = await ids(browser, 1)
        publish(gateway, *range(301, 351))  # while it catches up
        assert first + await ids(browser, 299) == list(range(51, 351))


async def test_a_browser_outrun_by_the_stream_while_it_catches_up_is_told(metrics: Metrics) -> None:
    async with Gateway(metrics) as gateway, site(gateway) as served, session(served) as http:
        publish(gateway, *range(1, 1001), padding=8_000)
        async with http.ws_connect("/ws", params={"after": gateway._history.cursor_at(0)}) as browser:
            said = [await says(browser) for _ in range(2)]
            assert "event" in said[1]
            publish(gateway, *range(1001, 2001), padding=8_000)
            while "gap" not in said[-1]:
                said.append(await says(browser))
            await until(lambda: following(gateway) > 0)
            publish(gateway, 2001)
            assert await ids(browser, 1) == [2001]
    told = [int(message["event"]["id"]) for message in said if "event" in message]
    assert told == list(range(1, len(told) + 1))
    assert said[-1]["gap"] == {"reason": "the events behind the cursor are no longer kept"}
    assert said[-1]["cursor"] == gateway._history.cursor_at(2000)


async def test_events_no_longer_kept_give_a_gap(http: ClientSession, gateway: Gateway) -> None:
    publish(gateway, *range(1, 1002))
    async with http.ws_connect("/ws", params={"after": gateway._history.cursor_at(0)}) as browser:
        await says(browser)
        assert (await says(browser))["gap"] == {"reason": "the events behind the cursor are no longer kept"}
        await until(lambda: following(gateway) > 0)
        publish(gateway, 1002)
        assert await ids(browser, 1) == [1002]


async def test_what_arrives_in_one_turn_goes_out_in_one_write(served: Site, gateway: Gateway) -> None:
    async with opened(served) as (reader, _):
        await until(lambda: following(gateway) > 0)
        await frame(reader)
        (connection,) = gateway._sockets
        writes: list[bytes] = []
        connection.transport = _Counted(connection.transport, writes)
        publish(gateway, 1, 2, 3)
        for _ in range(3):
            assert (await frame(reader))[0] == 0x81
        assert len(writes) == 1


class _Counted(asyncio.WriteTransport):
    def __init__(self, transport: asyncio.WriteTransport, writes: list[bytes]) -> None:
        self._transport = transport
        self._writes = writes

    def write(self, data: bytes | bytearray | memoryview) -> None:
        self._writes.append(bytes(data))
        self._transport.write(data)

    def is_closing(self) -> bool:
        return self._transport.is_closing()

    def get_write_buffer_size(self) -> int:
        return self._transport.get_write_buffer_size()


async def test_five_hundred_browsers_get_every_event_in_order(gateway: Gateway, http: ClientSession) -> None:
    filters = ["", "model:fraud-*", "status:completed", "model:support-*"]

    async def watch(wanted: str) -> list[int]:
        async with http.ws_connect("/ws", params={"filter": wanted}) as browser:
            return await ids(browser, 25 if wanted else 50)

    async with asyncio.TaskGroup() as group:
        watching = [group.create_task(watch(filters[number % 2 * 3])) for number in range(500)]
        await until(lambda: following(gateway) == 500)
        for number in range(50):
            publish(gateway, number, model=("fraud-scorer", "support-reply")[number % 2])
            if number % 7 == 0:
                await asyncio.sleep(0)  # several turns of the loop, so several writes
    assert [task.result() for task in watching[::2]] == [list(range(50))] * 250
    assert [task.result() for task in watching[1::2]] == [list(range(1, 50, 2))] * 250
    await until(lambda: not gateway._sockets)
    assert len(gateway._index) == 0
    assert gateway._metrics.registry.get_sample_value("tidings_sockets", {"transport": "ws"}) == 0
    assert gateway._metrics.registry.get_sample_value("tidings_frames_total") == 250 * 50 + 250 * 25


async def test_a_slow_browser_is_closed_with_4008_and_delays_nobody(
    gateway: Gateway, served: Site, metrics: Metrics, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.web.socket.LINGER_SECONDS", 60)  # time to read what is left, on a busy machine too
    loop = asyncio.get_running_loop()
    host, port = served.url.removeprefix("http://").split(":")
    with socket.socket() as slow:
        slow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
        slow.setblocking(False)  # noqa: FBT003 - the standard library has it so
        await loop.sock_connect(slow, (host, int(port)))
        await loop.sock_sendall(slow, HANDSHAKE.encode())
        async with session(served) as http, http.ws_connect("/ws") as quick:
            await until(lambda: following(gateway) == 2)
            number = 0
            while not metrics.registry.get_sample_value("tidings_sockets_dropped_total", {"reason": "slow"}):
                publish(gateway, number, padding=60_000)
                assert await ids(quick, 1) == [number]  # the quick one waits for nothing
                number += 1
                assert number < 500
        reader, writer = await asyncio.open_connection(sock=slow.dup())
        await reader.readuntil(b"\r\n\r\n")
        assert (await frame(reader))[0] == 0x81  # the position
        received = []
        while (next_frame := await frame(reader))[0] != 0x88:
            said = json.loads(next_frame[1]) if next_frame[0] == 0x81 else {}
            received += [said["event"]["id"]] if "event" in said else []  # a beat tells a position
        assert next_frame[1] == (4008).to_bytes(2, "big") + b"slow"
        assert received == [str(n) for n in range(len(received))]
        writer.close()


async def test_a_slow_browser_that_never_reads_is_cut_off(
    gateway: Gateway, served: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.web.socket.LINGER_SECONDS", 0.05)
    reader, writer = await raw(served, HANDSHAKE)
    reader._transport.pause_reading()  # type: ignore[attr-defined] # asyncio offers no other way
    await until(lambda: following(gateway) > 0)
    (connection,) = gateway._sockets
    for number in range(500):
        publish(gateway, number, padding=60_000)
        await asyncio.sleep(0)
        if connection.farewell.done():
            break
    assert connection.farewell.result() is Farewell.SLOW
    await until(lambda: connection.transport.get_write_buffer_size() == 0)
    assert not gateway._sockets
    writer.close()


async def test_a_ping_is_answered_with_its_payload(served: Site) -> None:
    async with opened(served) as (reader, writer):
        await frame(reader)
        writer.write(masked(0x89, b"still there?"))
        assert await frame(reader) == (0x8A, b"still there?")


@pytest.mark.parametrize(
    ("sent", "code"),
    [
        (masked(0x88, (1000).to_bytes(2, "big")), 1000),
        (masked(0x81, b"hello"), 1008),
        (masked(0x82, b"\x00"), 1008),
        (masked(0x81, b"x" * 4_097), 1009),
        (masked(0xC1, b"reserved bit"), 1002),
        (masked(0x83, b"reserved opcode"), 1002),
        (masked(0x09, b"fragmented ping"), 1002),
        (masked(0x89, b"x" * 126), 1002),
        (masked(0x80, b"continues nothing"), 1002),
        (masked(0x81, b"\xff\xfe"), 1007),
        (masked(0x88, b"\x03"), 1002),
    ],
)
async def test_what_a_browser_may_not_say_ends_with_the_right_code(
    served: Site, gateway: Gateway, sent: bytes, code: int
) -> None:
    async with opened(served) as (reader, writer):
        writer.write(sent)
        assert await close_code(reader) == code
        if code != 1000:
            writer.write(masked(0x88, code.to_bytes(2, "big")))
        assert await reader.read() == b""
        await until(lambda: not gateway._sockets)


async def test_after_its_close_frame_the_server_waits_for_the_answer(served: Site, gateway: Gateway) -> None:
    async with opened(served) as (reader, writer), asyncio.TaskGroup() as group:
        await until(lambda: following(gateway) > 0)
        group.create_task(gateway.close())
        assert await close_code(reader) == 1001
        async with ClientSession(served.url) as http, http.get("/ws"):
            pass  # a whole conversation later
        assert not reader.at_eof()
        assert gateway._sockets
        writer.write(masked(0x88, (1001).to_bytes(2, "big")))
        assert await reader.read() == b""


async def test_a_browser_that_comes_in_the_midst_of_a_turn_sees_each_event_once(served: Site, gateway: Gateway) -> None:
    async with opened(served) as (reader, _):
        await until(lambda: following(gateway) > 0)
        await frame(reader)
        (first,) = gateway._sockets
        writes: list[bytes] = []
        late = Socket(_Counted(first.transport, writes), first.wire, first.wanted, first.drain)
        gateway.enter(late)
        publish(gateway, 1)
        await gateway.follow(late)  # in the same turn: the event is published but not yet written
        publish(gateway, 2)
        said = [(await frame(reader))[1] for _ in range(4)]
        gateway.leave(late)
    assert [b'"id": "1"' in data for data in said].count(True) == 1
    assert len(writes) == 2
    assert gateway._history.cursor_at(1).encode() in writes[0]
    assert b'"id": "2"' in writes[1]


async def test_a_browser_that_vanishes_is_forgotten(served: Site, gateway: Gateway) -> None:
    async with opened(served) as (_, writer):
        await until(lambda: following(gateway) > 0)
        writer.transport.abort()
        await until(lambda: not gateway._sockets)
    assert not gateway._audiences


async def test_a_ping_left_unanswered_ends_the_socket(metrics: Metrics) -> None:
    async with Gateway(metrics, heartbeat=0.2) as gateway, site(gateway) as served, opened(served) as (reader, _):
        kinds = [(await frame(reader))[0]]
        async with asyncio.timeout(10):
            while rest := await reader.read(2):
                kinds.append(rest[0])
                await reader.readexactly(rest[1])
        assert kinds[-1] == 0x89
        assert kinds.count(0x89) == 1
        assert metrics.registry.get_sample_value("tidings_sockets_dropped_total", {"reason": "gone"}) == 1


async def test_an_answered_ping_keeps_the_socket_and_tells_its_place(metrics: Metrics) -> None:
    async with (
        Gateway(metrics, heartbeat=0.2) as gateway,
        site(gateway) as served,
        session(served) as http,
        http.ws_connect("/ws", params={"filter": "model:nothing"}) as browser,
    ):
        await until(lambda: following(gateway) > 0)
        publish(gateway, 1)
        said = [await says(browser) for _ in range(4)]
        assert said[-1] == {"cursor": gateway._history.cursor_at(1)}
        assert not browser.closed


async def test_sockets_are_told_that_the_server_goes_away(gateway: Gateway) -> None:
    async with site(gateway) as served, session(served) as http:
        browsers = [await http.ws_connect("/ws") for _ in range(20)]
        await until(lambda: following(gateway) > 0)
        publish(gateway, 1)
        async with asyncio.TaskGroup() as group:
            group.create_task(gateway.close())
            for browser in browsers:
                assert await ids(browser, 1) == [1]
                last = await browser.receive(timeout=10)
                assert (last.type, last.data, last.extra) == (WSMsgType.CLOSE, 1001, "going away")


async def test_a_socket_that_does_not_answer_the_farewell_is_cut_off(
    gateway: Gateway, served: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.web.gateway.LINGER_SECONDS", 0.05)
    async with opened(served) as (reader, _):
        await until(lambda: following(gateway) > 0)
        await gateway.close()
        assert await close_code(reader) == 1001
        assert await reader.read() == b""
        await until(lambda: not gateway._sockets)


async def test_beyond_its_capacity_the_gateway_takes_nobody(metrics: Metrics) -> None:
    async with Gateway(metrics, capacity=1) as gateway, site(gateway) as served, session(served) as http:
        async with http.ws_connect("/ws"):
            with pytest.raises(WSServerHandshakeError) as refused:
                await http.ws_connect("/ws")
        assert refused.value.status == 503
        await until(lambda: not gateway._sockets)
        async with http.ws_connect("/ws") as browser:
            assert await says(browser) == {"cursor": gateway._history.cursor_at(0)}


async def test_plain_http_is_asked_to_upgrade(http: ClientSession) -> None:
    async with http.get("/ws") as response:
        assert response.status == 426
        assert response.headers["Upgrade"] == "websocket"


async def test_a_browser_too_slow_to_catch_up_is_closed(
    gateway: Gateway, served: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.web.gateway.REPLAY_SECONDS", 0.05)
    publish(gateway, *range(1, 801), padding=10_000)
    reader, writer = await raw(served, HANDSHAKE.replace("/ws", f"/ws?after={gateway._history.cursor_at(0)}"))
    reader._transport.pause_reading()  # type: ignore[attr-defined] # asyncio offers no other way
    await until(lambda: bool(gateway._sockets))
    (connection,) = gateway._sockets
    await until(connection.farewell.done)
    assert connection.farewell.result() is Farewell.SLOW
    writer.close()


async def test_a_browser_that_vanishes_while_it_catches_up_is_forgotten(gateway: Gateway, served: Site) -> None:
    publish(gateway, *range(1, 801), padding=10_000)
    reader, writer = await raw(served, HANDSHAKE.replace("/ws", f"/ws?after={gateway._history.cursor_at(0)}"))
    reader._transport.pause_reading()  # type: ignore[attr-defined] # asyncio offers no other way
    await until(lambda: bool(gateway._sockets))
    writer.transport.abort()
    await until(lambda: not gateway._sockets)
    assert following(gateway) == 0


async def test_an_idle_socket_that_stopped_reading_is_found_by_its_heartbeat(metrics: Metrics) -> None:
    async with (
        Gateway(metrics, heartbeat=0.2, buffer=-1) as gateway,  # any buffer at all is too much
        site(gateway) as served,
        opened(served) as (reader, _),
    ):
        assert await close_code(reader) == 4008


async def test_a_socket_that_enters_while_the_gateway_closes_is_sent_away(gateway: Gateway, served: Site) -> None:
    async with opened(served) as (_reader, _):
        await until(lambda: following(gateway) > 0)
        (connection,) = gateway._sockets
        gateway._closed = True
        late = Socket(connection.transport, connection.wire, connection.wanted, connection.drain)
        gateway.enter(late)
        assert late.farewell.result() is Farewell.GOING_AWAY
        await gateway.follow(late)
        assert following(gateway) == 1
        gateway.leave(late)


def test_an_event_that_nobody_wants_costs_no_frame(metrics: Metrics) -> None:
    gateway = Gateway(metrics)
    gateway.publish(event(1), b"{}")  # there is no loop here to schedule anything on
    assert gateway._history.head == 1
