"""The keeper between a sandbox workspace and a real outbox; what it would tell is noted."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, cast

import pytest
from redis.asyncio import Redis

from bot.actions.acts import Actions
from bot.actions.world import World
from bot.core.cloudevent import encode
from bot.core.delivery import Attempt, Lane, Pause, Scope, delivery_id
from bot.core.destination import Destination, DestinationId, SlackChannel, Target, destination_id
from bot.core.filters import parse
from bot.core.notices import Notice, Orphaned, Recovered
from bot.core.routing import Routed
from bot.core.subscription import Subscription, SubscriptionId
from bot.outlets.slack.web import SlackWeb
from bot.ports.outbox import Arrival
from bot.sandbox.server import Sandbox
from bot.slack.app import SlackApp
from bot.slack.directory.channels import SlackChannels
from bot.slack.directory.groups import SlackGroups
from bot.slack.directory.lookup import Lookup
from bot.slack.directory.people import SlackPeople
from bot.slack.inbox import Inbox
from bot.slack.installation import SingleInstallation
from bot.slack.orphans.keeper import OrphanKeeper
from bot.slack.orphans.registrar import Means
from bot.stores.audit import RedisAudit
from bot.stores.halts import Halts
from bot.stores.keys import Keys
from bot.stores.orphans import RedisOrphans
from bot.stores.outbox import Limits, RedisOutbox
from bot.stores.parked import ParkedJournal
from bot.stores.removal import Removal
from bot.stores.subscriptions import RedisSubscriptions
from tests.core.examples import event
from tests.edges.outbox.world import Paper
from tests.edges.standins import Afresh, Archive, Letters, Opinions, Past, Persons, Told

TEAM = "T0SANDBOX"
HOUR = 3_600_000
DEADLINE = 30.0


async def eventually(holds: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(DEADLINE):
        while not await holds():  # noqa: ASYNC110 (the far side has no event to wait for)
            await asyncio.sleep(0.01)


class Journal(Paper):
    """The journal of parked deliveries."""

    async def keep(self, deliveries: Any) -> None:  # type: ignore[override]
        super().keep(deliveries)


@dataclass
class Clock:
    """Redis's time, moved on by a test."""

    ahead: int = 0

    def __call__(self) -> int:
        return time.time_ns() // 1_000_000 + self.ahead


@dataclass
class Office:
    """Everything, with shorthands for tests."""

    sandbox: Sandbox
    keeper: OrphanKeeper
    means: Means
    told: Told
    clock: Clock
    outbox: RedisOutbox
    made: int = 0
    offset: int = 0
    forgotten: list[DestinationId] = field(default_factory=list)

    def user(self, name: str) -> str:
        full = {"maya": "maya.lindqvist", "priya": "priya.raman", "tomas": "tomas.okafor", "amara": "amara.nwosu"}
        return self.sandbox.user_id(full.get(name, name))

    @property
    def admins(self) -> tuple[str, ...]:
        return tuple(sorted((self.user("maya"), self.user("priya"))))

    def place(self, name: str) -> SlackChannel:
        return SlackChannel(team=TEAM, channel=self.sandbox.channel_id(name))

    async def subscribe(self, owner: str, to: Target, **more: Any) -> Subscription:
        self.made += 1
        one = Subscription(
            id=SubscriptionId(f"00000{self.made}"),
            team=TEAM,
            owner=self.user(owner),
            filter=parse(f"model:m{self.made}"),
            destination=to,
            created=self.made,
            **more,
        )
        assert await self.means.subscriptions.add(one) == one
        return one

    async def now(self, one: Subscription) -> Subscription | None:
        return await self.means.subscriptions.get(one.id)

    async def append(self, to: Destination, *names: str) -> None:
        """Let events wait for a place."""
        place = destination_id(to)
        for name in names:
            made = event(id=name, inference=name)
            routed = Routed(delivery=delivery_id(made.key, place), lane=Lane(place), destination=to, subscriptions=())
            arrival = Arrival(offset=self.offset, key=made.key, body=encode(made), routed=(routed,))
            version = await self.means.subscriptions.version()
            await self.outbox.append("events", 0, [arrival], version=version, read_from=None)
            self.offset += 1

    async def refuse(self, reason: str, *, scope: Scope = Scope.DESTINATION) -> None:
        """Let a worker try what is due, and the far side refuse it."""
        for leased in (await self.outbox.lease("worker", lanes=9, kinds=("slack", "webhook"))).lanes:
            attempt = Attempt(at=1, outcome="refused", reason=reason)
            steps = {delivery.id: Pause(scope=scope, attempt=attempt) for delivery, _ in leased.deliveries}
            await self.outbox.settle(leased, steps, due=0)

    async def sendable(self) -> list[str]:
        """The places of which something may be sent now; it is put back."""
        found = (await self.outbox.lease("looker", lanes=9, kinds=("slack", "webhook"))).lanes
        for leased in found:
            steps = {delivery.id: None for delivery, _ in leased.deliveries}
            await self.outbox.settle(leased, steps, due=0)
        return sorted(destination_id(leased.destination) for leased in found)

    async def look(self) -> None:
        assert await self.keeper.look()

    def cards(self) -> list[tuple[tuple[str, ...], Orphaned]]:
        return [(users, notice) for users, notice in self.told.notices if isinstance(notice, Orphaned)]

    def recovered(self) -> list[tuple[tuple[str, ...], Recovered]]:
        return [(users, notice) for users, notice in self.told.notices if isinstance(notice, Recovered)]

    def all_told(self) -> Sequence[Notice]:
        return [notice for _, notice in self.told.notices]


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def office(
    sandbox: Sandbox, lookup: Lookup, subscriptions: RedisSubscriptions, redis: Redis, keys: Keys, clock: Clock
) -> Office:
    outbox, told = RedisOutbox(redis, keys, Limits()), Told()
    people = SlackPeople(lookup, SlackGroups(lookup, clock=lambda: clock() / 1000), clock=lambda: clock() / 1000)
    means = Means(
        subscriptions=subscriptions,
        people=people,
        channels=SlackChannels(lookup, clock=lambda: clock() / 1000),
        audit=RedisAudit(redis, keys),
        lanes=outbox,
        notices=told,
        halts=Halts(redis, keys),
        told=RedisOrphans(redis, keys),
        move=Removal(redis, keys, outbox, cast("ParkedJournal", Journal()), shards=2, remember=60_000),
        now=clock,
        hold=72 * HOUR,
    )
    keeper = OrphanKeeper(means, look_seconds=DEADLINE)
    return Office(sandbox=sandbox, keeper=keeper, means=means, told=told, clock=clock, outbox=outbox)


@pytest.fixture
def app(office: Office, sandbox: Sandbox, web: SlackWeb, redis: Redis, keys: Keys) -> SlackApp:
    """The app with the keeper."""
    means = office.means
    world = World(
        letters=Letters(),
        subscriptions=means.subscriptions,
        people=means.people,
        channels=means.channels,
        audit=means.audit,
        lanes=means.lanes,
        persons=Persons(),
        recent=Past(),
        archive=Archive(Past()),
        opinions=Opinions(),
        afresh=Afresh(),
        notices=office.told,
        move=means.move,
        refuse_url=lambda _: None,
        secret_of=str,
        now=office.clock,
        draw=lambda most: most - 1,
    )
    return SlackApp(
        web=web,
        installations=SingleInstallation(web, sandbox.bot_token),
        actions=Actions(world),
        inbox=Inbox(redis, keys),
        orphans=office.keeper,
    )


@pytest.fixture
def listening(connected: SlackApp) -> SlackApp:
    """The app with the keeper, reached over Socket Mode and over signed HTTP."""
    return connected
