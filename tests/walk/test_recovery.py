"""Redis restarted, cut and wiped under a running service: nothing is lost, and nothing is shown twice."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from uuid import uuid4

import pytest
from aiokafka import AIOKafkaProducer
from redis.asyncio import Redis
from structlog.testing import capture_logs

from bot.core.destination import Destination, SlackChannel, Webhook, destination_id
from bot.core.errors import UnavailableError
from bot.render.webhook import signing_secret
from bot.sandbox.server import Sandbox
from bot.settings import Role, Settings, load
from bot.stores.journal import KafkaJournal
from bot.stores.keys import Keys
from bot.stores.outbox import Limits, RedisOutbox
from bot.stores.recovery import EVERYTHING, Front
from bot.stores.registry import Kind
from bot.telemetry import Metrics
from consumers.demo.receiver import Receiver, receiver
from consumers.keeper import Keeper, at_hand
from consumers.run import Process
from tests.walk.parts import cloudevent, eventually, subscription, told
from tests.walk.server import Server

SECRET = "s" * 40
ROLES = frozenset({Role.INGEST, Role.DISPATCH})


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[Server]:
    made = Server(tmp_path / "redis")
    await made.start()
    yield made
    await made.kill()


@pytest.fixture
async def sandbox() -> AsyncIterator[Sandbox]:
    async with Sandbox() as made:
        yield made


@pytest.fixture
def settings(kafka_address: str, server: Server, topic: str, sandbox: Sandbox) -> Settings:
    return load(
        ROLES,
        env_file=None,
        kafka=kafka_address,
        redis=server.url,
        topic=topic,
        dead_topic=f"{topic}-dead",
        registry_topic=f"{topic}-registry",
        group=topic,
        namespace=uuid4().hex,
        secret=SECRET,
        slack_bot_token=sandbox.bot_token,
        slack_app_token=sandbox.app_token,
        TIDINGS_SLACK_API_URL=sandbox.api_url,
        webhook_allow="127.0.0.0/8",
        port=0,
        drain_seconds=5,
        lease_seconds=4,
    )


class Scene:
    """A service at work, a webhook and a channel that see everything, and what they saw."""

    def __init__(self, settings: Settings, server: Server, sandbox: Sandbox, kafka: AIOKafkaProducer) -> None:
        self.settings = settings
        self.server = server
        self.sandbox = sandbox
        self.kafka = kafka
        self.channel = sandbox.channel_id("fraud-alerts")
        self.called: list[str] = []
        self.hook: Receiver
        self.published = 0

    @property
    def shown(self) -> list[str]:
        """Event ids in the channel, in order."""
        return told(self.sandbox.workspace.ledger.page(after=0, limit=100_000, kind="all")["entries"])

    async def publish(self, count: int) -> None:
        for _ in range(count):
            self.published += 1
            await self.kafka.send_and_wait(self.settings.topic, cloudevent(self.published, inference="one"), key=b"one")

    async def seen(self, count: int | None = None) -> None:
        """Wait until so many different events are at both places; all that were published without a number."""
        wanted = self.published if count is None else count
        await eventually(lambda: min(len(set(self.shown)), len(set(self.called))) >= wanted, seconds=40)

    @property
    def all_in_order(self) -> list[str]:
        return [f"e{number}" for number in range(1, self.published + 1)]

    @asynccontextmanager
    async def service(self) -> AsyncIterator[None]:
        """One process with ingest and dispatch."""
        stop, ready = asyncio.Event(), asyncio.get_running_loop().create_future()
        task = asyncio.create_task(Process(self.settings, ROLES, on_ready=ready.set_result).serve(stop))
        await asyncio.wait([task, ready], return_when=asyncio.FIRST_COMPLETED, timeout=30)
        assert not task.done(), task.exception()
        try:
            yield
        finally:
            stop.set()
            await asyncio.wait_for(task, 30)


@pytest.fixture
async def scene(settings: Settings, server: Server, sandbox: Sandbox, kafka: AIOKafkaProducer) -> AsyncIterator[Scene]:
    made = Scene(settings, server, sandbox, kafka)
    async with receiver(lambda event, _: made.called.append(event)) as made.hook:
        place = Webhook(team="T0SANDBOX", url=made.hook.url)
        made.hook.secret = signing_secret(SECRET, destination_id(place))
        places: list[Destination] = [SlackChannel(team="T0SANDBOX", channel=made.channel), place]
        async with at_hand(settings) as kept:
            for number, destination in enumerate(places):
                await kept.subscriptions.save(subscription(f"sub{number}xx", destination))
        yield made


async def test_a_wiped_redis_is_rebuilt_and_nothing_is_lost_or_shown_twice(scene: Scene) -> None:
    async with scene.service(), Redis.from_url(scene.server.url) as redis:
        await scene.publish(12)
        await scene.seen(3)
        with capture_logs() as logs:
            await redis.flushall()
            await scene.publish(12)
            await scene.seen()
        (ended,) = [entry for entry in logs if entry["event"] == "recovery_ended"]
        assert (ended["wiped"], ended["subscriptions"]) == (True, 2)
    assert scene.shown == scene.all_in_order
    assert list(dict.fromkeys(scene.called)) == scene.all_in_order


async def test_a_redis_that_lost_its_last_second_is_read_up_to_now_again(scene: Scene) -> None:
    async with scene.service():
        await scene.publish(5)
        await scene.seen()
        known = scene.server.written
        await scene.publish(15)
        await scene.seen(12)
        await scene.server.kill()
        scene.server.cut(known)
        with capture_logs() as logs:
            await scene.server.start()
            await scene.publish(5)
            await scene.seen()
        assert [entry["wiped"] for entry in logs if entry["event"] == "recovery_ended"] == [False]
    assert scene.shown == scene.all_in_order
    assert list(dict.fromkeys(scene.called)) == scene.all_in_order


async def test_a_redis_that_only_lost_the_settling_repeats_nothing_in_slack(scene: Scene) -> None:
    """The event is in the outbox, its sending is forgotten: the front of the lane starts in doubt."""
    scene.sandbox.fault("latency", method="chat.postMessage", seconds=0.4)
    async with scene.service(), Redis.from_url(scene.server.url) as redis:
        outbox = RedisOutbox(redis, Keys(scene.settings.namespace), Limits())
        await scene.publish(1)

        async def entered() -> bool:
            return await outbox.partitions.watermark(scene.settings.topic, 0) == 1 or (
                await outbox.partitions.watermark(scene.settings.topic, 1) == 1
            )

        await eventually(entered)
        known = scene.server.written
        await scene.seen()
        await scene.server.kill()
        scene.server.cut(known)
        await scene.server.start()
        await scene.publish(1)
        await scene.seen()
    assert scene.shown == ["e1", "e2"]


async def test_a_change_of_subscriptions_that_redis_forgot_is_in_the_journal(scene: Scene) -> None:
    async with at_hand(scene.settings) as kept:
        known = scene.server.written
        await kept.subscriptions.save(subscription("third0", SlackChannel(team="T1", channel="C1"), "status:failed"))
        await kept.subscriptions.remove(subscription("sub0xx", scene_place(scene)).id)
        _, before = await kept.subscriptions.snapshot()
    await scene.server.kill()
    scene.server.cut(known)
    await scene.server.start()
    async with at_hand(scene.settings) as kept:
        version, after = await kept.subscriptions.snapshot()
        assert {one.id for one in after} == {one.id for one in before} == {"sub1xx", "third0"}
        assert await kept.subscriptions.of_destination(destination_id(SlackChannel(team="T1", channel="C1")))
        await kept.subscriptions.remove(after[0].id)
        assert await kept.subscriptions.version() == version + 1
    await scene.server.kill()
    scene.server.wipe()
    await scene.server.start()
    async with at_hand(scene.settings) as kept:
        assert {one.id for one in (await kept.subscriptions.snapshot())[1]} == {one.id for one in after[1:]}


def scene_place(scene: Scene) -> SlackChannel:
    return SlackChannel(team="T0SANDBOX", channel=scene.channel)


async def test_what_waits_long_is_parked_and_survives_a_wipe_in_order(scene: Scene) -> None:
    """Kafka's committed offset passes parked deliveries; the journal gives them back."""
    scene.settings = scene.settings.model_copy(update={"park_after": 0.01})
    scene.hook.status = 503
    async with scene.service(), Redis.from_url(scene.server.url) as redis:
        outbox = RedisOutbox(redis, Keys(scene.settings.namespace), Limits())
        await scene.publish(6)

        async def parked() -> bool:
            return (await outbox.state()).parked == 6

        await eventually(parked)
        await eventually(lambda: len(scene.shown) == 6)
        await eventually(lambda: committed_past(scene))
    await scene.server.kill()
    scene.server.wipe()
    await scene.server.start()
    scene.hook.status = 204
    async with scene.service(), Redis.from_url(scene.server.url) as redis:
        await scene.seen()

        async def let_go() -> bool:
            return not await redis.exists(Keys(scene.settings.namespace).unparked)

        await eventually(let_go)
    assert scene.called == scene.all_in_order
    assert scene.shown == scene.all_in_order
    async with at_hand(scene.settings) as kept:
        assert [one async for one in kept.parked.living()] == []


async def test_what_is_registered_outlives_a_wiped_redis(scene: Scene) -> None:
    async with at_hand(scene.settings) as kept, Redis.from_url(scene.server.url) as redis:
        await kept.registry.put(Kind.PERSON, "T1/U1", b"old")
        await kept.registry.put(Kind.PERSON, "T1/U1", b"\x00\xff new")
        await kept.registry.put(Kind.KEY, "k1", b"key")
        await kept.registry.put(Kind.KEY, "k2", b"gone")
        await kept.registry.remove(Kind.KEY, "k2")
        await redis.flushall()
        with capture_logs() as logs:
            await kept.recovery.take_up()
        assert [one["registered"] for one in logs if one["event"] == "recovery_ended"] == [3]
        assert await kept.registry.all(Kind.PERSON) == {"T1/U1": b"\x00\xff new"}
        assert await kept.registry.all(Kind.KEY) == {"k1": b"key"}
        assert await redis.hgetall(Keys(scene.settings.namespace).registry_unwritten) == {}
        version = await kept.registry.version()
        await kept.registry.put(Kind.KEY, "k3", b"later")
        assert await kept.registry.version() == version + 1 > 6


async def test_a_change_of_the_registry_whose_writer_died_is_written_by_the_keeper(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with at_hand(scene.settings) as kept, Redis.from_url(scene.server.url) as redis:

        async def away(*_: object) -> None:
            raise UnavailableError("Kafka is away")

        with monkeypatch.context() as patched:
            patched.setattr(KafkaJournal, "write", away)
            with pytest.raises(UnavailableError):
                await kept.registry.put(Kind.KEY, "k1", b"kept")
        await Keeper(kept, Metrics()).start()
        await redis.flushall()
        await kept.recovery.take_up()
        assert await kept.registry.get(Kind.KEY, "k1") == b"kept"


async def committed_past(scene: Scene) -> bool:
    from aiokafka.admin import AIOKafkaAdminClient

    admin = AIOKafkaAdminClient(bootstrap_servers=scene.settings.kafka)
    await admin.start()
    try:
        offsets = await admin.list_consumer_group_offsets(scene.settings.group)
    finally:
        await admin.close()
    return sum(found.offset for found in offsets.values()) == scene.published


async def test_of_many_processes_one_recovers_and_all_go_by_its_epoch(scene: Scene) -> None:
    async with (
        at_hand(scene.settings) as one,
        at_hand(scene.settings) as two,
        Redis.from_url(scene.server.url) as redis,
    ):
        assert one.epoch.known == two.epoch.known
        await redis.flushall()
        with capture_logs() as logs:
            await asyncio.gather(one.recovery.take_up(), two.recovery.take_up())
        assert Counter(entry["event"] for entry in logs)["recovery_ended"] == 1
        assert one.epoch.known == two.epoch.known
        assert len((await two.subscriptions.snapshot())[1]) == 2


@pytest.mark.parametrize(("gap", "depth"), [(None, EVERYTHING), (0, 20), (1_050, 30), (10_500, 120), (-5, 20)])
def test_the_front_of_a_lane_is_as_deep_as_it_can_have_sent(gap: int | None, depth: int) -> None:
    assert Front(run=10, interval=1_050, sending=1).depth(gap) == depth
