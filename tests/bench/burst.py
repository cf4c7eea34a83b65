"""A thousand results for one channel at once: when each is visible, in how many messages, beside one a second."""

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime
from typing import Any

import uvloop
from redis.asyncio import Redis

from bot.core import pacing, schedules
from bot.core.backoff import HOUR
from bot.core.budget import costs
from bot.core.cloudevent import encode
from bot.core.delivery import DeliveryId, Lane, delivery_id
from bot.core.destination import SlackChannel, destination_id
from bot.core.event import Event, Failure, Model, Status
from bot.core.filters import parse
from bot.core.pacing import Pace
from bot.core.routing import Router
from bot.core.subscription import Style, Subscription, SubscriptionId
from bot.outlets.slack.outlet import SlackOutlet
from bot.outlets.slack.web import SlackWeb
from bot.ports.gate import Gate
from bot.ports.letters import DeadLetters
from bot.ports.outbox import Arrival
from bot.ports.outlet import Service
from bot.ports.summaries import ListId
from bot.render.digest import take
from bot.render.message import carried, summed_up
from bot.sandbox.limits import Rates
from bot.sandbox.server import Sandbox
from bot.stores.budgets import RedisBudgets
from bot.stores.cards import RedisCards
from bot.stores.keys import Keys
from bot.stores.outbox import Limits, RedisOutbox
from bot.stores.summaries import RedisSummaries
from bot.telemetry import Metrics
from bot.wiring.stores import now_ms
from consumers.dispatch import Dispatch
from consumers.embedded.servers import embedded_redis

BATCH = 200
WORST_SECONDS = 120.0
FAILED_EACH = 111
"""One in so many failed; the rest completed."""


class _NoLetters:
    """Nothing is given up here."""

    async def buried(self, *_: Any, **__: Any) -> None:
        raise AssertionError("a delivery was given up")


def run(events: int = 1_000, sample: float = 20.0) -> dict[str, Any]:
    """Seconds until every event is visible: said in a message, or counted by a card whose list names it.

    The floor is a client that posts one message a second, as Slack allows; it is measured for `sample` seconds in the
    same run, against the same limits, and its time for all events is projected from that.
    """
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(measure(events, sample))


async def measure(
    events: int, sample: float, *, pace: Pace = pacing.SLACK, rates: Rates | None = None
) -> dict[str, Any]:
    """The same, at another pace if given."""
    limits = rates or Rates()
    async with AsyncExitStack() as open_:
        redis = Redis.from_url(await open_.enter_async_context(embedded_redis()), protocol=3)
        open_.push_async_callback(redis.aclose)
        ours = await open_.enter_async_context(Sandbox(rates=limits))
        naive = await open_.enter_async_context(Sandbox(rates=limits))
        floor, found = await asyncio.gather(_naive(naive, events, sample), _ours(ours, redis, events, pace))
        return {"events": events, **found, **floor}


async def _ours(made: Sandbox, redis: Redis, events: int, pace: Pace) -> dict[str, Any]:
    keys = Keys("burst")
    summaries = RedisSummaries(redis, keys)
    outbox = RedisOutbox(redis, keys, Limits())
    place = SlackChannel(team=made.workspace.team_id, channel=made.channel_id("fraud-alerts"))
    cards = RedisCards(redis, keys, lasting=HOUR)
    budgets = RedisBudgets(redis, keys, costs(messages=300, updates=50, uploads=100))
    async with dispatching(made, outbox, summaries, pace, cards=cards, budgets=budgets):
        began = time.time()
        await append(outbox, place, made_up(events))
        appended = time.time() - began
        wanted = {delivery_id(one.key, destination_id(place)) for one in made_up(events)}
        async with asyncio.timeout(WORST_SECONDS):
            while (await outbox.state()).deliveries:  # noqa: ASYNC110 (no event tells)
                await asyncio.sleep(0.02)
    seen = await seen_in(made, summaries)
    entries = made.workspace.ledger.page(after=0, limit=10_000, kind="all")["entries"]
    ours = [entry for entry in entries if entry["metadata"]]
    return {
        "append_seconds": round(appended, 2),
        "visible": len(wanted & seen.keys()),
        "visible_seconds": round(max(seen.values(), default=0.0) - began, 1),
        "half_visible_seconds": round(sorted(seen.values())[len(seen) // 2] - began, 1),
        "posts": sum(entry["kind"] == "post" for entry in ours),
        "updates": sum(entry["kind"] == "update" for entry in ours),
        "answers_429": _refused(made),
        "longest_metadata": max(len(str(entry["metadata"])) for entry in ours),
    }


async def seen_in(made: Sandbox, summaries: RedisSummaries) -> dict[DeliveryId, float]:
    """When each delivery was first said, by the workspace's own ledger."""
    seen: dict[DeliveryId, float] = {}
    for entry in made.workspace.ledger.page(after=0, limit=10_000, kind="all")["entries"]:
        said = set(carried(entry["metadata"])) if entry["metadata"] else set()
        if (card := summed_up(entry["metadata"])) is not None:
            page = await summaries.page(ListId(card.list), begin=0, count=10_000)
            rows = page.rows if page is not None else ()
            # A call tells what its card has marks of.
            said = {row.delivery for row in rows if row.delivery[:8] in card.marks}
        for one in said:
            seen.setdefault(DeliveryId(one), entry["received_at"])
    return seen


@asynccontextmanager
async def dispatching(
    made: Sandbox,
    outbox: RedisOutbox,
    summaries: RedisSummaries,
    pace: Pace,
    gate: Gate | None = None,
    *,
    cards: RedisCards | None = None,
    budgets: RedisBudgets | None = None,
) -> AsyncIterator[None]:
    """One process's dispatch, without the process."""

    async def token_of(_: str) -> str:
        return made.bot_token

    letters: DeadLetters = _NoLetters()  # type: ignore[assignment] # it has one method, and is never called
    async with SlackOutlet(
        SlackWeb(made.api_url), token_of, summaries=summaries, cards=cards, budgets=budgets
    ) as outlet:
        service = Service(outlet=outlet, schedule=schedules.SLACK, pace=pace, fit=take, sums=True)
        dispatch = Dispatch(
            outbox,
            {"slack": service},
            letters,
            Metrics(),
            name="burst",
            workers=4,
            age=3_600_000,
            clock=now_ms,
            dice=lambda: 0.5,
            gate=gate,
        )
        stop = asyncio.Event()
        task = asyncio.create_task(dispatch.run(stop, drain=5), name="dispatch")
        try:
            yield
        finally:
            stop.set()
            await task


async def append(
    outbox: RedisOutbox, place: SlackChannel, events: Sequence[Event], *, style: Style | None = None, offset: int = 0
) -> Lane:
    """Enter the events for the place, wanted in that style; the lane they are in."""
    everything = Subscription(
        id=SubscriptionId("burst0"),
        team=place.team,
        owner="U0",
        filter=parse(""),
        destination=place,
        style=style or Style(),
    )
    router = Router([everything])
    for at in range(0, len(events), BATCH):
        arrivals = [
            Arrival(offset=offset + at + number, key=one.key, body=encode(one), routed=router.route(one))
            for number, one in enumerate(events[at : at + BATCH])
        ]
        await outbox.append("events", 0, arrivals, version=0, read_from=None)
    return router.route(events[0])[0].lane


def made_up(many: int, begin: int = 0) -> list[Event]:
    """Events that completed, and every now and then one that failed."""
    return [
        Event(
            source="/burst",
            id=f"burst-{number}",
            type="ai.inference.completed",
            time=datetime(2026, 7, 1, 12, 0, 0, tzinfo=UTC),
            inference=f"inf-{number}",
            status=Status.FAILED if _failed(number) else Status.COMPLETED,
            model=Model(name="fraud-detector", version="2.1"),
            title=f"Chargeback of order {number}",
            result="Likely fraud: two cards, one address.",
            error=Failure(type="Timeout", message="upstream said no") if _failed(number) else None,
        )
        for number in range(begin, begin + many)
    ]


def _failed(number: int) -> bool:
    return number % FAILED_EACH == FAILED_EACH - 1


async def _naive(made: Sandbox, events: int, sample: float) -> dict[str, Any]:
    """One message for each event, one a second, as a bot does that knows the limit and nothing else."""
    channel = made.channel_id("fraud-alerts")
    async with SlackWeb(made.api_url) as web:
        began, posted = time.monotonic(), 0
        while posted < events and time.monotonic() - began < sample:
            await web.ask(
                web.api.chat_postMessage(token=made.bot_token, channel=channel, text=f"Chargeback of order {posted}")
            )
            posted += 1
            await asyncio.sleep(max(0.0, began + posted - time.monotonic()))
        seconds = time.monotonic() - began
    return {
        "floor_sample_seconds": round(seconds, 1),
        "floor_sample_posts": posted,
        "floor_projected_seconds": round(seconds / posted * events),
        "floor_answers_429": _refused(made),
    }


def _refused(made: Sandbox) -> int:
    return int(made.backend.stats.to_json()["throttled"])
