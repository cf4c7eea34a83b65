"""The whole walk in one process: a record in, messages out, and an orderly end."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from uuid import uuid4

import aiohttp
import pytest
from aiokafka import AIOKafkaProducer
from pydantic import SecretStr
from redis.asyncio import Redis
from structlog.testing import capture_logs

from bot.core.destination import Webhook, destination_id
from bot.render.webhook import signing_secret
from bot.sandbox.server import Sandbox
from bot.settings import Role, Settings, load
from bot.stores.keys import Keys
from bot.stores.subscriptions import RedisSubscriptions
from consumers.demo.receiver import receiver
from consumers.keyring import create, revoke
from consumers.member import Fetched, Member
from consumers.run import STOPS, Process
from consumers.watch import StuckError
from tests.walk.parts import cloudevent, eventually

SECRET = "s" * 40
TOKEN = "stream-token"
ALL = frozenset(Role)


@pytest.fixture
async def sandbox() -> AsyncIterator[Sandbox]:
    async with Sandbox() as made:
        yield made


@pytest.fixture
def settings(kafka_address: str, redis_url: str, topic: str, sandbox: Sandbox) -> Settings:
    return load(
        ALL,
        env_file=None,
        kafka=kafka_address,
        redis=redis_url,
        topic=topic,
        dead_topic=f"{topic}-dead",
        group=topic,
        namespace=uuid4().hex,
        secret=SECRET,
        slack_bot_token=sandbox.bot_token,
        slack_app_token=sandbox.app_token,
        TIDINGS_SLACK_API_URL=sandbox.api_url,
        stream_token=TOKEN,
        webhook_allow="127.0.0.0/8",
        port=0,
        drain_seconds=5,
    )


class Running:
    def __init__(self, url: str, session: aiohttp.ClientSession, stop: asyncio.Event) -> None:
        self.url = url
        self.session = session
        self.stop = stop

    async def get(self, path: str) -> tuple[int, Any]:
        async with self.session.get(f"{self.url}{path}") as answer:
            body = await answer.json() if "json" in answer.content_type else await answer.text()
            return answer.status, body


@asynccontextmanager
async def running(settings: Settings, roles: frozenset[Role] = ALL) -> AsyncIterator[Running]:
    stop, ready = asyncio.Event(), asyncio.get_running_loop().create_future()
    task = asyncio.create_task(Process(settings, roles, on_ready=ready.set_result).serve(stop))
    await asyncio.wait([task, ready], return_when=asyncio.FIRST_COMPLETED, timeout=30)
    assert not task.done(), task.exception()
    async with aiohttp.ClientSession() as session:
        made = Running(ready.result(), session, stop)
        try:
            yield made
        finally:
            stop.set()
            await asyncio.wait_for(task, 30)


async def ready(made: Running) -> bool:
    status, _ = await made.get("/readyz")
    return status == 200


def posts(sandbox: Sandbox) -> list[dict[str, Any]]:
    page = sandbox.workspace.ledger.page(after=0, limit=1000, kind="post")
    return [entry for entry in page["entries"] if entry["bot_id"]]


def event_ids(sandbox: Sandbox) -> list[str]:
    return [
        event
        for entry in posts(sandbox)
        if entry["metadata"]
        for event in entry["metadata"]["event_payload"]["events"].split(",")
    ]


async def test_an_event_walks_from_kafka_to_slack_a_webhook_and_a_browser(
    settings: Settings, sandbox: Sandbox, kafka: AIOKafkaProducer, redis: Redis
) -> None:
    got: list[str] = []
    async with receiver(lambda event, _: got.append(event)) as hook, running(settings) as made:
        hook.secret = signing_secret(SECRET, destination_id(Webhook(team="T0SANDBOX", url=hook.url)))
        await eventually(lambda: ready(made))
        user, channel = sandbox.user_id("tomas.okafor"), sandbox.channel_id("fraud-alerts")
        for text in ("subscribe status:failed", f"subscribe to {hook.url}"):
            said = {"user": user, "channel": channel, "command": "/tidings", "text": text}
            async with made.session.post(f"{sandbox.url}/client/command", json=said) as answer:
                assert (await answer.json())["ok"]
        subscriptions = RedisSubscriptions(redis, Keys(settings.namespace))

        async def two() -> bool:
            return len((await subscriptions.snapshot())[1]) == 2

        await eventually(two)
        headers = {"Authorization": f"Bearer {TOKEN}"}
        async with made.session.ws_connect(f"{made.url}/ws?filter=status:failed", headers=headers) as socket:
            hello = await asyncio.wait_for(socket.receive_json(), 10)
            assert "cursor" in hello
            await kafka.send_and_wait(settings.topic, cloudevent(1), key=b"a")
            await kafka.send_and_wait(settings.topic, cloudevent(2, status="failed", title="It broke"), key=b"a")
            frame = await asyncio.wait_for(socket.receive_json(), 10)
            assert frame["event"]["id"] == "e2"
        await eventually(lambda: event_ids(sandbox) == ["e2"])
        await eventually(lambda: sorted(got) == ["e1", "e2"])
        (message,) = (entry for entry in posts(sandbox) if entry["metadata"])
        assert message["channel"] == channel
        assert "It broke" in str(message["blocks"])
        assert hook.refused == 0

        async def counted() -> bool:
            _, metrics = await made.get("/metrics")
            return 'tidings_deliveries_settled_total{outlet="webhook",step="done"} 2.0' in metrics

        await eventually(counted)


async def test_stopping_goes_in_its_numbered_order(settings: Settings, sandbox: Sandbox) -> None:
    assert sandbox.url
    with capture_logs() as logs:
        async with running(settings) as made:
            await eventually(lambda: ready(made))
    stages = [(entry["step"], entry["what"]) for entry in logs if entry["event"] == "stopping"]
    assert stages == list(enumerate(STOPS, start=1))
    names = [entry["event"] for entry in logs]
    assert "loop_died" not in names


async def test_stopping_under_load_settles_what_was_sent_and_the_next_process_goes_on(
    settings: Settings, sandbox: Sandbox, kafka: AIOKafkaProducer, redis: Redis
) -> None:
    assert sandbox.url
    got: list[str] = []
    async with receiver(lambda event, _: got.append(event)) as hook:
        place = Webhook(team="T0SANDBOX", url=hook.url)
        hook.secret = signing_secret(SECRET, destination_id(place))
        from tests.walk.parts import subscription

        await RedisSubscriptions(redis, Keys(settings.namespace)).save(subscription("abc123", place))
        sends = [await kafka.send(settings.topic, cloudevent(number), key=b"%d" % number) for number in range(300)]
        await asyncio.gather(*sends)
        async with running(settings):
            await eventually(lambda: len(got) > 20)
        first = len(got)
        async with running(settings):
            await eventually(lambda: len(got) >= 300)
    assert 20 < first < 300
    assert sorted(got) == sorted(f"e{number}" for number in range(300))


@pytest.mark.parametrize("role", [Role.INGEST, Role.DISPATCH, Role.WEB])
async def test_a_role_runs_alone_and_serves_its_health(settings: Settings, role: Role) -> None:
    async with running(settings, frozenset({role})) as made:
        await eventually(lambda: ready(made))
        status, body = await made.get("/healthz")
        assert (status, body["ok"]) == (200, True)


async def test_redis_away_later_makes_the_process_not_ready_and_kills_nothing(
    settings: Settings, redis: Redis, kafka: AIOKafkaProducer
) -> None:
    roles = frozenset({Role.INGEST, Role.DISPATCH})
    async with running(settings, roles) as made:
        await eventually(lambda: ready(made))
        await redis.config_set("maxmemory", "1")
        try:
            await kafka.send_and_wait(settings.topic, cloudevent(1), key=b"a")

            async def says_so() -> bool:
                status, body = await made.get("/readyz")
                return status == 503 and "Redis" in str(body)

            await eventually(says_so)
        finally:
            await redis.config_set("maxmemory", "0")
        await eventually(lambda: ready(made))


async def test_topics_are_made_and_looked_at_before_anything_is_read(settings: Settings) -> None:
    settings = settings.model_copy(update={"dead_topic": f"{settings.topic}-new", "topic": f"{settings.topic}-missing"})
    with capture_logs() as logs:
        async with running(settings, frozenset({Role.INGEST})):
            pass
    told = [(one["log_level"], one["what"]) for one in logs if one["event"] == "topic_check"]
    assert ("info", f"{settings.dead_topic} did not exist and was made") in told
    assert ("warning", f"{settings.topic} does not exist, or may not be seen: ingest waits for it") in told


async def test_a_recreated_topic_makes_the_process_not_ready_where_a_person_is_to_decide(
    settings: Settings, redis: Redis
) -> None:
    await redis.hset(Keys(settings.namespace).watermarks, f"{settings.topic}/0", "7")
    roles = frozenset({Role.INGEST})
    async with running(settings.model_copy(update={"on_topic_reset": "halt"}), roles) as made:

        async def says_so() -> bool:
            status, body = await made.get("/readyz")
            return status == 503 and "TIDINGS_ON_TOPIC_RESET=earliest" in str(body)

        await eventually(says_so)
    async with running(settings, roles) as made:
        await eventually(lambda: ready(made))


async def test_a_stuck_consumer_is_replaced_by_a_new_one_that_reads_on(
    settings: Settings, redis: Redis, kafka: AIOKafkaProducer, monkeypatch: pytest.MonkeyPatch
) -> None:
    taken: list[Member] = []
    following = Member.next

    async def stuck_once(member: Member) -> Fetched | None:
        if member not in taken:
            taken.append(member)
        if len(taken) == 1:
            raise StuckError("nothing was read")
        return await following(member)

    monkeypatch.setattr(Member, "next", stuck_once)
    await kafka.send_and_wait(settings.topic, cloudevent(1), key=b"a", partition=0)
    with capture_logs() as logs:
        async with running(settings, frozenset({Role.INGEST})):
            watermarks = Keys(settings.namespace).watermarks

            async def read() -> bool:
                return bool(await redis.hget(watermarks, f"{settings.topic}/0") == b"1")

            await eventually(read)
    assert len(taken) == 2
    assert [one["why"] for one in logs if one["event"] == "consumer_replaced"] == ["nothing was read"]


async def test_a_machine_subscribes_over_http_and_slack_gets_it(
    settings: Settings, sandbox: Sandbox, kafka: AIOKafkaProducer
) -> None:
    user, channel = sandbox.user_id("tomas.okafor"), sandbox.channel_id("fraud-alerts")
    async with running(settings) as made:
        key, text = await create(settings, name="walk", owner=user, scope="write", expires="2h", team=None)
        api, headers = f"{made.url}/api/v1/subscriptions", {"Authorization": f"Bearer {text}"}
        body = {"filter": "status:completed", "destination": {"kind": "channel", "channel": channel}}
        async with made.session.post(api, json=body, headers=headers) as answer:
            assert answer.status == 201, await answer.text()
        await kafka.send_and_wait(settings.topic, cloudevent(1), key=b"a")
        await eventually(lambda: event_ids(sandbox) == ["e1"])
        assert await revoke(settings, key.id)
        async with made.session.get(api, headers=headers) as answer:
            assert answer.status == 401


async def test_without_a_slack_to_ask_the_rest_api_is_closed_and_says_so(settings: Settings) -> None:
    settings = settings.model_copy(update={"slack_bot_token": SecretStr("")})
    with capture_logs() as logs:
        async with running(settings, frozenset({Role.WEB})) as made:
            status, _ = await made.get("/api/v1/status")
    assert status == 404
    assert [one["why"] for one in logs if one["event"] == "api_closed"]
