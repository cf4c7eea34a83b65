"""A log that changes under ingest, on a real broker and a real outbox: nothing is skipped without a word."""

from collections.abc import Sequence
from typing import Any

import orjson
import pytest
from aiokafka import TopicPartition
from aiokafka.admin import NewPartitions, NewTopic, RecordsToDelete
from redis.asyncio import Redis
from structlog.testing import capture_logs

from bot.core.destination import SlackChannel
from bot.core.errors import UnavailableError
from bot.stores.keys import Keys
from bot.stores.outbox import RedisOutbox
from bot.telemetry import Metrics
from consumers.kafka import producer
from consumers.offsets import UNDECIDED, Bounds
from consumers.positions import Positions
from tests.walk.parts import cloudevent, eventually, subscription
from tests.walk.rig import Rig

CHANNEL = SlackChannel(team="T1", channel="C1")


@pytest.fixture(autouse=True)
async def wanted(rig: Rig) -> None:
    """Somebody wants every event."""
    await rig.subscriptions.save(subscription("s1", CHANNEL))


async def recreate(rig: Rig, partitions: int = 2) -> None:
    """Delete the topic and make it anew.

    A consumer's question may have made it already, with as many partitions as the broker likes: then it goes again.
    """
    async with rig.administrator() as admin:
        await admin.delete_topics([rig.topic])

        async def count() -> int:
            return len((await admin.describe_topics([rig.topic]))[0]["partitions"])

        async def made() -> bool:
            answer: Any = await admin.create_topics([NewTopic(rig.topic, partitions, 1)])
            found = await count()
            if answer.topic_errors[0][1] == 36 and found not in {0, partitions}:
                await admin.delete_topics([rig.topic])
            return found == partitions

        await eventually(made)


async def delivered(rig: Rig) -> list[str]:
    return sorted(orjson.loads(body)["id"] for body in await rig.drain())


def said(logs: Sequence[Any], event: str) -> list[dict[str, Any]]:
    return [one for one in logs if one["event"] == event]


async def test_a_topic_recreated_while_ingest_runs_is_read_from_its_beginning_and_it_is_said(rig: Rig) -> None:
    with capture_logs() as logs:
        async with rig.ingesting():
            await rig.publish(*(cloudevent(number) for number in range(5)))
            await rig.read_to(5)
            await recreate(rig)
            await rig.publish(*(cloudevent(number) for number in range(10, 13)))
            await rig.read_to(3)
            await rig.publish(cloudevent(20), partition=1)
            await rig.read_to(1, partition=1)
    assert await delivered(rig) == ["e0", "e1", "e10", "e11", "e12", "e2", "e20", "e3", "e4"]
    assert [(one["was_at"], one["now_at"]) for one in said(logs, "topic_reset")] == [(5, 0)]
    assert rig.metrics.topic_resets._value.get() == 1


async def test_a_topic_recreated_and_refilled_past_the_watermark_is_known_by_its_lost_commit(rig: Rig) -> None:
    """Kafka forgets what a group committed of a topic that is deleted, and the offsets alone would say nothing."""
    async with rig.ingesting() as ingest:
        await rig.publish(cloudevent(0), cloudevent(1))
        await rig.read_to(2)
        assert len(await rig.drain()) == 2
        await ingest.commit()
        assert await rig.committed() == 2
        await recreate(rig)
        await rig.publish(*(cloudevent(number) for number in range(10, 15)))
        await ingest._source.rewind(rig.topic, 0)
        await rig.read_to(5)
        await eventually(lambda: rig.metrics.topic_resets._value.get() >= 1)
    assert await delivered(rig) == ["e10", "e11", "e12", "e13", "e14"]


async def test_a_topic_recreated_while_nobody_looked_is_read_from_its_beginning(rig: Rig) -> None:
    await rig.publish(*(cloudevent(number) for number in range(5)))
    async with rig.ingesting():
        await rig.read_to(5)
    await recreate(rig)
    await rig.publish(cloudevent(10))
    async with rig.ingesting():
        await rig.read_to(1)
        await eventually(lambda: rig.metrics.topic_resets._value.get() == 1)
    assert "e10" in await delivered(rig)


async def test_halt_waits_for_a_person_whatever_the_new_topic_grows_to(rig: Rig, outbox: RedisOutbox) -> None:
    await rig.publish(*(cloudevent(number) for number in range(3)))
    async with rig.ingesting():
        await rig.read_to(3)
    await recreate(rig)
    with capture_logs() as logs:
        async with rig.ingesting(halt_on_reset=True) as ingest:
            await eventually(lambda: ingest.waiting_for is not None)
            assert "TIDINGS_ON_TOPIC_RESET=earliest" in (ingest.waiting_for or "")
            await rig.publish(*(cloudevent(number) for number in range(10, 16)))
            await rig.publish(cloudevent(20), partition=1)
            await rig.read_to(1, partition=1)
            await ingest.commit()
            assert await rig.committed() in {None, 3}
        # another member finds it so too, though the topic has more records now than were ever read
        async with rig.ingesting(halt_on_reset=True) as ingest:
            await eventually(lambda: ingest.waiting_for is not None)
            assert await outbox.partitions.watermark(rig.topic, 0) == UNDECIDED
    assert len(said(logs, "topic_reset")) == 1
    async with rig.ingesting() as ingest:
        await rig.read_to(6)
        assert ingest.waiting_for is None
    assert await delivered(rig) == ["e0", "e1", "e10", "e11", "e12", "e13", "e14", "e15", "e2", "e20"]


async def test_records_removed_before_they_were_read_are_counted_and_the_rest_is_delivered(rig: Rig) -> None:
    await rig.publish(cloudevent(0))
    async with rig.ingesting():
        await rig.read_to(1)
    await rig.publish(*(cloudevent(number) for number in range(1, 10)))
    async with rig.administrator() as admin:
        await admin.delete_records({TopicPartition(rig.topic, 0): RecordsToDelete(6)})
    with capture_logs() as logs:
        async with rig.ingesting():
            await rig.read_to(10)
    assert await delivered(rig) == ["e0", "e6", "e7", "e8", "e9"]
    assert [(one["at_most"], one["now_at"]) for one in said(logs, "records_lost_to_retention")] == [(5, 6)]
    assert rig.metrics.records_lost_to_retention._value.get() == 5


async def test_records_removed_while_ingest_waits_for_redis_are_counted_too(rig: Rig, redis: Redis) -> None:
    """Ingest holds a batch; what is behind it goes, and then it goes on."""
    async with rig.ingesting() as ingest:
        await rig.publish(cloudevent(0))
        await rig.read_to(1)
        await redis.config_set("maxmemory", "1")
        try:
            await rig.publish(cloudevent(1))
            await eventually(lambda: ingest.waiting_for is not None)
            await rig.publish(*(cloudevent(number) for number in range(2, 6)))
            async with rig.administrator() as admin:
                await admin.delete_records({TopicPartition(rig.topic, 0): RecordsToDelete(4)})
        finally:
            await redis.config_set("maxmemory", "0")
        await rig.read_to(6)
    found = await delivered(rig)
    lost = rig.metrics.records_lost_to_retention._value.get()
    assert {"e0", "e1", "e4", "e5"} <= set(found)
    assert len(found) + lost == 6


async def test_partitions_added_while_ingest_runs_are_read_from_their_beginning_and_it_is_said(rig: Rig) -> None:
    with capture_logs() as logs:
        async with rig.ingesting():
            await rig.publish(cloudevent(0))
            await rig.read_to(1)
            async with rig.administrator() as admin:
                await admin.create_partitions({rig.topic: NewPartitions(4)})
            async with producer(rig.address) as grown:
                for number in (1, 2):
                    await grown.send_and_wait(rig.topic, cloudevent(number), partition=3)
            await rig.publish(cloudevent(3))
            await rig.read_to(2, partition=3)
            await rig.read_to(2)
    assert await delivered(rig) == ["e0", "e1", "e2", "e3"]
    assert [(one["before"], one["now"]) for one in said(logs, "partitions_grown")] == [(2, 4)]


async def test_a_redis_wiped_before_the_first_append_leaves_no_gap(rig: Rig, redis: Redis, keys: Keys) -> None:
    """The watermark is there before anything is read, so that its absence shows."""
    await rig.publish(*(cloudevent(number) for number in range(4)))
    async with rig.ingesting():
        await rig.read_to(4)
        await rig.read_to(0, partition=1)
        former = [key async for key in redis.scan_iter(f"{keys.prefix}*")]
        await redis.delete(*(key for key in former if b"subscriptions" not in key))
        await rig.publish(cloudevent(5), partition=1)
        await rig.read_to(1, partition=1)
        await rig.publish(cloudevent(4))
        await rig.read_to(5)
    assert await delivered(rig) == ["e0", "e1", "e2", "e3", "e4", "e5"]


async def test_without_redis_or_kafka_a_position_is_waited_for(outbox: RedisOutbox, metrics: Metrics) -> None:
    positions = Positions(outbox.partitions, metrics, halt=False)
    place = ("t", 0)

    async def away(_: str, __: int) -> Bounds:
        raise UnavailableError("Kafka is away")

    async def there(_: str, __: int) -> Bounds:
        return Bounds(beginning=2, end=9, committed=None)

    with capture_logs() as logs:
        assert await positions.take_up(place, away) is None
        assert await positions.take_up(place, away) is None
    assert [one["why"] for one in said(logs, "position_waits")] == ["Kafka is away"]
    assert (positions.waiting_for, positions.next(place)) == ("Kafka is away", None)
    assert await positions.take_up(place, there) == 2
    assert (positions.waiting_for, positions.next(place)) == (None, 2)
    assert await outbox.partitions.watermark(*place) == 2


async def test_a_partition_taken_away_is_forgotten_with_its_reason_to_wait(
    outbox: RedisOutbox, metrics: Metrics
) -> None:
    positions = Positions(outbox.partitions, metrics, halt=True)

    async def short(_: str, __: int) -> Bounds:
        return Bounds(beginning=0, end=1, committed=5)

    assert await positions.take_up(("t", 0), short) is None
    positions.read_to(("t", 1), 4)
    found = []
    for kept in ([("t", 0), ("t", 1)], [("t", 1)], []):
        positions.keep(kept)
        found.append((positions.waiting_for is None, positions.next(("t", 1))))
    assert found == [(False, 4), (True, 4), (True, None)]
