from collections.abc import AsyncIterator, Callable

import pytest
from aiohttp import ClientSession
from redis.asyncio import Redis
from yarl import URL

from bot.core.apikey import Scope
from bot.stores.keys import Keys
from tests.edges.web.api.office import BEN, BOSS, Client, Office


@pytest.fixture
def office(redis: Redis, keys: Keys) -> Office:
    return Office(redis, keys)


@pytest.fixture
async def client(office: Office) -> AsyncIterator[Callable[[str | None], Client]]:
    async with office.open() as url, ClientSession(URL(url)) as http:
        yield lambda key: Client(http, key)


@pytest.fixture
async def ana(office: Office, client: Callable[[str | None], Client]) -> Client:
    return client(await office.key())


@pytest.fixture
async def ben(office: Office, client: Callable[[str | None], Client]) -> Client:
    return client(await office.key(user=BEN))


@pytest.fixture
async def boss(office: Office, client: Callable[[str | None], Client]) -> Client:
    return client(await office.key(Scope.ADMIN, user=BOSS))


@pytest.fixture
async def stranger(office: Office, client: Callable[[str | None], Client]) -> Client:
    """An admin of another workspace."""
    return client(await office.key(Scope.ADMIN, user=BOSS, team="T2"))
