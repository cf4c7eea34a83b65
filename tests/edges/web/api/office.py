"""A workspace of two people and a boss for the REST tests: real Redis and real HTTP, Slack's side as small tables."""

import secrets
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from aiohttp import ClientSession
from redis.asyncio import Redis

from bot.actions.acts import Actions
from bot.actions.world import World
from bot.core.apikey import Scope
from bot.core.delivery import DeliveryId
from bot.core.destination import Destination, DestinationId, InstallationId
from bot.core.errors import UnavailableError
from bot.core.event import Event, Model, Sensitivity, Status
from bot.core.looks import Tokens, Trace
from bot.core.notices import Notice
from bot.core.permission import Rank
from bot.core.person import Person
from bot.core.subscription import Subscription, SubscriptionId
from bot.ports.outbox import OutboxState, Recalled
from bot.ports.people import ChannelFacts, GroupFacts, PersonFacts
from bot.stores.apikeys import ApiKeys
from bot.stores.audit import RedisAudit
from bot.stores.keys import Keys
from bot.stores.registry import Registry
from bot.stores.subscriptions import RedisSubscriptions
from bot.web.api.routes import Api
from bot.web.server import Server
from tests.edges.standins import Afresh, Archive, Letters, Opinions

T0 = 1_800_000_000_000
ANA, BEN, BOSS = "U0ANA", "U0BEN", "U0BOSS"
FRAUD, SECRET, SHARED, OLD = "C0FRAUD", "C0SECRET", "C0SHARED", "C0OLD"
GROUP = "S0RISK"


def _channel(channel: str, **more: bool) -> ChannelFacts:
    usual = {"is_member": True, "is_private": False, "is_archived": False, "is_external": False}
    return ChannelFacts(channel=channel, name=channel.lower(), **usual | more)


@dataclass
class Slack:
    """What Slack knows of two workspaces, which are alike."""

    away: bool = False
    everywhere: bool = False
    """Whether every channel, person and group is there."""
    inside: set[tuple[str, str]] = field(default_factory=set)
    """Who is in which private channel."""
    channels: dict[str, ChannelFacts] = field(
        default_factory=lambda: {
            FRAUD: _channel(FRAUD),
            SECRET: _channel(SECRET, is_private=True),
            SHARED: _channel(SHARED, is_external=True),
            OLD: _channel(OLD, is_archived=True),
        }
    )

    async def person(self, team: str, user: str, *, fresh: bool = False) -> PersonFacts | None:  # noqa: ARG002 (the port's)
        self._there(team)
        return PersonFacts(user=user, rank=Rank.MEMBER) if self.everywhere or user in {ANA, BEN, BOSS} else None

    async def by_email(self, team: str, email: str) -> str | None:  # noqa: ARG002 (the port's)
        self._there(team)
        return None

    async def group(self, team: str, group: str, *, fresh: bool = False) -> GroupFacts | None:  # noqa: ARG002 (the port's)
        self._there(team)
        return GroupFacts(group=group, handle="risk", members=(ANA, BEN)) if self.everywhere or group == GROUP else None

    async def admins(self, team: str) -> tuple[str, ...]:
        self._there(team)
        return (BOSS,)

    async def find(self, team: str, channel: str) -> ChannelFacts | None:
        self._there(team)
        return self.channels.get(channel, _channel(channel) if self.everywhere else None)

    async def join(self, team: str, channel: str) -> bool:  # noqa: ARG002 (the port's)
        self._there(team)
        return True

    async def has(self, team: str, channel: str, user: str) -> bool:
        self._there(team)
        return (channel, user) in self.inside

    def _there(self, team: str) -> None:
        assert team in {"T1", "T2"}
        if self.away:
            raise UnavailableError("Slack does not answer")


@dataclass
class Lanes:
    """Lanes that only note what is asked of them."""

    held: dict[DestinationId | InstallationId, str] = field(default_factory=dict)
    resumed: list[str] = field(default_factory=list)
    tested: list[SubscriptionId] = field(default_factory=list)
    nudged: list[SubscriptionId | None] = field(default_factory=list)

    async def paused(self) -> dict[DestinationId | InstallationId, str]:
        return dict(self.held)

    async def show(self, installation: InstallationId, deliveries: Sequence[DeliveryId]) -> Recalled:
        raise NotImplementedError

    async def resume(self, held: DestinationId | InstallationId) -> int:
        self.resumed.append(held)
        return int(self.held.pop(held, None) is not None)

    async def nudge(self, subscription: SubscriptionId | None, places: Sequence[DestinationId]) -> None:  # noqa: ARG002 (the port's)
        self.nudged.append(subscription)

    async def test(self, subscription: Subscription, event: Event) -> None:  # noqa: ARG002 (the port's)
        self.tested.append(subscription.id)

    async def trace(self, deliveries: Sequence[DeliveryId]) -> list[Trace]:
        return [Trace(delivery=one, standing="delivered", appended=T0) for one in deliveries]

    async def state(self) -> OutboxState:
        return OutboxState(deliveries=3, lanes=2, held=1, paused=len(self.held))


@dataclass
class Persons:
    async def get(self, team: str, user: str) -> Person:
        return Person(team=team, user=user)

    async def put(self, person: Person) -> None:
        raise NotImplementedError


async def _nowhere(_place: DestinationId, _to: Destination) -> int:
    raise NotImplementedError


def event(name: str, *, status: Status = Status.COMPLETED, sensitivity: Sensitivity = Sensitivity.INTERNAL) -> Event:
    return Event(
        source="/tests",
        id=name,
        type=f"ai.inference.{status}",
        time=datetime(2026, 11, 1, tzinfo=UTC),
        inference=f"inf-{name}",
        status=status,
        model=Model(name="fraud-scorer"),
        title=f"Title of {name}",
        result=f"Result of {name}",
        sensitivity=sensitivity,
    )


@dataclass
class Recent:
    seen: list[Event] = field(
        default_factory=lambda: [
            event("e1"),
            event("e/2", status=Status.FAILED),
            event("e3", status=Status.FAILED, sensitivity=Sensitivity.RESTRICTED),
        ]
    )

    def events(self) -> Sequence[Event]:
        return self.seen

    def tokens(self) -> Tokens:
        return Tokens()


@dataclass
class Notices:
    told: list[tuple[tuple[str, ...], Notice]] = field(default_factory=list)

    async def tell(self, team: str, users: Sequence[str], notice: Notice) -> None:  # noqa: ARG002 (the port's)
        self.told.append((tuple(users), notice))


class Office:
    """The parts behind the REST API, each to look at."""

    def __init__(self, redis: Redis, keys: Keys) -> None:
        self.redis = redis
        self.now = T0
        self.slack, self.lanes, self.recent, self.notices = Slack(), Lanes(), Recent(), Notices()
        self.subscriptions = RedisSubscriptions(redis, keys)
        self.audit = RedisAudit(redis, keys)
        self.keys = ApiKeys(Registry(redis, keys), now=self.clock, chance=secrets.token_bytes)
        self.world = World(
            letters=Letters(),
            subscriptions=self.subscriptions,
            people=self.slack,
            channels=self.slack,
            audit=self.audit,
            lanes=self.lanes,
            persons=Persons(),
            recent=self.recent,
            archive=Archive(self.recent),
            opinions=Opinions(),
            afresh=Afresh(),
            notices=self.notices,
            move=_nowhere,
            refuse_url=lambda url: None if url.startswith("https://") else "Only https URLs are taken.",
            secret_of=lambda place: f"whsec_{place}",
            now=self.clock,
            draw=secrets.randbelow,
        )
        self.actions = Actions(self.world)

    def clock(self) -> int:
        self.now += 1
        return self.now

    async def key(self, scope: Scope = Scope.WRITE, *, user: str = ANA, team: str = "T1") -> str:
        _, text = await self.keys.create(name="test", team=team, owner=user, scopes=[scope])
        return text

    @asynccontextmanager
    async def open(self) -> AsyncIterator[str]:
        api = Api(self.actions, self.keys, now=self.clock)
        async with Server(api.routes(), host="127.0.0.1", port=0) as url:
            yield url


@dataclass
class Answer:
    status: int
    body: Any
    headers: Any


class Client:
    """Speaks to the API with one key."""

    def __init__(self, http: ClientSession, key: str | None) -> None:
        self._http = http
        self.key = key

    async def __call__(self, method: str, path: str, json: Any = None, **more: Any) -> Answer:
        headers = {} if self.key is None else {"Authorization": f"Bearer {self.key}"}
        if json is not None:
            more["json"] = json
        async with self._http.request(
            method, f"/api/v1{path}", **more | {"headers": headers | more.get("headers", {})}
        ) as response:
            text = await response.text()
            body: Any = await response.json(content_type=None) if text else None
            if response.status >= 400:
                assert response.content_type == "application/problem+json"
                assert body["status"] == response.status
                assert body["title"]
            return Answer(response.status, body, response.headers)

    async def subscribe(self, filter: str = "status:failed", **more: Any) -> Any:  # noqa: A002 (the field's name)
        body = {"filter": filter, "destination": {"kind": "channel", "channel": FRAUD}} | more
        answer = await self("POST", "/subscriptions", body)
        assert answer.status == 201, answer.body
        return answer.body
