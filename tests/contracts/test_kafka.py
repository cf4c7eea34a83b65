"""What Tidings relies on in a Kafka broker. It has to hold on ours and on Apache's."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any, TypeVar
from uuid import uuid4

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, ConsumerRebalanceListener, ConsumerRecord, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewPartitions, NewTopic, RecordsToDelete
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.errors import (
    CommitFailedError,
    KafkaError,
    MessageSizeTooLargeError,
    OffsetOutOfRangeError,
    ProducerFenced,
)
from aiokafka.structs import OffsetAndMetadata

SESSION_MS = 1_000

Seen = TypeVar("Seen")


def name(kind: str) -> str:
    """Make a name of its own for a test: the real broker is shared."""
    return f"{kind}-{uuid4().hex[:10]}"


@asynccontextmanager
async def administrator(kafka: str) -> AsyncIterator[AIOKafkaAdminClient]:
    client = AIOKafkaAdminClient(bootstrap_servers=kafka)
    await client.start()
    try:
        yield client
    finally:
        await client.close()


async def topic(kafka: str, partitions: int = 1, **configs: str) -> str:
    made = name("topic")
    told = {key.replace("_", "."): value for key, value in configs.items()}
    async with administrator(kafka) as admin:
        answer: Any = await admin.create_topics([NewTopic(made, partitions, 1, topic_configs=told)])
        assert answer.topic_errors[0][1] == 0
    return made


@asynccontextmanager
async def producing(kafka: str, **options: Any) -> AsyncIterator[AIOKafkaProducer]:
    producer = AIOKafkaProducer(bootstrap_servers=kafka, **options)
    await producer.start()
    try:
        yield producer
    finally:
        await producer.stop()


@asynccontextmanager
async def consuming(kafka: str, *topics: str, **options: Any) -> AsyncIterator[AIOKafkaConsumer]:
    settings = {
        "auto_offset_reset": "earliest",
        "enable_auto_commit": False,
        "session_timeout_ms": SESSION_MS,
        "heartbeat_interval_ms": 100,
        "metadata_max_age_ms": 1_000,
    }
    consumer = AIOKafkaConsumer(*topics, bootstrap_servers=kafka, **{**settings, **options})
    await consumer.start()
    try:
        yield consumer
    finally:
        await consumer.stop()


async def send(kafka: str, to: str, *values: bytes | None, partition: int | None = None, **options: Any) -> None:
    async with producing(kafka, enable_idempotence=True, **options) as producer:
        for value in values:
            await producer.send_and_wait(to, value, key=b"k", partition=partition)


async def take(consumer: AIOKafkaConsumer, count: int, seconds: float = 15) -> list[ConsumerRecord[Any, Any]]:
    """Read until there are so many records."""
    found: list[ConsumerRecord[Any, Any]] = []
    async with asyncio.timeout(seconds):
        while len(found) < count:
            for records in (await consumer.getmany(timeout_ms=200)).values():
                found += records
    return found


async def nothing(consumer: AIOKafkaConsumer) -> bool:
    """Tell whether a read of a second brings nothing."""
    return not await consumer.getmany(timeout_ms=1_000)


async def polling_until(condition: Callable[[], bool], *consumers: AIOKafkaConsumer, seconds: float = 20) -> None:
    """Keep consumers reading until something holds."""
    async with asyncio.timeout(seconds):
        while not condition():
            await asyncio.gather(*[consumer.getmany(timeout_ms=50) for consumer in consumers])


def shares(*consumers: AIOKafkaConsumer) -> list[int]:
    return sorted(len(consumer.assignment()) for consumer in consumers)


# ── topics ────────────────────────────────────────────────────────────────────────────────────────────────────────────


async def test_topics_are_made_grown_told_and_deleted(kafka: str) -> None:
    made = await topic(kafka, 2, retention_ms="60000", cleanup_policy="compact")
    async with administrator(kafka) as admin:
        again: Any = await admin.create_topics([NewTopic(made, 2, 1)])
        assert again.topic_errors[0][1] == 36  # TOPIC_ALREADY_EXISTS
        await admin.create_partitions({made: NewPartitions(4)})

        async def seen() -> tuple[int, str, str]:
            told, topics = await configs(admin, made), await admin.describe_topics([made])
            return len(topics[0]["partitions"]), told["retention.ms"], told["cleanup.policy"]

        await eventually(seen, (4, "60000", "compact"))
        await admin.alter_configs([ConfigResource(ConfigResourceType.TOPIC, made, configs={"retention.ms": "12345"})])
        await eventually(seen, (4, "12345", "delete"))  # what is not repeated is reset
        await admin.delete_topics([made])

        async def there() -> bool:
            return made in await admin.list_topics()

        await eventually(there, wanted=False)


async def eventually(look: Callable[[], Awaitable[Seen]], wanted: Seen) -> None:
    """Look until something is as wanted: Apache's nodes learn of changes a little later."""
    async with asyncio.timeout(10):
        while await look() != wanted:  # noqa: ASYNC110 - a broker tells nobody what it has learnt
            await asyncio.sleep(0.02)


async def configs(admin: AIOKafkaAdminClient, of: str) -> dict[str, str]:
    answers: Any = await admin.describe_configs([ConfigResource(ConfigResourceType.TOPIC, of)])
    return {entry[0]: entry[1] for answer in answers for resource in answer.resources for entry in resource[4]}


@pytest.mark.parametrize(
    ("asked", "code"),
    [
        pytest.param(("../../etc", 1, 1, {}), 17, id="a name that leads elsewhere"),
        pytest.param(("", 1, 1, {}), 17, id="no name"),
        pytest.param(("..", 1, 1, {}), 17, id="two dots"),
        pytest.param(("x" * 250, 1, 1, {}), 17, id="a name that is too long"),
        pytest.param(("fine", 0, 1, {}), 37, id="no partition"),
        pytest.param(("fine", 1, 3, {}), 38, id="more replicas than brokers"),
        pytest.param(("fine", 1, 1, {"retention.ms": "soon"}), 40, id="a value that is none"),
        pytest.param(("fine", 1, 1, {"no.such.thing": "1"}), 40, id="an unknown setting"),
        pytest.param(("fine", 1, 1, {"cleanup.policy": "shred"}), 40, id="an unknown policy"),
    ],
)
async def test_a_topic_that_can_not_be_is_refused(
    kafka: str, asked: tuple[str, int, int, dict[str, str]], code: int
) -> None:
    wanted, partitions, replicas, told = asked
    async with administrator(kafka) as admin:
        answer: Any = await admin.create_topics([NewTopic(wanted, partitions, replicas, topic_configs=told)])
        assert answer.topic_errors[0][1] == code


async def test_a_topic_is_made_by_being_used(kafka: str) -> None:
    used = name("auto")
    await send(kafka, used, b"first")
    async with consuming(kafka, used) as consumer:
        assert [one.value for one in await take(consumer, 1)] == [b"first"]


async def test_deleted_records_are_before_the_beginning(kafka: str) -> None:
    made = await topic(kafka)
    place = TopicPartition(made, 0)
    await send(kafka, made, *[b"%d" % number for number in range(10)])
    async with administrator(kafka) as admin:
        await admin.delete_records({place: RecordsToDelete(6)})
    async with consuming(kafka, made) as consumer:
        assert await consumer.beginning_offsets([place]) == {place: 6}
        assert [one.value for one in await take(consumer, 4)] == [b"6", b"7", b"8", b"9"]


# ── records ───────────────────────────────────────────────────────────────────────────────────────────────────────────


async def test_records_come_back_with_key_headers_and_time_and_a_key_stays_in_its_partition(kafka: str) -> None:
    made = await topic(kafka, 4)
    async with producing(kafka, enable_idempotence=True) as producer:
        for number in range(40):
            headers = [("ce_id", b"%d" % number), ("ce_id", b"again")]
            key = b"key %d" % (number % 10)
            await producer.send_and_wait(made, b"%d" % number, key=key, headers=headers, timestamp_ms=1_000 + number)
    async with consuming(kafka, made) as consumer:
        found = {int(one.value or b""): one for one in await take(consumer, 40)}
    assert [found[number].timestamp for number in range(40)] == [1_000 + number for number in range(40)]
    assert found[7].headers == (("ce_id", b"7"), ("ce_id", b"again"))
    assert len({(one.key, one.partition) for one in found.values()}) == 10


async def test_thousands_sent_at_once_by_an_idempotent_producer_arrive_once_and_in_order(kafka: str) -> None:
    made = await topic(kafka, 4)
    async with producing(kafka, enable_idempotence=True, linger_ms=2) as producer:
        sending = [await producer.send(made, b"%d" % number, partition=number % 4) for number in range(4_000)]
        await asyncio.gather(*sending)
    async with consuming(kafka, made) as consumer:
        found = await take(consumer, 4_000)
        assert await nothing(consumer)
    for partition in range(4):
        assert [int(one.value or b"") for one in found if one.partition == partition] == list(
            range(partition, 4_000, 4)
        )


async def test_no_value_and_an_empty_value_are_two_things(kafka: str) -> None:
    made = await topic(kafka)
    await send(kafka, made, None, b"")
    async with consuming(kafka, made) as consumer:
        assert [one.value for one in await take(consumer, 2)] == [None, b""]


@pytest.mark.parametrize("codec", ["gzip", "snappy", "lz4", "zstd"])
async def test_compressed_batches_come_back_whole(kafka: str, codec: str) -> None:
    made = await topic(kafka)
    values = [b'{"n": %d}' % number * 40 for number in range(100)]
    async with producing(kafka, compression_type=codec, linger_ms=20) as producer:
        await asyncio.gather(*[await producer.send(made, value) for value in values])
    async with consuming(kafka, made) as consumer:
        assert [one.value for one in await take(consumer, 100)] == values


async def test_a_message_just_below_the_limit_passes_and_one_above_is_refused(kafka: str) -> None:
    made = await topic(kafka)
    value = os.urandom(900_000)
    async with producing(kafka, max_request_size=5_000_000) as producer:
        await producer.send_and_wait(made, value)
        with pytest.raises(MessageSizeTooLargeError):
            await producer.send_and_wait(made, os.urandom(1_100_000))
    async with consuming(kafka, made) as consumer:
        assert [one.value for one in await take(consumer, 1)] == [value]


async def test_a_waiting_reader_gets_a_record_when_it_comes_not_when_its_wait_is_over(kafka: str) -> None:
    made = await topic(kafka)
    async with consuming(kafka, made, fetch_max_wait_ms=8_000) as consumer, producing(kafka) as producer:
        await producer.send_and_wait(made, b"warm")
        await take(consumer, 1)
        loop = asyncio.get_running_loop()
        waiting = asyncio.create_task(consumer.getone(), name="waiting reader")
        assert await asyncio.wait([waiting], timeout=0.3) == (set(), {waiting})
        sent = loop.time()
        await producer.send_and_wait(made, b"now")
        assert (await asyncio.wait_for(waiting, 5)).value == b"now"
        assert loop.time() - sent < 2


# ── positions ─────────────────────────────────────────────────────────────────────────────────────────────────────────


async def test_a_reader_can_go_anywhere(kafka: str) -> None:
    made = await topic(kafka)
    place = TopicPartition(made, 0)
    async with producing(kafka) as producer:
        for number in range(20):
            await producer.send_and_wait(made, b"%d" % number, timestamp_ms=1_000_000 + 10 * number)
    async with consuming(kafka) as consumer:
        consumer.assign([place])
        assert await consumer.beginning_offsets([place]) == {place: 0}
        assert await consumer.end_offsets([place]) == {place: 20}
        consumer.seek(place, 15)
        assert (await consumer.getone()).offset == 15
        await consumer.seek_to_beginning(place)
        assert (await consumer.getone()).offset == 0
        await consumer.seek_to_end(place)
        assert await consumer.position(place) == 20
        found = await consumer.offsets_for_times({place: 1_000_095})
        assert found[place] is not None
        assert (found[place].offset, found[place].timestamp) == (10, 1_000_100)
        assert await consumer.offsets_for_times({place: 2_000_000}) == {place: None}


async def test_a_position_out_of_range_is_reset_or_told(kafka: str) -> None:
    made = await topic(kafka)
    place = TopicPartition(made, 0)
    await send(kafka, made, b"0", b"1")
    async with consuming(kafka) as consumer:
        consumer.assign([place])
        consumer.seek(place, 500)
        assert (await asyncio.wait_for(consumer.getone(), 10)).offset == 0
    async with consuming(kafka, auto_offset_reset="none") as consumer:
        consumer.assign([place])
        consumer.seek(place, 500)
        with pytest.raises(OffsetOutOfRangeError):
            await asyncio.wait_for(consumer.getone(), 10)


async def test_a_paused_partition_holds_up_no_other(kafka: str) -> None:
    made = await topic(kafka, 2)
    for partition in (0, 1):
        await send(kafka, made, b"a", b"b", partition=partition)
    async with consuming(kafka) as consumer:
        consumer.assign([TopicPartition(made, 0), TopicPartition(made, 1)])
        consumer.pause(TopicPartition(made, 0))
        assert {one.partition for one in await take(consumer, 2)} == {1}
        consumer.resume(TopicPartition(made, 0))
        assert {one.partition for one in await take(consumer, 2)} == {0}


# ── groups ────────────────────────────────────────────────────────────────────────────────────────────────────────────


async def test_members_share_partitions_as_they_come_and_go(kafka: str) -> None:
    made, group = await topic(kafka, 4), name("group")
    async with consuming(kafka, made, group_id=group) as first:
        await polling_until(lambda: shares(first) == [4], first)
        async with consuming(kafka, made, group_id=group) as second:
            await polling_until(lambda: shares(first, second) == [2, 2], first, second)
            assert not first.assignment() & second.assignment()
        await polling_until(lambda: shares(first) == [4], first)


MEMBER = """
import asyncio, sys
from aiokafka import AIOKafkaConsumer

async def main(kafka, topic, group, session):
    consumer = AIOKafkaConsumer(topic, bootstrap_servers=kafka, group_id=group, session_timeout_ms=int(session),
                                heartbeat_interval_ms=100)
    await consumer.start()
    while True:
        await consumer.getmany(timeout_ms=50)
        if consumer.assignment():
            print("member", flush=True)

asyncio.run(main(*sys.argv[1:]))
"""


async def test_a_killed_member_is_evicted_when_its_session_ends(kafka: str) -> None:
    made, group = await topic(kafka, 4), name("group")
    command = (sys.executable, "-c", MEMBER, kafka, made, group, str(SESSION_MS))
    member = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE)
    assert member.stdout is not None
    try:
        assert await asyncio.wait_for(member.stdout.readline(), 20) == b"member\n"
        async with consuming(kafka, made, group_id=group) as consumer:
            await polling_until(lambda: shares(consumer) == [2], consumer)
            member.kill()
            await polling_until(lambda: shares(consumer) == [4], consumer)
    finally:
        if member.returncode is None:
            member.kill()
        await member.wait()


async def test_a_group_goes_on_where_it_committed(kafka: str) -> None:
    made, group = await topic(kafka, 2), name("group")
    places = [TopicPartition(made, partition) for partition in (0, 1)]
    for partition in (0, 1):
        await send(kafka, made, *[b"%d" % number for number in range(10)], partition=partition)
    async with consuming(kafka, made, group_id=group) as consumer:
        await take(consumer, 20)
        await consumer.commit({places[0]: OffsetAndMetadata(3, "é" * 2_000), places[1]: 8})
    async with consuming(kafka, made, group_id=group) as consumer:
        assert [await consumer.committed(place) for place in places] == [3, 8]
        found = await take(consumer, 9)
        assert [min(one.offset for one in found if one.partition == place.partition) for place in places] == [3, 8]
    async with administrator(kafka) as admin:
        offsets = await admin.list_consumer_group_offsets(group)
        assert offsets[places[0]] == OffsetAndMetadata(3, "é" * 2_000)


async def test_metadata_of_a_commit_is_limited(kafka: str) -> None:
    made, group = await topic(kafka), name("group")
    place = TopicPartition(made, 0)
    async with consuming(kafka, made, group_id=group) as consumer:
        await polling_until(lambda: shares(consumer) == [1], consumer)
        await consumer.commit({place: OffsetAndMetadata(0, "x" * 4_096)})
        with pytest.raises(KafkaError, match="OffsetMetadataTooLarge"):
            await consumer.commit({place: OffsetAndMetadata(0, "x" * 4_097)})


async def test_a_zombies_commit_is_refused(kafka: str) -> None:
    made, group = await topic(kafka), name("group")
    async with consuming(kafka, made, group_id=group) as consumer:
        await polling_until(lambda: shares(consumer) == [1], consumer)
        coordinator: Any = consumer._coordinator
        coordinator.generation -= 1
        with pytest.raises(CommitFailedError):
            await consumer.commit({TopicPartition(made, 0): 5})


class Rebalances(ConsumerRebalanceListener):
    def __init__(self) -> None:
        self.count = 0

    async def on_partitions_revoked(self, revoked: Sequence[TopicPartition]) -> None:  # noqa: ARG002 - the base class names it
        self.count += 1

    async def on_partitions_assigned(self, assigned: Sequence[TopicPartition]) -> None:
        """Nothing to note: a revocation comes before."""


async def test_a_restarted_static_member_disturbs_nobody(kafka: str) -> None:
    made, group = await topic(kafka, 4), name("group")
    rebalances = Rebalances()
    options = {"group_id": group, "session_timeout_ms": 10_000}
    async with consuming(kafka, group_instance_id="one", **options) as first:
        first.subscribe([made], listener=rebalances)
        async with consuming(kafka, made, group_instance_id="two", **options) as second:
            await polling_until(lambda: shares(first, second) == [2, 2], first, second)
            before, had = rebalances.count, second.assignment()
        async with consuming(kafka, made, group_instance_id="two", **options) as second:
            await polling_until(lambda: shares(second) == [2], first, second)
            assert second.assignment() == had
            assert rebalances.count == before


async def test_many_members_share_many_partitions_and_miss_nothing(kafka: str) -> None:
    made, group = await topic(kafka, 32), name("group")
    async with producing(kafka) as producer:
        await asyncio.gather(*[await producer.send(made, b"%d" % one, partition=one % 32) for one in range(320)])
    seen: list[bytes | None] = []
    async with (
        consuming(kafka, made, group_id=group) as a,
        consuming(kafka, made, group_id=group) as b,
        consuming(kafka, made, group_id=group) as c,
        consuming(kafka, made, group_id=group) as d,
    ):
        consumers = (a, b, c, d)
        async with asyncio.timeout(30):
            while shares(*consumers) != [8, 8, 8, 8] or len(set(seen)) < 320:
                for batch in await asyncio.gather(*[one.getmany(timeout_ms=50) for one in consumers]):
                    seen += [record.value for records in batch.values() for record in records]


async def test_topics_are_found_by_pattern(kafka: str) -> None:
    prefix = name("pattern")
    for ending in ("a", "b"):
        await send(kafka, f"{prefix}.{ending}", ending.encode())
    async with consuming(kafka, group_id=name("group")) as consumer:
        consumer.subscribe(pattern=f"^{prefix}\\..*")
        assert {one.value for one in await take(consumer, 2)} == {b"a", b"b"}


async def test_groups_can_be_looked_at(kafka: str) -> None:
    made, group = await topic(kafka), name("group")
    async with consuming(kafka, made, group_id=group) as consumer, administrator(kafka) as admin:
        await polling_until(lambda: shares(consumer) == [1], consumer)
        assert (group, "consumer") in await admin.list_consumer_groups()
        answers: Any = await admin.describe_consumer_groups([group])
        described = answers[0].groups[0]
        assert (described[1], described[2], len(described[5])) == (group, "Stable", 1)
        assert (await admin.describe_cluster())["brokers"][0]["node_id"] == 1


# ── transactions ──────────────────────────────────────────────────────────────────────────────────────────────────────


async def test_committed_records_are_read_and_aborted_ones_are_not(kafka: str) -> None:
    made = await topic(kafka)
    async with producing(kafka, transactional_id=name("tx")) as producer:
        async with producer.transaction():
            await producer.send_and_wait(made, b"committed")
        await producer.begin_transaction()
        await producer.send_and_wait(made, b"aborted")
        await producer.abort_transaction()
        async with producer.transaction():
            await producer.send_and_wait(made, b"committed, too")
    async with consuming(kafka, made, isolation_level="read_committed") as consumer:
        assert [one.value for one in await take(consumer, 2)] == [b"committed", b"committed, too"]
    async with consuming(kafka, made) as consumer:
        assert len(await take(consumer, 3)) == 3


async def test_an_open_transaction_holds_back_readers_of_committed_records_until_it_ends(kafka: str) -> None:
    made = await topic(kafka)
    async with (
        producing(kafka, transactional_id=name("tx")) as producer,
        consuming(kafka, made, isolation_level="read_committed") as consumer,
    ):
        await producer.begin_transaction()
        await producer.send_and_wait(made, b"open")
        assert await nothing(consumer)
        await producer.commit_transaction()
        assert [one.value for one in await take(consumer, 1)] == [b"open"]


async def test_offsets_are_committed_with_the_transaction_or_not_at_all(kafka: str) -> None:
    made, group = await topic(kafka), name("group")
    place = TopicPartition(made, 0)
    await send(kafka, made, b"0", b"1")
    async with (
        producing(kafka, transactional_id=name("tx")) as producer,
        consuming(kafka, made, group_id=group) as consumer,
    ):
        await polling_until(lambda: shares(consumer) == [1], consumer)
        await producer.begin_transaction()
        await producer.send_offsets_to_transaction({place: 1}, group)
        await producer.abort_transaction()
        assert await consumer.committed(place) is None
        async with producer.transaction():
            await producer.send_offsets_to_transaction({place: 2}, group)
        await eventually(lambda: consumer.committed(place), 2)


async def test_a_second_producer_of_the_same_transactional_id_fences_the_first(kafka: str) -> None:
    made, identity = await topic(kafka), name("tx")
    async with producing(kafka, transactional_id=identity) as first:
        await first.begin_transaction()
        await first.send_and_wait(made, b"zombie")
        async with producing(kafka, transactional_id=identity) as second:
            with pytest.raises(ProducerFenced):
                await first.send_and_wait(made, b"zombie, too")
            async with second.transaction():
                await second.send_and_wait(made, b"alive")
    async with consuming(kafka, made, isolation_level="read_committed") as consumer:
        assert [one.value for one in await take(consumer, 1)] == [b"alive"]
