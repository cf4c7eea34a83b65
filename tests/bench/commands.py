"""How soon a command is acknowledged, with 10,000 subscriptions and a load, beside an app that only acknowledges."""

import asyncio
import os
import statistics
import sys
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Protocol

import aiohttp
import orjson
import uvloop
import yaml
from aiohttp import web
from aiokafka import AIOKafkaProducer
from redis.asyncio import Redis
from slack_bolt.adapter.socket_mode.aiohttp import AsyncSocketModeHandler
from slack_bolt.async_app import AsyncApp
from slack_bolt.authorization import AuthorizeResult
from slack_bolt.context.ack.async_ack import AsyncAck

from bot.core.destination import SlackChannel
from bot.core.filters import parse
from bot.core.subscription import Subscription, subscription_id
from bot.sandbox.delivery import ACK_SECONDS, Ack, Acked, Envelope, Retry
from bot.sandbox.limits import Rates
from bot.sandbox.server import Sandbox
from bot.sandbox.signed_http import SignedHttp
from bot.slack.endpoint import PATH
from bot.slack.manifest import manifest
from bot.stores.keys import Keys
from bot.stores.subscriptions import RedisSubscriptions
from consumers.embedded.program import Program
from consumers.embedded.servers import child, embedded_kafka, embedded_redis

LOST = 10 * ACK_SECONDS
"""What a command that was not acknowledged counts as: no mean of the others hides it."""
WRITERS, ASKERS, READY_SECONDS = 32, 2, 60.0
TEXTS = ("subscribe model:bench-{number} to me", "list", "help", "subscribe status:faled", "list")


class Way(Protocol):
    """A way to an app: Socket Mode, or signed HTTP."""

    async def send(self, envelope: Envelope, *, retry: Retry | None, timeout: float) -> Ack: ...  # noqa: ASYNC109 (Slack's)


def run(subscriptions: int = 10_000, commands: int = 600, rate: float = 50) -> dict[str, Any]:
    """Milliseconds from a command to its acknowledgement, by both ways, while `rate` events a second are delivered.

    Commands to the service, in a process of its own with all its roles, take turns with the same commands to a Bolt app
    in another process that does nothing but acknowledge, the floor; so both meet the machine as busy as it is.
    """
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(_measure(subscriptions, commands, rate))


async def _measure(subscriptions: int, commands: int, rate: float) -> dict[str, Any]:
    found: dict[str, Any] = {"subscriptions": subscriptions, "commands": commands, "events_per_second": rate}
    async with AsyncExitStack() as open_:
        folder = Path(open_.enter_context(TemporaryDirectory(prefix="tidings-bench-")))
        kafka = await open_.enter_async_context(embedded_kafka(default_partitions=4))
        redis = await open_.enter_async_context(embedded_redis())
        made = await open_.enter_async_context(_sandbox())
        await _seed(redis, made, subscriptions)
        found |= await _over_socket(folder, kafka, redis, made, commands, rate)
        found |= await _over_http(folder, kafka, redis, made, commands, rate)
    return found


@asynccontextmanager
async def _sandbox() -> AsyncIterator[Sandbox]:
    described = yaml.safe_load(manifest(socket_mode=True))
    async with Sandbox(manifest=described, rates=Rates(enabled=False)) as made:
        yield made


async def _seed(url: str, made: Sandbox, subscriptions: int) -> None:
    """Everyone's subscriptions: each to a model of its own, in the sandbox's channels and in many that nobody reads."""
    team = made.workspace.team_id
    rooms = [channel.id for channel in made.workspace.channels.values() if channel.kind == "channel"]
    rooms += [f"C0BENCH{number:04}" for number in range(1_000 - len(rooms))]
    async with Redis.from_url(url) as redis:
        store, numbers = RedisSubscriptions(redis, Keys()), iter(range(subscriptions))

        async def write() -> None:
            for number in numbers:
                place = SlackChannel(team=team, channel=rooms[number % len(rooms)])
                one = Subscription(
                    id=subscription_id(number),
                    team=team,
                    owner=f"U0BENCH{number % 500:04}",
                    filter=parse(f"model:model-{number}"),
                    destination=place,
                )
                await store.save(one)

        await asyncio.gather(*(write() for _ in range(WRITERS)))
        await redis.delete(Keys().subscriptions_unwritten)  # else the service first writes them all to Kafka


async def _over_socket(
    folder: Path, kafka: str, redis: str, made: Sandbox, commands: int, rate: float
) -> dict[str, Any]:
    async with AsyncExitStack() as open_:
        floors = await open_.enter_async_context(_sandbox())
        await open_.enter_async_context(
            child("tests.bench.commands", ["socket", floors.api_url, floors.app_token], log=folder / "floor")
        )
        settings = {"TIDINGS_SLACK_APP_TOKEN": made.app_token}
        await open_.enter_async_context(_service(folder, kafka, redis, made, settings))
        while not (made.socket_mode.connected and floors.socket_mode.connected):  # noqa: ASYNC110 (no event tells)
            await asyncio.sleep(0.05)
        return await _compare("socket", made, made.socket_mode, floors.socket_mode, kafka, commands, rate)


async def _over_http(folder: Path, kafka: str, redis: str, made: Sandbox, commands: int, rate: float) -> dict[str, Any]:
    async with AsyncExitStack() as open_:
        secret = made.app.signing_secret
        floor_url = await open_.enter_async_context(
            child("tests.bench.commands", ["http", made.api_url, secret], log=folder / "floor")
        )
        settings = {"TIDINGS_SLACK_SIGNING_SECRET": secret}
        url = await open_.enter_async_context(_service(folder, kafka, redis, made, settings))
        ours, floor = (
            SignedHttp(f"{each}{PATH}", secret=secret, clock=made.backend.clock) for each in (url, floor_url)
        )
        open_.push_async_callback(ours.close)
        open_.push_async_callback(floor.close)
        return await _compare("http", made, ours, floor, kafka, commands, rate)


@asynccontextmanager
async def _service(
    folder: Path, kafka: str, redis: str, made: Sandbox, settings: Mapping[str, str]
) -> AsyncIterator[str]:
    """All roles in a process; gives its URL once it is ready."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("TIDINGS_", "SLACK_"))}
    environment = {
        **inherited,
        **settings,
        "TIDINGS_KAFKA": kafka,
        "TIDINGS_REDIS": redis,
        "TIDINGS_SECRET": "s" * 40,
        "TIDINGS_SLACK_BOT_TOKEN": made.bot_token,
        "TIDINGS_SLACK_API_URL": made.api_url,
        "TIDINGS_PORT": "0",
        "TIDINGS_DRAIN_SECONDS": "2",
    }
    command = [sys.executable, "-m", "consumers", "run", "--env-file", os.devnull]
    async with Program("service", command, log=folder / "service", environment=environment) as program:
        line = await program.says("tidings is ready", seconds=READY_SECONDS)
        url = line.rpartition(" ")[2]
        async with aiohttp.ClientSession() as session, asyncio.timeout(READY_SECONDS):
            while True:
                async with session.get(f"{url}/readyz") as answer:
                    if answer.status == web.HTTPOk.status_code:
                        break
                await asyncio.sleep(0.05)
        yield url


async def _compare(
    name: str, made: Sandbox, ours: Way, floor: Way, kafka: str, commands: int, rate: float
) -> dict[str, Any]:
    numbers = iter(range(commands))
    times: dict[str, list[float]] = {"": [], "floor_": []}

    async def ask() -> None:
        for number in numbers:
            for which, way in (("", ours), ("floor_", floor)):
                times[which].append(await _acknowledged(way, _command(made, number)))

    load = asyncio.create_task(_publish(kafka, rate), name="load")
    before = made.workspace.ledger.last_seq
    began = time.perf_counter()
    await asyncio.gather(*(ask() for _ in range(ASKERS)))
    seconds = time.perf_counter() - began
    load.cancel()
    with suppress(asyncio.CancelledError):
        await load
    found = {f"{name}_commands_per_second": round(commands / seconds, 1)}
    found[f"{name}_messages_in_slack_per_second"] = round((made.workspace.ledger.last_seq - before) / seconds, 1)
    for which, each in times.items():
        found[f"{name}_{which}unacknowledged"] = each.count(LOST)
        cuts = statistics.quantiles(each, n=100)
        found |= {f"{name}_{which}p{cut}_ms": round(cuts[cut - 1] * 1000, 1) for cut in (50, 95, 99)}
    return found


async def _acknowledged(way: Way, envelope: Envelope) -> float:
    began = time.perf_counter()
    ack = await way.send(envelope, retry=None, timeout=ACK_SECONDS)
    return time.perf_counter() - began if isinstance(ack, Acked) else LOST


def _command(made: Sandbox, number: int) -> Envelope:
    """A slash command as Slack sends it, typed by one person after another."""
    back, users = made.backend, [user.id for user in made.workspace.people.values() if not user.is_bot]
    user, channel = users[number % len(users)], made.channel_id("general")
    secret = back.response_urls.issue(user=user, channel=channel, now=back.clock())
    payload = {
        "team_id": made.workspace.team_id,
        "channel_id": channel,
        "channel_name": "general",
        "user_id": user,
        "command": "/tidings",
        "text": TEXTS[number % len(TEXTS)].format(number=number),
        "response_url": back.response_url("commands", secret),
        "trigger_id": back.triggers.issue(user, back.clock()),
    }
    return Envelope(kind="slash_commands", payload=payload, expects_answer=True)


async def _publish(kafka: str, rate: float) -> None:
    """Events of the first models, to the channels that the sandbox has and a few that are not there."""
    producer = AIOKafkaProducer(bootstrap_servers=kafka)
    await producer.start()
    try:
        number, began = 0, time.monotonic()
        while True:
            number += 1
            event = {
                "specversion": "1.0",
                "id": f"{began}-{number}",
                "source": "/bench",
                "type": "ai.inference.completed",
                "subject": f"inf-{began}-{number}",
                "data": {"status": "completed", "model": {"name": f"model-{number % 5}"}, "title": "Score 0.93: hold"},
            }
            await producer.send("inference.events", orjson.dumps(event), key=b"%d" % (number % 50))
            await asyncio.sleep(max(0.0, began + number / rate - time.monotonic()))
    finally:
        await producer.stop()


async def _only_acknowledge(way: str, url: str, secret: str) -> None:
    """The floor: Bolt as it comes, with one listener that acknowledges."""

    async def authorize(**_: Any) -> AuthorizeResult:
        return AuthorizeResult(enterprise_id=None, team_id="T", bot_token="xoxb-1", bot_user_id="U")

    app = AsyncApp(signing_secret=secret, authorize=authorize, process_before_response=True)
    app.client.base_url = url

    @app.command("/tidings")
    async def command(ack: AsyncAck) -> None:
        await ack()

    if way == "socket":
        await AsyncSocketModeHandler(app, secret).connect_async()
        address = "connected"
    else:
        runner = web.AppRunner(app.server(path=PATH).web_app)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        address = f"http://127.0.0.1:{runner.addresses[0][1]}"
    sys.stdout.write(f"{address}\n")
    sys.stdout.flush()
    await asyncio.Event().wait()


if __name__ == "__main__":
    uvloop.run(_only_acknowledge(*sys.argv[1:]))
