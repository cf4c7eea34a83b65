"""The same brokers seen by librdkafka: confluent-kafka and kcat."""

import asyncio
import shutil
import time
from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest
from confluent_kafka import (
    Consumer,
    ConsumerGroupTopicPartitions,
    IsolationLevel,
    KafkaException,
    Message,
    Producer,
    TopicPartition,
)
from confluent_kafka.admin import (  # type: ignore[attr-defined]  # exported in fact, not in its types
    AdminClient,
    AlterConfigOpType,
    ConfigEntry,
    ConfigResource,
    NewPartitions,
    NewTopic,
    OffsetSpec,
    ResourceType,
)


def name(kind: str) -> str:
    return f"{kind}-{uuid4().hex[:10]}"


def result(futures: dict[Any, Any]) -> Any:
    """Wait for the answer about the one thing that was asked."""
    (future,) = futures.values()
    return future.result(timeout=15)


def consumed(consumer: Consumer, count: int, seconds: float = 20) -> list[Message]:
    found: list[Message] = []
    deadline = time.monotonic() + seconds
    while len(found) < count and time.monotonic() < deadline:
        message = consumer.poll(0.2)
        if message is not None:
            assert message.error() is None, message.error()
            found.append(message)
    return found


def produced(settings: dict[str, Any], topic: str, *values: bytes) -> None:
    errors: list[Any] = []
    producer = Producer(settings)
    for value in values:
        producer.produce(topic, value, key=b"k", on_delivery=lambda error, _: errors.append(error))
    assert producer.flush(15) == 0
    assert errors == [None] * len(values)


async def aside(work: Callable[[], None]) -> None:
    """Run a blocking client beside the broker, which may live in this very loop."""
    await asyncio.wait_for(asyncio.to_thread(work), 60)


@pytest.mark.parametrize("codec", ["none", "gzip", "snappy", "lz4", "zstd"])
async def test_confluent_kafka_produces_and_consumes_in_a_group(kafka: str, codec: str) -> None:
    topic, group = name("topic"), name("group")
    values = [b"value %d" % number for number in range(500)]

    def work() -> None:
        at = {"bootstrap.servers": kafka}
        produced({**at, "enable.idempotence": True, "compression.type": codec}, topic, *values)
        consumer = Consumer({**at, "group.id": group, "auto.offset.reset": "earliest"})
        consumer.subscribe([topic])
        try:
            assert [message.value() for message in consumed(consumer, 500)] == values
            consumer.commit(asynchronous=False)
            assert consumer.committed([TopicPartition(topic, 0)])[0].offset == 500
        finally:
            consumer.close()

    await aside(work)


async def test_confluent_kafka_commits_and_aborts_transactions(kafka: str) -> None:
    topic = name("topic")

    def work() -> None:
        at = {"bootstrap.servers": kafka}
        producer = Producer({**at, "transactional.id": name("tx")})
        producer.init_transactions(15)
        for value, end in ((b"kept", producer.commit_transaction), (b"void", producer.abort_transaction)):
            producer.begin_transaction()
            producer.produce(topic, value)
            producer.flush(10)
            end(15)
        for isolation, expected in (("read_committed", [b"kept"]), ("read_uncommitted", [b"kept", b"void"])):
            consumer = Consumer({**at, "group.id": name("g"), "isolation.level": isolation})
            consumer.assign([TopicPartition(topic, 0, 0)])
            assert [message.value() for message in consumed(consumer, 3, seconds=2)] == expected
            consumer.close()

    await aside(work)


async def test_confluent_kafka_administers(kafka: str) -> None:
    topic, group = name("topic"), name("group")

    def work() -> None:
        at: dict[str, Any] = {"bootstrap.servers": kafka}
        admin = AdminClient(at)
        assert result(admin.create_topics([NewTopic(topic, 1, 1)])) is None
        assert result(admin.create_partitions([NewPartitions(topic, 2)])) is None
        produced(at, topic, b"a", b"b", b"c")
        change = [
            ConfigEntry("retention.ms", "99000", incremental_operation=AlterConfigOpType.SET),
            ConfigEntry("cleanup.policy", "compact", incremental_operation=AlterConfigOpType.APPEND),
        ]
        resource = ConfigResource(ResourceType.TOPIC, topic, incremental_configs=change)
        assert result(admin.incremental_alter_configs([resource])) is None
        undo = [
            ConfigEntry("retention.ms", None, incremental_operation=AlterConfigOpType.DELETE),
            ConfigEntry("cleanup.policy", "delete", incremental_operation=AlterConfigOpType.SUBTRACT),
        ]
        told = result(admin.describe_configs([ConfigResource(ResourceType.TOPIC, topic)]))
        assert (told["retention.ms"].value, told["cleanup.policy"].value) == ("99000", "delete,compact")
        assert (
            result(
                admin.incremental_alter_configs([ConfigResource(ResourceType.TOPIC, topic, incremental_configs=undo)])
            )
            is None
        )
        told = result(admin.describe_configs([ConfigResource(ResourceType.TOPIC, topic)]))
        assert (told["retention.ms"].value, told["cleanup.policy"].value) == ("604800000", "compact")

        consumer = Consumer({**at, "group.id": group, "auto.offset.reset": "earliest"})
        consumer.subscribe([topic])
        assert len(consumed(consumer, 3)) == 3
        consumer.commit(asynchronous=False)
        assert result(admin.describe_consumer_groups([group])).members[0].assignment.topic_partitions
        consumer.close()
        offsets = result(admin.list_consumer_group_offsets([ConsumerGroupTopicPartitions(group)])).topic_partitions
        assert sum(max(one.offset, 0) for one in offsets) == 3
        assert group in [one.group_id for one in admin.list_consumer_groups().result(15).valid]
        assert result(admin.delete_consumer_groups([group])) is None
        assert group not in [one.group_id for one in admin.list_consumer_groups().result(15).valid]

        places = [TopicPartition(topic, index) for index in (0, 1)]
        latest: Any = OffsetSpec
        ends = [
            result(admin.list_offsets({place: latest.latest()}, isolation_level=IsolationLevel.READ_COMMITTED))
            for place in places
        ]
        assert sum(end.offset for end in ends) == 3
        full = max(range(2), key=lambda index: ends[index].offset)
        with pytest.raises(KafkaException, match="POLICY_VIOLATION"):  # it is compacted now
            result(admin.delete_records([TopicPartition(topic, full, 2)]))
        assert result(admin.delete_topics([topic])) is None

    await aside(work)


async def run_kcat(*arguments: str, stdin: bytes = b"") -> bytes:
    process = await asyncio.create_subprocess_exec(
        "kcat",
        *arguments,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        said, complaint = await asyncio.wait_for(process.communicate(stdin), 30)
    except TimeoutError:
        process.kill()
        raise
    assert process.returncode == 0, complaint.decode()
    return said


@pytest.mark.kcat
@pytest.mark.skipif(shutil.which("kcat") is None, reason="kcat is not on PATH (apt install kcat)")
@pytest.mark.parametrize("codec", ["none", "gzip", "snappy", "lz4", "zstd"])
async def test_kcat_produces_consumes_and_lists(kafka: str, codec: str) -> None:
    topic = name("topic")
    lines = b"".join(b"key%d:value %d\n" % (number, number) for number in range(50))

    await run_kcat("-b", kafka, "-P", "-t", topic, "-K", ":", "-z", codec, stdin=lines)

    assert await run_kcat("-b", kafka, "-C", "-t", topic, "-e", "-q", "-K", ":") == lines
    assert f'topic "{topic}"'.encode() in await run_kcat("-b", kafka, "-L")
    assert b"offset 50" in await run_kcat("-b", kafka, "-Q", "-t", f"{topic}:0:-1")


@pytest.mark.kcat
@pytest.mark.skipif(shutil.which("kcat") is None, reason="kcat is not on PATH (apt install kcat)")
async def test_kcat_consumes_in_a_group(kafka: str) -> None:
    topic = name("topic")
    lines = b"".join(b"value %d\n" % number for number in range(50))
    await run_kcat("-b", kafka, "-P", "-t", topic, stdin=lines)

    options = ("-X", "auto.offset.reset=earliest", "-c", "50", "-q")
    assert await run_kcat("-b", kafka, "-G", name("group"), *options, topic) == lines
