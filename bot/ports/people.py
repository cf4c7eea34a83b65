"""Who wants what, who changed it, and what Slack knows of people and channels."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from bot.core.destination import DestinationId
from bot.core.event import Event
from bot.core.looks import Change, Tokens
from bot.core.notices import Notice
from bot.core.permission import Rank
from bot.core.person import Person
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

    async def replace(self, before: Subscription, after: Subscription) -> Subscription | None:
        """Put `after` in the place of `before`, where that is still what is kept; both have the same id.

        Returns what is kept then: `after`; where another subscription of the team wants the same for the same place,
        that one; None where `before` was changed or removed meanwhile.
        """
        ...

    async def remove(self, subscription: SubscriptionId) -> bool:
        """Forget it; whether it was there."""
        ...


class Audit(Protocol):
    """Who changed what, and when."""

    async def record(self, change: Change) -> None:
        """Keep it."""
        ...

    async def newest(
        self, team: str, *, limit: int, user: str | None = None, subject: SubscriptionId | None = None
    ) -> tuple[Change, ...]:
        """The newest changes of a workspace first, or of one person or subscription. Raises UnavailableError."""
        ...


class Persons(Protocol):
    """What people have told Tidings about themselves. Every method raises UnavailableError."""

    async def get(self, team: str, user: str) -> Person:
        """Their preferences; the defaults where they have said nothing."""
        ...

    async def put(self, person: Person) -> None:
        """Keep them."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonFacts:
    """What Slack tells about a person. `zone` is an IANA time zone; `email` is empty where it is not told."""

    user: str
    rank: Rank
    name: str = ""
    zone: str = "UTC"
    email: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupFacts:
    """What Slack tells about a user group; `members` are user ids."""

    group: str
    handle: str
    members: tuple[str, ...]


class People(Protocol):
    """What Slack knows about people. Every method raises UnavailableError."""

    async def person(self, team: str, user: str, *, fresh: bool = False) -> PersonFacts | None:
        """What is known of a person, at most five minutes old, with `fresh` as of now; None: there is no such."""
        ...

    async def by_email(self, team: str, email: str) -> str | None:
        """The user id of the person with this address."""
        ...

    async def group(self, team: str, group: str, *, fresh: bool = False) -> GroupFacts | None:
        """What is known of a user group; None where there is none, or it is disabled."""
        ...

    async def admins(self, team: str) -> tuple[str, ...]:
        """User ids of those who administer Tidings in the workspace."""
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
    """Slack's channels, as far as the bot can see them. Every method raises UnavailableError."""

    async def find(self, team: str, channel: str) -> ChannelFacts | None:
        """What is known of it; None where the bot can't see it."""
        ...

    async def join(self, team: str, channel: str) -> bool:
        """Join a public channel; False where that is not allowed."""
        ...

    async def has(self, team: str, channel: str, user: str) -> bool:
        """Whether the person is in the channel."""
        ...


class ListedChannels(Protocol):
    """The same channels, for who wants to know of many. Every method raises UnavailableError."""

    async def find(self, team: str, channel: str) -> ChannelFacts | None:
        """What is known of one; None where the bot can't see it."""
        ...

    async def joined(self, team: str) -> Sequence[ChannelFacts]:
        """All that the bot is in, as far as Slack tells who reads in them: a call for about a thousand."""
        ...


class Recent(Protocol):
    """The events of the last while, as this process has seen them pass in Kafka; the newest last."""

    def events(self) -> Sequence[Event]:
        """Some hundreds at most."""
        ...

    def tokens(self) -> Tokens:
        """Models and tags among them."""
        ...


class Notices(Protocol):
    """Tells people unasked. A notice that can't be told is logged, and fails nothing."""

    async def tell(self, team: str, users: Sequence[str], notice: Notice) -> None:
        """Send it to each by direct message."""
        ...
