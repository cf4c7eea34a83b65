"""Fifty channels of one workspace with more to say than it takes: who gets what, and how often Slack says no."""

import asyncio
import os
import statistics
import sys
import time
from collections import defaultdict
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass
from itertools import count, pairwise
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import uvloop
from redis.asyncio import Redis
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bot.core.cloudevent import encode
from bot.core.delivery import Lane, delivery_id
from bot.core.destination import SlackChannel, destination_id
from bot.core.event import Status
from bot.core.routing import Routed
from bot.ports.outbox import Arrival
from bot.render.message import carried
from bot.sandbox.limits import Rates
from bot.sandbox.server import Sandbox
from bot.stores.keys import Keys
from bot.stores.outbox import Limits, RedisOutbox
from consumers.embedded.program import Program
from consumers.embedded.servers import embedded_kafka, embedded_redis
from tests.core.examples import event

READY_SECONDS = 60.0
LOAD = 5
"""How many times more is said than the workspace takes: a channel has always something to say when its turn comes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Post:
    """A message in the sandbox: when, where, and the deliveries in it."""

    at: float
    channel: str
    deliveries: frozenset[str]


def run(seconds: float = 150, channels: int = 50, processes: int = 4, per_minute: int = 300) -> dict[str, Any]:
    """Load one workspace for so long with `LOAD` times the `per_minute` messages that its sandbox takes.

    The floor: one raw client, which posts to another sandbox at exactly the budget, meanwhile, to each channel in turn.
    """
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(_measure(seconds, channels, processes, per_minute))


async def _measure(seconds: float, channels: int, processes: int, per_minute: int) -> dict[str, Any]:
    async with AsyncExitStack() as open_:
        folder = Path(open_.enter_context(TemporaryDirectory(prefix="tidings-bench-")))
        kafka = await open_.enter_async_context(embedded_kafka())
        url = await open_.enter_async_context(embedded_redis())
        rates = Rates(workspace_per_minute=per_minute)
        ours, floor = [await open_.enter_async_context(Sandbox(rates=rates, message_bound=200)) for _ in range(2)]
        places, floor_places = _rooms(ours, channels), _rooms(floor, channels)
        for number in range(processes):
            await open_.enter_async_context(_dispatch(number, folder, kafka, url, ours, per_minute))
        redis = await open_.enter_async_context(Redis.from_url(url))
        raw = asyncio.create_task(_post_raw(floor, floor_places, per_minute), name="floor")
        appended: dict[str, float] = {}
        began = time.time()
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await _append(redis, ours, places, LOAD * per_minute / 60, appended)
        ended = time.time()
        raw.cancel()
        with suppress(asyncio.CancelledError):
            await raw
        return {
            "seconds": seconds,
            "channels": channels,
            "processes": processes,
            "budget_per_minute": per_minute,
            **_report(_posts(ours, began, ended), ended - began, appended, places),
            "throttled": ours.backend.stats.to_json()["throttled"],
            "floor_posts_per_minute": round(len(_posts(floor, began, ended)) * 60 / (ended - began), 1),
            "floor_throttled": floor.backend.stats.to_json()["throttled"],
        }


def _rooms(made: Sandbox, channels: int) -> list[str]:
    workspace = made.workspace
    return [workspace.create(f"bench-{number}", workspace.bot.id).id for number in range(channels)]


@asynccontextmanager
async def _dispatch(
    number: int, folder: Path, kafka: str, redis: str, made: Sandbox, per_minute: int
) -> AsyncIterator[Program]:
    """A process that only dispatches."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("TIDINGS_", "SLACK_"))}
    environment = {
        **inherited,
        "TIDINGS_KAFKA": kafka,
        "TIDINGS_REDIS": redis,
        "TIDINGS_SECRET": "s" * 40,
        "TIDINGS_SLACK_BOT_TOKEN": made.bot_token,
        "TIDINGS_SLACK_API_URL": made.api_url,
        "TIDINGS_SLACK_MESSAGES_PER_MINUTE": str(per_minute),
        "TIDINGS_PORT": "0",
        "TIDINGS_DRAIN_SECONDS": "2",
    }
    command = [sys.executable, "-m", "consumers", "run", "--role", "dispatch", "--env-file", os.devnull]
    name = f"dispatch-{number}"
    async with Program(name, command, log=folder / name, environment=environment) as program:
        await program.says("tidings is ready", seconds=READY_SECONDS)
        yield program


async def _append(redis: Redis, made: Sandbox, places: Sequence[str], rate: float, appended: dict[str, float]) -> None:
    """Enter failures, which are of no use later, into the outbox: to one channel after the other, `rate` a second."""
    outbox, began = RedisOutbox(redis, Keys(), Limits()), time.monotonic()
    for number in count():
        place = SlackChannel(team=made.workspace.team_id, channel=places[number % len(places)])
        said = event(id=f"bench-{number}", inference=f"inf-{number}", status=Status.FAILED)
        name = destination_id(place)
        delivery = delivery_id(said.key, name)
        routed = Routed(delivery=delivery, lane=Lane(name), destination=place, subscriptions=())
        arrival = Arrival(offset=number, key=said.key, body=encode(said), routed=(routed,))
        appended[delivery] = time.time()
        await outbox.append("bench", 0, [arrival], version=0, read_from=None)
        await asyncio.sleep(max(0.0, began + (number + 1) / rate - time.monotonic()))


async def _post_raw(made: Sandbox, places: Sequence[str], per_minute: int) -> None:
    client, began = AsyncWebClient(token=made.bot_token, base_url=made.api_url, retry_handlers=[]), time.monotonic()
    for number in count():
        with suppress(SlackApiError):  # it is counted by the sandbox
            await client.chat_postMessage(channel=places[number % len(places)], text=f"{number}")
        await asyncio.sleep(max(0.0, began + (number + 1) * 60 / per_minute - time.monotonic()))


def _posts(made: Sandbox, began: float, ended: float) -> list[Post]:
    entries = made.workspace.ledger.page(after=0, limit=20_000, kind="post")["entries"]
    return [
        Post(at=one["received_at"], channel=one["channel"], deliveries=carried(one["metadata"]))
        for one in entries
        if began <= one["received_at"] <= ended
    ]


def _report(posts: Sequence[Post], seconds: float, appended: dict[str, float], places: Sequence[str]) -> dict[str, Any]:
    times: dict[str, list[float]] = {place: [] for place in places}
    waits: dict[str, list[float]] = defaultdict(list)
    told = 0
    for post in posts:
        times[post.channel].append(post.at)
        for delivery in post.deliveries & appended.keys():
            waits[post.channel].append(post.at - appended[delivery])
            told += 1
    gaps = [later - earlier for each in times.values() for earlier, later in pairwise(each)]
    means = [statistics.mean(waits[place]) for place in places if waits[place]]
    at = [post.at for post in posts]
    return {
        "events": len(appended),
        "events_told": told,
        "posts": len(posts),
        "posts_per_minute": round(len(posts) * 60 / seconds, 1),
        "most_posts_in_a_minute": max((sum(one <= other < one + 60 for other in at) for one in at), default=0),
        "least_seconds_between_posts_of_a_channel": round(min(gaps, default=0.0), 3),
        "posts_of_a_channel_least": min(map(len, times.values())),
        "posts_of_a_channel_most": max(map(len, times.values())),
        "channels_without": sum(not each for each in times.values()),
        "wait_mean_seconds": round(statistics.mean(means), 2) if means else None,
        "wait_slowest_to_mean": round(max(means) / statistics.mean(means), 3) if means else None,
    }
