"""Who wants what, who changed it, and what Slack knows of people and channels."""

from dataclasses import dataclass
from typing import Protocol

from bot.core.answers import Actor
from bot.core.destination import DestinationId
from bot.core.subscription import Subscription, SubscriptionId


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
