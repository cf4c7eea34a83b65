"""A whole process that many workspaces may install: not installed, installed, removed, installed anew, and wiped."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import parse_qs, urlsplit
from uuid import uuid4

import aiohttp
import pytest
import yaml
from aiokafka import AIOKafkaProducer
from cryptography.fernet import Fernet
from redis.asyncio import Redis
from structlog.testing import capture_logs

from bot.core.destination import SlackChannel
from bot.core.errors import UnavailableError
from bot.ports.installation import Installation
from bot.sandbox.server import Sandbox
from bot.settings import Role, Settings, load
from bot.slack.manifest import manifest
from bot.stores.installations import InstallationStore
from bot.stores.journal import KafkaJournal
from bot.stores.keys import Keys
from bot.stores.outbox import Limits, RedisOutbox
from bot.stores.subscriptions import RedisSubscriptions
from bot.stores.vault import Vault
from bot.wiring.installing import team_of
from consumers.keeper import at_hand
from consumers.run import Process
from tests.walk.parts import cloudevent, eventually, subscription

PUBLIC = "https://tidings.example.com"
ROLES = frozenset({Role.INGEST, Role.DISPATCH, Role.SLACK})
TEAM = "T0SANDBOX"


@pytest.fixture
async def sandbox() -> AsyncIterator[Sandbox]:
    described = yaml.safe_load(manifest(socket_mode=True, base_url=PUBLIC, many=True))
    async with Sandbox(manifest=described) as made:
        yield made


@pytest.fixture
def settings(kafka_address: str, redis_url: str, topic: str, sandbox: Sandbox) -> Settings:
    return load(
        ROLES,
        env_file=None,
        kafka=kafka_address,
        redis=redis_url,
        topic=topic,
        dead_topic=f"{topic}-dead",
        registry_topic=f"{topic}-registry",
        group=topic,
        namespace=uuid4().hex,
        secret="s" * 40,
        slack_client_id=sandbox.app.client_id,
        slack_client_secret=sandbox.app.client_secret,
        slack_teams=TEAM,
        public_url=PUBLIC,
        encryption_keys=Fernet.generate_key().decode(),
        slack_app_token=sandbox.app_token,
        TIDINGS_SLACK_API_URL=sandbox.api_url,
        port=0,
        drain_seconds=5,
        lease_seconds=4,
    )


@asynccontextmanager
async def running(settings: Settings) -> AsyncIterator[str]:
    stop, ready = asyncio.Event(), asyncio.get_running_loop().create_future()
    task = asyncio.create_task(Process(settings, ROLES, on_ready=ready.set_result).serve(stop))
    await asyncio.wait([task, ready], return_when=asyncio.FIRST_COMPLETED, timeout=30)
    assert not task.done(), task.exception()
    try:
        yield ready.result()
    finally:
        stop.set()
        await asyncio.wait_for(task, 30)


async def install(url: str, sandbox: Sandbox) -> str:
    """As a browser does, but for the address: the token that was given."""
    async with aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as session:
        async with session.get(f"{url}/slack/install?now=1", allow_redirects=False) as answer:
            cookie = answer.headers["Set-Cookie"].partition(";")[0]
            consent = answer.headers["Location"]
        form = {name: values[0] for name, values in parse_qs(urlsplit(consent).query).items()}
        where = consent.partition("?")[0]
        async with session.post(where, data={**form, "decision": "allow"}, allow_redirects=False) as answer:
            back = answer.headers["Location"]
        assert back.startswith(f"{PUBLIC}/slack/oauth_redirect?")
        async with session.get(back.replace(PUBLIC, url), headers={"Cookie": cookie}) as answer:
            assert answer.status == 200, await answer.text()
    return list(sandbox.backend.grants._grants)[-1]


def shown(sandbox: Sandbox) -> list[str]:
    page = sandbox.workspace.ledger.page(after=0, limit=1000, kind="post")
    return [
        event
        for entry in page["entries"]
        if entry["metadata"]
        for event in entry["metadata"]["event_payload"]["events"].split(",")
    ]


async def everything_in(redis: Redis) -> bytes:
    """The text of every value."""
    found: list[Any] = []
    read: dict[Any, Any] = {
        b"string": redis.get,
        b"hash": redis.hgetall,
        b"set": redis.smembers,
        b"list": lambda key: redis.lrange(key, 0, -1),
        b"zset": lambda key: redis.zrange(key, 0, -1),
        b"stream": redis.xrange,
    }
    async for key in redis.scan_iter():
        found += [key, await read[await redis.type(key)](key)]
    return repr(found).encode()


async def test_a_process_with_the_wrong_key_starts_and_says_which_setting(settings: Settings) -> None:
    async with at_hand(settings) as kept:
        another = InstallationStore(kept.registry, Vault([Fernet.generate_key().decode()]))
        await another.save(Installation(team=TEAM, enterprise=None, bot="B", bot_user="U", token="xoxb-1"))
    with capture_logs() as logs:
        async with running(settings):
            pass
    (told,) = [one for one in logs if one["event"] == "slack_installations_unreadable"]
    assert "TIDINGS_ENCRYPTION_KEYS" in told["why"]
    with pytest.raises(UnavailableError, match="many workspaces"):
        await team_of(settings)


async def test_many_install_remove_and_install_again_and_nothing_is_lost(
    settings: Settings, sandbox: Sandbox, kafka: AIOKafkaProducer, redis: Redis
) -> None:
    keys = Keys(settings.namespace)
    outbox = RedisOutbox(redis, keys, Limits())
    place = SlackChannel(team=TEAM, channel=sandbox.channel_id("fraud-alerts"))
    async with at_hand(settings) as kept:
        await kept.subscriptions.save(subscription("sub1xx", place))

    async def halted() -> bool:
        return f"slack/{TEAM}" in await outbox.paused()

    async with running(settings) as url:

        async def ready() -> bool:
            async with aiohttp.ClientSession() as session, session.get(f"{url}/readyz") as answer:
                return answer.status == 200

        await eventually(ready)
        await kafka.send_and_wait(settings.topic, cloudevent(1), key=b"one")
        await eventually(halted)
        assert shown(sandbox) == []

        token = await install(url, sandbox)
        await eventually(lambda: shown(sandbox) == ["e1"])

        found = await everything_in(redis)
        assert b"sub1xx" in found
        records = KafkaJournal(kafka, settings.kafka, settings.registry_topic, namespace=settings.namespace)
        journal = b"".join([entry.value or b"" async for entry in records.entries()])
        assert journal
        for secret in (token, "xoxe-1-", "xoxb", settings.slack_client_secret.get_secret_value()):
            assert secret.encode() not in found
            assert secret.encode() not in journal

        async with aiohttp.ClientSession() as session:
            app = {"client_id": sandbox.app.client_id, "client_secret": sandbox.app.client_secret, "token": token}
            async with session.post(f"{sandbox.api_url}apps.uninstall", data=app) as answer:
                assert (await answer.json())["ok"]
        await kafka.send_and_wait(settings.topic, cloudevent(2), key=b"one")
        await eventually(halted)
        assert len((await RedisSubscriptions(redis, keys).snapshot())[1]) == 1

        await install(url, sandbox)
        await eventually(lambda: shown(sandbox) == ["e1", "e2"])

        await redis.delete(*[key async for key in redis.scan_iter(f"{keys.prefix}*")])
        await kafka.send_and_wait(settings.topic, cloudevent(3), key=b"one")
        await eventually(lambda: shown(sandbox) == ["e1", "e2", "e3"], seconds=40)
