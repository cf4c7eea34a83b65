"""The Kafka edge: aiokafka behind three small classes, its traps handled here and in `member`, and nowhere else."""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Any, Protocol, Self

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.errors import KafkaError

from bot.core.errors import UnavailableError
from consumers.member import Member
from consumers.offsets import Bounds
from consumers.race import together
from consumers.thread import LoopThread
from consumers.watch import Timing

POLL_MS = 250
ASK_AGAIN_SECONDS = 1.0
PLACE_AGAIN_SECONDS = 0.1
"""The least time between two placings of a partition, so that one that can't be placed is no busy loop."""

PAST_SECONDS = 5.0
LEAST_SHARE = 10
"""Records of the past that are read of a partition, however many partitions there are."""


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


Start = Callable[[str, int], Coroutine[Any, Any, int | None]]
"""From topic and partition to the next offset to read; None for "not yet", and it is asked again a little later."""


class GroupSource:
    """Batches of the partitions that the consumer group gives to this member.

    The consumer lives on a thread of its own, so that its heartbeats go on while this loop is busy; at most
    `member.HANDED_OVER` batches wait between the two.
    """

    def __init__(self, servers: str, topic: str, group: str, *, timing: Timing | None = None) -> None:
        self._thread = LoopThread(f"kafka-{group}")
        self._member = Member(servers, topic, group, timing or Timing())
        self._open = AsyncExitStack()
        self._ask_again: dict[tuple[str, int], float] = {}
        self._ends: dict[tuple[str, int], int] = {}

    async def __aenter__(self) -> Self:
        """Start the thread and join the group. Raises KafkaError or StuckError."""
        async with AsyncExitStack() as open_:
            await open_.enter_async_context(self._thread)
            open_.push_async_callback(self._stop)
            await self._thread.call(self._member.start())
            self._open = open_.pop_all()
        return self

    async def __aexit__(self, *_: object) -> None:
        """Leave the group, in bounded time; whatever may be committed was committed before."""
        await self._open.aclose()

    async def _stop(self) -> None:
        await self._thread.call(self._member.stop())

    async def batches(self, start: Start) -> AsyncIterator[Sequence[Record]]:
        """Yield batches of one partition each, read from where `start` says; partitions take turns.

        `start` is awaited here, on the caller's loop, for each partition that the group gave to this member, that was
        rewound, or whose position Kafka has no record at. Yields an empty batch when there was nothing, so that the
        caller gets to look at its stop signal. Raises KafkaError, StuckError, and what `start` raises.
        """
        member, thread = self._member, self._thread
        while True:
            await self._take_up(start)
            fetched = await thread.call(member.next())
            if fetched is None:
                yield ()
            elif member.terms.get(fetched.place) == fetched.term:
                if fetched.end is not None:
                    self._ends[fetched.place] = fetched.end
                yield [record(message) for message in fetched.messages]

    async def _take_up(self, start: Start) -> None:
        """Place what is vacant. Those that have to wait are asked again every second, and hold up no other.

        All are asked before one is placed: the answers would wait behind its first fetch, on the same connection.
        """
        now = asyncio.get_running_loop().time()
        terms = self._member.terms
        vacant = [
            place for place in sorted(self._member.vacant) if place in terms and now >= self._ask_again.get(place, 0.0)
        ]
        found: dict[tuple[str, int], tuple[int, int]] = {}
        for place, offset in zip(vacant, await together(*[start(*place) for place in vacant]), strict=True):
            self._ask_again[place] = now + (ASK_AGAIN_SECONDS if offset is None else PLACE_AGAIN_SECONDS)
            if offset is not None:
                found[place] = (terms[place], offset)
        if found:
            await self._thread.call(self._member.place(found))

    async def bounds(self, topic: str, partition: int) -> Bounds:
        """What Kafka says of the partition. Raises UnavailableError."""
        try:
            return await self._thread.call(self._member.bounds((topic, partition)))
        except (KafkaError, OSError) as error:
            raise UnavailableError("Kafka does not tell where the partition begins and ends") from error

    def assignment(self) -> list[tuple[str, int]]:
        """The partitions this member reads now."""
        return sorted(self._member.terms)

    def lag(self, topic: str, partition: int, watermark: int) -> int | None:
        """Records of the partition above the watermark, as of the last fetch; None before one."""
        end = self._ends.get((topic, partition))
        return None if end is None else max(0, end - watermark)

    async def rewind(self, topic: str, partition: int) -> None:
        """Ask `start` anew where to read the partition from; what was fetched of it is dropped."""
        await self._thread.call(self._member.vacate((topic, partition)))

    async def commit(self, offsets: Mapping[tuple[str, int], int]) -> bool:
        """Commit what moved; whether Kafka took it. A refused commit costs nothing: the watermark is in the outbox."""
        return await self._thread.call(self._member.commit(offsets))


class TailSource:
    """Batches of all partitions of a topic, without a group."""

    def __init__(self, servers: str, topic: str) -> None:
        self._topic = topic
        self._consumer = AIOKafkaConsumer(topic, bootstrap_servers=servers, group_id=None, auto_offset_reset="latest")
        self._ends: dict[TopicPartition, int] = {}

    async def __aenter__(self) -> Self:
        """Start at the end."""
        try:
            await self._consumer.start()
            await self._consumer.seek_to_end()
            for place in self._consumer.assignment():
                self._ends[place] = await self._consumer.position(place)
        except BaseException:
            await self._consumer.stop()
            raise
        return self

    async def __aexit__(self, *_: object) -> None:
        """Stop reading."""
        await self._consumer.stop()

    async def past(self, records: int) -> AsyncIterator[Sequence[Record]]:
        """Yield about that many of the last records, of every partition its share; `batches` goes on from the start.

        It takes a few seconds at most, and less is read where that is too short.
        """
        ends = self._ends
        partitions = sorted(ends)
        if not partitions:
            return
        share = max(LEAST_SHARE, -(-records // len(partitions)))
        begins = await self._consumer.beginning_offsets(partitions)
        for place in partitions:
            self._consumer.seek(place, max(begins[place], ends[place] - share))
        loop = asyncio.get_running_loop()
        deadline = loop.time() + PAST_SECONDS
        left = {place for place in partitions if begins[place] < ends[place]}
        while left and loop.time() < deadline:
            fetched = await self._consumer.getmany(*left, timeout_ms=POLL_MS)
            for place, messages in fetched.items():
                yield [record(message) for message in messages if message.offset < ends[place]]
            # A transaction's markers are offsets without a record.
            left = {place for place in left if await self._consumer.position(place) < ends[place]}
        for place in partitions:
            self._consumer.seek(place, ends[place])

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
