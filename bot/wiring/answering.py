"""What answers programs: REST over the acts, for callers with a key."""

import secrets
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from aiohttp.web import RouteDef

from bot.ports.people import Recent
from bot.settings import Settings
from bot.stores.apikeys import ApiKeys
from bot.web.api.routes import Api
from bot.wiring.acting import acting
from bot.wiring.stores import Stores


@asynccontextmanager
async def api(settings: Settings, kept: Stores, recent: Recent) -> AsyncIterator[Sequence[RouteDef]]:
    """The routes under /api/v1."""
    async with acting(settings, kept, recent) as acts:
        yield Api(acts.actions, keys_of(kept), now=kept.clock).routes()


def keys_of(kept: Stores) -> ApiKeys:
    """The API keys."""
    return ApiKeys(kept.registry, now=kept.clock, chance=secrets.token_bytes)
