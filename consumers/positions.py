"""Where each partition is read from: taken up by `offsets.take_up`, said aloud, and held by the outbox's watermark.

There is one way to a position, whether the group gave the partition, the outbox went back in time, or Kafka has no
record there. After it the watermark exists in the outbox, so that a batch can always say from where it was read without
a gap, and a wiped Redis shows with the first append.
"""

from collections.abc import Awaitable, Callable, Collection
from typing import assert_never

import structlog

from bot.core.errors import UnavailableError
from bot.ports.partitions import Partitions
from bot.telemetry import Metrics
from consumers.offsets import UNDECIDED, Bounds, Halted, Lost, Recreated, Start, take_up
from consumers.progress import Place

log = structlog.get_logger()

HALTED = (
    "{topic}/{partition} ended before what was read of it: it was recreated or cut short. Nothing of it is read until "
    "a person acts; with TIDINGS_ON_TOPIC_RESET=earliest it is read from its beginning."
)


class Positions:
    """The next offset of each partition that this process reads."""

    def __init__(self, partitions: Partitions, metrics: Metrics, *, halt: bool) -> None:
        self._partitions = partitions
        self._metrics = metrics
        self._halt = halt
        self._next: dict[Place, int] = {}
        self._waiting: dict[Place, str] = {}

    @property
    def waiting_for(self) -> str | None:
        """Why a partition has no position yet; None when each has one."""
        return next(iter(self._waiting.values()), None)

    def next(self, place: Place) -> int | None:
        """The next offset to read; None where the partition is not this process's."""
        return self._next.get(place)

    def read_to(self, place: Place, offset: int) -> None:
        """Everything below `offset` is in the outbox."""
        self._next[place] = offset

    def keep(self, places: Collection[Place]) -> None:
        """Forget all but these."""
        for known in (self._next, self._waiting):
            for place in known.keys() - set(places):
                del known[place]

    async def take_up(self, place: Place, bounds: Callable[[str, int], Awaitable[Bounds]]) -> int | None:
        """Decide where to read on and see that the watermark is there; None for "not yet", `waiting_for` says why.

        `bounds` asks Kafka; it and the outbox may raise UnavailableError, which is a reason to wait.
        """
        self._next.pop(place, None)
        try:
            # in this order: see offsets.take_up
            watermark = await self._partitions.watermark(*place)
            offset = await self._enter(place, watermark, await bounds(*place))
        except UnavailableError as error:
            self._wait(place, str(error), cause=str(error.__cause__))
            return None
        if offset is not None:
            self._waiting.pop(place, None)
            self._next[place] = offset
        return offset

    async def _enter(self, place: Place, watermark: int | None, bounds: Bounds) -> int | None:
        topic, partition = place
        match take_up(watermark, bounds, halt=self._halt):
            case Start(offset=offset):
                # One that was there is left alone: where it has gone meanwhile, the first append finds out.
                return offset if watermark is not None else await self._partitions.enter(*place, offset, force=False)
            case Lost(offset=offset, records=records):
                held = await self._partitions.enter(*place, offset, force=True)
                self._metrics.records_lost_to_retention.inc(records)
                log.error("records_lost_to_retention", topic=topic, partition=partition, at_most=records, now_at=offset)
                return held
            case Recreated(offset=offset, known=known, end=end):
                held = await self._partitions.enter(*place, offset, force=True)
                self._metrics.topic_resets.inc()
                log.error("topic_reset", topic=topic, partition=partition, was_at=known, end=end, now_at=offset)
                return held
            case Halted(known=known, end=end):
                if known != UNDECIDED:
                    await self._partitions.enter(*place, UNDECIDED, force=True)
                    self._metrics.topic_resets.inc()
                    log.error("topic_reset", topic=topic, partition=partition, was_at=known, end=end, now_at=None)
                self._wait(place, HALTED.format(topic=topic, partition=partition))
                return None
            case other:
                assert_never(other)

    def _wait(self, place: Place, why: str, **more: str) -> None:
        """Note why the partition waits, and say it once."""
        if self._waiting.get(place) != why:
            log.error("position_waits", topic=place[0], partition=place[1], why=why, **more)
        self._waiting[place] = why
