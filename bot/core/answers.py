"""What a person's act came to: values that `render.replies` turns into words."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TypeAlias

from bot.core.destination import Destination, DestinationId, InstallationId
from bot.core.subscription import Subscription, SubscriptionId


@dataclass(frozen=True, slots=True, kw_only=True)
class Actor:
    """Who acts: a person of a Slack workspace (`team`)."""

    team: str
    user: str


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

    destination: Destination
    problem: Problem
    detail: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Unsubscribed:
    """It is gone. `viewer` ended it, and is its owner or an admin."""

    subscription: Subscription
    viewer: Actor


@dataclass(frozen=True, slots=True, kw_only=True)
class NoSuchSubscription:
    """No subscription of this workspace has that id."""

    id: SubscriptionId


@dataclass(frozen=True, slots=True, kw_only=True)
class NotAllowed:
    """Only the owner, where there is one, and the workspace's admins may do that; nothing was changed."""

    owner: str | None = None


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


class Shelf(StrEnum):
    """Which subscriptions a list shows."""

    NEAR = "near"
    """The person's own, and those that lead to the place where they ask."""
    ALL = "all"
    """Everyone's of the workspace; for admins."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """Subscriptions, oldest first. `here` is the place where the list was asked for; `viewer` asked.

    `paused` says why nothing is sent to a place, or to all of the workspace under its installation's name.
    """

    shelf: Shelf
    subscriptions: tuple[Subscription, ...]
    viewer: Actor
    here: Destination | None = None
    paused: Mapping[DestinationId | InstallationId, str] = field(default_factory=dict)


Answer: TypeAlias = (
    Subscribed
    | AlreadySubscribed
    | BadPlace
    | Unsubscribed
    | NoSuchSubscription
    | NotAllowed
    | Shown
    | ShownBefore
    | NotKept
    | Listing
)
