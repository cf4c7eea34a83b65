"""What a person's act came to: values that `render.replies` turns into words."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TypeAlias

from bot.core.destination import Destination, DestinationId, InstallationId, Target
from bot.core.feedback import Rating
from bot.core.permission import Act, Rank
from bot.core.subscription import Subscription, SubscriptionId


@dataclass(frozen=True, slots=True, kw_only=True)
class Actor:
    """Who acts: a person of a Slack workspace (`team`), or an API key in a person's name.

    `rank` is known beforehand where the actor is no person in Slack (a key, the command line); else Slack is asked.
    """

    team: str
    user: str
    via: str = "slack"
    rank: Rank | None = None


class Problem(StrEnum):
    """Why nothing can be delivered to a place."""

    UNSEEN = "unseen"
    """The bot can't see such a channel: it does not exist, or is private and the bot is not in it."""
    UNINVITED = "uninvited"
    """The bot sees the channel, is not in it and may not join by itself."""
    ARCHIVED = "archived"
    EXTERNAL = "external"
    """People of another organisation are in the channel (Slack Connect)."""
    URL = "url"
    STRANGER = "stranger"
    """No such person or user group, or nobody who can be written to."""
    CONFIRM = "confirm"
    """As EXTERNAL, but the actor may, once they say that they mean it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Subscribed:
    """It is saved. `joined`: the bot joined the channel for it. `secret`: of a webhook, to be shown this once."""

    subscription: Subscription
    joined: bool = False
    secret: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class AlreadySubscribed:
    """The place gets just these events already; nothing was changed."""

    existing: Subscription


@dataclass(frozen=True, slots=True, kw_only=True)
class BadPlace:
    """Nothing can be delivered there; nothing was changed. `detail` is the reason a URL was refused."""

    destination: Target
    problem: Problem
    detail: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Unsubscribed:
    """It is gone. `viewer` ended it, and is its owner or an admin."""

    subscription: Subscription
    viewer: Actor


@dataclass(frozen=True, slots=True, kw_only=True)
class Changed:
    """A subscription is now otherwise, or rests, or goes on. `viewer` did it. `secret` as in Subscribed."""

    before: Subscription
    after: Subscription
    viewer: Actor
    joined: bool = False
    secret: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Unchanged:
    """It is so already; nothing was changed."""

    subscription: Subscription
    viewer: Actor


@dataclass(frozen=True, slots=True, kw_only=True)
class Tested:
    """A result marked TEST is on its way to where the subscription leads."""

    subscription: Subscription
    viewer: Actor


@dataclass(frozen=True, slots=True, kw_only=True)
class Undone:
    """The viewer's last change is taken back: `act` was it. The subscription is `after` again (None: gone again)."""

    act: str
    subject: SubscriptionId
    before: Subscription | None
    after: Subscription | None
    viewer: Actor


@dataclass(frozen=True, slots=True, kw_only=True)
class PlaceResumed:
    """A place that was paused goes on: so many of its `lanes` had something to send."""

    place: DestinationId
    lanes: int
    viewer: Actor


@dataclass(frozen=True, slots=True, kw_only=True)
class Moved:
    """Subscriptions of a place lead elsewhere now, and `waiting` deliveries went along.

    `left` more, which the actor may not edit, still lead to the place; as long as there are some, nothing goes along.
    """

    place: DestinationId
    to: Destination
    subscriptions: tuple[Subscription, ...]
    waiting: int
    left: int = 0
    viewer: Actor


@dataclass(frozen=True, slots=True, kw_only=True)
class NoSuchPlace:
    """Nothing leads to that place, and it is not paused; nothing was changed."""

    place: DestinationId


@dataclass(frozen=True, slots=True, kw_only=True)
class Adopted:
    """The viewer owns these now, and they go on."""

    subscriptions: tuple[Subscription, ...]
    viewer: Actor


@dataclass(frozen=True, slots=True)
class NothingToUndo:
    """The viewer has changed nothing lately, or has taken it back already."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Overtaken:
    """Somebody (`by`) has changed the subscription since; nothing was changed, or taken back."""

    subject: SubscriptionId
    by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class NoSuchSubscription:
    """No subscription of this workspace has that id."""

    id: SubscriptionId


@dataclass(frozen=True, slots=True, kw_only=True)
class NotAllowed:
    """Who may do it is in `permission.ROLES`; the owner is named where there is one. Nothing was changed."""

    act: Act
    owner: str | None = None
    rank: Rank = Rank.MEMBER


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """What the viewer asked to see is on its way, at the end of its place's queue."""

    viewer: Actor


@dataclass(frozen=True, slots=True)
class ShownBefore:
    """What somebody asked to see was shown already, or is on its way; nothing was changed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NotKept:
    """Too much time has passed to show these (delivery ids); nothing was changed."""

    deliveries: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rated:
    """What somebody says of a result is kept; not `anew`: they had said so before."""

    rating: Rating
    anew: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Resent:
    """A result that the viewer asked for is on its way to a place, at the end of its queue."""

    place: Destination
    viewer: Actor


@dataclass(frozen=True, slots=True)
class Forgotten:
    """The result is not kept any more; nothing was changed."""


class Shelf(StrEnum):
    """Which subscriptions a list shows."""

    NEAR = "near"
    """The person's own, and those that lead to the place where they ask."""
    ALL = "all"
    """Everyone's of the workspace; for admins."""
    PLACE = "place"
    """Those that lead to one place."""
    PERSON = "person"
    """Those that a person owns or gets."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """Subscriptions, oldest first. `here` is the place where the list was asked for; `viewer` asked.

    `wanted` is what was searched for, or the place or person that the list is about, as Slack writes it.

    `paused` says why nothing is sent to a place, or to all of the workspace under its installation's name.
    """

    shelf: Shelf
    subscriptions: tuple[Subscription, ...]
    viewer: Actor
    here: Destination | None = None
    wanted: str = ""
    paused: Mapping[DestinationId | InstallationId, str] = field(default_factory=dict)


Answer: TypeAlias = (
    Subscribed
    | AlreadySubscribed
    | BadPlace
    | Unsubscribed
    | Changed
    | Unchanged
    | Tested
    | Undone
    | NothingToUndo
    | PlaceResumed
    | Moved
    | NoSuchPlace
    | Adopted
    | Overtaken
    | NoSuchSubscription
    | NotAllowed
    | Shown
    | ShownBefore
    | NotKept
    | Rated
    | Resent
    | Forgotten
    | Listing
)
