"""Everything that a run needs, each a process of its own: broker, Redis, Slack, receiver, members of the service."""

import asyncio
import os
import secrets
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final
from uuid import uuid4

import aiohttp
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from redis.asyncio import Redis

from bot.core.destination import Webhook, destination_id
from bot.render.webhook import signing_secret
from bot.sandbox.manifest import APP_TOKEN, BOT_TOKEN
from bot.sandbox.seed import TEAM_ID
from bot.slack.manifest import manifest
from bot.stores.keys import Keys
from bot.stores.subscriptions import RedisSubscriptions
from consumers.chaos.load import models
from consumers.chaos.trial import ChaosError, Trial
from consumers.chaos.wishes import HOOKS, wishes
from consumers.demo.audit import Place
from consumers.demo.workspace import Workspace
from consumers.embedded import valkey
from consumers.embedded.program import Program
from consumers.embedded.servers import StartError, child

PARTITIONS: Final = 6
READY_SECONDS: Final = 40.0
LOOK_SECONDS: Final = 0.05
TOGETHER: Final = (("ingest", "dispatch", "slack"), ("ingest", "dispatch"))
APART: Final = (("ingest",), ("dispatch",), ("slack", "web"), ("dispatch",), ("ingest",))
WORKERS: Final = ("ingest", "dispatch")


@dataclass(slots=True, kw_only=True)
class Member:
    """A process of the service. `busy` while an act is at work on it."""

    program: Program
    roles: tuple[str, ...]
    busy: bool = False


@dataclass(slots=True, kw_only=True)
class Stage:
    """What runs. `broker` is None where the broker was given; addresses stay the same for the whole run."""

    trial: Trial
    folder: Path
    kafka: str
    broker: Program | None
    redis_url: str
    redis: Program
    redis_folder: Path
    sandbox: str
    receiver: str
    topic: str
    session: aiohttp.ClientSession
    workspace: Workspace
    environment: Mapping[str, str]
    places: list[Place] = field(default_factory=list)
    members: list[Member] = field(default_factory=list)

    async def join(self, roles: tuple[str, ...]) -> Member:
        """Start one more member."""
        name = f"member-{len(self.members) + 1}"
        command = [sys.executable, "-m", "consumers", "run", "--env-file", os.devnull]
        command += [part for role in roles for part in ("--role", role)]
        program = Program(name, command, log=self.folder / f"{name}.log", environment=self.environment)
        member = Member(program=program, roles=roles)
        self.members.append(member)
        await program.start()
        return member

    async def redis_ready(self) -> None:
        """Wait until Redis answers. Raises StartError."""
        port = int(self.redis_url.rpartition(":")[2].partition("/")[0])
        if not await valkey.ready(port, alive=lambda: self.redis.alive, seconds=READY_SECONDS):
            raise StartError(f"Redis did not come back: {self.redis.words()[-1_000:]}")

    async def broker_ready(self) -> None:
        """Wait until the broker listens. Raises StartError."""
        if self.broker is not None:
            await self.broker.says("127.0.0.1:", seconds=READY_SECONDS)

    async def control(self, path: str, body: Mapping[str, Any]) -> None:
        """Tell the receiver something."""
        async with self.session.post(f"{self.receiver}/control/{path}", json=body) as answer:
            answer.raise_for_status()

    async def fault(self, **fault: Any) -> None:
        """Put a fault in force in the sandbox."""
        async with self.session.post(f"{self.sandbox}/sandbox/faults", json=fault) as answer:
            answer.raise_for_status()

    async def no_faults(self) -> None:
        """Take the sandbox's faults away."""
        async with self.session.delete(f"{self.sandbox}/sandbox/faults") as answer:
            answer.raise_for_status()

    async def committed(self) -> dict[int, int]:
        """What the group has committed, by partition; 0 where nothing."""
        consumer = AIOKafkaConsumer(
            bootstrap_servers=self.kafka, group_id=self.environment["TIDINGS_GROUP"], enable_auto_commit=False
        )
        await consumer.start()
        try:
            places = [TopicPartition(self.topic, number) for number in range(PARTITIONS)]
            return {place.partition: await consumer.committed(place) or 0 for place in places}
        finally:
            await consumer.stop()


@asynccontextmanager
async def stage(trial: Trial, folder: Path) -> AsyncIterator[Stage]:
    """Start everything and type every subscription; end it all on the way out. Raises ChaosError and StartError."""
    async with AsyncExitStack() as open_:
        (folder / "manifest.yml").write_text(manifest(socket_mode=True), encoding="utf-8")
        broker, kafka = None, trial.kafka or f"127.0.0.1:{valkey.free_port()}"
        if trial.kafka is None:
            broker = await open_.enter_async_context(_broker(folder, int(kafka.rpartition(":")[2])))
        port = valkey.free_port()
        redis = await open_.enter_async_context(_redis(folder, port))
        sandbox = await open_.enter_async_context(
            child("bot.sandbox", ["--manifest", str(folder / "manifest.yml")], log=folder / "sandbox.log")
        )
        receiver = await open_.enter_async_context(
            child(
                "consumers.chaos.receiver",
                ["--ledger", str(folder / "webhooks.jsonl")],
                log=folder / "receiver.log",
            )
        )
        session = await open_.enter_async_context(aiohttp.ClientSession())
        run, secret = uuid4().hex[:8], secrets.token_urlsafe(48)
        made = Stage(
            trial=trial,
            folder=folder,
            kafka=kafka,
            broker=broker,
            redis_url=f"redis://127.0.0.1:{port}/0",
            redis=redis,
            redis_folder=folder / "redis",
            sandbox=sandbox,
            receiver=receiver,
            topic=f"chaos.{run}.events",
            session=session,
            workspace=Workspace(sandbox, session),
            environment=_environment(trial, run, kafka=kafka, port=port, sandbox=sandbox, secret=secret),
        )
        await made.redis_ready()
        await made.broker_ready()
        await _create_topic(made)
        await made.control("secrets", {path: _secret_of(made.receiver, path, secret) for path in HOOKS})
        open_.push_async_callback(_end_members, made)
        shapes = APART if trial.split else TOGETHER
        for number in range(trial.members):
            await made.join(shapes[min(number, 1) if not trial.split else number % len(shapes)])
        await _ready(made)
        yield made


def _broker(folder: Path, port: int) -> Program:
    command = [sys.executable, "-m", "consumers.embedded.broker", "--port", str(port)]
    data = folder / "kafka"
    data.mkdir()
    return Program("broker", [*command, "--data", str(data)], log=folder / "broker.log")


def _redis(folder: Path, port: int) -> Program:
    data = folder / "redis"
    data.mkdir()
    command = [str(valkey.binary()), *valkey.arguments(port=port, folder=data)]
    return Program("redis", command, log=folder / "redis.log")


def _secret_of(receiver: str, path: str, secret: str) -> str:
    return signing_secret(secret, destination_id(Webhook(team=TEAM_ID, url=f"{receiver}/{path}")))


def _environment(trial: Trial, run: str, *, kafka: str, port: int, sandbox: str, secret: str) -> Mapping[str, str]:
    """The members' settings, and none of ours; topics and group are this run's own."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("TIDINGS_", "SLACK_"))}
    return {
        **inherited,
        "TIDINGS_KAFKA": kafka,
        "TIDINGS_REDIS": f"redis://127.0.0.1:{port}/0",
        "TIDINGS_TOPIC": f"chaos.{run}.events",
        "TIDINGS_DEAD_TOPIC": f"chaos.{run}.dead",
        "TIDINGS_SUBSCRIPTIONS_TOPIC": f"chaos.{run}.subscriptions",
        "TIDINGS_PARKED_TOPIC": f"chaos.{run}.parked",
        "TIDINGS_GROUP": f"chaos.{run}",
        "TIDINGS_SESSION_SECONDS": f"{trial.session:g}",
        "TIDINGS_LEASE_SECONDS": f"{trial.lease:g}",
        "TIDINGS_SECRET": secret,
        "TIDINGS_SLACK_BOT_TOKEN": BOT_TOKEN,
        "TIDINGS_SLACK_APP_TOKEN": APP_TOKEN,
        "TIDINGS_SLACK_API_URL": f"{sandbox}/api/",
        "TIDINGS_WEBHOOK_ALLOW": "127.0.0.0/8",
        "TIDINGS_DRAIN_SECONDS": "5",
        "TIDINGS_PORT": "0",
        "TIDINGS_LOG_FORMAT": "json",
    }


async def _create_topic(made: Stage) -> None:
    admin = AIOKafkaAdminClient(bootstrap_servers=made.kafka)
    await admin.start()
    try:
        await admin.create_topics([NewTopic(made.topic, PARTITIONS, 1)])
    finally:
        await admin.close()


async def _ready(made: Stage) -> None:
    """Wait for every member, then type every wish and wait until all are taken."""
    for member in made.members:
        await member.program.says("tidings is ready", seconds=READY_SECONDS)
    await _until(made.workspace.learn, "the service did not connect to the sandbox")
    everything = wishes(made.workspace.users, made.receiver, models=models(made.trial.rate))
    for wish in everything:
        await made.workspace.command(wish.by, wish.channel, wish.text)
        kind = "webhook" if wish.place.startswith("hook ") else "slack"
        made.places.append(Place(kind=kind, name=wish.place, wants=wish.wants))
    async with Redis.from_url(made.redis_url) as client:
        subscriptions = RedisSubscriptions(client, Keys())

        async def all_there() -> bool:
            _, known = await subscriptions.snapshot()
            return len(known) == len(everything)

        await _until(all_there, "not every subscription was taken")


async def _until(done: Callable[[], Awaitable[bool]], otherwise: str) -> None:
    try:
        async with asyncio.timeout(READY_SECONDS):
            while not await done():  # noqa: ASYNC110 - another process sets no event of ours
                await asyncio.sleep(LOOK_SECONDS)
    except TimeoutError:
        raise ChaosError(f"{otherwise} within {READY_SECONDS:.0f} s") from None


async def _end_members(made: Stage) -> None:
    await asyncio.gather(*(member.program.terminate(seconds=8) for member in made.members))
