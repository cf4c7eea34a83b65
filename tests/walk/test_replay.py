"""Replays from end to end: to a webhook that refused at first, and of the events of a stretch of time."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from ipaddress import IPv4Network

import orjson
import pytest
from aiohttp import web
from aiokafka import AIOKafkaProducer
from redis.asyncio import Redis
from standardwebhooks.webhooks import Webhook as Verifier
from structlog.testing import capture_logs

from bot.core.deadletter import Buried, Selection
from bot.core.delivery import delivery_id
from bot.core.destination import SlackChannel, Webhook, destination_id
from bot.core.errors import DestinationError, UnavailableError
from bot.core.event import Position, event_key
from bot.core.filters import parse
from bot.core.pacing import Pace
from bot.outlets.webhook import WebhookOutlet
from bot.ports.outbox import Enqueued
from bot.ports.outlet import Service
from bot.render.webhook import signing_secret
from bot.sandbox.server import Sandbox
from bot.settings import Settings, load
from bot.stores.deadletters import KafkaDeadLetters
from bot.stores.keys import Keys
from bot.wiring.stores import HOUR, now_ms
from consumers import replay as entering
from consumers.dead import mending
from consumers.dispatch import Dispatch
from consumers.history import History, Plan, opened
from consumers.keeper import at_hand
from consumers.replay import CHUNK
from tests.walk.parts import QUICK, cloudevent, event, eventually, subscription
from tests.walk.rig import Rig
from tests.walk.test_dead import Grave, silent

SECRET = "s" * 40
NOON = time.time_ns() // 1_000_000 - 3_600_000
"""An hour ago: a time long past would be taken by retention while a test reads."""
CHANNEL = SlackChannel(team="T1", channel="C1")
OTHER = SlackChannel(team="T1", channel="C024BE7LR")


@dataclass
class Endpoint:
    """A customer's receiver: answers as told, keeps what each request was signed and named with."""

    status: int = 500
    url: str = ""
    ids: list[str] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)

    async def take(self, request: web.Request) -> web.Response:
        body = await request.read()
        secret = signing_secret(SECRET, destination_id(Webhook(team="T1", url=self.url)))
        Verifier(secret).verify(body, dict(request.headers))
        self.ids.append(request.headers["webhook-id"])
        self.bodies.append(body)
        return web.Response(status=self.status)


@pytest.fixture
async def endpoint() -> AsyncIterator[Endpoint]:
    made = Endpoint()
    app = web.Application()
    app.router.add_post("/secret-path", made.take)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    made.url = f"http://127.0.0.1:{runner.addresses[0][1]}/secret-path"
    try:
        yield made
    finally:
        await runner.cleanup()


@pytest.fixture
def settings(kafka_address: str, redis_url: str, topic: str, keys: Keys) -> Settings:
    return load(
        frozenset(),
        env_file=None,
        kafka=kafka_address,
        redis=redis_url,
        topic=topic,
        dead_topic=f"{topic}-dead",
        group=topic,
        namespace=keys.namespace,
        secret=SECRET,
        webhook_allow="127.0.0.0/8",
        port=0,
        slack_bot_token="xoxb-1",
        drain_seconds=5,
    )


@asynccontextmanager
async def dispatching(rig: Rig, kafka: AIOKafkaProducer) -> AsyncIterator[None]:
    """Dispatch as it is, but for a schedule that gives up after three attempts, milliseconds apart."""
    async with WebhookOutlet(SECRET, allow=[IPv4Network("127.0.0.0/8")]) as outlet:
        hooks = Service(outlet=outlet, schedule=QUICK, pace=Pace(interval=0, turn=9), fit=lambda _: 1)
        dispatch = Dispatch(
            rig.outbox,
            {"webhook": hooks},
            KafkaDeadLetters(kafka, rig.dead),
            rig.metrics,
            name="test",
            workers=4,
            age=HOUR,
            clock=now_ms,
            dice=lambda: 0.5,
        )
        stop = asyncio.Event()
        task = asyncio.create_task(dispatch.run(stop, drain=5))
        try:
            yield
        finally:
            stop.set()
            await task


async def test_a_replayed_delivery_reaches_the_webhook_under_its_first_id(
    settings: Settings, rig: Rig, endpoint: Endpoint, kafka: AIOKafkaProducer
) -> None:
    await rig.subscriptions.save(subscription("s1", Webhook(team="T1", url=endpoint.url)))
    await rig.publish(cloudevent(1), partition=1)
    async with rig.ingesting(), dispatching(rig, kafka):
        await rig.read_to(1, partition=1)
        await rig.waiting(0)
        assert len(endpoint.ids) == 3
        endpoint.status = 204
        async with mending(settings, silent) as (letters, mend):
            (letter,) = [one async for one in letters.those(Selection())]
            done = await mend.replay(Selection())
        await rig.waiting(0)
    assert isinstance(letter, Buried)
    assert letter.position == Position(topic=rig.topic, partition=1, offset=0)
    assert [attempt.outcome for attempt in letter.attempts] == ["failed"] * 3
    assert done.deliveries == Enqueued(entered=1)
    assert endpoint.ids == [letter.delivery] * 4
    assert len(set(endpoint.bodies)) == 1
    async with mending(settings, silent) as (letters, _):
        assert len(letters) == 0


async def test_what_was_replayed_survives_a_redis_that_is_wiped(
    settings: Settings, rig: Rig, kafka: AIOKafkaProducer, redis: Redis, keys: Keys
) -> None:
    grave = Grave(rig, kafka)
    identity = await grave.bury(event(1), outcome="unknown")
    async with mending(settings, silent) as (_, mend):
        assert (await mend.replay(Selection())).deliveries == Enqueued(entered=1)
    await publish(kafka, settings.topic, cloudevent(2))
    async with history(settings, to="C024BE7LR") as made:
        await replay(made)
    await redis.delete(*[key async for key in redis.scan_iter(f"{keys.prefix}*")])
    async with at_hand(settings) as kept:
        lanes = (await kept.outbox.lease("t", lanes=9, kinds=("slack", "webhook"))).lanes
        waiting = {delivery.id: delivery for leased in lanes for delivery, _ in leased.deliveries}
        assert set(waiting) == {identity, delivery_id(event_key("/test", "e2"), destination_id(OTHER))}
        assert waiting[identity].doubt == 500
        assert await kept.outbox.position(identity) == Position(topic=rig.dead, partition=0, offset=0)


async def test_more_than_the_outbox_takes_at_once_enters_as_it_empties(
    settings: Settings, rig: Rig, kafka: AIOKafkaProducer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(entering, "FULL_SECONDS", 0.02)
    count = 2 * CHUNK + 5
    await publish(kafka, settings.topic, *(cloudevent(number) for number in range(count)))
    small = settings.model_copy(update={"outbox_max": CHUNK})
    async with history(small, to="C024BE7LR") as made:
        with capture_logs() as logs:
            replaying = asyncio.create_task(replay(made))
            await rig.waiting(CHUNK)
            await eventually(lambda: any(entry["event"] == "replay_waits" for entry in logs))
            bodies: list[bytes] = []
            while len(bodies) < count:
                await rig.waiting(min(CHUNK, count - len(bodies)))
                bodies += await rig.drain()
        assert await replaying == Enqueued(entered=count)
    assert [orjson.loads(body)["id"] for body in bodies] == [f"e{number}" for number in range(count)]


@asynccontextmanager
async def history(
    settings: Settings, wanted: str = "", *, to: str | None = None, since: int = 0, until: int | None = None
) -> AsyncIterator[History]:
    chosen = Selection(filter=parse(wanted), since=since, until=until)
    async with opened(settings, chosen, to=to, team="T1") as made:
        yield made


async def replay(made: History, *, again: bool = False) -> Enqueued:
    return await made.replay(again=again)


async def publish(kafka: AIOKafkaProducer, topic: str, *values: bytes, at: int = 0) -> None:
    for number, value in enumerate(values):
        await kafka.send_and_wait(topic, value, key=b"k", partition=number % 2, timestamp_ms=NOON + at + number)


async def test_the_events_of_a_stretch_go_to_one_place_once_and_in_order(
    settings: Settings, rig: Rig, kafka: AIOKafkaProducer
) -> None:
    await publish(kafka, settings.topic, *(cloudevent(number) for number in range(6)))
    async with history(settings, to="#C024BE7LR", since=NOON + 1, until=NOON + 5) as made:
        assert await made.plan() == Plan(records=4, events=4, deliveries=4)
        assert (await rig.outbox.state()).deliveries == 0
        assert await replay(made) == Enqueued(entered=4)
        assert await made.plan() == Plan(records=4, events=4, deliveries=4, waiting=4)
        assert await replay(made) == Enqueued(waiting=4)
    (leased,) = (await rig.outbox.lease("t", lanes=9, kinds=("slack", "webhook"))).lanes
    assert leased.destination == OTHER
    ids = [delivery.id for delivery, _ in leased.deliveries]
    assert ids == [delivery_id(event_key("/test", f"e{n}"), destination_id(OTHER)) for n in (1, 2, 3, 4)]


async def test_subscriptions_as_they_stand_now_route_the_events_that_match(
    settings: Settings, rig: Rig, kafka: AIOKafkaProducer
) -> None:
    await rig.subscriptions.save(subscription("s1", CHANNEL, "status:failed"))
    await rig.subscriptions.save(subscription("s2", OTHER))
    await publish(kafka, settings.topic, cloudevent(1, status="failed"), cloudevent(2), cloudevent(3), b"\xff")
    async with history(settings, "-inference:inf-3") as made:
        assert await made.plan() == Plan(records=4, unreadable=1, events=2, deliveries=3)
        assert await replay(made) == Enqueued(entered=3)
    assert len(await rig.drain()) == 3


async def test_what_was_delivered_is_left_out_unless_again(
    settings: Settings, rig: Rig, kafka: AIOKafkaProducer
) -> None:
    await rig.subscriptions.save(subscription("s1", CHANNEL))
    await publish(kafka, settings.topic, cloudevent(1))
    async with rig.ingesting():
        await rig.waiting(1)
    assert len(await rig.drain()) == 1
    await publish(kafka, settings.topic, cloudevent(2), at=10)
    async with history(settings) as made:
        plan = await made.plan()
        assert plan == Plan(records=2, events=2, deliveries=2, delivered=1)
        assert (plan.left(again=False), plan.left(again=True)) == (1, 2)
        assert await replay(made) == Enqueued(entered=1, delivered=1)
        assert len(await rig.drain()) == 1
        assert await replay(made, again=True) == Enqueued(entered=2)
        assert len(await rig.drain()) == 2


async def test_a_replay_holds_no_commit_of_ingests_back(settings: Settings, rig: Rig, kafka: AIOKafkaProducer) -> None:
    await publish(kafka, settings.topic, cloudevent(1))
    async with rig.ingesting() as ingest:
        await rig.read_to(1)
        async with history(settings, to="C024BE7LR") as made:
            assert await replay(made) == Enqueued(entered=1)
        await ingest.commit()
        assert await rig.committed() == 1


@pytest.mark.parametrize(("remembered", "forgotten"), [(0.001, True), (10_000_000, False)])
async def test_it_says_when_the_stretch_is_longer_than_the_memory(
    settings: Settings, kafka: AIOKafkaProducer, remembered: float, *, forgotten: bool
) -> None:
    await publish(kafka, settings.topic, cloudevent(1))
    longer = settings.model_copy(update={"remember_hours": remembered})
    async with history(longer, to="C024BE7LR", since=1) as made:
        assert made.forgotten is forgotten


@pytest.mark.parametrize(
    ("to", "why"),
    [
        ("https://10.0.0.1/hook", "This address may not be reached"),
        ("https://user:pw@example.com/", "must not hold a user name"),
        ("http://example.com/hook", "must begin with https"),
        ("#general", "#C024BE7LR"),
    ],
)
async def test_a_place_that_nothing_may_be_sent_to_is_refused_before_anything_is_read(
    settings: Settings, to: str, why: str
) -> None:
    with pytest.raises(DestinationError, match=why):
        async with history(settings, to=to):
            pass


async def test_the_workspace_is_that_of_the_bots_token(settings: Settings) -> None:
    async with Sandbox() as sandbox:
        mine = settings.model_copy(
            update={"slack_api_url": sandbox.api_url, "slack_bot_token": type(settings.secret)(sandbox.bot_token)}
        )
        async with opened(mine, Selection(since=0), to="#C024BE7LR", team=None) as made:
            assert made.size == 0
    with pytest.raises(UnavailableError, match="--team T024BE7LR"):
        async with opened(mine, Selection(since=0), to="#C024BE7LR", team=None):
            pass
