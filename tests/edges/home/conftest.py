"""The real app in a sandbox workspace, with plain stand-ins for what only the running service has: events, lanes."""

import secrets
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import pytest
from redis.asyncio import Redis

from bot.actions.acts import Actions
from bot.actions.world import World
from bot.core.address import check_url
from bot.core.destination import Destination, DestinationId, InstallationId
from bot.core.event import Event
from bot.core.looks import Tokens, Trace
from bot.core.notices import Notice
from bot.core.permission import Rank
from bot.core.person import Person as Preferences
from bot.ports.outbox import OutboxState
from bot.ports.people import ChannelFacts, GroupFacts, PersonFacts
from bot.render.webhook import signing_secret
from bot.sandbox.server import Sandbox
from bot.stores.audit import RedisAudit
from bot.stores.keys import Keys
from bot.stores.subscriptions import RedisSubscriptions
from tests.edges.slack.conftest import (  # noqa: F401 - fixtures, found by their names
    DEADLINE,
    Person,
    app,
    connected,
    people,
    sandbox,
    subscriptions,
    web,
)
from tests.edges.standins import Afresh, Archive, Letters, Opinions


@dataclass
class Passing:
    """Events seen lately, as a test wants them."""

    seen: list[Event] = field(default_factory=list)

    def events(self) -> Sequence[Event]:
        return self.seen

    def tokens(self) -> Tokens:
        models = dict.fromkeys(event.model.name for event in self.seen)
        tags = dict.fromkeys(tag for event in self.seen for tag in event.tags)
        return Tokens(models=tuple(models), tags=tuple(tags))


@dataclass
class Workspace:
    """People, channels, preferences and notices, as the sandbox has them."""

    sandbox: Sandbox
    kept: dict[str, Preferences] = field(default_factory=dict)
    zones: dict[str, str] = field(default_factory=dict)

    async def person(self, team: str, user: str, *, fresh: bool = False) -> PersonFacts | None:
        _ = team, fresh
        found = self.sandbox.workspace.people.get(user)
        if found is None:
            return None
        rank = Rank.ADMIN if found.is_admin else Rank.GUEST if found.is_restricted else Rank.MEMBER
        return PersonFacts(user=user, rank=rank, name=found.name, zone=self.zones.get(user, "Europe/Berlin"))

    async def by_email(self, team: str, email: str) -> str | None:
        _ = team, email
        return None

    async def group(self, team: str, group: str, *, fresh: bool = False) -> GroupFacts | None:
        _ = team, fresh
        found = self.sandbox.workspace.usergroups.get(group)
        return None if found is None else GroupFacts(group=group, handle=found.handle, members=tuple(found.members))

    async def admins(self, team: str) -> tuple[str, ...]:
        _ = team
        return tuple(one.id for one in self.sandbox.workspace.people.values() if one.is_admin)

    async def find(self, team: str, channel: str) -> ChannelFacts | None:
        _ = team
        found = self.sandbox.workspace.channels.get(channel)
        bot = self.sandbox.workspace.bot.id
        if found is None or (found.kind == "private" and bot not in found.members):
            return None
        return ChannelFacts(
            channel=channel,
            name=found.name,
            is_member=bot in found.members,
            is_private=found.kind == "private",
            is_archived=found.is_archived,
            is_external=channel in self.external,
        )

    external: set[str] = field(default_factory=set)

    async def join(self, team: str, channel: str) -> bool:
        _ = team
        workspace = self.sandbox.workspace
        workspace.join(workspace.channels[channel], workspace.bot.id)
        return True

    async def has(self, team: str, channel: str, user: str) -> bool:
        _ = team
        return user in self.sandbox.workspace.channels[channel].members

    async def get(self, team: str, user: str) -> Preferences:
        return self.kept.get(user, Preferences(team=team, user=user))

    async def put(self, person: Preferences) -> None:
        self.kept[person.user] = person

    async def tell(self, team: str, users: Sequence[str], notice: Notice) -> None:
        _ = team, users, notice


@dataclass
class Lanes:
    """The outbox as far as people's acts touch it."""

    halted: dict[DestinationId | InstallationId, str] = field(default_factory=dict)
    moved: list[tuple[DestinationId, Destination]] = field(default_factory=list)
    tested: list[Any] = field(default_factory=list)

    async def paused(self) -> dict[DestinationId | InstallationId, str]:
        return self.halted

    async def nudge(self, subscription: Any, places: Any) -> None:
        _ = subscription, places

    async def test(self, subscription: Any, event: Any) -> None:
        self.tested.append((subscription, event))

    async def trace(self, deliveries: Sequence[Any]) -> tuple[Trace, ...]:
        return tuple(Trace(delivery=delivery, standing="unknown") for delivery in deliveries)

    async def show(self, installation: Any, deliveries: Any) -> Any:
        raise AssertionError((installation, deliveries))

    async def resume(self, place: Any) -> int:
        return 1 if self.halted.pop(place, None) is not None else 0

    async def move(self, place: DestinationId, to: Destination) -> int:
        self.moved.append((place, to))
        return 2

    async def state(self) -> OutboxState:
        return OutboxState(deliveries=12, lanes=3, held=1, paused=len(self.halted), parked=1)


@pytest.fixture
def passing() -> Passing:
    return Passing()


@pytest.fixture
def workspace(sandbox: Sandbox) -> Workspace:  # noqa: F811 - the fixture of that name
    return Workspace(sandbox)


@pytest.fixture
def lanes() -> Lanes:
    return Lanes()


@pytest.fixture
def actions(
    subscriptions: RedisSubscriptions,  # noqa: F811 - the fixture of that name
    workspace: Workspace,
    passing: Passing,
    lanes: Lanes,
    redis: Redis,
    keys: Keys,
) -> Actions:
    stand_in: Any = lanes
    return Actions(
        World(
            letters=Letters(),
            subscriptions=subscriptions,
            people=workspace,
            channels=workspace,
            audit=RedisAudit(redis, keys),
            lanes=stand_in,
            persons=workspace,
            recent=passing,
            archive=Archive(passing),
            opinions=Opinions(),
            afresh=Afresh(),
            notices=workspace,
            move=lanes.move,
            refuse_url=lambda url: check_url(url, (), (443,)),
            secret_of=partial(signing_secret, "a master secret that is long enough"),
            now=lambda: time.time_ns() // 1_000_000,
            draw=secrets.randbelow,
        )
    )
