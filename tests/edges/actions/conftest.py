"""The world in which acts are tried: real stores, and stand-ins for Slack and the lanes."""

from dataclasses import replace
from itertools import count

import pytest
from redis.asyncio import Redis

from bot.actions.acts import Actions
from bot.actions.world import World
from bot.stores.audit import RedisAudit
from bot.stores.keys import Keys
from bot.stores.subscriptions import RedisSubscriptions
from tests.edges.standins import MEMBER_OF, NOW, Afresh, Archive, Lanes, Letters, Opinions, Past, Persons, Slack, Told


@pytest.fixture
def slack() -> Slack:
    return Slack(channels={"C1": MEMBER_OF, "C2": replace(MEMBER_OF, channel="C2")})


@pytest.fixture
def lanes() -> Lanes:
    return Lanes()


@pytest.fixture
def past() -> Past:
    return Past()


@pytest.fixture
def told() -> Told:
    return Told()


@pytest.fixture
def world(redis: Redis, keys: Keys, slack: Slack, lanes: Lanes, past: Past, told: Told) -> World:
    """Each look at the clock is a millisecond later than the one before; numbers are drawn from 0 on."""
    times, numbers = count(NOW), count()
    return World(
        letters=Letters(),
        subscriptions=RedisSubscriptions(redis, keys),
        people=slack,
        channels=slack,
        audit=RedisAudit(redis, keys),
        lanes=lanes,
        move=lanes.move,
        persons=Persons(),
        recent=past,
        archive=Archive(past),
        opinions=Opinions(),
        afresh=Afresh(),
        notices=told,
        refuse_url=lambda url: None if url.startswith("https://") else "Only https URLs are taken.",
        secret_of=lambda place: f"whsec_{place}",
        now=lambda: next(times),
        draw=lambda _: next(numbers),
    )


@pytest.fixture
def actions(world: World) -> Actions:
    return Actions(world)
