"""From Kafka to Slack for those who asked to be left alone: digests, quiet hours, pauses, ends, threads, a wipe."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import orjson
import pytest
from aiokafka import AIOKafkaProducer
from redis.asyncio import Redis

from bot.core import pacing, schedules
from bot.core.destination import Destination, SlackChannel, SlackPerson, destination_id
from bot.core.filters import parse
from bot.core.person import Person
from bot.core.subscription import Hold, Holding, Style, Subscription, SubscriptionId, Threading
from bot.core.timing import read_digest, read_quiet
from bot.outlets.slack.outlet import SlackOutlet
from bot.outlets.slack.web import SlackWeb
from bot.ports.outlet import Service
from bot.render.digest import take
from bot.sandbox.limits import Rates
from bot.sandbox.server import Sandbox
from bot.settings import Role, Settings, load
from bot.stores.deadletters import KafkaDeadLetters
from bot.stores.gate import Gatekeeper
from bot.stores.keys import Keys
from bot.stores.outbox import Limits, RedisOutbox
from bot.stores.subscriptions import RedisSubscriptions
from bot.telemetry import Metrics
from bot.wiring.stores import Stores
from consumers.dispatch import Dispatch
from consumers.keeper import at_hand
from consumers.run import Process
from tests.walk.parts import cloudevent, eventually, records
from tests.walk.rig import Rig

TEAM = "T0SANDBOX"
MINE, YOURS = SubscriptionId("m1ne00"), SubscriptionId("yaurs0")
MINUTE, HOUR = 60_000, 3_600_000
SHORTLY = 5_000
"""Milliseconds: longer than a channel's pace."""
MORNING = round(datetime(2026, 11, 24, 7, tzinfo=UTC).timestamp() * 1000)
EVENING = MORNING - 10 * HOUR


@pytest.fixture
async def sandbox() -> AsyncIterator[Sandbox]:
    async with Sandbox(rates=Rates(enabled=False)) as made:
        yield made


@pytest.fixture
def channel(sandbox: Sandbox) -> SlackChannel:
    return SlackChannel(team=TEAM, channel=sandbox.channel_id("fraud-alerts"))


def subscription(place: Destination, identity: SubscriptionId = MINE, wanted: str = "", **style: Any) -> Subscription:
    return Subscription(
        id=identity, team=TEAM, owner="U1", filter=parse(wanted), destination=place, style=Style(**style)
    )


def held(one: Subscription, kind: Holding = Holding.PAUSED) -> Subscription:
    return replace(one, hold=Hold(kind=kind, at=0))


def shown(sandbox: Sandbox) -> list[list[str]]:
    """The event ids of each message."""
    entries = sandbox.workspace.ledger.page(after=0, limit=1_000, kind="post")["entries"]
    return [entry["metadata"]["event_payload"]["events"].split(",") for entry in entries if entry["metadata"]]


# -- by a clock in the test's hand ---------------------------------------------------------------------------------


class Told:
    """One person's preferences."""

    def __init__(self, person: Person) -> None:
        self.person = person

    async def get(self, team: str, user: str) -> Person:
        mine = (self.person.team, self.person.user) == (team, user)
        return self.person if mine else Person(team=team, user=user)

    async def put(self, person: Person) -> None:
        self.person = person


class Evening:
    """A service whose clock stands still until it is set."""

    def __init__(self, rig: Rig, redis: Redis, keys: Keys) -> None:
        self.rig = rig
        self._redis = redis
        self._keys = keys

    async def at(self, now: int) -> None:
        """Set the clock, and let it run on until nothing is due for a while."""
        outbox = self.rig.outbox
        outbox.now = now

        async def settled() -> bool:
            async with self._redis.pipeline(transaction=True) as pipe:
                pipe.zcard(self._keys.leased)
                pipe.zrange(self._keys.due, 0, 0, withscores=True)
                held, first = await pipe.execute()
            if held or not first or first[0][1] >= now + SHORTLY:
                return not held
            outbox.now = max(outbox.now or 0, int(first[0][1]))
            await self._redis.publish(self._keys.wake, "")
            return False

        await eventually(settled)


@pytest.fixture
async def evening(
    rig: Rig, redis: Redis, keys: Keys, sandbox: Sandbox, kafka: AIOKafkaProducer, metrics: Metrics
) -> AsyncIterator[Evening]:
    outbox = rig.outbox
    outbox.now = EVENING

    async def token_of(_: str) -> str:
        return sandbox.bot_token

    told = Told(Person(team=TEAM, user=sandbox.user_id("amara.nwosu"), quiet=read_quiet("21:00-07:00"), zone="UTC"))
    async with SlackOutlet(SlackWeb(sandbox.api_url), token_of) as slack:
        dispatch = Dispatch(
            outbox,
            {"slack": Service(outlet=slack, schedule=schedules.SLACK, pace=pacing.SLACK, fit=take)},
            KafkaDeadLetters(kafka, rig.dead),
            metrics,
            name="test",
            workers=8,
            age=24 * HOUR,
            clock=lambda: outbox.now or 0,
            dice=lambda: 0.5,
            gate=Gatekeeper(rig.subscriptions, persons=told),
        )
        stop = asyncio.Event()
        task = asyncio.create_task(dispatch.run(stop, drain=5))
        async with rig.ingesting():
            yield Evening(rig, redis, keys)
        stop.set()
        await task


async def test_a_digest_is_one_message_at_the_end_of_its_window(
    evening: Evening, sandbox: Sandbox, channel: SlackChannel
) -> None:
    await evening.rig.subscriptions.save(subscription(channel, digest=read_digest("hourly")))
    await evening.rig.publish(*map(cloudevent, range(3)))
    await evening.rig.waiting(3)
    await evening.at(EVENING + HOUR - MINUTE)
    assert shown(sandbox) == []
    await evening.at(EVENING + HOUR)
    assert shown(sandbox) == [["e0", "e1", "e2"]]
    await evening.rig.publish(cloudevent(3))
    await evening.rig.waiting(1)
    await evening.at(EVENING + 2 * HOUR)
    assert shown(sandbox)[1:] == [["e3"]]


async def test_a_digest_does_not_delay_what_others_of_the_channel_want_promptly(
    evening: Evening, sandbox: Sandbox, channel: SlackChannel
) -> None:
    """They come out of order: who asked for it to be held back gets it later."""
    await evening.rig.subscriptions.save(subscription(channel, digest=read_digest("hourly")))
    await evening.rig.subscriptions.save(subscription(channel, YOURS, "status:failed"))
    await evening.rig.publish(cloudevent(1), cloudevent(2, status="failed"), cloudevent(3))
    await evening.rig.read_to(3)
    await evening.at(EVENING + 1)
    assert shown(sandbox) == [["e2"]]
    await evening.at(EVENING + HOUR)
    assert shown(sandbox) == [["e2"], ["e1", "e3"]]


async def test_a_persons_quiet_hours_end_with_all_that_came_in_them(evening: Evening, sandbox: Sandbox) -> None:
    person = SlackPerson(team=TEAM, user=sandbox.user_id("amara.nwosu"))
    await evening.rig.subscriptions.save(subscription(person))
    await evening.rig.publish(*map(cloudevent, range(2)))
    await evening.rig.waiting(2)
    await evening.at(MORNING - MINUTE)
    assert shown(sandbox) == []
    assert await evening.rig.outbox.next_due() == MORNING
    await evening.at(MORNING)
    assert shown(sandbox) == [["e0", "e1"]]


async def test_what_waits_for_nobody_knows_how_long_expires_as_other_deliveries_do(
    evening: Evening, sandbox: Sandbox, channel: SlackChannel, kafka_address: str
) -> None:
    await evening.rig.subscriptions.save(held(subscription(channel), Holding.ORPHANED))
    await evening.rig.publish(cloudevent(1))
    await evening.rig.waiting(1)
    await evening.at(EVENING + 24 * HOUR - MINUTE)
    assert (await evening.rig.outbox.state()).deliveries == 1
    await evening.at(EVENING + 24 * HOUR + 1)
    assert (await evening.rig.outbox.state()).deliveries == 0
    (letter,) = await records(kafka_address, evening.rig.dead, 1)
    assert orjson.loads(letter.value)["reason"] == "expired: it waited longer than 24 h"
    assert shown(sandbox) == []


# -- with all that runs in production ------------------------------------------------------------------------------


@pytest.fixture
def settings(kafka_address: str, redis_url: str, topic: str, sandbox: Sandbox) -> Settings:
    return load(
        frozenset({Role.INGEST, Role.DISPATCH}),
        env_file=None,
        kafka=kafka_address,
        redis=redis_url,
        topic=topic,
        dead_topic=f"{topic}-dead",
        group=topic,
        namespace=uuid4().hex,
        secret="s" * 40,
        slack_bot_token=sandbox.bot_token,
        slack_app_token=sandbox.app_token,
        TIDINGS_SLACK_API_URL=sandbox.api_url,
        port=0,
        park_after=0.01,
        lease_seconds=4,
    )


@asynccontextmanager
async def serving(settings: Settings) -> AsyncIterator[None]:
    """One process with ingest and dispatch."""
    stop, ready = asyncio.Event(), asyncio.get_running_loop().create_future()
    roles = frozenset({Role.INGEST, Role.DISPATCH})
    task = asyncio.create_task(Process(settings, roles, on_ready=ready.set_result).serve(stop))
    await asyncio.wait([task, ready], return_when=asyncio.FIRST_COMPLETED, timeout=30)
    assert not task.done(), task.exception()
    try:
        yield
    finally:
        stop.set()
        await asyncio.wait_for(task, 30)


@pytest.fixture
async def kept(settings: Settings) -> AsyncIterator[Stores]:
    async with at_hand(settings) as stores:
        yield stores


async def publish(kafka: AIOKafkaProducer, settings: Settings, *values: bytes) -> None:
    for value in values:
        await kafka.send_and_wait(settings.topic, value, key=b"one", partition=0)


async def waiting(kept: Stores, count: int, *, parked: int | None = None) -> None:
    async def so_many() -> bool:
        state = await kept.outbox.state()
        return state.deliveries == count and not state.held and parked in (None, state.parked)

    await eventually(so_many)


async def test_what_waited_comes_in_order_when_its_subscription_is_resumed(
    settings: Settings, kept: Stores, kafka: AIOKafkaProducer, sandbox: Sandbox, channel: SlackChannel
) -> None:
    mine = subscription(channel)
    await kept.subscriptions.save(held(mine))
    await kept.subscriptions.save(subscription(channel, YOURS, "status:failed"))
    async with serving(settings):
        await publish(kafka, settings, *(cloudevent(n, status="failed" if n == 2 else "completed") for n in range(4)))
        await eventually(lambda: shown(sandbox) == [["e2"]])
        await waiting(kept, 3)
        await kept.subscriptions.save(mine)
        await kept.outbox.nudge(MINE, [destination_id(channel)])
        await eventually(lambda: len(shown(sandbox)) == 2)
        await publish(kafka, settings, cloudevent(4))
        await eventually(lambda: len(shown(sandbox)) == 3)
    assert shown(sandbox) == [["e2"], ["e0", "e1", "e3"], ["e4"]]


async def test_what_waited_for_a_subscription_that_is_ended_is_a_dead_letter(
    settings: Settings, kept: Stores, kafka: AIOKafkaProducer, sandbox: Sandbox, channel: SlackChannel
) -> None:
    await kept.subscriptions.save(held(subscription(channel)))
    async with serving(settings):
        await publish(kafka, settings, *map(cloudevent, range(12)))
        await waiting(kept, 12)
        await kept.subscriptions.remove(MINE)
        await kept.outbox.nudge(MINE, [destination_id(channel)])
        await waiting(kept, 0)
        letters = [orjson.loads(one.value) for one in await records(settings.kafka, settings.dead_topic, 12)]
    assert {one["reason"] for one in letters} == {"its subscription was ended"}
    assert len({one["delivery"] for one in letters}) == 12
    assert shown(sandbox) == []


async def test_a_session_is_one_thread_and_a_deleted_parent_is_replaced(
    settings: Settings, kept: Stores, kafka: AIOKafkaProducer, sandbox: Sandbox, channel: SlackChannel
) -> None:
    await kept.subscriptions.save(subscription(channel, thread=Threading.SESSION))

    def said(number: int, session: str) -> bytes:
        return cloudevent(number, session_id=session)

    async with serving(settings):
        await publish(kafka, settings, said(0, "a"), said(1, "a"), said(2, "b"), said(3, "a"))
        await eventually(lambda: sum(map(len, shown(sandbox))) == 4)
        place = sandbox.workspace.channel(channel.channel)
        first = messages(sandbox)[0]
        sandbox.workspace.erase(place, place.message(first["ts"]))
        for number in (4, 5):
            await publish(kafka, settings, said(number, "a"))
            await eventually(lambda number=number: sum(map(len, shown(sandbox))) == number + 1)
    said_where = [(entry["metadata"]["event_payload"]["events"], entry["thread_ts"]) for entry in messages(sandbox)]
    before, after = said_where[:-2], said_where[-2:]
    assert sorted(event for events, _ in before for event in events.split(",")) == ["e0", "e1", "e2", "e3"]
    assert [where for events, where in before if "e2" in events] == [None]
    assert {where for events, where in before[1:] if "e2" not in events} <= {first["ts"]}
    assert all(events == "e2" or "e2" not in events for events, _ in before), "two sessions are never merged"
    assert after == [("e4", None), ("e5", messages(sandbox)[-2]["ts"])]


def messages(sandbox: Sandbox) -> Sequence[dict[str, Any]]:
    entries = sandbox.workspace.ledger.page(after=0, limit=1_000, kind="post")["entries"]
    return [entry for entry in entries if entry["metadata"]]


async def test_held_lanes_survive_a_wipe_and_still_wait(
    settings: Settings, kept: Stores, kafka: AIOKafkaProducer, sandbox: Sandbox, channel: SlackChannel, redis: Redis
) -> None:
    mine = subscription(channel)
    await kept.subscriptions.save(held(mine))
    async with serving(settings):
        await publish(kafka, settings, *map(cloudevent, range(3)))
        await waiting(kept, 3, parked=3)
        await redis.delete(*await redis.keys(f"{kept.keys.prefix}*"))
        await publish(kafka, settings, cloudevent(3))

        async def rebuilt() -> bool:
            return (await RedisOutbox(redis, kept.keys, Limits()).state()).deliveries == 4

        await eventually(rebuilt)
        lane = f"{destination_id(channel)}#{MINE}"

        async def put_back() -> bool:
            due = await redis.zscore(kept.keys.due, lane)
            return due is not None and due > kept.clock() + 5 * MINUTE

        await eventually(put_back)
        assert shown(sandbox) == []
        fresh = RedisSubscriptions(redis, kept.keys)
        await fresh.save(mine)
        await RedisOutbox(redis, kept.keys, Limits()).nudge(MINE, [destination_id(channel)])
        await eventually(lambda: sum(map(len, shown(sandbox))) == 4, seconds=60)
    assert [event for events in shown(sandbox) for event in events] == ["e0", "e1", "e2", "e3"]
