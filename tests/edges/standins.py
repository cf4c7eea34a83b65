"""Slack and the rest of the world as a test of acts wants them: tables to fill, and notes of what was asked."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from bot.core.delivery import DeliveryId
from bot.core.destination import Destination, DestinationId, InstallationId
from bot.core.errors import UnavailableError
from bot.core.event import Event, Position
from bot.core.feedback import Feedback
from bot.core.looks import Fallen, Tokens, Trace
from bot.core.marks import Mark
from bot.core.notices import Notice
from bot.core.permission import Rank
from bot.core.person import Person
from bot.core.subscription import Subscription, SubscriptionId
from bot.ports.archive import Found
from bot.ports.outbox import OutboxState, Parked, Recalled
from bot.ports.people import ChannelFacts, GroupFacts, PersonFacts

NOW = 1_700_000_000_000
MEMBER_OF = ChannelFacts(
    channel="C1", name="fraud", is_member=True, is_private=False, is_archived=False, is_external=False
)


@dataclass
class Slack:
    """Team T1: U1 and U2 are members, U3 is an admin, U4 a guest, U5 a stranger, U6 has left; S1 is U1 and U2."""

    channels: dict[str, ChannelFacts] = field(default_factory=lambda: {"C1": MEMBER_OF})
    inside: dict[str, set[str]] = field(default_factory=dict)
    ranks: dict[str, Rank] = field(
        default_factory=lambda: {
            "U1": Rank.MEMBER,
            "U2": Rank.MEMBER,
            "U3": Rank.ADMIN,
            "U4": Rank.GUEST,
            "U5": Rank.STRANGER,
            "U6": Rank.GONE,
        }
    )
    groups: dict[str, tuple[str, ...]] = field(default_factory=lambda: {"S1": ("U1", "U2")})
    joinable: bool = True
    joined: list[str] = field(default_factory=list)
    asked_anew: list[str] = field(default_factory=list)
    away: bool = False

    async def person(self, team: str, user: str, *, fresh: bool = False) -> PersonFacts | None:
        self._here()
        if fresh:
            self.asked_anew.append(user)
        rank = self.ranks.get(user) if team == "T1" else None
        if rank is None:
            return None
        return PersonFacts(user=user, rank=rank, zone="Europe/Berlin", email=f"{user.lower()}@example.com")

    async def by_email(self, team: str, email: str) -> str | None:
        self._here()
        user = email.partition("@")[0].upper()
        return user if team == "T1" and user in self.ranks else None

    async def group(self, team: str, group: str, *, fresh: bool = False) -> GroupFacts | None:  # noqa: ARG002
        self._here()
        if team != "T1" or group not in self.groups:
            return None
        return GroupFacts(group=group, handle=group.lower(), members=self.groups[group])

    async def admins(self, team: str) -> tuple[str, ...]:
        return tuple(user for user, rank in self.ranks.items() if rank is Rank.ADMIN and team == "T1")

    async def find(self, team: str, channel: str) -> ChannelFacts | None:
        self._here()
        return self.channels.get(channel) if team == "T1" else None

    async def join(self, team: str, channel: str) -> bool:
        assert team == "T1"
        self.joined.append(channel)
        return self.joinable

    async def has(self, team: str, channel: str, user: str) -> bool:
        return team == "T1" and user in self.inside.get(channel, ())

    def _here(self) -> None:
        if self.away:
            raise UnavailableError("Slack does not answer")


@dataclass
class Lanes:
    """Notes what was asked of the lanes."""

    paused_places: dict[DestinationId | InstallationId, str] = field(default_factory=dict)
    resumed: list[DestinationId | InstallationId] = field(default_factory=list)
    nudged: list[tuple[SubscriptionId | None, tuple[DestinationId, ...]]] = field(default_factory=list)
    tested: list[tuple[Subscription, Event]] = field(default_factory=list)
    moved: list[tuple[DestinationId, Destination]] = field(default_factory=list)
    traces: dict[DeliveryId, Trace] = field(default_factory=dict)

    async def paused(self) -> dict[DestinationId | InstallationId, str]:
        return dict(self.paused_places)

    async def show(self, installation: InstallationId, deliveries: Sequence[DeliveryId]) -> Recalled:
        assert installation
        return Recalled(shown=0, known=0, gone=len(deliveries))

    async def resume(self, held: DestinationId | InstallationId) -> int:
        self.resumed.append(held)
        return int(self.paused_places.pop(held, None) is not None)

    async def nudge(self, subscription: SubscriptionId | None, places: Sequence[DestinationId]) -> None:
        self.nudged.append((subscription, tuple(places)))

    async def move(self, place: DestinationId, to: Destination) -> int:
        self.moved.append((place, to))
        return 2

    async def test(self, subscription: Subscription, event: Event) -> None:
        self.tested.append((subscription, event))

    async def trace(self, deliveries: Sequence[DeliveryId]) -> list[Trace]:
        return [self.traces.get(one, Trace(delivery=one, standing="unknown")) for one in deliveries]

    async def state(self) -> OutboxState:
        return OutboxState(deliveries=3, lanes=2, held=0, paused=len(self.paused_places))


@dataclass
class Persons:
    """Preferences in a dict."""

    kept: dict[tuple[str, str], Person] = field(default_factory=dict)

    async def get(self, team: str, user: str) -> Person:
        return self.kept.get((team, user), Person(team=team, user=user))

    async def put(self, person: Person) -> None:
        self.kept[person.team, person.user] = person


@dataclass
class Past:
    """Events seen lately."""

    seen: list[Event] = field(default_factory=list)

    def events(self) -> Sequence[Event]:
        return self.seen

    def tokens(self) -> Tokens:
        return Tokens(models=tuple(dict.fromkeys(one.model.name for one in self.seen)))


@dataclass
class Archive:
    """Kafka, as far as these events lie in it."""

    past: Any

    async def find(self, mark: Mark) -> Found | None:
        for number, one in enumerate(self.past.events()):
            if one.key == mark.event:
                return Found(event=one, position=Position(topic="events", partition=0, offset=number))
        return None


@dataclass
class Opinions:
    """What people said of results."""

    said: list[Feedback] = field(default_factory=list)

    async def keep(self, said: Feedback) -> bool:
        anew = not self.said or self.said[-1].rating != said.rating
        self.said.append(said)
        return anew


@dataclass
class Afresh:
    """What was entered once more."""

    entered: dict[DeliveryId, Parked] = field(default_factory=dict)

    async def enter(self, delivery: Parked) -> bool:
        new = delivery.delivery.id not in self.entered
        self.entered.setdefault(delivery.delivery.id, delivery)
        return new


@dataclass
class Letters:
    """Dead letters in short."""

    kept: list[Fallen] = field(default_factory=list)

    async def newest(self, team: str) -> tuple[Fallen, ...]:
        assert team
        return tuple(self.kept)


@dataclass
class Told:
    """Notices, by whom they went to."""

    notices: list[tuple[tuple[str, ...], Notice]] = field(default_factory=list)

    async def tell(self, team: str, users: Sequence[str], notice: Notice) -> None:
        assert team
        self.notices.append((tuple(users), notice))
