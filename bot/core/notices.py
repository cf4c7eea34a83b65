"""What Tidings tells people unasked, by direct message: values that `render.notices` turns into words."""

from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias

from bot.core.answers import Actor
from bot.core.destination import DestinationId
from bot.core.subscription import Subscription, SubscriptionId


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangedByAnother:
    """To the owner (or the recipient): `actor` made, changed or ended a subscription of theirs."""

    actor: Actor
    act: str
    before: Subscription | None
    after: Subscription | None


class Orphanhood(StrEnum):
    """What happened to a place or an owner."""

    ARCHIVED = "archived"
    DELETED = "deleted"
    EXTERNAL = "external"
    """The channel is now shared with another organisation."""
    REMOVED = "removed"
    """The bot was removed from the channel."""
    OWNER_GONE = "owner gone"
    UNREACHABLE = "unreachable"
    """The far side refuses what is sent there, for the reason given."""
    INSTALLATION = "installation"
    """The token was revoked or the app uninstalled: nothing is sent to the workspace's Slack."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Orphaned:
    """To owners and admins, once: a place is lost, its subscriptions rest, and their events wait until `held_until`.

    `place` is where they led; `subscriptions` are those affected, of the reader or, for admins, all.
    """

    place: DestinationId
    what: Orphanhood
    why: str
    subscriptions: tuple[Subscription, ...]
    held_until: int | None
    waiting: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Recovered:
    """To whom Orphaned was told: the place is back, and what waited is on its way."""

    place: DestinationId
    subscriptions: tuple[SubscriptionId, ...]


Notice: TypeAlias = ChangedByAnother | Orphaned | Recovered
