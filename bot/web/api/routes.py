"""The routes: each request is authenticated, checked and answered in the same way, whatever the endpoint."""

from collections.abc import Callable
from typing import Final

import structlog
from aiohttp import hdrs, web
from aiohttp.typedefs import Handler

from bot.actions.acts import Actions
from bot.core.errors import MistakeError, UnavailableError
from bot.web.api.bearer import Keys, actor_of, authenticate, require
from bot.web.api.call import Call, read_body
from bot.web.api.openapi import openapi
from bot.web.api.refusals import away, mistake
from bot.web.api.table import ENDPOINTS, PREFIX, Endpoint

log = structlog.get_logger()

OPENAPI: Final = f"{PREFIX}/openapi.json"


class Api:
    """REST over the actions, for callers with a key. `now` gives milliseconds since the epoch."""

    def __init__(self, actions: Actions, keys: Keys, *, now: Callable[[], int]) -> None:
        self._actions = actions
        self._keys = keys
        self._now = now

    def routes(self) -> list[web.RouteDef]:
        """For the server."""
        text = openapi()

        async def described(_request: web.Request) -> web.Response:
            return web.Response(text=text, content_type="application/json", headers={hdrs.CACHE_CONTROL: "no-cache"})

        made = [
            web.route(
                one.method,
                PREFIX + one.path,
                self._handler(one),
                **({"allow_head": False} if one.method == "GET" else {}),
            )
            for one in ENDPOINTS
        ]
        return [web.get(OPENAPI, described), *made]

    def _handler(self, endpoint: Endpoint) -> Handler:
        async def handle(request: web.Request) -> web.StreamResponse:
            try:
                key = await authenticate(request, self._keys)
                require(key, endpoint.scope)
                raw = await read_body(request) if endpoint.body is not None else b""
                call = Call(
                    request=request,
                    key=key,
                    actor=actor_of(key),
                    actions=self._actions,
                    now=self._now(),
                    raw=raw,
                    bare=endpoint.optional,
                )
                answered = await endpoint.handler(call)
            except MistakeError as error:
                raise mistake(error) from error
            except UnavailableError as error:
                log.warning("api_unavailable", operation=endpoint.name, why=str(error))
                raise away(error) from error
            if request.method != hdrs.METH_GET:
                log.info("api_call", operation=endpoint.name, key=key.id, status=answered.status)
            return answered.response()

        return handle
