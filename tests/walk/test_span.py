"""Reading a stretch of a topic on a real broker: all of it, nothing else, in order, and then an end."""

import asyncio
import time
from collections.abc import Sequence
from uuid import uuid4

import pytest
from aiokafka import AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, RecordsToDelete

from bot.core.errors import UnavailableError
from consumers import span as spans
from consumers.span import Span, reader

DAY = 86_400_000
NOON = time.time_ns() // 1_000_000 - 3_600_000
"""An hour ago: a time long past would be taken by retention while a test reads."""


async def publish(kafka: AIOKafkaProducer, topic: str, *times: int, partition: int = 0) -> None:
    for at in times:
        await kafka.send_and_wait(topic, b"%d" % at, partition=partition, timestamp_ms=NOON + at)


async def read(address: str, topic: str, since: int | None = None, until: int | None = None) -> Sequence[int]:
    async with reader(address, topic) as reading:
        stretch = await reading.span(
            since=None if since is None else NOON + since, until=None if until is None else NOON + until
        )
        return [int(record.value or b"") async for record in reading.records(stretch)]


async def test_partitions_are_merged_by_time_and_each_keeps_its_own_order(
    kafka_address: str, topic: str, kafka: AIOKafkaProducer
) -> None:
    await publish(kafka, topic, 1, 4, 5, 90, 80)
    await publish(kafka, topic, 2, 3, 85, partition=1)
    assert await read(kafka_address, topic) == [1, 2, 3, 4, 5, 85, 90, 80]


@pytest.mark.parametrize(
    ("since", "until", "found"),
    [
        (None, None, [1, 2, 3, 4]),
        (2, None, [2, 3, 4]),
        (None, 3, [1, 2]),
        (2, 4, [2, 3]),
        (5, None, []),
        (None, 1, []),
        (-DAY, DAY, [1, 2, 3, 4]),
        (3, 3, []),
    ],
)
async def test_a_stretch_is_cut_by_time(
    kafka_address: str, topic: str, kafka: AIOKafkaProducer, since: int | None, until: int | None, found: list[int]
) -> None:
    await publish(kafka, topic, 1, 3)
    await publish(kafka, topic, 2, 4, partition=1)
    assert await read(kafka_address, topic, since, until) == found


async def test_what_comes_after_the_start_is_not_read(kafka_address: str, topic: str, kafka: AIOKafkaProducer) -> None:
    await publish(kafka, topic, 1, 2)
    async with reader(kafka_address, topic) as reading:
        stretch = await reading.span()
        await publish(kafka, topic, 3)
        await publish(kafka, topic, 4, partition=1)
        assert (stretch.size, stretch.bounds) == (2, {0: (0, 2)})
        for _ in range(2):
            assert [int(record.value or b"") async for record in reading.records(stretch)] == [1, 2]


async def test_what_was_deleted_is_passed_over(kafka_address: str, topic: str, kafka: AIOKafkaProducer) -> None:
    await publish(kafka, topic, 1, 2, 3)
    admin = AIOKafkaAdminClient(bootstrap_servers=kafka_address)
    await admin.start()
    await admin.delete_records({TopicPartition(topic, 0): RecordsToDelete(before_offset=2)})
    await admin.close()
    assert await read(kafka_address, topic) == [3]
    assert await read(kafka_address, topic, since=0) == [3]


async def test_a_transactions_marker_at_the_end_is_no_reason_to_wait(kafka_address: str, topic: str) -> None:
    producer = AIOKafkaProducer(bootstrap_servers=kafka_address, transactional_id=uuid4().hex)
    await producer.start()
    try:
        async with producer.transaction():
            await producer.send_and_wait(topic, b"1", partition=0, timestamp_ms=NOON)
    finally:
        await producer.stop()
    async with asyncio.timeout(10):
        assert await read(kafka_address, topic) == [1]


async def test_a_long_topic_is_read_to_its_end_and_progress_is_told(
    kafka_address: str, topic: str, kafka: AIOKafkaProducer
) -> None:
    count = 5 * spans.AT_ONCE + 7
    for number in range(count):
        await kafka.send(topic, b"%d" % number, partition=number % 2, timestamp_ms=NOON + number)
    await kafka.flush()
    told: list[int] = []
    async with reader(kafka_address, topic) as reading:
        stretch = await reading.span()
        found = [int(record.value or b"") async for record in reading.records(stretch, told.append)]
    assert found == list(range(count))
    assert told == sorted(told)
    assert told[-1] == count
    assert len(told) == 6


async def test_an_empty_topic_ends_at_once(kafka_address: str, topic: str) -> None:
    assert await read(kafka_address, topic) == []


async def test_a_broker_that_is_away_is_named_with_the_remedy(topic: str) -> None:
    with pytest.raises(UnavailableError, match="TIDINGS_KAFKA"):
        await read("127.0.0.1:1", topic)


async def test_a_broker_that_falls_silent_is_not_waited_for_for_ever(
    kafka_address: str, topic: str, kafka: AIOKafkaProducer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(spans, "SILENCE_SECONDS", 0.5)
    await publish(kafka, topic, 1)
    async with reader(kafka_address, topic) as reading:
        # nothing lies beyond 1, as if the broker kept the rest to itself
        beyond = Span(topic=topic, bounds={0: (0, 2)})
        with pytest.raises(UnavailableError, match="fallen silent"):
            _ = [record async for record in reading.records(beyond)]
