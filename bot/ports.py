"""What the loops and the actions need from the edges, each as a Protocol owned by this side."""

import math
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from typing import Protocol, TypeAlias

from bot.core.answers import Actor
from bot.core.backoff import Schedule
from bot.core.cloudevent import decode
from bot.core.deadletter import Closing
from bot.core.delivery import Bury, Delivery, DeliveryId, Lane, Outcome, Step
from bot.core.destination import Destination, DestinationId, InstallationId
from bot.core.event import Event, EventKey, Position, Unreadable
from bot.core.pacing import Pace
from bot.core.routing import Routed
from bot.core.subscription import Subscription, SubscriptionId


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
    loop's time (seconds), nothing of it is written to the network: another worker may have it by then.
    """

    destination: Destination
    items: tuple[Item, ...]
    deadline: float = math.inf


class Outlet(Protocol):
    """Speaks to one kind of far side."""

    async def send(self, parcel: Parcel) -> Outcome:
        """Try once. Never raises for what the far side does: that is the Outcome. Never waits for its limits."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """How one kind of destination is served. `fit` says how many of a run go into one parcel, at least one."""

    outlet: Outlet
    schedule: Schedule
    pace: Pace
    fit: Callable[[Sequence[Item]], int]


class Subscriptions(Protocol):
    """Everyone's subscriptions. Each change moves `version`, which ingest routes by."""

    async def version(self) -> int:
        """Grows with every change."""
        ...

    async def snapshot(self) -> tuple[int, tuple[Subscription, ...]]:
        """All subscriptions, and the version they are of."""
        ...

    async def get(self, subscription: SubscriptionId) -> Subscription | None:
        """One by id."""
        ...

    async def of_owner(self, team: str, user: str) -> tuple[Subscription, ...]:
        """Those that a person owns, oldest first."""
        ...

    async def of_destination(self, destination: DestinationId) -> tuple[Subscription, ...]:
        """Those that lead to a place, oldest first."""
        ...

    async def add(self, subscription: Subscription) -> Subscription | None:
        """Add it, and return it; where its team has one with the same filter to the same place, return that instead.

        None where its id is taken: draw another.
        """
        ...

    async def save(self, subscription: Subscription) -> None:
        """Add it, or replace the one with its id."""
        ...

    async def remove(self, subscription: SubscriptionId) -> bool:
        """Forget it; whether it was there."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One act of a person, for the audit: what the subscription `subject` was `before` and is `after`.

    `at` is in milliseconds since the epoch; before and after are None where there was, or is, nothing.
    """

    at: int
    actor: Actor
    act: str
    subject: SubscriptionId
    before: Subscription | None = None
    after: Subscription | None = None


class Audit(Protocol):
    """Who changed what, and when."""

    async def record(self, change: Change) -> None:
        """Keep it."""
        ...


class People(Protocol):
    """What Slack knows about people."""

    async def is_admin(self, team: str, user: str) -> bool:
        """Whether the person is an admin or owner of the workspace. Raises UnavailableError."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelFacts:
    """What Slack tells about a channel. `is_member`: the bot is in it; `is_external`: another organisation is too."""

    channel: str
    name: str
    is_member: bool
    is_private: bool
    is_archived: bool
    is_external: bool


class Channels(Protocol):
    """Slack's channels, as far as the bot can see them."""

    async def find(self, team: str, channel: str) -> ChannelFacts | None:
        """What is known of it; None where the bot can't see it. Raises UnavailableError."""
        ...

    async def join(self, team: str, channel: str) -> bool:
        """Join a public channel; False where that is not allowed. Raises UnavailableError."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrival:
    """A record of a partition on its way into the outbox: its event and where it goes.

    A record that was unreadable or that nobody wants has no `event` or no `routed`; its offset still counts.
    `timestamp` is the record's, in milliseconds since the epoch.
    """

    offset: int
    timestamp: int = 0
    key: EventKey | None = None
    body: bytes = b""
    routed: tuple[Routed, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Entered:
    """A batch is in the outbox: new deliveries, deliveries known already, and records below the watermark."""

    appended: int
    known: int
    replayed: int


@dataclass(frozen=True, slots=True)
class Stale:
    """Subscriptions changed since the batch was routed; nothing was appended: route it again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Behind:
    """The outbox went back in time to `watermark` (None: it was wiped); nothing was appended: read on from there."""

    watermark: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Full:
    """The outbox, or the lane named, holds as many deliveries as it may; nothing was appended: come again."""

    lane: Lane | None


Appended: TypeAlias = Entered | Stale | Behind | Full


@dataclass(frozen=True, slots=True, kw_only=True)
class Parked:
    """A waiting delivery with all that it takes to make it anew, for the journal.

    `body` is its event as `cloudevent.encode` wrote it; `position` is where the event lies in Kafka.
    """

    delivery: Delivery
    lane: Lane
    destination: Destination
    body: bytes
    position: Position


@dataclass(frozen=True, slots=True, kw_only=True)
class Leased:
    """A lane in a worker's hands until `until` (milliseconds): its fencing token and the deliveries begun at its head.

    After `send_by` (milliseconds) they are not sent any more: the time that is left is for settling.
    Each delivery comes with its event's body, as `cloudevent.encode` wrote it.
    """

    lane: Lane
    token: int
    until: int
    send_by: int
    destination: Destination
    deliveries: tuple[tuple[Delivery, bytes], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """What one lease brought. `expired` counts lanes taken back from workers that went silent."""

    lanes: tuple[Leased, ...]
    expired: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Settled:
    """What settling came to. `held` is false when the lease was lost meanwhile: nothing was changed.

    `next` holds the lane's next deliveries, begun, when the worker asked for more and keeps the lane until `until`.
    `send_by` is as in Leased.
    """

    held: bool
    until: int = 0
    send_by: int = 0
    next: tuple[tuple[Delivery, bytes], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Enqueued:
    """What became of deliveries at the outbox's second door: entered; or left out, as they wait or were delivered."""

    entered: int = 0
    waiting: int = 0
    delivered: int = 0

    def __add__(self, other: "Enqueued") -> "Enqueued":
        """Both together."""
        return Enqueued(
            entered=self.entered + other.entered,
            waiting=self.waiting + other.waiting,
            delivered=self.delivered + other.delivered,
        )


class Standing(StrEnum):
    """What the outbox knows of a delivery. Delivered and buried ones are forgotten after a while."""

    UNKNOWN = "unknown"
    WAITING = "waiting"
    DELIVERED = "delivered"
    BURIED = "buried"


@dataclass(frozen=True, slots=True, kw_only=True)
class OutboxState:
    """How much waits: deliveries, lanes with deliveries (and how many of those are held).

    `paused` counts the destinations, `halted` the installations that are held until a person resumes them. `parked`
    counts the deliveries that the journal has, too.
    """

    deliveries: int
    lanes: int
    held: int
    paused: int
    halted: int = 0
    parked: int = 0


class Wakes(Protocol):
    """Hints that a lane became due."""

    async def wait(self, seconds: float) -> None:
        """Return at the next hint, or after `seconds`."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Recalled:
    """Of the deliveries that somebody wants to see: back in their lanes, there or delivered already, no longer kept."""

    shown: int
    known: int
    gone: int


class Lanes(Protocol):
    """What people may ask of the lanes, and do to them."""

    async def paused(self) -> dict[DestinationId | InstallationId, str]:
        """Paused destinations and installations, each with its reason. Raises UnavailableError."""
        ...

    async def show(self, installation: InstallationId, deliveries: Sequence[DeliveryId]) -> Recalled:
        """Put deliveries that were asked about back into their lanes, each once. Raises UnavailableError.

        Those of another installation count as no longer kept.
        """
        ...


class Outbox(Protocol):
    """All lanes: durable, first in first out, leased by one worker at a time."""

    async def append(
        self, topic: str, partition: int, arrivals: Sequence[Arrival], *, version: int, read_from: int | None
    ) -> Appended:
        """Watermark, dedup and append in one script: all of it or none.

        `version` is of the subscriptions the batch was routed by; `read_from` the offset from which the caller has
        read without a gap, None where it can't tell.
        """
        ...

    async def enqueue(self, deliveries: Sequence[Parked], *, again: bool = False) -> Enqueued | Full:
        """Enter deliveries that the journal has already, and no partition's watermark speaks of: all or none, in order.

        Those that wait are left where they are, those remembered as delivered are left out, unless `again`. They start
        afresh; of their past only the doubt is kept.
        """
        ...

    async def standing(self, deliveries: Sequence[DeliveryId]) -> list[Standing]:
        """What is known of each."""
        ...

    async def position(self, delivery: DeliveryId) -> Position | None:
        """Where the event of a delivery that waits lies in Kafka; None where that is not known."""
        ...

    async def watermark(self, topic: str, partition: int) -> int | None:
        """The next offset to read, or None where nothing was read yet."""
        ...

    async def watermarks(self, places: Sequence[tuple[str, int]]) -> dict[tuple[str, int], int | None]:
        """The same of several partitions, by topic and partition."""
        ...

    async def enter(self, topic: str, partition: int, offset: int, *, force: bool) -> int:
        """Set the watermark where there is none, or in any case with `force`; returns the one that holds."""
        ...

    async def committable(self, topic: str, partition: int) -> int | None:
        """The offset below which every event is settled: what may be committed to Kafka."""
        ...

    async def overdue(self, topic: str, partition: int, *, age: int, limit: int) -> tuple[Parked, ...]:
        """Unsettled deliveries of the partition that have waited longer than `age` ms, lowest offset first, for `park`.

        The journal will be told when they are settled, whether or not the caller lives to `park` them.
        """
        ...

    async def park(self, deliveries: Sequence[DeliveryId]) -> tuple[DeliveryId, ...]:
        """Note that the journal has them: they hold back no commit. Returns those that are settled by now."""
        ...

    async def unparked(self, limit: int) -> tuple[DeliveryId, ...]:
        """Settled deliveries that the journal still has."""
        ...

    async def forget_parked(self, deliveries: Sequence[DeliveryId]) -> None:
        """Note that they have left the journal."""
        ...

    async def lease(
        self, worker: str, *, lanes: int, kinds: Sequence[str], rooms: Mapping[DestinationId, int] | None = None
    ) -> Taken:
        """Take up to `lanes` lanes that are due, of the kinds of destination named, with deliveries begun.

        `rooms` says of some destinations how many of their lanes may be taken now, if any; of the others one may then.
        Lanes of a destination without room are put off for a moment. Without `rooms` there is room for all.
        """
        ...

    async def settle(
        self, leased: Leased, steps: Mapping[DeliveryId, Step | None], *, due: int, more: bool = False
    ) -> Settled:
        """Apply the steps if the lease still holds; None for a delivery that was begun but not tried.

        With `more` the worker keeps the lane if nothing stands in the way; else the lane is given back, due at `due`
        (milliseconds) at the earliest.
        """
        ...

    async def next_due(self) -> int | None:
        """When there will be something to lease, in milliseconds; None when nothing waits."""
        ...

    def wakes(self) -> AbstractAsyncContextManager[Wakes]:
        """Listen for lanes that become due."""
        ...

    async def paused(self) -> dict[DestinationId | InstallationId, str]:
        """Paused destinations and installations, each with its reason."""
        ...

    async def resume(self, held: DestinationId | InstallationId) -> int:
        """Let the lanes of a paused destination, or of a whole installation, go on; how many had something to send.

        What is paused for another reason still stays so.
        """
        ...

    async def state(self) -> OutboxState:
        """How much waits."""
        ...


class ParkedDeliveries(Protocol):
    """The journal of deliveries that have to wait long."""

    async def keep(self, deliveries: Sequence[Parked]) -> None:
        """Write them, in order; returns when Kafka has them (acks=all). Raises UnavailableError."""
        ...

    async def forget(self, deliveries: Sequence[DeliveryId]) -> None:
        """Write that they are settled. Raises UnavailableError."""
        ...


class DeadLetters(Protocol):
    """The dead-letter topic."""

    async def unreadable(
        self,
        position: Position,
        value: bytes | None,
        headers: Sequence[tuple[str, bytes]],
        why: Unreadable,
        *,
        key: bytes | None = None,
    ) -> None:
        """Keep a record that is no event: all of it, position and reason. Returns when Kafka has it (acks=all)."""
        ...

    async def buried(
        self, item: Item, destination: Destination, why: Bury, *, lane: Lane, position: Position | None = None
    ) -> None:
        """Keep a delivery that was given up; `position` is its event's. Returns when Kafka has it (acks=all)."""
        ...

    async def close(self, closings: Sequence[Closing]) -> None:
        """Note that letters were replayed or dropped. Returns when Kafka has it (acks=all)."""
        ...
