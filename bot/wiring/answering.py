"""What answers programs: REST over the acts, for callers with a key."""

import secrets
from collections.abc import Sequence

from aiohttp.web import RouteDef

from bot.stores.apikeys import ApiKeys
from bot.web.api.routes import Api
from bot.wiring.acting import Acting
from bot.wiring.stores import Stores


def api(kept: Stores, acting: Acting) -> Sequence[RouteDef]:
    """The routes of the REST API."""
    return Api(acting.actions, api_keys(kept), now=kept.clock).routes()


def api_keys(kept: Stores) -> ApiKeys:
    """The API keys."""
    return ApiKeys(kept.registry, now=kept.clock, chance=secrets.token_bytes)
