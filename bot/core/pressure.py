"""How what waits in a lane is said, when more waits than the place can take one by one.

Rules of this file:
1. Few deliveries are said each in full; more share a message, a row each; a backlog that would take longer than
   PATIENCE that way is summed up in one card, which is updated as it grows.
2. What failed and what needs a review is never only counted: it is shown in rows, whatever else waits.
3. Nothing is said before an earlier delivery of the same inference.
4. What was held back together, until a window's end, is said together, and never with anything else.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, Generic, Protocol, TypeVar

from bot.core.delivery import Delivery
from bot.core.event import Event, Status

ROWS: Final = 20
"""Deliveries that share a message, a row each."""
PATIENCE: Final = 20_000
"""Milliseconds within which everything should be said, the waiting before included."""
RUN: Final = 250
"""Deliveries that one update of a summary takes in."""
DOUBTFUL: Final = 40
"""Deliveries in doubt that an attempt takes in: where nobody may look, one message has to name them all and ask.

It has 50 blocks at most, and its button's value 2,000 characters, of which an id takes 33."""
LOUD_WITHIN: Final = 10
"""Rows of failures and reviews that fit into a window's summary."""
LOUD: Final = frozenset({Status.FAILED, Status.NEEDS_REVIEW})


class Manner(StrEnum):
    """How an attempt says what it tells."""

    EACH = "each"
    """One delivery, in full."""
    MERGED = "merged"
    """One message, a row for each."""
    SUMMARY = "summary"
    """One living card that counts them, with a list behind a button."""


class Sayable(Protocol):
    """A delivery with its event, as `ports.Item` is."""

    @property
    def delivery(self) -> Delivery:
        """The delivery."""
        ...

    @property
    def event(self) -> Event:
        """Its event."""
        ...


T = TypeVar("T", bound=Sayable)


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """A window in which deliveries were held back together: a digest's, or that of quiet hours.

    `kind` is `15m`, `hourly`, `daily` or `quiet`. `opens` and `closes` are what the clock on the wall showed then;
    `end`, in milliseconds, tells windows apart.
    """

    kind: str
    opens: str
    closes: str
    end: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Backlog:
    """What is known of the lane beside the deliveries in hand.

    `waiting` counts all that it holds, those in hand included. `summed`: a summary card of it lives. `more`: there may
    be more in it of the window that those in hand are of.
    """

    waiting: int
    summed: bool = False
    held: Held | None = None
    more: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Telling(Generic[T]):
    """What one attempt says, and how. `aside` are loud ones that a summary counts now and later messages show.

    `left` is how many then remain that nothing was said of yet, neither in a row nor in a count.
    """

    manner: Manner
    items: tuple[T, ...]
    aside: tuple[T, ...] = ()
    left: int = 0
    pressed: bool = False
    """There is a summary of the lane, or it begins now."""


def presses(backlog: Backlog, *, count: int, waited: int, interval: int) -> bool:
    """Whether it would take too long to say a row for each; times in milliseconds.

    `count` deliveries are in hand. `waited` is the age of the oldest: where a lane is kept from sending, how slow it
    really is shows there.
    """
    if backlog.held is not None:
        return backlog.summed or backlog.more or count > ROWS
    if backlog.waiting <= ROWS:
        return backlog.summed
    messages = -(-backlog.waiting // ROWS)
    return backlog.summed or messages * interval + waited > PATIENCE


def crowd(interval: int) -> int:
    """From how many waiting deliveries on a lane presses, however young they are; 0 for one without a pace."""
    return ROWS * (PATIENCE // interval) if interval else 0


def choose(items: Sequence[T], backlog: Backlog, *, now: int, interval: int) -> Telling[T]:
    """What to say first of the deliveries at a lane's head, at least one; all of them in doubt, or none.

    Where there is a summary, quiet ones and loud ones take turns: whichever the head is goes first. The loud ones wait
    for nothing but that; so each summary tells how many of them there are, and the last of it comes after them.
    """
    count, waiting = len(items), max(backlog.waiting, len(items))
    if backlog.held is not None and not backlog.more:
        waiting = count
    waited = now - items[0].delivery.appended
    if not presses(backlog, count=count, waited=waited, interval=interval):
        said = tuple(items[:ROWS])
        manner = Manner.EACH if count == 1 else Manner.MERGED
        return Telling(manner=manner, items=said, left=waiting - len(said))
    loud, quiet = _parted(items)
    if backlog.held is not None and not backlog.more and len(loud) <= LOUD_WITHIN:
        return Telling(manner=Manner.SUMMARY, items=tuple(items), pressed=True)
    if loud and (is_loud(items[0]) or count == waiting):
        first = _first_of_theirs(items)[:ROWS]
        if first:
            manner = Manner.EACH if len(first) == 1 else Manner.MERGED
            return Telling(manner=manner, items=first, left=waiting - len(first), pressed=True)
    left = waiting - len(quiet) - len(loud)
    return Telling(manner=Manner.SUMMARY, items=tuple(quiet), aside=tuple(loud), left=left, pressed=True)


def is_loud(item: Sayable) -> bool:
    """Whether it is shown in any case, and not only counted."""
    return item.event.status in LOUD


def _parted(items: Sequence[T]) -> tuple[list[T], list[T]]:
    """The loud ones; and those quiet ones that no loud one of the same inference is before."""
    loud: list[T] = []
    quiet: list[T] = []
    waited_for = set[str]()
    for item in items:
        if is_loud(item):
            loud.append(item)
            waited_for.add(item.event.inference)
        elif item.event.inference not in waited_for:
            quiet.append(item)
    return loud, quiet


def _first_of_theirs(items: Sequence[T]) -> tuple[T, ...]:
    """Loud ones before which nothing quiet of the same inference waits."""
    found: list[T] = []
    waited_for = set[str]()
    for item in items:
        if not is_loud(item):
            waited_for.add(item.event.inference)
        elif item.event.inference not in waited_for:
            found.append(item)
    return tuple(found)
