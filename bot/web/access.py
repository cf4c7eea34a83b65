"""Who may open a stream: pages of which origins, and callers with the token or a ticket."""

from collections.abc import Collection
from hmac import compare_digest
from typing import Final
from urllib.parse import urlsplit

from aiohttp import hdrs, web

from bot.web.problem import Problem
from bot.web.tickets import Tickets

PREFLIGHT_SECONDS: Final = 600


class Access:
    """Checks a request's origin and credentials. `token` empty: nobody may. No cookie is ever looked at."""

    def __init__(self, token: str, origins: Collection[str], tickets: Tickets) -> None:
        self._token = token.encode()
        self._origins = frozenset(origins)
        self._tickets = tickets

    def origin(self, request: web.Request) -> dict[str, str]:
        """The CORS headers that the answer needs. Raises Problem for a page of another origin.

        CORS does not cover WebSocket handshakes, so the server has to look (RFC 6455, section 10.2). A request without
        an Origin comes from no page; it needs the token like any other.
        """
        origin = request.headers.get(hdrs.ORIGIN)
        if origin is None:
            return {hdrs.VARY: hdrs.ORIGIN}
        if origin in self._origins:
            return {hdrs.VARY: hdrs.ORIGIN, hdrs.ACCESS_CONTROL_ALLOW_ORIGIN: origin}
        if _same(origin, request.host):
            return {hdrs.VARY: hdrs.ORIGIN}
        raise Problem(403, "This page's origin may not open the stream. TIDINGS_STREAM_ORIGINS lists those that may.")

    def preflight(self, request: web.Request) -> web.Response:
        """Answer what a browser asks before it sends an Authorization header (Fetch standard, CORS-preflight fetch)."""
        headers = self.origin(request) | {
            hdrs.ACCESS_CONTROL_ALLOW_METHODS: "GET, POST",
            hdrs.ACCESS_CONTROL_ALLOW_HEADERS: "authorization, last-event-id",
            hdrs.ACCESS_CONTROL_MAX_AGE: str(PREFLIGHT_SECONDS),
        }
        return web.Response(status=204, headers=headers)

    def token(self, request: web.Request, headers: dict[str, str]) -> None:
        """Check the Authorization header (RFC 6750, section 2.1). Raises Problem, with `headers`."""
        if not self._token:
            raise Problem(403, "The stream is closed: TIDINGS_STREAM_TOKEN is not set.", headers=headers)
        scheme, _, given = request.headers.get(hdrs.AUTHORIZATION, "").partition(" ")
        right = compare_digest(given.strip().encode("utf-8", "surrogateescape"), self._token)
        if scheme.lower() != "bearer" or not right:
            raise _unauthorized("Send the stream's token: Authorization: Bearer …", headers)

    async def token_or_ticket(self, request: web.Request, headers: dict[str, str]) -> None:
        """Check the header, or else `?ticket=`, which is thereby used up. Raises Problem, with `headers`."""
        ticket = request.query.get("ticket")
        if ticket is None or not self._token or hdrs.AUTHORIZATION in request.headers:
            self.token(request, headers)
        elif not await self._tickets.redeem(ticket):
            raise _unauthorized("The ticket is unknown, used or older than 30 s. POST /stream/ticket for one.", headers)


def _unauthorized(title: str, headers: dict[str, str]) -> Problem:
    return Problem(401, title, headers=headers | {hdrs.WWW_AUTHENTICATE: 'Bearer realm="tidings"'})


def _same(origin: str, host: str) -> bool:
    """Whether the page is ours. A proxy in front may have taken TLS off, so the scheme may be either."""
    parts = urlsplit(origin)
    return parts.scheme in {"http", "https"} and parts.netloc.lower() == host.lower()
