"""One event for one destination: what an attempt may come to, and what follows from it.

Rules of this file:
1. An outlet reports an `Outcome`; `settle` turns it into a `Step`; nothing else decides about a delivery. Only `Paced`
   needs no decision: the lane waits.
2. Everything is a value. Time (`now`, milliseconds since the epoch) and chance (`jitter`, 0 to 1) are arguments.
3. A delivery leaves its lane in three ways only: `Done`, `Bury` or `Ask`, which keeps it beside the lane for a person.
   `Retry`, `Continue`, `Cool` and `Pause` keep it.
4. An attempt makes one post at most. What takes several goes on from its `progress` in the next attempt.
"""

from dataclasses import dataclass, field
from enum import StrEnum
from hashlib import blake2b
from typing import NewType, TypeAlias

from bot.core.backoff import HOUR, SECOND, Schedule, wait
from bot.core.destination import DestinationId
from bot.core.event import EventKey
from bot.core.progress import Progress

DeliveryId = NewType("DeliveryId", str)
"""32 hexadecimal digits: a hash of event and destination, so the same pair is the same delivery, always."""

Lane = NewType("Lane", str)
"""Name of a durable queue: the destination's id, and `#shard` behind it where order is only owed per inference."""


ASKED = 7 * 24 * HOUR
"""Milliseconds that a card's button works."""
LEAST_WAIT = SECOND
"""Milliseconds that a throttled lane waits though it is told to wait none: its tries are not counted, for days."""


def delivery_id(event: EventKey, destination: DestinationId) -> DeliveryId:
    """Hash the pair."""
    return DeliveryId(blake2b(f"{event}{destination}".encode(), digest_size=16).hexdigest())


class Scope(StrEnum):
    """How far an answer reaches beyond the delivery that met it."""

    DELIVERY = "delivery"
    LANE = "lane"
    DESTINATION = "destination"
    METHOD = "method"
    INSTALLATION = "installation"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """It arrived. `reference` is the far side's own id of it: a Slack message's channel and ts, an HTTP status.

    `thread` is the ts of the Slack thread that it is in; empty for none.
    """

    reference: str
    thread: str = field(default="", compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Partly:
    """So much of it has arrived, and the next attempt goes on from there; or it has to be said more plainly."""

    progress: Progress


@dataclass(frozen=True, slots=True, kw_only=True)
class Throttled:
    """The far side asks us to wait `after` milliseconds; nothing was sent. LANE, METHOD or INSTALLATION waits."""

    after: int
    scope: Scope = Scope.LANE
    reason: str = "rate limited"


@dataclass(frozen=True, slots=True, kw_only=True)
class Failed:
    """It surely did not arrive, and may the next time. `after`, in milliseconds, is a floor the far side asked for."""

    reason: str
    after: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Unknown:
    """It may have arrived: the answer was lost. The next attempt looks before it sends, where looking is possible."""

    reason: str
    after: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """It will never be taken as it is: this delivery, this destination, or all of the installation's."""

    reason: str
    scope: Scope = Scope.DELIVERY


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """It may have arrived in an earlier attempt and nobody can tell; so a card was shown that asks whether to send it.

    `reference` is the card's.
    """

    reference: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Paced:
    """Surely nothing was sent: the far side takes so much, and it is this lane's turn at `until` (milliseconds).

    That is no attempt: nothing about the delivery has changed, and what was in doubt still is.
    """

    until: int


Tried: TypeAlias = Sent | Partly | Throttled | Failed | Unknown | Refused | Asked
"""What an attempt came to, for `settle`."""
Outcome: TypeAlias = Tried | Paced


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One try in a delivery's history."""

    at: int
    outcome: str
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """A delivery as a worker holds it.

    `appended` is when it entered the outbox. `attempts` counts tries that were settled as failures. `doubt` is the
    time of an attempt that was begun and may have arrived; None where all is known. `history` is oldest first.
    `progress` is what arrived of one that takes several posts; None before the first.
    """

    id: DeliveryId
    event: EventKey
    destination: DestinationId
    appended: int
    attempts: int = 0
    doubt: int | None = None
    history: tuple[Attempt, ...] = field(default=())
    progress: Progress | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """Delivered; remembered by id so that it is never delivered again."""

    reference: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Continue:
    """Go on with the next post, as soon as the pace allows; costs no attempt. `doubt`: it may be there."""

    progress: Progress
    doubt: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Retry:
    """Try again at `at`; the delivery keeps its place at the head of the lane. `doubt`: it may have arrived."""

    at: int
    attempt: Attempt
    doubt: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Cool:
    """Send nothing before `until`: for the lane or the whole installation. Costs no attempt.

    For METHOD, this lane: the others are held back by the method's budget, which the outlet has told.
    """

    until: int
    scope: Scope
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Pause:
    """Hold everything for the destination, or for INSTALLATION every destination of it, until a person resumes it."""

    scope: Scope
    attempt: Attempt


@dataclass(frozen=True, slots=True, kw_only=True)
class Bury:
    """Give up: to the dead-letter topic, with the reason and the whole history."""

    reason: str
    attempt: Attempt


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """Keep it beside its lane, which goes on, until `until`: a person may call it back with one click.

    A copy goes to the dead-letter topic, as if it were buried for `reason`, and outlasts that time and the outbox.
    """

    until: int
    reason: str
    attempt: Attempt


Step: TypeAlias = Done | Continue | Retry | Cool | Pause | Bury | Ask


def settle(delivery: Delivery, outcome: Tried, *, schedule: Schedule, now: int, jitter: float) -> Step:
    """Decide what follows from an attempt's outcome.

    A far side's own waiting time is a floor: the schedule may ask for more, never for less. Only the schedule's budget
    is above it: nobody waits three centuries because a header says so.
    """
    match outcome:
        case Sent(reference=reference):
            return Done(reference=reference)
        case Partly(progress=progress):
            told = delivery.progress.told if delivery.progress is not None else 0
            # What arrived was seen to arrive; where nothing new did, an older attempt may still have.
            return Continue(progress=progress, doubt=delivery.doubt is not None and progress.told <= told)
        case Throttled(reason=reason) if now - delivery.appended > schedule.budget:
            why = f"gave up waiting after {schedule.budget // HOUR} hours: {reason}"
            return Bury(reason=why, attempt=Attempt(at=now, outcome="throttled", reason=reason))
        case Throttled(after=after, scope=scope, reason=reason):
            return Cool(until=now + max(LEAST_WAIT, min(after, schedule.budget)), scope=scope, reason=reason)
        case Refused(reason=reason, scope=Scope.DELIVERY):
            return Bury(reason=reason, attempt=Attempt(at=now, outcome="refused", reason=reason))
        case Refused(reason=reason, scope=scope):
            return Pause(scope=scope, attempt=Attempt(at=now, outcome="refused", reason=reason))
        case Asked(reason=reason):
            why = f"may have been shown already, and waits for a click: {reason}"
            return Ask(until=now + ASKED, reason=why, attempt=Attempt(at=now, outcome="asked", reason=reason))
        case Failed() | Unknown():
            return _try_again(delivery, outcome, schedule=schedule, now=now, jitter=jitter)


SEND_WITHIN = 25_000
"""Milliseconds after its beginning within which a delivery is written to the far side, or not at all."""
LONGEST_MARGIN = 5_000


def send_by(until: int, *, lease: int) -> int:
    """The last moment for sending what was begun under a lease that ends at `until`; all in milliseconds.

    A quarter of the lease, five seconds at most, stays for settling. And no sending is later than SEND_WITHIN after it
    was begun: so a recovery of Redis knows when the last attempt from before it has ended.
    """
    return min(until - min(LONGEST_MARGIN, lease // 4), until - lease + SEND_WITHIN)


EXPIRED = "expired"
"""The outcome, in the history, of a delivery that was given up unsent."""


ENDED = "its subscription was ended"
"""Why a delivery was given up that waited for a subscription which is no more, and which nobody else wants."""


def expire(delivery: Delivery, *, age: int, now: int) -> Bury | None:
    """Give up a delivery that has waited longer than `age` milliseconds: nobody wants to be told so late.

    It is said, not dropped: the dead-letter topic has it, and it can be replayed.
    """
    if now - delivery.appended <= age:
        return None
    reason = f"expired: it waited longer than {age / HOUR:g} h"
    return Bury(reason=reason, attempt=Attempt(at=now, outcome=EXPIRED))


def _try_again(delivery: Delivery, outcome: Failed | Unknown, *, schedule: Schedule, now: int, jitter: float) -> Step:
    doubt = isinstance(outcome, Unknown)
    attempt = Attempt(at=now, outcome="unknown" if doubt else "failed", reason=outcome.reason)
    tries = delivery.attempts + 1
    pause = wait(schedule, attempt=tries, jitter=jitter)
    if pause is None or now - delivery.appended > schedule.budget:
        return Bury(reason=f"gave up after {tries} attempts: {outcome.reason}", attempt=attempt)
    return Retry(at=now + max(pause, min(outcome.after, schedule.budget)), attempt=attempt, doubt=doubt)
