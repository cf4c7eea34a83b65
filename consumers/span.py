"""A stretch of a topic, read once from end to end: all partitions, in order of time, bounded memory."""

import asyncio
import heapq
from collections import deque
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError, UnknownTopicOrPartitionError

from bot.core.errors import UnavailableError
from consumers.kafka import Record, producer, record

POLL_MS = 200
AT_ONCE = 200
"""Records of one partition that are held at most, besides what the client has fetched ahead."""
SILENCE_SECONDS = 30.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """From which offset, up to and not including which, each partition is read."""

    topic: str
    bounds: Mapping[int, tuple[int, int]]

    @property
    def size(self) -> int:
        """Offsets within; compaction and transactions may have left fewer records."""
        return sum(end - start for start, end in self.bounds.values())


class Reader:
    """Reads spans of one topic, one at a time, without a group."""

    def __init__(self, consumer: AIOKafkaConsumer, topic: str, servers: str) -> None:
        self._consumer = consumer
        self._topic = topic
        self._servers = servers

    async def span(self, *, since: int | None = None, until: int | None = None) -> Span:
        """What lies in the topic now, of records whose timestamps say so; both in milliseconds since the epoch.

        A partition is cut where its first record of that time or later lies (ListOffsets, KIP-79).
        """
        places = sorted(self._consumer.assignment())
        starts = await self._consumer.beginning_offsets(places)
        ends = await self._consumer.end_offsets(places)
        first = {} if since is None else await self._consumer.offsets_for_times(dict.fromkeys(places, since))
        last = {} if until is None else await self._consumer.offsets_for_times(dict.fromkeys(places, until))
        bounds = {}
        for place in places:
            start, end = starts[place], ends[place]
            if since is not None:
                start = max(start, first[place].offset if first.get(place) else end)
            if until is not None and last.get(place):
                end = min(end, last[place].offset)
            if start < end:
                bounds[place.partition] = (start, end)
        return Span(topic=self._topic, bounds=bounds)

    async def records(self, span: Span, tell: Callable[[int], None] = lambda _: None) -> AsyncGenerator[Record, None]:
        """Yield the span's records: of a partition by offset, across partitions by timestamp.

        `tell` is called now and then with how many records were read. Raises UnavailableError where Kafka is silent.
        """
        held: dict[int, deque[Record]] = {partition: deque() for partition in span.bounds}
        self._consumer.pause(*self._consumer.assignment())
        for partition, (start, _) in span.bounds.items():
            self._consumer.seek(self._place(partition), start)
            self._consumer.resume(self._place(partition))
        heads: list[tuple[int, int]] = []
        behind = 0
        wanting = set(span.bounds)
        while wanting or heads:
            for partition in wanting:
                held[partition].extend(await self._more(partition, span.bounds[partition][1]))
                if held[partition]:
                    heapq.heappush(heads, (held[partition][0].timestamp, partition))
            wanting.clear()
            if not heads:
                break
            _, partition = heapq.heappop(heads)
            found = held[partition].popleft()
            behind += 1
            if behind % AT_ONCE == 0:
                tell(behind)
            yield found
            if held[partition]:
                heapq.heappush(heads, (held[partition][0].timestamp, partition))
            else:
                wanting.add(partition)
        tell(span.size)

    async def _more(self, partition: int, end: int) -> Sequence[Record]:
        """The partition's next records below `end`; none only where there are no more."""
        place = self._place(partition)
        try:
            async with asyncio.timeout(SILENCE_SECONDS):
                # The position passes what is no record (a transaction's markers, what compaction took), so this ends.
                while await self._consumer.position(place) < end:
                    fetched = await self._consumer.getmany(place, timeout_ms=POLL_MS, max_records=AT_ONCE)
                    found = [record(message) for message in fetched.get(place, ()) if message.offset < end]
                    if found:
                        return found
        except TimeoutError as error:
            raise UnavailableError(f"Kafka at {self._servers} has fallen silent; run it again") from error
        self._consumer.pause(place)
        return ()

    def _place(self, partition: int) -> TopicPartition:
        return TopicPartition(self._topic, partition)


@asynccontextmanager
async def reader(servers: str, topic: str) -> AsyncIterator[Reader]:
    """Connect. Raises UnavailableError, naming the remedy, where Kafka or the topic is not there."""
    consumer = AIOKafkaConsumer(
        bootstrap_servers=servers,
        group_id=None,
        enable_auto_commit=False,
        auto_offset_reset="earliest",
        max_partition_fetch_bytes=2 * 1024 * 1024,
    )
    try:
        try:
            # Assigned, not subscribed: a refresh of the metadata assigns all partitions anew, and positions are lost.
            places = [TopicPartition(topic, partition) for partition in sorted(await _partitions(servers, topic))]
            await consumer.start()
            consumer.assign(places)
        except UnknownTopicOrPartitionError as error:
            raise UnavailableError(f"the topic {topic} does not exist; `tidings check` shows what is there") from error
        except (KafkaError, OSError) as error:
            why = str(error) or type(error).__name__
            raise UnavailableError(f"Kafka: {why}. Start it, or set TIDINGS_KAFKA (now {servers})") from error
        try:
            yield Reader(consumer, topic, servers)
        except KafkaError as error:
            raise UnavailableError(f"Kafka: {str(error) or type(error).__name__}; run it again") from error
    finally:
        await consumer.stop()


async def _partitions(servers: str, topic: str) -> Collection[int]:
    async with producer(servers) as asking:
        found: Collection[int] = await asking.partitions_for(topic)
        return found
