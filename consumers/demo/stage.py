"""Sets the stage: everything that the demo needs, started together.

Broker, Valkey, sandbox and service are processes of their own, as they would be anywhere. The service is `tidings run`,
once for those who deliver and once for browsers, with settings from the environment. The event source, the webhook
receiver and the browser are this process.
"""

import asyncio
import os
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import aiohttp
from redis.asyncio import Redis

from bot.core.destination import Webhook, destination_id
from bot.render.webhook import signing_secret
from bot.sandbox.manifest import APP_TOKEN, BOT_TOKEN
from bot.sandbox.seed import TEAM_ID
from bot.slack.manifest import manifest
from bot.stores.keys import Keys
from bot.stores.subscriptions import RedisSubscriptions
from consumers.demo.audit import Audit, Place
from consumers.demo.company import wishes
from consumers.demo.receiver import Receiver, receiver
from consumers.demo.workspace import Workspace
from consumers.embedded.servers import child, embedded_kafka, embedded_redis

TOPIC = "inference.events"
PARTITIONS = 6
READY_SECONDS = 20.0
LOOK_SECONDS = 0.05

# Two processes for two cores; they meet in Kafka and Redis only.
DELIVERING = ("ingest", "dispatch", "slack")
STREAMING = ("broadcast", "web")


class StageError(Exception):
    """The demo can't go on; the text says what did not start, with its last words."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Play:
    """What to play. `seconds` None plays until interrupted; `replay` is a folder with a trace."""

    seconds: float | None
    replay: Path | None
    speed: float
    rate: float
    seed: int
    port: int
    as_json: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """Everything that runs. `service` is the URL of the service, `token` its stream token."""

    kafka: str
    service: str
    token: str
    workspace: Workspace
    receiver: Receiver
    session: aiohttp.ClientSession
    audit: Audit


@asynccontextmanager
async def stage(play: Play) -> AsyncIterator[Stage]:
    """Start everything and subscribe everyone; stop it all on the way out. Raises StageError and StartError."""
    async with AsyncExitStack() as open_:
        folder = Path(open_.enter_context(TemporaryDirectory(prefix="tidings-demo-")))
        (folder / "manifest.yml").write_text(manifest(socket_mode=True), encoding="utf-8")
        arguments = ["--port", str(play.port), "--manifest", str(folder / "manifest.yml")]
        kafka = await open_.enter_async_context(embedded_kafka(folder / "kafka", default_partitions=PARTITIONS))
        redis = await open_.enter_async_context(embedded_redis(folder / "redis"))
        sandbox = await open_.enter_async_context(child("bot.sandbox", arguments, log=folder / "sandbox.log"))
        audit = Audit([])
        hook = await open_.enter_async_context(receiver(lambda event, at: audit.see("hook", event, at)))
        secret, token = secrets.token_urlsafe(48), secrets.token_urlsafe(24)
        hook.secret = signing_secret(secret, destination_id(Webhook(team=TEAM_ID, url=hook.url)))
        environment = _environment(kafka=kafka, redis=redis, sandbox=sandbox, secret=secret, token=token)
        log = folder / f"{DELIVERING[0]}.log"
        ready, _ = await asyncio.gather(
            open_.enter_async_context(_service(STREAMING, folder, environment)),
            open_.enter_async_context(_service(DELIVERING, folder, environment)),
        )
        session = await open_.enter_async_context(aiohttp.ClientSession())
        workspace = Workspace(sandbox, session)
        await _until(workspace.learn, "the service did not connect to the sandbox", log)
        made = Stage(
            kafka=kafka,
            service=ready.rpartition(" ")[2],
            token=token,
            workspace=workspace,
            receiver=hook,
            session=session,
            audit=audit,
        )
        await _subscribe(made, redis, log)
        yield made


def _service(roles: tuple[str, ...], folder: Path, environment: Mapping[str, str]) -> AbstractAsyncContextManager[str]:
    """`tidings run` with these roles."""
    arguments = ["run", "--env-file", os.devnull, *(part for role in roles for part in ("--role", role))]
    return child("consumers", arguments, log=folder / f"{roles[0]}.log", environment=environment)


def _environment(*, kafka: str, redis: str, sandbox: str, secret: str, token: str) -> Mapping[str, str]:
    """The service's settings, and none of ours."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("TIDINGS_", "SLACK_"))}
    return {
        **inherited,
        "TIDINGS_KAFKA": kafka,
        "TIDINGS_REDIS": redis,
        "TIDINGS_TOPIC": TOPIC,
        "TIDINGS_SECRET": secret,
        "TIDINGS_SLACK_BOT_TOKEN": BOT_TOKEN,
        "TIDINGS_SLACK_APP_TOKEN": APP_TOKEN,
        "TIDINGS_SLACK_API_URL": f"{sandbox}/api/",
        "TIDINGS_STREAM_TOKEN": token,
        "TIDINGS_WEBHOOK_ALLOW": "127.0.0.0/8",
        "TIDINGS_DRAIN_SECONDS": "3",
        "TIDINGS_PORT": "0",
    }


async def _subscribe(made: Stage, redis: str, log: Path) -> None:
    """Type every wish in the sandbox, and wait until the service has them all."""
    everything = wishes(made.workspace.users, made.receiver.url)
    for wish in everything:
        await made.workspace.command(wish.by, wish.channel, wish.text)
        kind = "webhook" if wish.place == "hook" else "slack"
        made.audit.places.append(Place(kind=kind, name=wish.place, wants=wish.wants))
    made.audit.places.append(Place(kind="browser", name="browser", wants=lambda _: True))
    async with Redis.from_url(redis) as client:
        subscriptions = RedisSubscriptions(client, Keys())

        async def all_there() -> bool:
            _, known = await subscriptions.snapshot()
            return len(known) == len(everything)

        await _until(all_there, "not every subscription was taken", log)


async def _until(done: Callable[[], Awaitable[bool]], otherwise: str, log: Path) -> None:
    try:
        async with asyncio.timeout(READY_SECONDS):
            while not await done():  # noqa: ASYNC110 - another process sets no event of ours
                await asyncio.sleep(LOOK_SECONDS)
    except TimeoutError:
        words = _last_words(log)
        raise StageError(f"{otherwise} within {READY_SECONDS:.0f} s; its log ends with:\n{words}") from None


def _last_words(log: Path) -> str:
    return log.read_text(encoding="utf-8", errors="replace")[-3_000:]
