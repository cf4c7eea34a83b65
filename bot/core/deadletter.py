"""What lies in the dead-letter topic, and what of it is still open.

Rules of this file:
1. The topic is a log: nothing in it changes. A letter is open until a *closing* covers it.
2. A closing covers what its writer had seen: it names positions. A delivery that is buried again between a replay and
   its closing lies beyond them, and stays open.
3. So the order in which letters and closings are read does not matter, and neither does reading one twice.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import chain
from typing import NewType, TypeAlias
from urllib.parse import urlsplit

from bot.core.delivery import Attempt, Delivery, DeliveryId, Lane
from bot.core.destination import Destination, Webhook, destination_id
from bot.core.event import Event, Position
from bot.core.filters import Filter

LetterId = NewType("LetterId", str)
"""A delivery's id; or `topic/partition@offset`: of a record that was no event, or of a letter that can't be read."""

LONGEST_ATTEMPT = 600_000
"""Milliseconds: no attempt outlives its lease, and no setting makes a lease longer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Buried:
    """A delivery that was given up, with all that it takes to make it anew.

    `where` is the letter's own place in the dead-letter topic, `position` that of the event, if it was known. Times are
    in milliseconds since the epoch: `appended` when the delivery entered the outbox, `at` when it was buried, `doubt`
    no later than the first attempt that may have arrived began; None where none may have.
    """

    id: LetterId
    where: Position
    at: int
    reason: str
    lane: Lane
    destination: Destination
    appended: int
    attempts: tuple[Attempt, ...]
    doubt: int | None
    position: Position | None
    event: Event
    body: bytes

    @property
    def delivery(self) -> DeliveryId:
        """The delivery's id, which a replay keeps."""
        return DeliveryId(self.id)


@dataclass(frozen=True, slots=True, kw_only=True)
class Unread:
    """A record that was no event, as it lay at `position` of its topic: key, value and headers."""

    id: LetterId
    where: Position
    at: int
    reason: str
    position: Position
    key: bytes | None
    value: bytes | None
    headers: tuple[tuple[str, bytes], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Garbled:
    """A record of the dead-letter topic that can't be read itself: somebody else's, or of a newer version."""

    id: LetterId
    where: Position
    at: int
    reason: str


DeadLetter: TypeAlias = Buried | Unread | Garbled


class Fate(StrEnum):
    """Why a letter is closed."""

    REPLAYED = "replayed"
    DROPPED = "dropped"


@dataclass(frozen=True, slots=True, kw_only=True)
class Closing:
    """A letter needs nobody's care any more, as far as it lay at `covers`. `by` says who closed it, `at` when."""

    id: LetterId
    fate: Fate
    covers: tuple[Position, ...]
    by: str = ""
    at: int = 0


class Ledger:
    """Reads letters and closings, in any order, and tells which letters are open.

    Keeps an id and two numbers for each letter, and nothing of what is in it. Where a letter lies in several
    partitions, because their number grew, the newest is the one that is open.
    """

    def __init__(self) -> None:
        self._latest: dict[tuple[LetterId, int], tuple[int, int]] = {}
        self._covered: dict[tuple[LetterId, int], int] = {}

    def read(self, found: DeadLetter | Closing) -> None:
        """Take note of one record."""
        match found:
            case Closing():
                for place in found.covers:
                    key = (found.id, place.partition)
                    self._covered[key] = max(place.offset, self._covered.get(key, -1))
            case _:
                key = (found.id, found.where.partition)
                self._latest[key] = max((found.where.offset, found.at), self._latest.get(key, (-1, 0)))

    def open(self) -> Mapping[LetterId, tuple[tuple[int, int], ...]]:
        """The open letters: where each lies, as partition and offset, the newest first."""
        places: dict[LetterId, list[tuple[int, int, int]]] = {}
        for (letter, partition), (offset, at) in self._latest.items():
            if offset > self._covered.get((letter, partition), -1):
                places.setdefault(letter, []).append((at, partition, offset))
        return {
            letter: tuple((partition, offset) for _, partition, offset in sorted(many, reverse=True))
            for letter, many in places.items()
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """Which letters are meant: those that everything given here holds for.

    `destination` and `reason` are parts of text, whatever the letter case; a webhook's host stands for it, too. `since`
    and `until` (not included) are when it was buried, in milliseconds. A filter with terms takes no record that was no
    event. `ids` are whole ids; empty means any.
    """

    filter: Filter = field(default_factory=Filter)
    destination: str = ""
    reason: str = ""
    since: int | None = None
    until: int | None = None
    ids: frozenset[LetterId] = frozenset()

    def takes(self, letter: DeadLetter) -> bool:
        """Whether the letter is meant."""
        return (
            (not self.ids or letter.id in self.ids)
            and (self.since is None or letter.at >= self.since)
            and (self.until is None or letter.at < self.until)
            and self.reason.lower() in letter.reason.lower()
            and self._to(letter)
            and (not self.filter.terms or (isinstance(letter, Buried) and self.filter.matches(letter.event)))
        )

    def _to(self, letter: DeadLetter) -> bool:
        wanted = self.destination.lower().lstrip("#")
        if not wanted:
            return True
        return isinstance(letter, Buried) and any(wanted in name.lower() for name in _names(letter.destination))


def doubt_of(delivery: Delivery, last: Attempt) -> int | None:
    """No later than when the first attempt began that may have arrived; None where surely none did.

    Of an attempt only its end is noted, unless a later one began in doubt of it. It began after the one before it had
    ended, and no earlier than a lease is long.
    """
    if delivery.doubt is not None:
        return delivery.doubt
    ends = [delivery.appended]
    for attempt in chain(delivery.history, (last,)):
        if attempt.outcome == "unknown":
            return max(ends[-1], attempt.at - LONGEST_ATTEMPT)
        ends.append(attempt.at)
    return None


def matching(ids: Iterable[LetterId], typed: str) -> list[LetterId]:
    """The ids that begin with what was typed; just the one that it is, if it is one."""
    found = sorted(letter for letter in ids if letter.startswith(typed))
    return [LetterId(typed)] if typed in found else found


def _names(destination: Destination) -> tuple[str, ...]:
    name = str(destination_id(destination))
    return (name, urlsplit(destination.url).hostname or "") if isinstance(destination, Webhook) else (name,)
