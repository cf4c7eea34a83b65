"""The Kafka edge: aiokafka behind three small classes, its traps handled here and nowhere else.

- `earliest`, never `latest`: with `latest` a new group, and every new partition, silently starts behind its records
  (KAFKA-12261).
- No auto-commit: what may be committed is the outbox's to say.
- `rebalance_timeout_ms` is set: aiokafka takes the session timeout for it, Java's client five minutes.
- Range and round-robin only: aiokafka's sticky assignor shares state between a process's consumers (aiokafka#1175).
- Exceptions in a rebalance listener are logged and swallowed by aiokafka, so they are kept and raised from `batches`.
- `commit` retries for ever by itself, so it is bounded in time.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Protocol, Self

import structlog
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, ConsumerRebalanceListener, TopicPartition
from aiokafka.coordinator.assignors.range import RangePartitionAssignor
from aiokafka.coordinator.assignors.roundrobin import RoundRobinPartitionAssignor
from aiokafka.errors import CommitFailedError, IllegalStateError, KafkaError

log = structlog.get_logger()

SESSION_MS = 30_000
REBALANCE_MS = 60_000
HEARTBEAT_MS = 3_000
POLL_MS = 250
COMMIT_SECONDS = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """A record as it lies in Kafka. `timestamp` is in milliseconds since the epoch."""

    topic: str
    partition: int
    offset: int
    timestamp: int
    value: bytes | None
    headers: tuple[tuple[str, bytes], ...]
    key: bytes | None = None


class RecordSource(Protocol):
    """Records, in batches of one partition each."""

    def batches(self) -> AsyncIterator[Sequence[Record]]:
        """Yield batches until closed."""
        ...


Position = Callable[[str, int], Awaitable[int | None]]
"""From topic and partition to the next offset to read; None for the offset committed to Kafka."""


class GroupSource:
    """Batches of the partitions that the consumer group gives to this member, each read from where `start` says."""

    def __init__(self, servers: str, topic: str, group: str, *, start: Position) -> None:
        self._topic = topic
        self._start = start
        self._failure: BaseException | None = None
        self._polled = False
        self._committed: dict[TopicPartition, int] = {}
        self._consumer = AIOKafkaConsumer(
            bootstrap_servers=servers,
            group_id=group,
            auto_offset_reset="earliest",
            enable_auto_commit=False,
            session_timeout_ms=SESSION_MS,
            rebalance_timeout_ms=REBALANCE_MS,
            heartbeat_interval_ms=HEARTBEAT_MS,
            partition_assignment_strategy=(RangePartitionAssignor, RoundRobinPartitionAssignor),
            max_partition_fetch_bytes=2 * 1024 * 1024,
            fetch_max_bytes=16 * 1024 * 1024,
        )

    async def __aenter__(self) -> Self:
        """Join the group."""
        self._consumer.subscribe([self._topic], listener=_Listener(self._assigned, self._revoked))
        try:
            await self._consumer.start()
        except BaseException:
            await self._consumer.stop()
            raise
        return self

    async def __aexit__(self, *_: object) -> None:
        """Leave the group; whatever may be committed was committed before."""
        await self._consumer.stop()

    async def batches(self) -> AsyncIterator[Sequence[Record]]:
        """Yield what was fetched, one partition at a time, so that no partition waits behind another's backlog.

        Yields an empty batch when there was nothing, so that the caller gets to look at its stop signal.
        """
        while True:
            fetched: Mapping[TopicPartition, list[Any]] = await self._consumer.getmany(timeout_ms=POLL_MS)
            self._raise()
            if not fetched:
                yield ()
            for partition, messages in fetched.items():
                if partition in self._consumer.assignment():
                    yield [record(message) for message in messages]
                    self._raise()

    def assignment(self) -> list[tuple[str, int]]:
        """The partitions this member reads now."""
        return sorted((partition.topic, partition.partition) for partition in self._consumer.assignment())

    def lag(self, topic: str, partition: int, watermark: int) -> int | None:
        """Records of the partition above the watermark, as of the last fetch; None before one."""
        try:
            end = self._consumer.highwater(TopicPartition(topic, partition))
        except IllegalStateError:
            return None
        return None if end is None else max(0, end - watermark)

    async def rewind(self, topic: str, partition: int, offset: int | None) -> None:
        """Read on from `offset`, or from the committed offset where it is None."""
        place = TopicPartition(topic, partition)
        if offset is None:
            offset = await self._consumer.committed(place)
        if offset is None:
            await self._consumer.seek_to_beginning(place)
        else:
            self._consumer.seek(place, offset)

    async def commit(self, offsets: Mapping[tuple[str, int], int]) -> bool:
        """Commit what moved; whether Kafka took it. A refused commit costs nothing: the watermark is in the outbox."""
        moved = {
            TopicPartition(*place): offset
            for place, offset in offsets.items()
            if self._committed.get(TopicPartition(*place)) != offset
            and TopicPartition(*place) in self._consumer.assignment()
        }
        if not moved:
            return True
        try:
            async with asyncio.timeout(COMMIT_SECONDS):
                await self._consumer.commit(moved)
        except (CommitFailedError, IllegalStateError, TimeoutError, KafkaError) as error:
            log.warning("commit_refused", error=type(error).__name__)
            return False
        self._committed.update(moved)
        return True

    async def _assigned(self, partitions: list[TopicPartition]) -> None:
        try:
            for partition in partitions:
                offset = await self._start(partition.topic, partition.partition)
                if offset is not None:
                    self._consumer.seek(partition, offset)
        except BaseException as failure:
            self._failure = failure
            raise
        log.info("partitions_assigned", partitions=sorted(p.partition for p in partitions))

    async def _revoked(self, partitions: list[TopicPartition]) -> None:
        for partition in partitions:
            self._committed.pop(partition, None)

    def _raise(self) -> None:
        if self._failure is not None:
            failure, self._failure = self._failure, None
            raise failure


class _Listener(ConsumerRebalanceListener):
    def __init__(
        self,
        assigned: Callable[[list[TopicPartition]], Awaitable[None]],
        revoked: Callable[[list[TopicPartition]], Awaitable[None]],
    ) -> None:
        self._on_assigned = assigned
        self._on_revoked = revoked

    async def on_partitions_assigned(self, assigned: Sequence[TopicPartition]) -> None:
        await self._on_assigned(list(assigned))

    async def on_partitions_revoked(self, revoked: Sequence[TopicPartition]) -> None:
        await self._on_revoked(list(revoked))


class TailSource:
    """Batches of all partitions of a topic, without a group."""

    def __init__(self, servers: str, topic: str) -> None:
        self._topic = topic
        self._consumer = AIOKafkaConsumer(topic, bootstrap_servers=servers, group_id=None, auto_offset_reset="latest")

    async def __aenter__(self) -> Self:
        """Start at the end."""
        try:
            await self._consumer.start()
            await self._consumer.seek_to_end()
        except BaseException:
            await self._consumer.stop()
            raise
        return self

    async def __aexit__(self, *_: object) -> None:
        """Stop reading."""
        await self._consumer.stop()

    async def batches(self) -> AsyncIterator[Sequence[Record]]:
        """Yield what was fetched, one partition at a time; an empty batch when there was nothing."""
        while True:
            fetched = await self._consumer.getmany(timeout_ms=POLL_MS)
            if not fetched:
                yield ()
            for messages in fetched.values():
                yield [record(message) for message in messages]


@asynccontextmanager
async def producer(servers: str) -> AsyncIterator[AIOKafkaProducer]:
    """An idempotent producer with acks=all."""
    made = AIOKafkaProducer(bootstrap_servers=servers, acks="all", enable_idempotence=True, linger_ms=5)
    try:
        await made.start()
        yield made
    finally:
        await made.stop()


def record(message: Any) -> Record:
    """A record as aiokafka gives it."""
    return Record(
        topic=message.topic,
        partition=message.partition,
        offset=message.offset,
        timestamp=message.timestamp,
        value=message.value,
        headers=tuple(message.headers),
        key=message.key,
    )
