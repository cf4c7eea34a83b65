"""Whether a reader stands still though there is something to read: pure, time is an argument (seconds)."""

from collections.abc import Mapping
from dataclasses import dataclass

Place = tuple[str, int]
"""Topic and partition."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """A partition was found at `position` with records behind it, `since` when."""

    position: int
    since: float


def look(
    before: Mapping[Place, Standing], positions: Mapping[Place, int], ends: Mapping[Place, int], *, now: float
) -> dict[Place, Standing]:
    """Tell which partitions stand before records they don't read, keeping the time at which each was first seen so.

    `positions` are the next offsets to read and `ends` the offsets after the last record; a partition missing from
    either is not looked at.
    """
    found: dict[Place, Standing] = {}
    for place, position in positions.items():
        if ends.get(place, position) <= position:
            continue
        former = before.get(place)
        kept = former is not None and former.position == position
        found[place] = former if kept and former is not None else Standing(position=position, since=now)
    return found


def stuck(standing: Mapping[Place, Standing], *, now: float, limit: float) -> list[Place]:
    """The partitions that have stood for `limit` seconds or longer."""
    return sorted(place for place, one in standing.items() if now - one.since >= limit)
