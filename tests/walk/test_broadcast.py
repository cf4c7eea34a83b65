"""Broadcast on a real broker, with a real browser's protocol at the other end."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import pytest
from aiohttp import ClientSession
from aiokafka import AIOKafkaProducer

from bot.core.cloudevent import encode
from bot.core.event import Event
from bot.telemetry import Metrics
from bot.web.access import Access
from bot.web.gateway import Gateway
from bot.web.server import Server
from bot.web.streams import Streams
from bot.web.tickets import LocalTickets
from consumers.broadcast import STRIDE, Broadcast
from consumers.kafka import Record, TailSource
from tests.walk.parts import event

TOKEN = "the-stream-token"


@asynccontextmanager
async def serving(gateway: Gateway) -> AsyncIterator[ClientSession]:
    tickets = LocalTickets()
    streams = Streams(gateway, Access(TOKEN, (), tickets), tickets)
    async with (
        Server(streams.routes(), host="127.0.0.1", port=0, farewells=[gateway.close]) as url,
        ClientSession(url, headers={"Authorization": f"Bearer {TOKEN}"}) as http,
    ):
        yield http


@asynccontextmanager
async def broadcasting(address: str, topic: str, gateway: Gateway, metrics: Metrics) -> AsyncIterator[None]:
    async with TailSource(address, topic) as source:
        loop = asyncio.create_task(Broadcast(source, gateway, metrics).run(), name="broadcast")
        yield
        loop.cancel()
        with pytest.raises(asyncio.CancelledError):
            await loop


async def send(kafka: AIOKafkaProducer, topic: str, *values: bytes | None) -> None:
    for value in values:
        await kafka.send_and_wait(topic, value, key=b"one-key")


async def test_an_event_walks_from_kafka_to_the_browsers_that_want_it(
    kafka: AIOKafkaProducer, kafka_address: str, topic: str
) -> None:
    metrics = Metrics()
    await send(kafka, topic, encode(event(0)))  # before anyone listened
    async with (
        Gateway(metrics) as gateway,
        broadcasting(kafka_address, topic, gateway, metrics),
        serving(gateway) as http,
        http.ws_connect("/ws", params={"filter": "inference:inf-1,inf-3,inf-4"}) as socket,
    ):
        await socket.receive_json(timeout=10)
        await send(kafka, topic, *(encode(event(number)) for number in (1, 2)), b"no event", None, encode(event(3)))
        said = [await socket.receive_json(timeout=10) for _ in range(2)]
        assert [message["event"]["id"] for message in said] == ["e1", "e3"]
        assert said[0]["event"]["specversion"] == "1.0"
        assert said[0]["event"]["data"]["title"] == "Event 1"
        count = metrics.registry.get_sample_value
        assert count("tidings_broadcast_records_total", {"outcome": "event"}) == 3
        assert count("tidings_broadcast_records_total", {"outcome": "unreadable"}) == 2


async def test_a_source_begun_anew_is_a_gap_but_the_first_beginning_is_none(
    kafka: AIOKafkaProducer, kafka_address: str, topic: str
) -> None:
    metrics = Metrics()
    await send(kafka, topic, encode(event(0)))
    async with Gateway(metrics) as gateway, serving(gateway) as http, http.ws_connect("/ws") as socket:
        before = await socket.receive_json(timeout=10)
        async with broadcasting(kafka_address, topic, gateway, metrics):
            await send(kafka, topic, encode(event(9)))
            assert (await socket.receive_json(timeout=10))["event"]["id"] == "e9"
        async with broadcasting(kafka_address, topic, gateway, metrics):
            gap = await socket.receive_json(timeout=10)
            assert gap["gap"] == {"reason": "this process had to begin reading anew"}
            await send(kafka, topic, encode(event(1)))
            assert (await socket.receive_json(timeout=10))["event"]["id"] == "e1"
        async with http.ws_connect("/ws", params={"after": before["cursor"]}) as late:
            await late.receive_json(timeout=10)
            assert "gap" in await late.receive_json(timeout=10)
        async with http.ws_connect("/ws", params={"after": gap["cursor"]}) as later:
            await later.receive_json(timeout=10)
            assert (await later.receive_json(timeout=10))["event"]["id"] == "e1"


class OneBatch:
    def __init__(self, records: Sequence[Record]) -> None:
        self._records = records

    async def batches(self) -> AsyncIterator[Sequence[Record]]:
        yield ()
        yield self._records


class Counting:
    def __init__(self) -> None:
        self.published = 0

    def publish(self, event: Event, body: bytes) -> None:  # noqa: ARG002 - the Protocol's
        self.published += 1

    def begin(self) -> None:
        pass


async def test_a_large_batch_lets_the_loop_turn_between_strides() -> None:
    value = encode(event(1))
    batch = [
        Record(topic="t", partition=0, offset=offset, timestamp=0, value=value, headers=()) for offset in range(200)
    ]
    counting = Counting()
    loop = asyncio.create_task(Broadcast(OneBatch(batch), counting, Metrics()).run())
    seen = []
    while not loop.done():
        await asyncio.sleep(0)
        seen.append(counting.published)
    assert sorted(set(seen)) == [*range(STRIDE, 200, STRIDE), 200]
