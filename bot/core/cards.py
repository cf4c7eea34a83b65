"""One living message for each inference in a place: what it shows, and what an event does to it.

Rules of this file:
1. What happened later is shown, and an end over what is no end; nothing shown becomes older again.
2. A change in place notifies nobody. Where people have to know at once a call follows: see `calls`.
3. What a card shows and whom it told is a value, `Card`; somebody else remembers it.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from hashlib import blake2b
from typing import NewType, TypeAlias

from bot.core.backoff import SECOND
from bot.core.delivery import Delivery, DeliveryId
from bot.core.event import Event, EventKey, Status

CardKey = NewType("CardKey", str)
"""16 hexadecimal digits: a hash of an inference's name. What has the same one is the same card, in one place."""

GAP = 2 * SECOND
"""Milliseconds between two changes of a card, unless the inference ended or people have to know."""
STAGES = 6
"""How many steps of its way a card shows: the first, and the last ones."""
TOLD = 12
"""How many deliveries a card's metadata names, unless one change tells more at once: its size is limited."""

FINAL = frozenset({Status.COMPLETED, Status.FAILED, Status.CANCELLED})
URGENT = frozenset({Status.FAILED, Status.NEEDS_REVIEW})
"""What people have to know at once, wherever they read of it."""


class Calling(StrEnum):
    """What people are called for in a place, beyond a card's first post."""

    URGENT = "urgent"
    """What needs somebody: a failure, a review. So it is in channels and threads."""
    ENDS = "ends"
    """How it ended, too: in direct messages, and where a subscription calls somebody for it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """A step on an inference's way; `at` is the event's time, in milliseconds since the epoch."""

    status: Status
    at: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """A delivery that a message carries, and its event's id as it is written in metadata: empty if it is too long."""

    delivery: DeliveryId
    event: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """What is known of a card: where it is, what it shows, and whom it told.

    `channel` is as Slack named it in its answer: of direct messages a D-id. `thread` is the ts of the message that the
    card is a reply to. `shown` is the event that it shows, `stage` that event's step, None where only the message was
    found again; `way` is oldest first. `said` is the state that people were last notified of, or needed no notice of.
    `changed` is when it was last posted or changed, in milliseconds. `told` names the newest last.
    """

    channel: str
    ts: str
    thread: str | None = None
    stage: Stage | None = None
    way: tuple[Stage, ...] = ()
    shown: EventKey | None = None
    said: Status | None = None
    changed: int = 0
    told: tuple[Told, ...] = ()


@dataclass(frozen=True, slots=True)
class Anew:
    """There is no card: post one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """Show it in the card's place; `calls`: then call people."""

    calls: bool


@dataclass(frozen=True, slots=True)
class Due:
    """It is shown already; people are still to be called."""


@dataclass(frozen=True, slots=True)
class Known:
    """The card shows it, or something newer: nothing is to be said."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Hold:
    """Too soon after the last change: come again at `until`, in milliseconds."""

    until: int


Choice: TypeAlias = Anew | Change | Due | Known | Hold


def card_key(event: Event) -> CardKey:
    """The card that the event belongs on."""
    name = event.inference.encode("utf-8", "surrogatepass")
    return CardKey(blake2b(b"card:" + name, digest_size=8).hexdigest())


def stage_of(event: Event) -> Stage:
    """The event as a step on the way."""
    return Stage(status=event.status, at=round(event.time.timestamp() * SECOND))


def advances(shown: Stage | None, to: Stage) -> bool:
    """Whether a card goes on from what it shows to this.

    An end counts more than clocks that differ between services; among the others, and among ends, the later counts.
    An inference that begins again after its end goes on.
    """
    if shown is None or (to.status in FINAL and shown.status not in FINAL):
        return True
    if to.at == shown.at:
        return to.status in FINAL or shown.status not in FINAL
    return to.at > shown.at


def choose(card: Card | None, event: Event, delivery: Delivery, *, calling: Calling, now: int) -> Choice:
    """What an event does to its inference's card. `now` is in milliseconds.

    What the card told, and is to be delivered though no attempt is in doubt, is wanted again: it is posted.
    """
    if card is None:
        return Anew()
    stage = stage_of(event)
    due = calls(stage.status, said=card.said, calling=calling)
    shows = card.shown == event.key
    if shows and due:
        return Due()
    if shows or any(one.delivery == delivery.id for one in card.told):
        return Anew() if delivery.doubt is None else Known()
    if not advances(card.stage, stage):
        return Known()
    if stage.status not in FINAL and not due and now < card.changed + GAP:
        return Hold(until=card.changed + GAP)
    return Change(calls=due)


def calls(status: Status, *, said: Status | None, calling: Calling) -> bool:
    """Whether people are told of a state, once each time that it is reached."""
    loud = URGENT | FINAL if calling is Calling.ENDS else URGENT
    return status in loud and status != said


def way_of(before: Sequence[Stage], stages: Iterable[Stage], shown: Stage) -> tuple[Stage, ...]:
    """The way so far with these steps in it, and what is shown at its end; at most STAGES of them.

    Of steps in the same state that follow each other the first is kept: since then it was so.
    """
    made: list[Stage] = []
    for stage in sorted(dict.fromkeys((*before, *stages)), key=lambda one: one.at):
        if stage != shown and not (made and made[-1].status is stage.status):
            made.append(stage)
    if made and made[-1].status is shown.status:
        shown = made.pop()
    return (*made, shown) if len(made) < STAGES else (made[0], *made[2 - STAGES :], shown)


def newest(events: Sequence[Event]) -> list[int]:
    """Which of a run's events to show: of each inference the one that it comes to, in the order of their first."""
    shown: dict[CardKey, int] = {}
    for number, event in enumerate(events):
        former = shown.setdefault(card_key(event), number)
        if advances(stage_of(events[former]), stage_of(event)):
            shown[card_key(event)] = number
    return list(shown.values())


def together(keys: Sequence[CardKey], living: Collection[CardKey]) -> list[int]:
    """Which of a run go into one message with its head: a living card's own events, or all that have no card yet."""
    if keys[0] in living:
        return [number for number, key in enumerate(keys) if key == keys[0]]
    return [number for number, key in enumerate(keys) if key not in living]


def told_by(before: Sequence[Told], now: Sequence[Told]) -> tuple[Told, ...]:
    """Whom a card told, the newest last: TOLD of them, or all that were told just now."""
    fresh = {one.delivery for one in now}
    return (*(one for one in before if one.delivery not in fresh), *now)[-max(TOLD, len(now)) :]
