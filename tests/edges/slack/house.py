"""An app that many workspaces may install, reached by a browser, beside a sandbox of Slack whose tokens rotate."""

import re
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from html import unescape
from typing import Any

import aiohttp
import yaml
from aiohttp import web as aiohttp_web
from aiohttp.test_utils import TestServer
from cryptography.fernet import Fernet
from redis.asyncio import Redis

from bot.outlets.slack.web import SlackWeb
from bot.ports.installation import Installation
from bot.sandbox.limits import Rates
from bot.sandbox.server import Sandbox
from bot.slack.grant import Granting
from bot.slack.lifecycle import Lifecycle
from bot.slack.manifest import SCOPES, manifest
from bot.slack.many import LOCK_MS, ManyInstallations
from bot.slack.oauth import INSTALL, OAuth
from bot.stores.installations import InstallationStore
from bot.stores.keys import Keys
from bot.stores.lock import Lock
from bot.stores.outbox import Limits, RedisOutbox
from bot.stores.registry import Registry
from bot.stores.states import States
from bot.stores.vault import Vault

TEAM, ORG = "T0SANDBOX", "E0SANDBOX"


@dataclass
class Clock:
    """Slack's and ours."""

    seconds: float = field(default_factory=time.time)

    def __call__(self) -> float:
        return self.seconds

    def ms(self) -> int:
        return round(self.seconds * 1000)


@dataclass
class House:
    """Everything that serves installations, and what a test turns at."""

    url: str
    clock: Clock
    sandbox: Sandbox
    web: SlackWeb
    redis: Redis
    keys: Keys
    store: InstallationStore
    outbox: RedisOutbox
    lifecycle: Lifecycle
    routes: dict[str, Any]

    def serve(
        self, *, teams: tuple[str, ...] = ("*",), public: str = "", secret: str = "", redis: Redis | None = None
    ) -> None:
        """Answer browsers from now on, with other settings than the usual where some are given."""
        oauth = OAuth(
            self.web,
            self.granting(secret),
            States(redis or self.redis, self.keys),
            self.lifecycle,
            client_id=self.sandbox.app.client_id,
            api_url=self.sandbox.api_url,
            public_url=public or self.url,
            scopes=tuple(SCOPES),
            teams=teams,
            clock=self.clock.ms,
        )
        self.routes.update({route.path: route.handler for route in oauth.routes()})

    def granting(self, secret: str = "") -> Granting:
        return Granting(self.web, self.sandbox.app.client_id, secret or self.sandbox.app.client_secret)

    def many(self) -> ManyInstallations:
        """What a process of its own would have."""
        lock = Lock(self.redis, LOCK_MS)
        return ManyInstallations(self.store, self.granting(), lock, self.keys, clock=self.clock.ms)

    async def install(self, **fields: str) -> Installation:
        """Go through all of it in a browser."""
        async with browser() as one:
            assert (await finish(one, await begin(one, self.url), **fields)).status == 200
        found = await self.store.get(ORG if "org" in fields else TEAM)
        assert found is not None
        return found


@asynccontextmanager
async def house(redis: Redis, keys: Keys, *, socket_mode: bool = False) -> AsyncIterator[House]:
    routes: dict[str, Any] = {}
    clock = Clock()

    async def serve(request: aiohttp_web.Request) -> aiohttp_web.StreamResponse:
        answer: aiohttp_web.StreamResponse = await routes[request.path](request)
        return answer

    async with AsyncExitStack() as stack:
        application = aiohttp_web.Application()
        application.router.add_get("/slack/{rest}", serve)
        server = await stack.enter_async_context(TestServer(application))
        url = str(server.make_url("")).rstrip("/")
        described = yaml.safe_load(manifest(socket_mode=socket_mode, base_url=url, many=True))
        sandbox = await stack.enter_async_context(Sandbox(manifest=described, rates=Rates(enabled=False), clock=clock))
        web = await stack.enter_async_context(SlackWeb(sandbox.api_url))
        store = InstallationStore(Registry(redis, keys), Vault([Fernet.generate_key().decode()]))
        outbox = RedisOutbox(redis, keys, Limits())
        made = House(
            url=url,
            clock=clock,
            sandbox=sandbox,
            web=web,
            redis=redis,
            keys=keys,
            store=store,
            outbox=outbox,
            lifecycle=Lifecycle(web, store, outbox),
            routes=routes,
        )
        made.serve()
        yield made


@asynccontextmanager
async def browser() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True)) as session:
        yield session


@dataclass
class Seen:
    """What a browser shows at the end."""

    status: int
    text: str
    headers: Mapping[str, str]
    url: str


async def look(session: aiohttp.ClientSession, url: str) -> Seen:
    async with session.get(url) as answer:
        return Seen(answer.status, await answer.text(), answer.headers, str(answer.url))


async def begin(session: aiohttp.ClientSession, url: str) -> Seen:
    """Click "Add to Slack": Slack's page, which asks for consent."""
    offer = await look(session, url + INSTALL)
    (link,) = re.findall(r'class="button" href="([^"]+)"', offer.text)
    return await look(session, unescape(link))


async def finish(session: aiohttp.ClientSession, asked: Seen, *, decision: str = "allow", **fields: str) -> Seen:
    """Answer Slack's page; what the app shows then."""
    assert asked.status == 200, asked.text
    hidden = dict(re.findall(r'<input type="hidden" name="([^"]*)" value="([^"]*)"', asked.text))
    form = {name: unescape(value) for name, value in hidden.items()}
    async with session.post(asked.url.partition("?")[0], data={**form, "decision": decision, **fields}) as answer:
        return Seen(answer.status, await answer.text(), answer.headers, str(answer.url))
