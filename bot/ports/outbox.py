"""All lanes: what goes in, what a worker holds, and what it reports."""

from collections.abc import Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol, TypeAlias

from bot.core.delivery import Delivery, DeliveryId, Lane, Step
from bot.core.destination import Destination, DestinationId, InstallationId
from bot.core.event import Event, EventKey, Position
from bot.core.looks import Trace
from bot.core.routing import Routed
from bot.core.subscription import Subscription, SubscriptionId


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
    Each delivery comes with its event's body, as `cloudevent.encode` wrote it. `waiting` counts all that the lane
    holds. `window` is the end (milliseconds) of the window that the lane's summary is of, 0 where that is of none; None
    without a summary.
    """

    lane: Lane
    token: int
    until: int
    send_by: int
    destination: Destination
    deliveries: tuple[tuple[Delivery, bytes], ...]
    waiting: int = 0
    window: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """What one lease brought. `expired` counts lanes taken back from workers that went silent."""

    lanes: tuple[Leased, ...]
    expired: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Settled:
    """What settling came to. `held` is false when the lease was lost meanwhile: nothing was changed.

    `next` holds the lane's next deliveries, begun, when the worker asked for more and keeps the lane until `until`.
    `send_by`, `waiting` and `window` are as in Leased.
    """

    held: bool
    until: int = 0
    send_by: int = 0
    next: tuple[tuple[Delivery, bytes], ...] = ()
    waiting: int = 0
    window: int | None = None


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

    async def resume(self, held: DestinationId | InstallationId) -> int:
        """Let a paused place's lanes go on; how many had something to send. Raises UnavailableError."""
        ...

    async def nudge(self, subscription: SubscriptionId | None, places: Sequence[DestinationId]) -> None:
        """Look at once whether what waits in the subscription's own lanes may be sent. Raises UnavailableError.

        None stands for what everybody's prompt subscriptions send to these places of Slack's.
        """
        ...

    async def test(self, subscription: Subscription, event: Event) -> None:
        """Send a made-up event to where a subscription leads, through the ordinary lanes. Raises UnavailableError."""
        ...

    async def trace(self, deliveries: Sequence[DeliveryId]) -> list[Trace]:
        """What is known of each. Raises UnavailableError."""
        ...

    async def state(self) -> OutboxState:
        """How much waits. Raises UnavailableError."""
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

    async def lease(
        self, worker: str, *, lanes: int, kinds: Sequence[str], rooms: Mapping[DestinationId, int] | None = None
    ) -> Taken:
        """Take up to `lanes` lanes that are due, of the kinds of destination named, with deliveries begun.

        `rooms` says of some destinations how many of their lanes may be taken now, if any; of the others one may then.
        Lanes of a destination without room are put off for a moment. Without `rooms` there is room for all.
        """
        ...

    async def settle(
        self, leased: Leased, steps: Mapping[DeliveryId, Step | None], *, due: int, wait: int = 0, more: bool = False
    ) -> Settled:
        """Apply the steps if the lease still holds; None for a delivery that was begun but not tried.

        With `more` the worker keeps the lane if nothing stands in the way; else the lane is given back. Before `due` no
        lane of its destination sends, and this one not before `wait` either, unless it is nudged; both in milliseconds.
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
