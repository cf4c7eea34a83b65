"""The real Bolt app in a sandbox workspace: people type and click through the sandbox's own page contract."""

import asyncio
import secrets
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Self

import aiohttp
import pytest
import yaml
from aiohttp import web as aiohttp_web
from aiohttp.test_utils import TestServer
from redis.asyncio import Redis

from bot.actions.acts import Actions
from bot.actions.world import World
from bot.core.address import check_url
from bot.outlets.slack.web import SlackWeb
from bot.render.reply.menu import MENU
from bot.render.webhook import signing_secret
from bot.sandbox.limits import Rates
from bot.sandbox.server import Sandbox
from bot.slack.app import SlackApp
from bot.slack.directory.channels import SlackChannels
from bot.slack.directory.groups import SlackGroups
from bot.slack.directory.lookup import Lookup
from bot.slack.directory.people import SlackPeople
from bot.slack.endpoint import PATH, Endpoint
from bot.slack.inbox import Inbox
from bot.slack.installation import SingleInstallation
from bot.slack.manifest import manifest
from bot.slack.socket import SocketMode
from bot.stores.audit import RedisAudit
from bot.stores.keys import Keys
from bot.stores.outbox import Limits, RedisOutbox
from bot.stores.subscriptions import RedisSubscriptions
from bot.stores.summaries import RedisSummaries
from tests.edges.standins import Afresh, Archive, Lanes, Letters, Opinions, Past, Persons, Told

DEADLINE = 30.0


@pytest.fixture
async def sandbox() -> AsyncIterator[Sandbox]:
    described = yaml.safe_load(manifest(socket_mode=True))
    async with Sandbox(manifest=described, rates=Rates(enabled=False)) as running:
        yield running


@pytest.fixture
async def web(sandbox: Sandbox) -> AsyncIterator[SlackWeb]:
    async with SlackWeb(sandbox.api_url) as entered:
        yield entered


@pytest.fixture
def lookup(sandbox: Sandbox, web: SlackWeb) -> Lookup:
    async def token_of(_: str) -> str:
        return sandbox.bot_token

    return Lookup(web=web, token_of=token_of)


@pytest.fixture
def known_people(lookup: Lookup) -> SlackPeople:
    return SlackPeople(lookup, SlackGroups(lookup, clock=time.monotonic), clock=time.monotonic)


@pytest.fixture
def known_channels(lookup: Lookup) -> SlackChannels:
    return SlackChannels(lookup, clock=time.monotonic)


@pytest.fixture
def subscriptions(redis: Redis, keys: Keys) -> RedisSubscriptions:
    return RedisSubscriptions(redis, keys)


@pytest.fixture
def past() -> Past:
    return Past()


@pytest.fixture
def outbox(redis: Redis, keys: Keys) -> RedisOutbox:
    return RedisOutbox(redis, keys, Limits())


@pytest.fixture
def actions(
    subscriptions: RedisSubscriptions,
    known_people: SlackPeople,
    known_channels: SlackChannels,
    redis: Redis,
    keys: Keys,
    past: Past,
    outbox: RedisOutbox,
) -> Actions:
    return Actions(
        World(
            letters=Letters(),
            subscriptions=subscriptions,
            people=known_people,
            channels=known_channels,
            audit=RedisAudit(redis, keys),
            lanes=outbox,
            move=Lanes().move,
            persons=Persons(),
            recent=past,
            archive=Archive(past),
            opinions=Opinions(),
            afresh=Afresh(),
            notices=Told(),
            refuse_url=lambda url: check_url(url, (), (443,)),
            secret_of=partial(signing_secret, "a master secret that is long enough"),
            now=lambda: time.time_ns() // 1_000_000,
            draw=secrets.randbelow,
        )
    )


@pytest.fixture
async def app(sandbox: Sandbox, web: SlackWeb, actions: Actions, redis: Redis, keys: Keys) -> AsyncIterator[SlackApp]:
    installations = SingleInstallation(web, sandbox.bot_token)
    app = SlackApp(
        web=web,
        installations=installations,
        actions=actions,
        inbox=Inbox(redis, keys),
        summaries=RedisSummaries(redis, keys),
    )
    yield app
    await app.drain(DEADLINE)


@pytest.fixture(params=["socket", "http"])
async def connected(
    request: pytest.FixtureRequest, sandbox: Sandbox, web: SlackWeb, app: SlackApp
) -> AsyncIterator[SlackApp]:
    """The app, reached as Slack would: over Socket Mode, and over signed HTTP."""
    async with AsyncExitStack() as stack:
        if request.param == "socket":
            socket = await stack.enter_async_context(SocketMode(app, web, sandbox.app_token, check=0.2))
            await asyncio.wait_for(socket.wait_connected(), DEADLINE)
        else:
            server = aiohttp_web.Application()
            server.add_routes(Endpoint(app, sandbox.signing_secret).routes())
            listening = await stack.enter_async_context(TestServer(server))
            await sandbox.deliver_to(str(listening.make_url(PATH)))
            assert await sandbox.verify_request_url()
        yield app
        await app.drain(DEADLINE)


@dataclass
class Person:
    """Someone with the sandbox's page open."""

    sandbox: Sandbox
    user: str
    session: aiohttp.ClientSession
    feed: aiohttp.ClientWebSocketResponse
    notices: list[str] = field(default_factory=list)

    @classmethod
    async def enter(cls, sandbox: Sandbox, name: str, stack: AsyncExitStack) -> Self:
        user = sandbox.user_id(name)
        session = await stack.enter_async_context(aiohttp.ClientSession(sandbox.url))
        async with session.get("/client/boot", params={"user": user}) as answer:
            assert (await answer.json())["ok"]
        feed = await stack.enter_async_context(session.ws_connect(f"/client/live?user={user}"))
        return cls(sandbox, user, session, feed)

    async def type(self, channel: str, text: str) -> dict[str, Any]:
        """Type a slash command; returns the reply that only this person sees."""
        await self.do("command", channel=self.sandbox.channel_id(channel), command="/tidings", text=text)
        return await self.sees("ephemeral")

    async def click(self, message: dict[str, Any], action_id: str, nth: int = 0) -> None:
        """Click a button of a message that only this person sees."""
        place = {"type": "message", "channel": message["channel"], "ts": message["ts"], "ephemeral": True}
        await self.do("action", container=place, action=button(message, action_id, nth))

    async def choose(self, message: dict[str, Any], text: str, *, value: str | None = None) -> None:
        """Choose from the first menu of a message that only this person sees; a forger sends another value."""
        place = {"type": "message", "channel": message["channel"], "ts": message["ts"], "ephemeral": True}
        menu = button(message, MENU)
        option = next(option for option in menu["options"] if option["text"]["text"] == text)
        chosen = option if value is None else {**option, "value": value}
        await self.do("action", container=place, action={**menu, "selected_option": chosen})

    async def sees(self, event: str) -> dict[str, Any]:
        """The next change of that kind on this person's page."""
        async with asyncio.timeout(DEADLINE):
            while True:
                found: dict[str, Any] = await self.feed.receive_json()
                if found["event"] == "notice":
                    self.notices.append(found["text"])
                if found["event"] == event:
                    what: dict[str, Any] = found.get("message") or found.get("view") or found
                    return what

    async def do(self, what: str, **details: Any) -> None:
        async with self.session.post(f"/client/{what}", json={"user": self.user, **details}) as answer:
            found = await answer.json()
        assert found["ok"], found


def button(message: dict[str, Any], action_id: str, nth: int = 0) -> dict[str, Any]:
    """The nth button with that action_id, as a page sends it."""
    found = []
    for block in message["blocks"]:
        parts = [*block.get("elements", []), *([block["accessory"]] if "accessory" in block else [])]
        found += [{**part, "block_id": block["block_id"]} for part in parts if part.get("action_id") == action_id]
    return found[nth]


async def eventually(holds: Callable[[], bool]) -> None:
    """Wait until something is true, within the deadline."""
    async with asyncio.timeout(DEADLINE):
        while not holds():  # noqa: ASYNC110 (the far side has no event to wait for)
            await asyncio.sleep(0.01)


def text_of(message: dict[str, Any]) -> str:
    """All that a person reads in a message or view."""
    return "\n".join(_texts(message["blocks"]))


def _texts(part: Any) -> list[str]:
    match part:
        case {"text": str(text)}:
            return [text]
        case dict():
            return [text for value in part.values() for text in _texts(value)]
        case list():
            return [text for value in part for text in _texts(value)]
        case _:
            return []


@pytest.fixture
async def people(sandbox: Sandbox) -> AsyncIterator[dict[str, Person]]:
    """Maya is an admin; Tomás and Amara are not."""
    async with AsyncExitStack() as stack:
        yield {
            short: await Person.enter(sandbox, name, stack)
            for short, name in (("maya", "maya.lindqvist"), ("tomas", "tomas.okafor"), ("amara", "amara.nwosu"))
        }
