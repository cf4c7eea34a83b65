"""Places in the sandbox, what was posted there, and far sides of one's own, for the tests of the Slack outlet."""

from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from bot.core.destination import SlackChannel, SlackPerson, SlackPlace, SlackThread
from bot.sandbox.message import Content
from bot.sandbox.server import Sandbox

TEAM = "T0SANDBOX"


def posted(sandbox: Sandbox) -> list[dict[str, Any]]:
    """What the outlet posted there: entries of the ledger that carry deliveries."""
    entries: list[dict[str, Any]] = sandbox.workspace.ledger.page(after=0, limit=1_000, kind="post")["entries"]
    return [entry for entry in entries if entry["metadata"]]


def place(sandbox: Sandbox, kind: str) -> SlackPlace:
    """A channel, a person, or a thread of that channel: see KINDS."""
    channel = sandbox.channel_id("fraud-alerts")
    match kind:
        case "person":
            return SlackPerson(team=TEAM, user=sandbox.user_id("amara.nwosu"))
        case "thread":
            parent = sandbox.workspace.post(
                sandbox.workspace.channel(channel), sandbox.workspace.bot, Content(text="a thread")
            )
            return SlackThread(team=TEAM, channel=channel, thread=parent.ts)
        case _:
            return SlackChannel(team=TEAM, channel=channel)


KINDS = pytest.mark.parametrize("kind", ["channel", "person", "thread"])


async def token_of(_: str) -> str:
    """A token for a far side that takes any."""
    return "xoxb-canary"


def fake(handler: Any) -> TestServer:
    """A Slack that answers as one likes."""
    app = web.Application()
    app.router.add_route("*", "/api/{method}", handler)
    return TestServer(app, shutdown_timeout=0.01)
