"""What the ledger of the sandbox counts as told."""

import asyncio
from typing import Any

import aiohttp

from bot.sandbox.limits import Rates
from bot.sandbox.message import Content
from bot.sandbox.server import Sandbox
from consumers.demo.workspace import Workspace


def content(*events: str) -> Content:
    payload: dict[str, Any] = {"deliveries": "d", "events": ",".join(events)}
    return Content(text="a card", metadata={"event_type": "tidings_delivery", "event_payload": payload})


async def test_a_changed_message_tells_what_is_new_and_another_one_all_of_it() -> None:
    seen: list[str] = []
    last = asyncio.Event()

    def see(_channel: str, event: str, _at: float) -> None:
        seen.append(event)
        if event == "last":
            last.set()

    async with Sandbox(rates=Rates(enabled=False)) as sandbox, aiohttp.ClientSession() as session:
        channel, bot = sandbox.workspace.channel(sandbox.channel_id("fraud-alerts")), sandbox.workspace.bot
        card = sandbox.workspace.post(channel, bot, content("a"))
        card = sandbox.workspace.edit(channel, card, content("a", "b"))
        sandbox.workspace.edit(channel, card, content("b", "c"))
        sandbox.workspace.post(channel, bot, content("c", "last"))
        watching = asyncio.create_task(Workspace(sandbox.url, session).watch(see))
        await asyncio.wait_for(last.wait(), 5)
        watching.cancel()
        await asyncio.gather(watching, return_exceptions=True)
    assert seen == ["a", "b", "c", "c", "last"]
