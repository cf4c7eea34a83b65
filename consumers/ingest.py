"""Records in, deliveries into the outbox, exactly once.

Ingest holds no work: what it read is either in the outbox, with the watermark moved in the same script, or it reads it
again. It never waits for a far side, so nobody's slowness becomes a rebalance. It never goes past a batch that could
not be appended: that would leave a gap.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from typing import Protocol

import structlog

from bot.core.cloudevent import encode, read
from bot.core.errors import UnavailableError
from bot.core.event import Event, Position, Unreadable
from bot.core.routing import Router
from bot.ports.letters import DeadLetters
from bot.ports.outbox import Arrival, Behind, Entered, Full, Outbox, Stale
from bot.ports.partitions import Partitions
from bot.ports.people import Subscriptions
from bot.telemetry import Metrics
from consumers.kafka import Record, Start
from consumers.offsets import Bounds, unread
from consumers.parking import Parking
from consumers.positions import Positions
from consumers.race import first

log = structlog.get_logger()

COMMIT_SECONDS = 0.5
RETRY_SECONDS = (0.1, 0.2, 0.5, 1.0, 2.0)


class Source(Protocol):
    """The partitions this member reads."""

    def batches(self, start: Start) -> AsyncIterator[Sequence[Record]]:
        """Batches of one partition each, read from where `start` says; empty ones when there is nothing."""
        ...

    def assignment(self) -> list[tuple[str, int]]:
        """Topic and partition of all it reads now."""
        ...

    def lag(self, topic: str, partition: int, watermark: int) -> int | None:
        """Records above the watermark."""
        ...

    async def bounds(self, topic: str, partition: int) -> Bounds:
        """Where the partition begins and ends, and what was committed. Raises UnavailableError."""
        ...

    async def rewind(self, topic: str, partition: int) -> None:
        """Ask `start` anew."""
        ...

    async def commit(self, offsets: Mapping[tuple[str, int], int]) -> bool:
        """Tell Kafka."""
        ...


class Ingest:
    """Takes batches from a source and appends them to the outbox. `clock` gives milliseconds since the epoch."""

    def __init__(
        self,
        source: Source,
        outbox: Outbox,
        partitions: Partitions,
        subscriptions: Subscriptions,
        dead_letters: DeadLetters,
        metrics: Metrics,
        *,
        shards: int,
        clock: Callable[[], int],
        parking: Parking | None = None,
        halt_on_reset: bool = False,
    ) -> None:
        self._source = source
        self._outbox = outbox
        self._partitions = partitions
        self._subscriptions = subscriptions
        self._dead_letters = dead_letters
        self._metrics = metrics
        self._clock = clock
        self._parking = parking
        self._router = Router((), shards=shards)
        self._version: int | None = None
        self._positions = Positions(partitions, metrics, halt=halt_on_reset)
        self._held_up_by: str | None = None

    @property
    def waiting_for(self) -> str | None:
        """What it can't go on without, or only in part; None when it goes on."""
        return self._held_up_by or self._positions.waiting_for

    async def run(self, stop: asyncio.Event) -> None:
        """Take batches until `stop` is set; commit what is settled, now and once more at the end."""
        ended = asyncio.Event()
        committer = asyncio.create_task(self._commit_regularly(ended), name="ingest-commit")
        try:
            async for batch in self._source.batches(self._start):
                if batch:
                    await self._take(batch, stop)
                if stop.is_set():
                    break
                if committer.done():
                    committer.result()
        finally:
            # told, not cancelled: a commit that is cut off half-way would leave its connection in an unknown state
            ended.set()
            await asyncio.gather(committer, return_exceptions=True)
        await self.commit()

    async def _start(self, topic: str, partition: int) -> int | None:
        offset = await self._positions.take_up((topic, partition), self._source.bounds)
        self._metrics.ingest_waiting.set(self.waiting_for is not None)
        return offset

    async def _take(self, batch: Sequence[Record], stop: asyncio.Event) -> None:
        """Append the batch, however long Redis or Kafka are away; give up only when stopped."""
        tries = 0
        while True:
            try:
                await self._append(batch)
            except UnavailableError as error:
                if self._held_up_by is None:
                    log.warning("ingest_waits", why=str(error), cause=str(error.__cause__))
                self._held_up_by = str(error)
                self._metrics.ingest_waiting.set(1)
                await first(stop.wait(), seconds=RETRY_SECONDS[min(tries, len(RETRY_SECONDS) - 1)])
                tries += 1
                if stop.is_set():
                    return
            else:
                if self._held_up_by is not None:
                    log.info("ingest_goes_on")
                self._held_up_by = None
                self._metrics.ingest_waiting.set(self.waiting_for is not None)
                return

    async def _append(self, batch: Sequence[Record]) -> None:
        topic, partition = batch[0].topic, batch[0].partition
        place = (topic, partition)
        read_from = self._positions.next(place)
        if read_from is None:  # the group gave the partition to another member, which reads the batch again
            return
        events = [(record, _read(record)) for record in unread(batch, read_from)]
        for record, event in events:
            if isinstance(event, Unreadable):
                # Tried again, this writes it again under the same key, so that it is one letter.
                await self._dead_letters.unreadable(
                    _position(record), record.value, record.headers, event, key=record.key
                )
                log.warning("record_unreadable", position=str(_position(record)), reason=event.reason)
        while events:
            version, router = await self._routes()
            now = self._clock()
            arrivals = [_arrival(record, event, router, now) for record, event in events]
            match await self._outbox.append(topic, partition, arrivals, version=version, read_from=read_from):
                case Stale():
                    self._version = None
                case Behind(watermark=watermark):
                    log.warning("outbox_behind", topic=topic, partition=partition, watermark=watermark, at=read_from)
                    await self._source.rewind(topic, partition)
                    return
                case Full(lane=lane):
                    raise UnavailableError(f"the outbox is full{f': lane {lane}' if lane else ''}")
                case Entered() as entered:
                    self._positions.read_to(place, events[-1][0].offset + 1)
                    self._count(place, [event for _, event in events], entered)
                    return

    async def _routes(self) -> tuple[int, Router]:
        """The router of the newest subscriptions seen; append refuses it when there are newer ones."""
        if self._version is None:
            self._version, subscriptions = await self._subscriptions.snapshot()
            self._router.learn(subscriptions)
            log.info("subscriptions_loaded", version=self._version, subscriptions=len(subscriptions))
        return self._version, self._router

    def _count(self, place: tuple[str, int], events: Sequence[Event | Unreadable], entered: Entered) -> None:
        metrics = self._metrics
        unreadable = sum(isinstance(event, Unreadable) for event in events)
        metrics.records.labels("unreadable").inc(unreadable)
        metrics.records.labels("event").inc(len(events) - unreadable - entered.replayed)
        metrics.records.labels("replayed").inc(entered.replayed)
        metrics.deliveries_appended.inc(entered.appended)
        metrics.deliveries_known.inc(entered.known)
        lag = self._source.lag(*place, self._positions.next(place) or 0)
        if lag is not None:
            metrics.lag.labels(place[0], str(place[1])).set(lag)

    async def _commit_regularly(self, ended: asyncio.Event) -> None:
        while not ended.is_set():
            await first(ended.wait(), seconds=COMMIT_SECONDS)
            await self.commit()

    async def commit(self) -> None:
        """Commit to Kafka, for each partition, the offset below which everything is settled."""
        assigned = self._source.assignment()
        self._positions.keep(assigned)
        try:
            if self._parking is not None:
                await self._parking.look(assigned)
            await self._look_back(assigned)
            offsets = {place: await self._partitions.committable(*place) for place in assigned}
        except UnavailableError as error:
            log.warning("commit_put_off", why=str(error), cause=str(error.__cause__))
            return
        await self._source.commit({place: offset for place, offset in offsets.items() if offset is not None})

    async def _look_back(self, assigned: Sequence[tuple[str, int]]) -> None:
        """Find an outbox that went back in time though there is nothing to append that would tell."""
        reached = {place: self._positions.next(place) for place in assigned}
        watermarks = await self._partitions.watermarks(assigned)
        for place, offset in reached.items():
            watermark = watermarks[place]
            # A partition that is just being taken up, or was taken up since, has another position by now.
            if offset is None or self._positions.next(place) is None or (watermark or 0) >= offset:
                continue
            log.warning("outbox_behind", topic=place[0], partition=place[1], watermark=watermark, at=offset)
            await self._source.rewind(*place)


def _read(record: Record) -> Event | Unreadable:
    return read(record.value, record.headers, _position(record), timestamp=record.timestamp)


def _position(record: Record) -> Position:
    return Position(topic=record.topic, partition=record.partition, offset=record.offset)


def _arrival(record: Record, event: Event | Unreadable, router: Router, now: int) -> Arrival:
    match event:
        case Unreadable():
            return Arrival(offset=record.offset, timestamp=record.timestamp)
        case Event():
            routed = router.route(event, now=now)
            body = encode(event) if routed else b""
            return Arrival(offset=record.offset, timestamp=record.timestamp, key=event.key, body=body, routed=routed)
