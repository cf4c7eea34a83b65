"""People who type and click while the two replicas that listen to them are killed in turn, and what became of each act.

Slack is the sandbox in this process, so that each act's trigger is known; broker, Redis and replicas are processes.
"""

import asyncio
import os
import random
import re
import sys
from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal
from uuid import uuid4

import aiohttp
import orjson
import yaml
from redis.asyncio import Redis

from bot.render.replies import UNSUBSCRIBE
from bot.sandbox.limits import Rates
from bot.sandbox.server import Sandbox
from bot.slack.manifest import manifest
from bot.stores.keys import Keys
from bot.stores.subscriptions import RedisSubscriptions
from consumers.embedded.program import Program
from consumers.embedded.servers import embedded_kafka, embedded_redis

DEADLINE = 40.0
LEASE_SECONDS = 0.6
TYPISTS = 4
MODEL = re.compile(r"m-[a-z0-9]+-[0-9]+")
PATIENCE_SECONDS = 1.0
"""How long a person waits for a reply before they type on."""


@dataclass(slots=True, kw_only=True)
class Act:
    """What one person did once. `model` names the subscription it is about; `ts` the message that was clicked in."""

    kind: Literal["command", "click"]
    model: str
    user: str
    trigger: str = ""
    acked: bool = False
    ts: str = ""


@dataclass(slots=True, kw_only=True)
class Stage:
    sandbox: Sandbox
    redis: Redis
    session: aiohttp.ClientSession
    replicas: list[Program]
    acts: list[Act] = field(default_factory=list)
    triggers: dict[str, str] = field(default_factory=dict)
    """Each person's last one. A person does one thing at a time."""
    typing: asyncio.Event = field(default_factory=asyncio.Event)
    at: int = 0
    whispers: dict[str, list[dict[str, Any]]] = field(default_factory=lambda: defaultdict(list))
    updates: dict[str, list[dict[str, Any]]] = field(default_factory=lambda: defaultdict(list))

    async def restart(self, replica: Program) -> None:
        await replica.start()
        await replica.says("tidings is ready", seconds=DEADLINE)
        await until(lambda: self.sandbox.socket_mode.count == len(self.replicas))

    async def do(self, act: Act, what: str, **details: Any) -> None:
        self.acts.append(act)
        async with self.session.post(f"{self.sandbox.url}/client/{what}", json=details | {"user": act.user}) as answer:
            act.acked = (await answer.json())["ok"]
        act.trigger = self.triggers[act.user]

    def replies(self, act: Act) -> list[dict[str, Any]]:
        """What Slack accepted as answers to it."""
        self.read()
        return self.updates[act.ts] if act.kind == "click" else self.whispers[act.model]

    def read(self) -> None:
        """Read what is new in the sandbox's ledger."""
        more = True
        while more:
            page = self.sandbox.workspace.ledger.page(after=self.at, limit=1_000, kind="all")
            self.at, more = page["next"], page["has_more"]
            for entry in page["entries"]:
                if entry["kind"] == "update":
                    self.updates[entry["ts"]].append(entry)
                elif entry["kind"] == "ephemeral":
                    for model in set(MODEL.findall(str(entry["blocks"]))):
                        self.whispers[model].append(entry)

    async def type_on(self, user: str, stop: asyncio.Event, dice: random.Random) -> None:
        """Subscribe, and now and then unsubscribe by the button in the reply, until told to stop."""
        channel = self.sandbox.channel_id("general")
        number = 0
        while not stop.is_set():
            await self.typing.wait()
            number += 1
            command = Act(kind="command", model=f"m-{user}-{number}".lower(), user=user)
            text = f"subscribe model:{command.model}"
            await self.do(command, "command", channel=channel, command="/tidings", text=text)
            if not await within(PATIENCE_SECONDS, lambda one=command: bool(self.replies(one))):  # type: ignore[misc]
                continue
            (reply, *_) = self.replies(command)
            button = _button(reply["blocks"])
            if button is not None and dice.random() < 0.5:
                click = Act(kind="click", model=command.model, user=user, ts=reply["ts"])
                place = {"type": "message", "channel": channel, "ts": reply["ts"], "ephemeral": True}
                await self.do(click, "action", container=place, action=button)
                await within(PATIENCE_SECONDS, lambda one=click: bool(self.replies(one)))  # type: ignore[misc]

    def unknown(self) -> set[str]:
        """Triggers of the requests whose replica died while it was sending the reply, as the logs name them."""
        found = set()
        for replica in self.replicas:
            for line in replica.log.read_bytes().splitlines():
                if b'"reply_unknown"' in line:
                    found.add(orjson.loads(line)["request"].removeprefix("trigger/"))
        return found


@asynccontextmanager
async def stage(folder: Path) -> AsyncIterator[Stage]:
    async with AsyncExitStack() as open_:
        kafka = await open_.enter_async_context(embedded_kafka())
        redis_url = await open_.enter_async_context(embedded_redis())
        described = yaml.safe_load(manifest(socket_mode=True))
        sandbox = await open_.enter_async_context(Sandbox(manifest=described, rates=Rates(enabled=False)))
        inherited = {name: value for name, value in os.environ.items() if not name.startswith(("TIDINGS_", "SLACK_"))}
        environment = {
            **inherited,
            "TIDINGS_KAFKA": kafka,
            "TIDINGS_REDIS": redis_url,
            "TIDINGS_TOPIC": f"clicks-{uuid4().hex[:8]}",
            "TIDINGS_SECRET": "s" * 40,
            "TIDINGS_SLACK_BOT_TOKEN": sandbox.bot_token,
            "TIDINGS_SLACK_APP_TOKEN": sandbox.app_token,
            "TIDINGS_SLACK_API_URL": sandbox.api_url,
            "TIDINGS_INBOX_LEASE_SECONDS": str(LEASE_SECONDS),
            "TIDINGS_PORT": "0",
            "TIDINGS_LOG_FORMAT": "json",
        }
        command = [sys.executable, "-m", "consumers", "run", "--env-file", os.devnull, "--role", "slack"]
        replicas = [
            Program(name, command, log=folder / f"{name}.log", environment=environment) for name in ("one", "other")
        ]
        for replica in replicas:
            open_.push_async_callback(replica.kill)
        made = Stage(
            sandbox=sandbox,
            redis=await open_.enter_async_context(Redis.from_url(redis_url)),
            session=await open_.enter_async_context(aiohttp.ClientSession()),
            replicas=replicas,
        )
        _note_triggers(made)
        # Acts and answers that take a while, so that a kill meets them.
        sandbox.fault("latency", method="conversations.info", seconds=0.03, times=None)
        sandbox.fault("latency", method="response_url", seconds=0.02, probability=0.5, times=None)
        await asyncio.gather(*(made.restart(replica) for replica in replicas))
        made.typing.set()
        yield made


async def storm(made: Stage, *, kills: int, seed: int) -> None:
    """Kill each replica in turn, at a random instant, while people type; return once all is quiet.

    Whoever is killed last stays dead: the other one does what it left.
    """
    dice, stop = random.Random(seed), asyncio.Event()  # noqa: S311 (repeatable, no secret)
    users = [user.id for user in made.sandbox.workspace.people.values() if not user.is_bot and not user.deleted]
    async with asyncio.TaskGroup() as people:
        for user in users[:TYPISTS]:
            theirs = random.Random(f"{seed}/{user}")  # noqa: S311 (as above)
            people.create_task(made.type_on(user, stop, theirs))
        for number in range(kills):
            goal = len(made.acts) + dice.randrange(8, 40)
            await until(lambda goal=goal: len(made.acts) >= goal)  # type: ignore[misc]
            await made.replicas[number % 2].kill()
            goal = len(made.acts) + TYPISTS
            await until(lambda goal=goal: len(made.acts) >= goal)  # type: ignore[misc]
            if number < kills - 1:
                made.typing.clear()  # the machine is busy enough with starting a process
                await made.restart(made.replicas[number % 2])
                made.typing.set()
        stop.set()
    async with asyncio.timeout(DEADLINE):
        while await made.redis.zcard(Keys().inbox):  # noqa: ASYNC110 (another process's work)
            await asyncio.sleep(0.02)


async def verdict(made: Stage) -> list[str]:
    """What is wrong; nothing, as it should be."""
    wrong, unknown = [], made.unknown()
    _, kept = await RedisSubscriptions(made.redis, Keys()).snapshot()
    counts = Counter(str(one.filter).removeprefix("model:") for one in kept)
    clicks = {act.model: act for act in made.acts if act.kind == "click"}
    for act in made.acts:
        replies = len(made.replies(act))
        allowed = {0, 1} if act.trigger in unknown or not act.acked else {1}
        if replies not in allowed:
            wrong.append(f"{act} has {replies} replies")
        if act.kind == "command":
            click = clicks.get(act.model)
            expected = {1} if click is None else ({0} if click.acked else {0, 1})
            if counts[act.model] not in (expected if act.acked or click is not None else {0, 1}):
                wrong.append(f"{act} came to {counts[act.model]} subscriptions, clicked: {click}")
    return wrong


async def until(holds: Callable[[], bool]) -> None:
    if not await within(DEADLINE, holds):
        raise TimeoutError


async def within(seconds: float, holds: Callable[[], bool]) -> bool:
    try:
        async with asyncio.timeout(seconds):
            while not holds():  # noqa: ASYNC110 (the sandbox tells nobody)
                await asyncio.sleep(0.01)
    except TimeoutError:
        return False
    return True


def _note_triggers(made: Stage) -> None:
    triggers = made.sandbox.backend.triggers
    issue = triggers.issue

    def noted(user: str, now: float) -> str:
        made.triggers[user] = issue(user, now)
        return made.triggers[user]

    triggers.issue = noted  # type: ignore[method-assign]


def _button(blocks: list[dict[str, Any]]) -> dict[str, Any] | None:
    """The button that ends the subscription; who subscribed twice, by a takeover, is told of the first without one."""
    for block in blocks:
        for part in [*block.get("elements", []), block.get("accessory", {})]:
            if part.get("action_id") == UNSUBSCRIBE:
                return {**part, "block_id": block["block_id"]}
    return None
