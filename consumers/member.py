"""A member of the consumer group: aiokafka's consumer with its traps handled. It lives on one loop, of a thread.

- `none` where the position is out of range: aiokafka's own reset (`earliest`, `latest`) says nothing of what it skips,
  and with `latest` a new group, and every new partition, starts behind its records (KAFKA-12261). Here a partition
  without a valid position is *vacant*, and nothing of it is read until somebody gives it one.
- No auto-commit: what may be committed is the outbox's to say.
- `rebalance_timeout_ms` is set: aiokafka takes the session timeout for it, Java's client five minutes.
- One assignor, and not the sticky one. aiokafka 0.14 sends a JoinGroup for each assignor and heeds the last answer only
  (`perform_group_join`): with two, each member joins every generation twice, and three members that start together
  can chase each other through generations without end. Its sticky assignor shares state between a process's consumers
  (aiokafka#1175).
- Partitions are asked in turn: `getmany` alone serves what it has buffered in the order in which it came.
- `commit` retries for ever by itself, so it is bounded in time; so are `start`, `stop` and every question.
- A consumer that stands still (aiokafka#1154, #625, #703) does not say so: `watch` ends it with `StuckError`.
- Whoever takes nothing for five minutes (`max_poll_interval_ms`) leaves the group, and its partitions go to another.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import structlog
from aiokafka import AIOKafkaConsumer, ConsumerRebalanceListener, TopicPartition
from aiokafka.coordinator.assignors.range import RangePartitionAssignor
from aiokafka.errors import (
    CommitFailedError,
    IllegalStateError,
    KafkaError,
    NoOffsetForPartitionError,
    OffsetOutOfRangeError,
)

from consumers.offsets import Bounds
from consumers.progress import Place
from consumers.race import together
from consumers.watch import StuckError, Timing, Watch

log = structlog.get_logger()

HANDED_OVER = 2
"""Batches that may wait for the main loop; with more of them a busy loop would only hold more memory."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fetched:
    """Records of one partition in the order of their offsets. `term` counts how often its position was taken up."""

    place: Place
    term: int
    messages: Sequence[Any]
    end: int | None


class Member:
    """Reads the partitions that the group gives it.

    `terms` and `vacant` are values that are replaced, never changed: other threads may look at them. `handing_over` is
    true while a batch waits for room.
    """

    def __init__(self, servers: str, topic: str, group: str, timing: Timing) -> None:
        self._servers = servers
        self._topic = topic
        self._group = group
        self._timing = timing
        self.terms: Mapping[Place, int] = {}
        self.vacant: frozenset[Place] = frozenset()
        self._term = 0
        self._committed: dict[Place, int] = {}
        self._accepted: set[Place] = set()
        self._partitions = 0
        self._fetched: asyncio.Queue[Fetched] = asyncio.Queue(HANDED_OVER)
        self.handing_over = False
        self._watch = Watch(self, timing)
        self._tasks: list[asyncio.Task[None]] = []
        self._consumer: Any = None

    async def start(self) -> None:
        """Join the group. Raises KafkaError, or StuckError where that takes too long."""
        timing = self._timing
        self._watch.joins()
        self._consumer = AIOKafkaConsumer(
            bootstrap_servers=self._servers,
            group_id=self._group,
            auto_offset_reset="none",
            enable_auto_commit=False,
            session_timeout_ms=timing.session_ms,
            rebalance_timeout_ms=timing.rebalance_ms,
            heartbeat_interval_ms=timing.heartbeat_ms,
            metadata_max_age_ms=timing.metadata_ms,
            partition_assignment_strategy=(RangePartitionAssignor,),
            max_partition_fetch_bytes=2 * 1024 * 1024,
            fetch_max_bytes=16 * 1024 * 1024,
        )
        self._consumer.subscribe([self._topic], listener=_Listener(self._assigned, self._revoked))
        try:
            async with asyncio.timeout(timing.join_seconds):
                await self._consumer.start()
        except TimeoutError as error:
            raise StuckError("joining the group took too long") from error
        self._tasks = [
            asyncio.create_task(self._read(), name="member-read"),
            asyncio.create_task(self._watch.run(), name="member-watch"),
        ]

    async def stop(self) -> None:
        """Leave the group, or just let go of the connections where Kafka does not answer."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._consumer is None:
            return
        try:
            async with asyncio.timeout(self._timing.close_seconds):
                await self._consumer.stop()
        except TimeoutError:
            log.warning("consumer_abandoned", after_seconds=self._timing.close_seconds)
            with suppress(TimeoutError):
                async with asyncio.timeout(self._timing.close_seconds):
                    await self._consumer._client.close()  # noqa: SLF001 - stop() gets to it only after all it waits for

    async def next(self) -> Fetched | None:
        """Give the next batch, or None when there is none for a moment. Raises what ended the reading."""
        for task in self._tasks:
            if task.done():
                task.result()
        with suppress(TimeoutError):
            async with asyncio.timeout(self._timing.poll_ms / 1000):
                return await self._fetched.get()
        return None

    async def bounds(self, place: Place) -> Bounds:
        """Ask Kafka where the partition begins and ends, and what the group committed. Raises KafkaError or OSError."""
        here = TopicPartition(*place)
        accepted = place in self._accepted  # now: a commit that is accepted after the question is no sign of anything
        async with asyncio.timeout(self._timing.ask_seconds):
            committed, beginnings, ends = await together(
                self._consumer.committed(here),
                self._consumer.beginning_offsets([here]),
                self._consumer.end_offsets([here]),
            )
        renewed = accepted and committed is None
        return Bounds(beginning=beginnings[here], end=ends[here], committed=committed, renewed=renewed)

    async def positions(self) -> Mapping[Place, int]:
        """The next offset to read of each partition that has a position."""
        return {
            place: await self._consumer.position(TopicPartition(*place)) for place in self.terms.keys() - self.vacant
        }

    async def ends(self, places: Iterable[Place]) -> Mapping[Place, int]:
        """The offset after the last record of each partition. Raises KafkaError."""
        if here := [TopicPartition(*place) for place in places]:
            return {_place(partition): end for partition, end in (await self._consumer.end_offsets(here)).items()}
        return {}

    async def place(self, found: Mapping[Place, tuple[int, int]]) -> None:
        """Read vacant partitions on: from place to its term and offset. One with another term by now is left alone.

        All at once, so that the first fetch asks for all of them: what it brings of one holds up the next fetch.
        """
        for place, (term, offset) in found.items():
            if self.terms.get(place) == term:
                self._consumer.seek(TopicPartition(*place), offset)
                self._consumer.resume(TopicPartition(*place))
                self.vacant -= {place}
                self._accepted.discard(place)

    async def vacate(self, *places: Place) -> None:
        """Read nothing more of them until they are placed anew; what was fetched of them no longer counts."""
        self._vacate([place for place in places if place in self.terms])

    async def commit(self, offsets: Mapping[Place, int]) -> bool:
        """Commit what moved; whether Kafka took it. Not of what is vacant: it may be another topic's by now."""
        moved = {
            place: offset
            for place, offset in offsets.items()
            if self._committed.get(place) != offset and place in self.terms.keys() - self.vacant
        }
        if not moved:
            self._watch.accepted()
            return True
        try:
            async with asyncio.timeout(self._timing.commit_seconds):
                await self._consumer.commit({TopicPartition(*place): offset for place, offset in moved.items()})
        except (CommitFailedError, IllegalStateError, TimeoutError, KafkaError) as error:
            log.warning("commit_refused", error=type(error).__name__)
            self._watch.refused()
            return False
        self._watch.accepted()
        self._committed.update(moved)
        self._accepted |= moved.keys()
        return True

    async def _read(self) -> None:
        """Hand over what comes, a batch of each partition in its turn."""
        while True:
            try:
                places = sorted(self.terms.keys() - self.vacant)
                found = False
                for place in places:
                    found = await self._hand_over(await self._get(place)) or found
                if not found:
                    await self._hand_over(await self._get(*places, wait_ms=self._timing.poll_ms))
            except (OffsetOutOfRangeError, NoOffsetForPartitionError) as error:
                places = [_place(partition) for partition in _told(error)]
                log.warning("position_out_of_range", places=places)
                self._vacate([place for place in places if place in self.terms])

    async def _get(self, *places: Place, wait_ms: int = 0) -> Mapping[TopicPartition, Sequence[Any]]:
        here = [TopicPartition(*place) for place in places]
        found: Mapping[TopicPartition, Sequence[Any]] = await self._consumer.getmany(
            *here, timeout_ms=wait_ms, max_records=self._timing.records
        )
        return found

    async def _hand_over(self, found: Mapping[TopicPartition, Sequence[Any]]) -> bool:
        """Wait for room, however long whoever takes the batches is busy; whether there was anything."""
        terms = self.terms
        for here, messages in found.items():
            place = _place(here)
            if place in terms and place not in self.vacant:
                end = self._consumer.highwater(here) if here in self._consumer.assignment() else None
                self.handing_over = True
                await self._fetched.put(Fetched(place=place, term=terms[place], messages=messages, end=end))
                self.handing_over = False
        return bool(found)

    def _vacate(self, places: Sequence[Place]) -> None:
        """Make them vacant, with a new term each. They are paused at a position, so that aiokafka looks for none."""
        for place in places:
            self._term += 1
            self.terms = {**self.terms, place: self._term}
            self.vacant |= {place}
            self._committed.pop(place, None)
            self._consumer.pause(TopicPartition(*place))
            self._consumer.seek(TopicPartition(*place), 0)

    async def _assigned(self, partitions: Sequence[TopicPartition]) -> None:
        self._watch.joined()
        self._vacate([_place(partition) for partition in partitions])
        log.info("partitions_assigned", partitions=sorted(partition.partition for partition in partitions))
        count = len(self._consumer.partitions_for_topic(self._topic) or ())
        if 0 < self._partitions < count:
            why = "a key whose partition changed keeps its order within each partition, not across the growth"
            log.warning("partitions_grown", topic=self._topic, before=self._partitions, now=count, note=why)
        self._partitions = count or self._partitions

    async def _revoked(self, _: Sequence[TopicPartition]) -> None:
        self._watch.joins()
        self.terms, self.vacant = {}, frozenset()
        self._committed.clear()


class _Listener(ConsumerRebalanceListener):
    """aiokafka logs and swallows what a listener raises: these two only take notes."""

    def __init__(
        self,
        assigned: Callable[[Sequence[TopicPartition]], Awaitable[None]],
        revoked: Callable[[Sequence[TopicPartition]], Awaitable[None]],
    ) -> None:
        self._on_assigned = assigned
        self._on_revoked = revoked

    async def on_partitions_assigned(self, assigned: Sequence[TopicPartition]) -> None:
        await self._on_assigned(list(assigned))

    async def on_partitions_revoked(self, revoked: Sequence[TopicPartition]) -> None:
        await self._on_revoked(list(revoked))


def _place(partition: TopicPartition) -> Place:
    return (partition.topic, partition.partition)


def _told(error: OffsetOutOfRangeError | NoOffsetForPartitionError) -> Iterable[TopicPartition]:
    """The partitions an error is about: aiokafka gives one error a mapping from them and the other the partition."""
    (about,) = error.args
    return [about] if isinstance(about, TopicPartition) else list(about)
