"""What the ledger of the sandbox counts as told."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import aiohttp
from redis.asyncio import Redis

from bot.core.delivery import delivery_id
from bot.core.destination import SlackChannel, SlackPerson, SlackPlace, destination_id
from bot.core.event import event_key
from bot.core.pacing import Pace
from bot.render.message import summary_metadata, summed_up
from bot.sandbox.limits import Rates
from bot.sandbox.message import Content
from bot.sandbox.server import Sandbox
from bot.stores.keys import Keys
from bot.stores.outbox import Limits, RedisOutbox
from bot.stores.summaries import RedisSummaries
from consumers.demo.audit import Audit, Place
from consumers.demo.story import SOURCE
from consumers.demo.workspace import Workspace
from consumers.embedded.servers import embedded_redis
from tests.bench import burst

DEADLINE = 20


def content(*events: str) -> Content:
    payload: dict[str, Any] = {"deliveries": "d", "events": ",".join(events)}
    return Content(text="a card", metadata={"event_type": "tidings_delivery", "event_payload": payload})


def summary(place: SlackPlace, *events: str) -> Content:
    ids = [delivery_id(event_key(SOURCE, event), destination_id(place)) for event in reversed(events)]
    return Content(text="a summary", metadata=summary_metadata("0" * 32, len(ids), ids))


@asynccontextmanager
async def watched(sandbox: Sandbox, *known: str, until: str = "last") -> AsyncIterator[list[tuple[str, str]]]:
    """What is seen in which channel, all of it at the end of the block."""
    seen: list[tuple[str, str]] = []
    last = asyncio.Event()

    def see(channel: str, event: str, _at: float) -> None:
        seen.append((channel, event))
        if event == until:
            last.set()

    async with aiohttp.ClientSession() as session:
        watching = asyncio.create_task(Workspace(sandbox.url, session).watch(see, lambda: known))
        try:
            yield seen
            await asyncio.wait_for(last.wait(), DEADLINE)
        finally:
            watching.cancel()
            await asyncio.gather(watching, return_exceptions=True)


async def test_a_changed_message_tells_what_is_new_and_another_one_all_of_it() -> None:
    async with Sandbox(rates=Rates(enabled=False)) as sandbox:
        channel, bot = sandbox.workspace.channel(sandbox.channel_id("fraud-alerts")), sandbox.workspace.bot
        async with watched(sandbox) as seen:
            card = sandbox.workspace.post(channel, bot, content("a"))
            card = sandbox.workspace.edit(channel, card, content("a", "b"))
            sandbox.workspace.edit(channel, card, content("b", "c"))
            sandbox.workspace.post(channel, bot, content("c", "last"))
    assert [event for _, event in seen] == ["a", "b", "c", "c", "last"]


async def test_a_summary_tells_what_it_marks_and_each_change_of_it_what_is_new() -> None:
    async with Sandbox(rates=Rates(enabled=False)) as sandbox:
        team, bot = sandbox.workspace.team_id, sandbox.workspace.bot
        channel = sandbox.workspace.channel(sandbox.channel_id("fraud-alerts"))
        person = sandbox.workspace.first_human()
        direct = sandbox.workspace.direct(person.id)
        here, there = SlackChannel(team=team, channel=channel.id), SlackPerson(team=team, user=person.id)
        async with watched(sandbox, "a", "b", "c", "d", "last") as seen:
            card = sandbox.workspace.post(channel, bot, summary(here, "b", "a"))
            sandbox.workspace.post(channel, bot, content("d"))
            sandbox.workspace.edit(channel, card, summary(here, "b", "a", "c"))
            sandbox.workspace.post(direct, bot, summary(there, "a"))
            sandbox.workspace.post(channel, bot, summary(here, "c", "nobody's", "last"))
    mark = delivery_id(event_key(SOURCE, "nobody's"), destination_id(here))[:8]
    assert seen == [
        *((channel.id, event) for event in ("b", "a", "d", "c")),
        (direct.id, "a"),
        *((channel.id, event) for event in ("c", f"mark {mark}", "last")),
    ]


async def test_a_flood_of_one_place_is_seen_once_each_and_in_order() -> None:
    pace = Pace(interval=262, turn=1)
    events = [replace(one, source=SOURCE) for one in burst.made_up(1_600)]
    audit = Audit([Place(kind="slack", name="fraud-alerts", wants=lambda _: True)])
    async with (
        embedded_redis() as url,
        Redis.from_url(url, protocol=3) as redis,
        Sandbox(rates=Rates(enabled=False)) as sandbox,
        aiohttp.ClientSession() as session,
    ):
        summaries, outbox = RedisSummaries(redis, Keys("flood")), RedisOutbox(redis, Keys("flood"), Limits())
        place = SlackChannel(team=sandbox.workspace.team_id, channel=sandbox.channel_id("fraud-alerts"))
        for one in events:
            audit.publish(one.id, one.inference, {}, 0.0)
        watching = asyncio.create_task(
            Workspace(sandbox.url, session).watch(
                lambda _, event, at: audit.see("fraud-alerts", event, at), audit.known
            )
        )
        await burst.append(outbox, place, events)
        async with asyncio.timeout(DEADLINE), burst.dispatching(sandbox, outbox, summaries, pace):
            while audit.missing:  # noqa: ASYNC110 (plain numbers)
                await asyncio.sleep(0.02)
        watching.cancel()
        await asyncio.gather(watching, return_exceptions=True)
        entries = sandbox.workspace.ledger.page(after=0, limit=1_000, kind="all")["entries"]
    assert audit.clean, audit.report()
    assert audit.delivered()["slack"] == len(events)
    assert sum(summed_up(entry["metadata"]) is not None for entry in entries) > 1
