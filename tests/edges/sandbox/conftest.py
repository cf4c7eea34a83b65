from collections.abc import AsyncIterator

import pytest
from slack_bolt.adapter.socket_mode.aiohttp import AsyncSocketModeHandler
from slack_bolt.app.async_app import AsyncApp
from slack_sdk.web.async_client import AsyncWebClient

from bot.sandbox.server import Sandbox
from tests.edges.sandbox.driver import ManualClock, Page, until


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
async def sandbox(clock: ManualClock) -> AsyncIterator[Sandbox]:
    async with Sandbox(clock=clock, retry_delays=(0.0, 0.0, 0.0)) as sandbox:
        yield sandbox


@pytest.fixture
def client(sandbox: Sandbox) -> AsyncWebClient:
    """A client that repeats nothing by itself."""
    return AsyncWebClient(token=sandbox.bot_token, base_url=sandbox.api_url, retry_handlers=[])


@pytest.fixture
async def page(sandbox: Sandbox) -> AsyncIterator[Page]:
    async with Page(sandbox, sandbox.user_id("maya.lindqvist")) as page:
        yield page


@pytest.fixture
async def app(sandbox: Sandbox, client: AsyncWebClient) -> AsyncIterator[AsyncApp]:
    """A real Bolt app over a real Socket Mode connection; tests register listeners on it."""
    app = AsyncApp(client=client, signing_secret=sandbox.signing_secret)
    handler = AsyncSocketModeHandler(app, sandbox.app_token, ping_interval=0.5)
    await handler.connect_async()
    await until(lambda: sandbox.socket_mode.connected)
    yield app
    await handler.close_async()
