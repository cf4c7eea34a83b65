"""What a person sees when they ask before or after the fact: previews, verdicts on an event, how things stand."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

from bot.core.answers import Actor, NotAllowed
from bot.core.delivery import Attempt, DeliveryId
from bot.core.destination import Destination, DestinationId, InstallationId
from bot.core.event import Event
from bot.core.filters import Filter
from bot.core.person import Person
from bot.core.subscription import Subscription, SubscriptionId
from bot.core.terms import Term


@dataclass(frozen=True, slots=True, kw_only=True)
class Preview:
    """Of the last `of` events the filter would have matched `matched`; `samples` are the newest of those."""

    filter: Filter
    matched: int
    of: int
    samples: tuple[Event, ...]
    viewer: Actor


@dataclass(frozen=True, slots=True, kw_only=True)
class Trace:
    """What the outbox knows of one delivery. Times are in milliseconds since the epoch.

    `standing` is unknown, waiting, delivered or buried. `due` is when its lane may next send; `reference` is the far
    side's id of it, a Slack message's channel/ts; `link` leads there.
    """

    delivery: DeliveryId
    standing: str
    appended: int | None = None
    due: int | None = None
    attempts: tuple[Attempt, ...] = ()
    reference: str | None = None
    link: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """Whether one subscription wants an event: `failed` is the first term that does not hold, None where it matches.

    `traces` has its deliveries: one, or one for each member of a group.
    """

    subscription: Subscription
    failed: Term | None
    traces: tuple[tuple[Destination, Trace], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Why:
    """The verdicts of all subscriptions that the viewer may see, those that match first."""

    event: Event
    verdicts: tuple[Verdict, ...]
    viewer: Actor


@dataclass(frozen=True, slots=True, kw_only=True)
class Passed:
    """An event that passed lately, and a subscription that wants it."""

    event: Event
    subscription: Subscription


@dataclass(frozen=True, slots=True, kw_only=True)
class NoSuchEvent:
    """No event among the last `of` has that id, nor is of such an inference."""

    query: str
    of: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Fallen:
    """A delivery that was given up, at a time in ms since the epoch; its whole letter is in the dead-letter topic."""

    delivery: DeliveryId
    place: DestinationId
    reason: str
    at: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """How things stand. `waiting` deliveries in `lanes` lanes; `oldest` is how long the oldest has waited, in ms.

    `paused` is what is paused of the viewer's workspace, with the reasons. `events` were seen lately, the newest
    `since` milliseconds ago. `dead` counts the workspace's dead letters of the last week, None where nobody counted;
    `fallen` are the newest of them, for admins.
    """

    waiting: int
    lanes: int
    parked: int
    paused: Mapping[DestinationId | InstallationId, str]
    subscriptions: int
    events: int
    since: int | None
    viewer: Actor
    detailed: bool
    dead: int | None = None
    fallen: tuple[Fallen, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One act of a person, for the audit: what the subscription `subject` was `before` and is `after`.

    `at` is in milliseconds since the epoch; before and after are None where there was, or is, nothing. `undoes` is the
    `at` of the change that this one takes back. Of a change of the actor's preferences `subject` is empty, and they
    `were` and `are` what is given.
    """

    at: int
    actor: Actor
    act: str
    subject: SubscriptionId
    before: Subscription | None = None
    after: Subscription | None = None
    undoes: int | None = None
    were: Person | None = None
    are: Person | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """The newest changes first; of one subscription, or of the whole workspace."""

    subject: SubscriptionId | None
    changes: tuple[Change, ...]
    viewer: Actor


@dataclass(frozen=True, slots=True, kw_only=True)
class Preferred:
    """The viewer's preferences as they are now. `results`: whether they get what they asked models themselves.

    `zone` is the time zone that holds.
    """

    person: Person
    zone: str
    results: SubscriptionId | None
    viewer: Actor


@dataclass(frozen=True, slots=True, kw_only=True)
class Tokens:
    """Models and tags seen lately, the most frequent first; for pickers."""

    models: tuple[str, ...] = field(default=())
    tags: tuple[str, ...] = field(default=())


Look: TypeAlias = Preview | Why | NoSuchEvent | Report | History | Preferred | NotAllowed
