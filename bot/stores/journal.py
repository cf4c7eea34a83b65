"""The journal: compacted topics that hold what must survive Redis, each record keyed by the id of what it is about.

Subscriptions are written on every change, deliveries when they have to wait long (they are then *parked*, and hold
back no commit). A record without a value says that its thing is gone. A topic has one partition, so that it has one
order. It is read, from the beginning, when Redis was found restarted or wiped.
"""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Any

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.errors import UnknownTopicOrPartitionError

from bot.stores.away import kafka_unavailable

VERSION = "tidings-version"


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One record of a journal. `value` is None where the thing is gone; `version` grows with each change.

    `offset` is where it lies; -1 before it is written.
    """

    key: str
    value: bytes | None
    version: int = 0
    offset: int = -1


class KafkaJournal:
    """One topic of the journal. Writes with acks=all; `servers` is for the reader, which lives only while it reads.

    Keys begin with the namespace, so that two installations that were given the same topic keep apart.
    """

    def __init__(self, producer: AIOKafkaProducer, servers: str, topic: str, *, namespace: str) -> None:
        self._producer = producer
        self._servers = servers
        self._topic = topic
        self._prefix = f"{namespace}/"

    async def write(self, entries: Sequence[Entry]) -> None:
        """Append all, in order; returns when Kafka has them. Raises UnavailableError."""
        with kafka_unavailable():
            sent = [
                await self._producer.send(
                    self._topic,
                    entry.value,
                    key=f"{self._prefix}{entry.key}".encode(),
                    partition=0,
                    headers=[(VERSION, str(entry.version).encode())],
                )
                for entry in entries
            ]
            for future in sent:
                await future

    async def entries(self) -> AsyncIterator[Entry]:
        """Everything in it as of now, oldest first. Raises UnavailableError."""
        place = TopicPartition(self._topic, 0)
        with kafka_unavailable():
            consumer = AIOKafkaConsumer(
                bootstrap_servers=self._servers,
                group_id=None,
                enable_auto_commit=False,
                auto_offset_reset="earliest",
                isolation_level="read_committed",
            )
            try:
                await consumer.start()
                consumer.assign([place])
                end = (await consumer.end_offsets([place]))[place]
                while await consumer.position(place) < end:
                    fetched = await consumer.getmany(place, timeout_ms=500)
                    for message in fetched.get(place, ()):
                        key = (message.key or b"").decode(errors="replace")
                        if message.offset < end and key.startswith(self._prefix):
                            yield _entry(message, key.removeprefix(self._prefix))
            finally:
                await consumer.stop()

    async def living(self) -> AsyncIterator[Entry]:
        """The newest entry of each key that is not gone, by position: two readings, so that memory holds no bodies."""
        newest: dict[str, tuple[int, bool]] = {}
        async for entry in self.entries():
            newest[entry.key] = (entry.offset, entry.value is not None)
        offsets = {offset for offset, alive in newest.values() if alive}
        if offsets:
            async for entry in self.entries():
                if entry.offset in offsets:
                    yield entry


async def ends(producer: AIOKafkaProducer, servers: str, topic: str) -> dict[tuple[str, int], int]:
    """The end offset of each partition of a topic, by topic and partition; none where there is no such topic.

    Raises UnavailableError.
    """
    with kafka_unavailable():
        try:
            partitions = await producer.partitions_for(topic)
        except UnknownTopicOrPartitionError:
            return {}
        places = [TopicPartition(topic, partition) for partition in sorted(partitions)]
        consumer = AIOKafkaConsumer(bootstrap_servers=servers, group_id=None, enable_auto_commit=False)
        try:
            await consumer.start()
            found = await consumer.end_offsets(places)
        finally:
            await consumer.stop()
    return {(place.topic, place.partition): end for place, end in found.items()}


def _entry(message: Any, key: str) -> Entry:
    version = int(dict(message.headers).get(VERSION, b"0"))
    return Entry(offset=message.offset, key=key, value=message.value, version=version)
