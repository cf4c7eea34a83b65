"""The HTTP server: routes of several rooms on one port, with the same manners for all."""

from collections.abc import Awaitable, Callable, Iterable
from typing import Final

import structlog
from aiohttp import hdrs, web
from aiohttp.typedefs import Handler

from bot.web.problem import Problem

log = structlog.get_logger()

BODY_BYTES: Final = 1 << 20
DRAIN_SECONDS: Final = 5.0

_HEADERS: Final = {
    hdrs.CACHE_CONTROL: "no-store",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}


class Server:
    """Listens while it is entered; entering gives the URL. `port` 0 picks a free one.

    Leaving it, in this order:

    1. no new connections;
    2. `farewells`, which end what would never end by itself (streams);
    3. requests under way get `drain` seconds;
    4. every connection is closed.
    """

    def __init__(
        self,
        routes: Iterable[web.AbstractRouteDef],
        *,
        host: str,
        port: int,
        farewells: Iterable[Callable[[], Awaitable[None]]] = (),
        drain: float = DRAIN_SECONDS,
    ) -> None:
        app = web.Application(client_max_size=BODY_BYTES, middlewares=[_answer_problems])
        app.on_response_prepare.append(_add_headers)
        app.add_routes(routes)
        for farewell in farewells:
            app.on_shutdown.append(_ignoring_app(farewell))
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=drain)
        self._host = host
        self._port = port

    async def __aenter__(self) -> str:
        """Bind and listen. Raises OSError where the address can't be had."""
        await self._runner.setup()
        try:
            await web.TCPSite(self._runner, self._host, self._port).start()
        except BaseException:
            await self._runner.cleanup()
            raise
        host, port = self._runner.addresses[0][:2]
        url = f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
        log.info("web_listening", url=url)
        return url

    async def __aexit__(self, *_: object) -> None:
        """Stop, in the order of the class's docstring."""
        await self._runner.cleanup()


@web.middleware
async def _answer_problems(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Every error is problem details; what was not foreseen is logged and tells the caller nothing."""
    try:
        return await handler(request)
    except Problem as problem:
        return problem.response()
    except web.HTTPException as error:
        kept = {name: value for name, value in error.headers.items() if name in {hdrs.ALLOW, hdrs.LOCATION}}
        return Problem(error.status, error.reason, headers=kept).response()
    except ConnectionError:
        raise  # the caller left; nobody to answer
    except Exception:
        log.exception("request_failed", method=request.method, path=request.path)
        return Problem(500, "Something went wrong here; it was logged.").response()


async def _add_headers(_request: web.Request, response: web.StreamResponse) -> None:
    response.headers[hdrs.SERVER] = "tidings"  # aiohttp would tell its version and Python's
    for name, value in _HEADERS.items():
        response.headers.setdefault(name, value)


def _ignoring_app(farewell: Callable[[], Awaitable[None]]) -> Callable[[web.Application], Awaitable[None]]:
    async def on_shutdown(_app: web.Application) -> None:
        await farewell()

    return on_shutdown
