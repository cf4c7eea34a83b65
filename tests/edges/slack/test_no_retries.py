"""The SDK sends nothing twice: its stock handler posts again when a connection drops after the first time.

Every client that we make, against a Slack that stores what it gets and then drops the answer, with the connection fresh
and with one that was used before.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from slack_bolt.context.async_context import AsyncBoltContext
from slack_sdk.web.async_client import AsyncWebClient

from bot.core.delivery import Unknown
from bot.core.destination import SlackChannel
from bot.core.errors import UnavailableError
from bot.outlets.slack.outlet import SlackOutlet
from bot.outlets.slack.web import SlackWeb
from bot.sandbox.server import Sandbox
from bot.slack.app import SlackApp
from bot.slack.directory.channels import SlackChannels
from bot.slack.directory.people import SlackPeople
from bot.slack.installation import SingleInstallation
from bot.slack.socket import SocketMode
from tests.edges.outlets.parcels import parcel
from tests.edges.slack.conftest import DEADLINE, Person
from tests.edges.slack.test_app import command

FRESH = pytest.mark.parametrize("fresh", [True, False], ids=["fresh", "used"])


def calls(sandbox: Sandbox, method: str) -> int:
    counts = sandbox.backend.stats.to_json()["methods"].get(method, {"calls": 0})
    return int(counts["calls"])


async def lose_the_answer(
    sandbox: Sandbox, method: str, act: Callable[[], Awaitable[Any]], *, fresh: bool = True
) -> int:
    """How often Slack was called while the answer to one call was lost, after storing what it brought."""
    if not fresh:
        await act()
    before = calls(sandbox, method)
    fault = sandbox.fault("drop", method=method, after=True, times=None)
    await act()
    assert fault.hits == calls(sandbox, method) - before
    return fault.hits


@FRESH
async def test_the_outlet_posts_once(sandbox: Sandbox, *, fresh: bool) -> None:
    async def token_of(_: str) -> str:
        return sandbox.bot_token

    channel = SlackChannel(team="T0SANDBOX", channel=sandbox.channel_id("general"))
    outcomes = []
    async with SlackOutlet(SlackWeb(sandbox.api_url), token_of) as outlet:

        async def post() -> None:
            outcomes.append(await outlet.send(parcel(channel)))

        assert await lose_the_answer(sandbox, "chat.postMessage", post, fresh=fresh) == 1
    assert isinstance(outcomes[-1], Unknown)
    posts = sandbox.workspace.ledger.page(after=0, limit=100, kind="post")["entries"]
    assert len([one for one in posts if one["metadata"]]) == len(outcomes)


@FRESH
async def test_bolts_client_of_a_request_posts_once(app: SlackApp, sandbox: Sandbox, *, fresh: bool) -> None:
    """Bolt makes a client for each request, and gives it the app's handlers."""
    clients: list[AsyncWebClient] = []

    @app.bolt.middleware
    async def note(context: AsyncBoltContext, next: Callable[[], Awaitable[None]]) -> None:  # noqa: A002 (Bolt's name)
        assert context.client is not None
        clients.append(context.client)
        await next()

    await app.dispatch(command(sandbox, "list"))
    await app.drain(DEADLINE)
    (client,) = clients
    assert client is not app.bolt.client
    general = sandbox.channel_id("general")

    async def post() -> None:
        await asyncio.gather(client.chat_postMessage(channel=general, text="once"), return_exceptions=True)

    assert await lose_the_answer(sandbox, "chat.postMessage", post, fresh=fresh) == 1


async def test_what_answers_a_person_answers_once(
    people: dict[str, Person], app: SlackApp, sandbox: Sandbox, connected: SlackApp
) -> None:
    assert connected is app
    tomas = people["tomas"]

    async def ask() -> None:
        await tomas.type("general", "list")
        await app.drain(DEADLINE)

    assert await lose_the_answer(sandbox, "response_url", ask) == 1


@FRESH
@pytest.mark.parametrize(
    ("method", "times"),
    # aiohttp repeats a GET once by itself, and the SDK reads by GET; that changes nothing in Slack.
    [("conversations.join", 1), ("users.info", 2), ("conversations.info", 2)],
)
async def test_the_directory_changes_nothing_twice(
    known_people: SlackPeople,
    known_channels: SlackChannels,
    sandbox: Sandbox,
    method: str,
    times: int,
    *,
    fresh: bool,
) -> None:
    channel = sandbox.channel_id("random")
    people = iter([sandbox.user_id("tomas.okafor"), sandbox.user_id("amara.nwosu")])

    async def ask() -> None:
        asked: dict[str, Callable[[], Awaitable[Any]]] = {
            "conversations.join": lambda: known_channels.join("T0SANDBOX", channel),
            "users.info": lambda: known_people.person("T0SANDBOX", next(people)),
            "conversations.info": lambda: known_channels.find("T0SANDBOX", channel),
        }
        try:
            await asked[method]()
        except UnavailableError:
            return

    assert await lose_the_answer(sandbox, method, ask, fresh=fresh) == times


@FRESH
async def test_the_installation_asks_once(web: SlackWeb, sandbox: Sandbox, *, fresh: bool) -> None:
    async def ask() -> None:
        try:
            await SingleInstallation(web, sandbox.bot_token).installation()
        except UnavailableError:
            return

    assert await lose_the_answer(sandbox, "auth.test", ask, fresh=fresh) == 1


async def test_no_client_has_a_retry_handler(app: SlackApp, web: SlackWeb, sandbox: Sandbox) -> None:
    async with SocketMode(app, web, sandbox.app_token, check=0.2) as socket:
        await asyncio.wait_for(socket.wait_connected(), DEADLINE)
        handler = socket._handler
        assert handler is not None
        for client in (web.api, app.bolt.client, handler.client.web_client):
            assert client.retry_handlers == []
