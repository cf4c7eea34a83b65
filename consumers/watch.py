"""Watches a member of the group: whether it gets on, is let in, and may commit. aiokafka does not say so itself.

Consumers that stand still for ever after a broker's restart or a rebalance are known (aiokafka#1154, #625, #703); only
a new one helps. A member whose batches nobody takes is not stuck: it waits for Redis, or for room in the outbox.
"""

import asyncio
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Protocol, Self

from aiokafka.errors import IllegalStateError, KafkaError

from consumers.progress import Place, Standing, look, stuck


class StuckError(Exception):
    """The consumer does not get on, and will not by itself: replace it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Timing:
    """How a member keeps time: `_ms` in milliseconds, `_seconds` in seconds. `records` is the longest batch."""

    session_ms: int = 30_000
    rebalance_ms: int = 60_000
    heartbeat_ms: int = 3_000
    metadata_ms: int = 30_000
    poll_ms: int = 250
    records: int = 500
    ask_seconds: float = 10.0
    commit_seconds: float = 5.0
    close_seconds: float = 5.0
    watch_seconds: float = 5.0
    stuck_seconds: float = 30.0

    @classmethod
    def of(cls, session: float) -> Self:
        """The usual timing for a session of so many seconds: three heartbeats fit in it at least."""
        session_ms = round(session * 1000)
        return cls(session_ms=session_ms, heartbeat_ms=min(cls().heartbeat_ms, session_ms // 3))

    @property
    def join_seconds(self) -> float:
        """How long joining, or a rebalance, may take before something is wrong."""
        return self.rebalance_ms / 1000 + self.stuck_seconds


class Watched(Protocol):
    """What a watch looks at."""

    handing_over: bool

    async def positions(self) -> Mapping[Place, int]:
        """The next offset to read of each partition."""
        ...

    async def ends(self, places: Iterable[Place], /) -> Mapping[Place, int]:
        """The offset after the last record of each. Raises KafkaError."""
        ...

    async def vacate(self, *places: Place) -> None:
        """Read nothing more of them until their positions are taken up anew."""
        ...


class Watch:
    """Ends with StuckError when there is something to read and it is not read, or when the group has nothing to say."""

    def __init__(self, watched: Watched, timing: Timing) -> None:
        self._watched = watched
        self._timing = timing
        self._joining_since: float | None = None
        self._refused_since: float | None = None

    def joins(self) -> None:
        """The member has begun to join, or the group to share anew."""
        self._joining_since = _now()

    def joined(self) -> None:
        """The group has given partitions, be it none."""
        self._joining_since = None

    def refused(self) -> None:
        """A commit was refused."""
        self._refused_since = self._refused_since or _now()

    def accepted(self) -> None:
        """A commit was accepted, or there is none to make."""
        self._refused_since = None

    async def run(self) -> None:
        """Look every `watch_seconds`, until cancelled. Raises StuckError."""
        timing, standing = self._timing, dict[Place, Standing]()
        answered = _now()
        while True:
            await asyncio.sleep(timing.watch_seconds)
            self._check_membership(_now())
            try:
                positions, ends = await self._ask()
            except (KafkaError, IllegalStateError, TimeoutError) as error:
                if _now() - answered >= timing.stuck_seconds + timing.ask_seconds:
                    raise StuckError("Kafka does not tell where its topics end") from error
                continue
            answered = now = _now()
            await self._watched.vacate(*(place for place, end in ends.items() if end < positions[place]))
            standing = {} if self._watched.handing_over else look(standing, positions, ends, now=now)
            if found := stuck(standing, now=now, limit=timing.stuck_seconds):
                raise StuckError(f"nothing was read for {timing.stuck_seconds:g} s though there are records: {found}")

    async def _ask(self) -> tuple[Mapping[Place, int], Mapping[Place, int]]:
        """Positions, then ends: in this order, for an end that is older than the position may lie before it."""
        async with asyncio.timeout(self._timing.ask_seconds):
            positions = await self._watched.positions()
            return positions, await self._watched.ends(positions)

    def _check_membership(self, now: float) -> None:
        limit = self._timing.join_seconds
        waits = self._joining_since is not None and not self._watched.handing_over
        if waits and now - (self._joining_since or now) >= limit:
            raise StuckError(f"the group has given nothing for {limit:g} s")
        if self._refused_since is not None and now - self._refused_since >= limit:
            raise StuckError(f"the group has refused every commit for {limit:g} s")


def _now() -> float:
    return asyncio.get_running_loop().time()
