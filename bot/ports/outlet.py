"""What speaks to a far side, and what it is given to say."""

import math
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

from bot.core.backoff import Schedule
from bot.core.cloudevent import decode
from bot.core.delivery import Delivery, Outcome
from bot.core.destination import Destination
from bot.core.event import Event
from bot.core.pacing import Pace


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
class Parcel:
    """What an outlet sends in one call: a run of items for one destination, in order.

    Slack merges several items into one message; a webhook takes one at a time. Where an item's delivery is in doubt,
    the outlet looks whether it arrived before it sends, if the far side lets it look. After `deadline`, in the event
    loop's time (seconds), nothing of it is written to the network: another worker may have it by then. `paid`: its turn
    was taken by a call that came to nothing, so that it needs none.
    """

    destination: Destination
    items: tuple[Item, ...]
    deadline: float = math.inf
    paid: bool = False


class Outlet(Protocol):
    """Speaks to one kind of far side."""

    async def send(self, parcel: Parcel) -> Outcome:
        """Try once. Never raises for what the far side does: that is the Outcome. Never waits for its limits."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """How one kind of destination is served. `fit` says how many of a run go into one parcel, at least one.

    `together` gives those of them that belong in one message of the place, the first among them; without it they all
    do. It raises UnavailableError.
    """

    outlet: Outlet
    schedule: Schedule
    pace: Pace
    fit: Callable[[Sequence[Item]], int]
    together: Callable[[Destination, Sequence[Item]], Awaitable[Sequence[Item]]] | None = None
