"""Server-sent events, read by aiohttp's client."""

import asyncio

from aiohttp import ClientSession

from bot.telemetry import Metrics
from bot.web.gateway import Gateway
from tests.edges.web.browsers import Block, Site, blocks, following, publish, raw, session, site, until


async def test_a_browser_sees_the_events_it_asked_for_in_order(http: ClientSession, gateway: Gateway) -> None:
    async with http.get("/stream", params={"filter": "model:fraud-*"}) as response:
        assert response.status == 200
        assert response.headers["Content-Type"] == "text/event-stream; charset=utf-8"
        stream = blocks(response)
        retry, position = await anext(stream), await anext(stream)
        assert retry.retry is not None
        assert 1_000 <= retry.retry <= 4_000
        assert position.data is None
        await until(lambda: following(gateway) > 0)
        publish(gateway, 1)
        publish(gateway, 2, model="support-reply")
        publish(gateway, 3)
        first, second = await anext(stream), await anext(stream)
    assert [first.event, first.data] == ["inference", '{"id": "1", "padding": ""}']
    assert [second.event, second.data] == ["inference", '{"id": "3", "padding": ""}']
    assert (position.id, first.id, second.id) == tuple(gateway._history.cursor_at(n) for n in (0, 1, 3))


async def test_a_browser_that_comes_back_misses_nothing(http: ClientSession, gateway: Gateway) -> None:
    publish(gateway, 1, 2, 3)
    cursor = gateway._history.cursor_at(1)
    async with http.get("/stream", headers={"Last-Event-ID": cursor}) as response:
        stream = blocks(response)
        await until(lambda: following(gateway) > 0)
        publish(gateway, 4)
        found = [(await anext(stream)).data for _ in range(6)]
    assert [data for data in found if data is not None] == [
        f'{{"id": "{number}", "padding": ""}}' for number in (2, 3, 4)
    ]


async def test_a_browser_that_left_is_forgotten(http: ClientSession, gateway: Gateway) -> None:
    async with http.get("/stream") as response:
        await anext(blocks(response))
        await until(lambda: following(gateway) > 0)
    (socket,) = gateway._sockets
    await until(socket.transport.is_closing)
    publish(gateway, 1)
    await until(lambda: not gateway._sockets)
    assert not gateway._audiences
    assert len(gateway._index) == 0


async def test_a_quiet_stream_tells_its_place_so_that_coming_back_is_cheap(metrics: Metrics) -> None:
    async with (
        Gateway(metrics, heartbeat=0.2) as gateway,
        site(gateway) as served,
        session(served) as http,
        http.get("/stream", params={"filter": "model:nothing"}) as response,
    ):
        stream = blocks(response)
        await until(lambda: following(gateway) > 0)
        publish(gateway, 1, 2)
        async for block in stream:
            if block.id == gateway._history.cursor_at(2):
                break
        assert block.data is None


async def test_an_event_too_large_for_the_stream_is_announced(http: ClientSession, gateway: Gateway) -> None:
    publish(gateway, 1, padding=70_000)
    async with http.get("/stream", params={"after": gateway._history.cursor_at(0)}) as response:
        stream = blocks(response)
        kinds = [(await anext(stream)).event for _ in range(4)]
        await until(lambda: following(gateway) > 0)
        publish(gateway, 2, padding=70_000)
        live = await anext(stream)
    assert kinds[2] == live.event == "skipped"
    assert live.data == '{"source":"/tests","id":"2","bytes":70026}'


async def test_a_stream_ends_when_the_server_stops(gateway: Gateway) -> None:
    async with site(gateway) as served, session(served) as http, http.get("/stream") as response:
        stream = blocks(response)
        await until(lambda: following(gateway) > 0)
        publish(gateway, 1)
        async with asyncio.TaskGroup() as group:
            group.create_task(gateway.close())
            found = [block async for block in stream]
        assert found[-1].data == '{"id": "1", "padding": ""}'
        assert response.content.at_eof()
        async with http.get("/stream") as late:
            assert late.status == 503
            assert late.headers["Retry-After"] == "5"


async def test_a_cursor_of_another_process_gives_a_gap_first(http: ClientSession, gateway: Gateway) -> None:
    publish(gateway, 1)
    async with http.get("/stream", params={"after": "elsewhere:1"}) as response:
        stream = blocks(response)
        await anext(stream)
        gap = await anext(stream)
    assert gap == Block(
        id=gateway._history.cursor,
        event="gap",
        data='{"reason":"the cursor is of another process, or of one that has restarted"}',
    )


async def test_http_1_0_gets_the_stream_without_chunks(served: Site, gateway: Gateway) -> None:
    reader, writer = await raw(served, "GET /stream HTTP/1.0\r\nAuthorization: Bearer the-stream-token\r\n\r\n")
    head = (await reader.readuntil(b"\r\n\r\n")).lower()
    assert b"transfer-encoding" not in head
    await reader.readuntil(b"id: ")
    await reader.readuntil(b"\n\n")
    await until(lambda: following(gateway) > 0)
    publish(gateway, 1)
    assert (await reader.readuntil(b"\n\n")).endswith(b'event: inference\ndata: {"id": "1", "padding": ""}\n\n')
    writer.close()
