from collections.abc import AsyncIterator

import pytest
from aiohttp import ClientSession

from bot.telemetry import Metrics
from bot.web.gateway import Gateway
from tests.edges.web.browsers import Site, session, site


@pytest.fixture
def metrics() -> Metrics:
    return Metrics()


@pytest.fixture
async def gateway(metrics: Metrics) -> AsyncIterator[Gateway]:
    async with Gateway(metrics) as gateway:
        yield gateway


@pytest.fixture
async def served(gateway: Gateway) -> AsyncIterator[Site]:
    async with site(gateway) as served:
        yield served


@pytest.fixture
async def http(served: Site) -> AsyncIterator[ClientSession]:
    async with session(served) as http:
        yield http
