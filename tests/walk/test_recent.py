"""A process that has just started knows what passed before, and what passes from then on."""

import asyncio
from collections.abc import Sequence

from aiokafka import AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient, NewPartitions

from bot.core.cloudevent import encode
from bot.core.event import Event
from bot.stores.recent import RecentEvents
from bot.telemetry import Metrics
from consumers.broadcast import Broadcast
from consumers.kafka import LEAST_SHARE, TailSource
from consumers.recent import recall, remember
from tests.walk.parts import event, eventually


async def send(kafka: AIOKafkaProducer, topic: str, numbers: range, partition: int = 0) -> None:
    for number in numbers:
        await kafka.send(topic, encode(event(number)), partition=partition)
    await kafka.flush()


def ids(recent: RecentEvents) -> list[str]:
    return [one.id for one in recent.events()]


async def test_a_fresh_process_has_a_past(kafka: AIOKafkaProducer, kafka_address: str, topic: str) -> None:
    await send(kafka, topic, range(0, 700, 2), partition=0)
    await send(kafka, topic, range(1, 700, 2), partition=1)
    recent = RecentEvents()
    async with TailSource(kafka_address, topic) as source:
        await recall(source, recent)
        assert set(ids(recent)) == {f"e{number}" for number in range(200, 700)}
        loop = asyncio.create_task(remember(source, recent))
        await send(kafka, topic, range(700, 703))

        async def heard() -> bool:
            return ids(recent)[-1] == "e702"

        await eventually(heard)
        assert len(ids(recent)) == 500
        loop.cancel()
        await asyncio.gather(loop, return_exceptions=True)


async def test_every_partition_has_its_share_of_the_past(
    kafka: AIOKafkaProducer, kafka_address: str, topic: str
) -> None:
    admin = AIOKafkaAdminClient(bootstrap_servers=kafka_address)
    await admin.start()
    await admin.create_partitions({topic: NewPartitions(3)})
    await admin.close()
    await kafka.client.force_metadata_update()
    await send(kafka, topic, range(40))
    await send(kafka, topic, range(40, 45), partition=2)
    async with TailSource(kafka_address, topic) as source:
        found = [record async for batch in source.past(1) for record in batch]
    by_partition = {number: [one.offset for one in found if one.partition == number] for number in range(3)}
    assert by_partition == {0: list(range(40 - LEAST_SHARE, 40)), 1: [], 2: list(range(5))}


async def test_a_topic_without_records_has_no_past(kafka_address: str, topic: str) -> None:
    async with TailSource(kafka_address, topic) as source:
        assert [batch async for batch in source.past(100)] == []


class Page:
    """Stands where browsers are."""

    def __init__(self) -> None:
        self.said: list[str] = []

    def publish(self, event: Event, body: bytes) -> None:
        assert body
        self.said.append(event.id)

    def begin(self) -> None:
        """There is no gap here."""


async def test_browsers_and_the_past_share_one_reading_and_browsers_get_nothing_old(
    kafka: AIOKafkaProducer, kafka_address: str, topic: str
) -> None:
    await send(kafka, topic, range(3))
    recent, page = RecentEvents(), Page()
    async with TailSource(kafka_address, topic) as source:
        await recall(source, recent)
        loop = asyncio.create_task(Broadcast(source, page, Metrics(), seen=recent.see).run())
        await send(kafka, topic, range(3, 5))

        async def heard() -> bool:
            return len(page.said) == 2

        await eventually(heard)
        loop.cancel()
        await asyncio.gather(loop, return_exceptions=True)
    expected: Sequence[str] = ["e3", "e4"]
    assert page.said == expected
    assert ids(recent) == ["e0", "e1", "e2", *expected]


async def test_what_comes_while_the_past_is_read_is_not_taken_for_past(
    kafka: AIOKafkaProducer, kafka_address: str, topic: str
) -> None:
    await send(kafka, topic, range(3))
    recent = RecentEvents()
    async with TailSource(kafka_address, topic) as source:
        await send(kafka, topic, range(3, 5))
        await recall(source, recent)
        assert ids(recent) == ["e0", "e1", "e2"]
        heard: list[int] = []
        async for batch in source.batches():
            heard += [record.offset for record in batch]
            if len(heard) == 2:
                break
        assert heard == [3, 4]
