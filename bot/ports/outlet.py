"""What speaks to a far side, and what it is given to say."""

import math
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

from bot.core.backoff import Schedule
from bot.core.cloudevent import decode
from bot.core.delivery import Delivery, Lane, Outcome
from bot.core.destination import Destination
from bot.core.event import Event
from bot.core.pacing import Pace
from bot.core.pressure import Held


@dataclass(frozen=True, kw_only=True)
class Item:
    """A delivery with its event, ready to be said. `body` is the event as `cloudevent.encode` wrote it."""

    delivery: Delivery
    body: bytes

    @cached_property
    def event(self) -> Event:
        """The event, read when it is first asked for: a webhook passes the body on and never asks."""
        return decode(self.body)


@dataclass(frozen=True, slots=True, kw_only=True)
class Summing:
    """A parcel's part in the summary of its lane.

    With `whole` the parcel is told by the summary's card, which is posted or updated; else by a message beside it. The
    items `aside` are counted, and told by later parcels. `left` more wait that nothing was said of yet.
    """

    lane: Lane
    whole: bool
    aside: tuple[Item, ...] = ()
    left: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Parcel:
    """What an outlet sends in one call: a run of items for one destination, in order.

    Slack merges several items into one message; a webhook takes one at a time. Where an item's delivery is in doubt,
    the outlet looks whether it arrived before it sends, if the far side lets it look. After `deadline`, in the event
    loop's time (seconds), nothing of it is written to the network: another worker may have it by then. `paid`: its turn
    was taken by a call that came to nothing, so that it needs none. `held` is the window that held the items back, if
    one did; `lane` is the lane that they wait in, if they wait in one.
    """

    destination: Destination
    items: tuple[Item, ...]
    deadline: float = math.inf
    paid: bool = False
    lane: Lane | None = None
    held: Held | None = None
    summing: Summing | None = None


class Outlet(Protocol):
    """Speaks to one kind of far side."""

    async def send(self, parcel: Parcel) -> Outcome:
        """Try once. Never raises for what the far side does: that is the Outcome. Never waits for its limits."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """How one kind of destination is served. `fit` says how many of a run go into one parcel, at least one.

    `together` gives those of them that belong in one message of the place, the first among them; without it they all
    do. It raises UnavailableError. `sums`: the outlet can sum up a backlog.
    """

    outlet: Outlet
    schedule: Schedule
    pace: Pace
    fit: Callable[[Sequence[Item]], int]
    together: Callable[[Destination, Sequence[Item]], Awaitable[Sequence[Item]]] | None = None
    sums: bool = False
