"""A sandbox without limits, and an outlet that speaks to it."""

from collections.abc import AsyncIterator

import pytest

from bot.core.destination import SlackChannel
from bot.outlets.slack.outlet import SlackOutlet
from bot.outlets.slack.web import SlackWeb
from bot.sandbox.limits import Rates
from bot.sandbox.server import Sandbox
from tests.edges.outlets.slack import TEAM


@pytest.fixture
async def sandbox() -> AsyncIterator[Sandbox]:
    async with Sandbox(rates=Rates(enabled=False)) as sandbox:
        yield sandbox


@pytest.fixture
async def outlet(sandbox: Sandbox) -> AsyncIterator[SlackOutlet]:
    async def token_of(_: str) -> str:
        return sandbox.bot_token

    async with SlackOutlet(SlackWeb(sandbox.api_url), token_of) as outlet:
        yield outlet


@pytest.fixture
def channel(sandbox: Sandbox) -> SlackChannel:
    return SlackChannel(team=TEAM, channel=sandbox.channel_id("fraud-alerts"))
