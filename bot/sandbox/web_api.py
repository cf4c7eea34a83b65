"""The door of the Web API: faults, token, scope, limits, then the method, then Slack's way of saying it."""

import asyncio
import base64
import binascii

import orjson
import structlog
from aiohttp import web

from bot.sandbox.answers import Json, Refusal
from bot.sandbox.arguments import read_arguments
from bot.sandbox.backend import Backend
from bot.sandbox.faults import Fault
from bot.sandbox.grants import Grant
from bot.sandbox.methods.call import Call, Method
from bot.sandbox.methods.table import METHODS

log = structlog.get_logger()

HTML = (
    "<!DOCTYPE html><html><head><title>Server Error</title></head><body><h1>Server Error</h1></body></html>"
)
TEXT = "upstream connect error or disconnect/reset before headers"


class WebApi:
    """Answers ``/api/METHOD``."""

    def __init__(self, backend: Backend) -> None:
        self._backend = backend

    def routes(self) -> list[web.RouteDef]:
        """The one route of all methods."""
        return [web.route("*", "/api/{method}", self.handle)]

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """Answer one call."""
        name = request.match_info["method"]
        self._backend.stats.called(name)
        try:
            arguments = read_arguments(request.query_string, request.content_type, await request.read())
        except Refusal as refusal:
            return self._refused(name, None, refusal, {})
        channel = arguments.get("channel") or arguments.get("channel_id")
        faults = self._backend.faults.strike(name, channel)
        for fault in faults:
            self._backend.stats.faulted(name)
            if not fault.after and (cut := await suffer(request, fault)) is not None:
                return cut
        answer = self._answer(name, request, arguments)
        for fault in faults:
            if fault.after and (cut := await suffer(request, fault)) is not None:
                return cut
        return answer

    def _answer(self, name: str, request: web.Request, arguments: Json) -> web.Response:
        headers = {"Cache-Control": "no-store"}
        channel = arguments.get("channel")
        try:
            return _json({"ok": True, **self._call(name, request, arguments, headers)}, 200, headers)
        except Refusal as refusal:
            return self._refused(name, channel if isinstance(channel, str) else None, refusal, headers)

    def _call(self, name: str, request: web.Request, arguments: Json, headers: dict[str, str]) -> Json:
        method = METHODS.get(name)
        if method is None:
            raise Refusal("unknown_method", req_method=name)
        grant = self._grant(method, request, arguments)
        if grant is not None:
            headers["x-oauth-scopes"] = ",".join(grant.scopes)
            headers["x-accepted-oauth-scopes"] = ",".join(method.scopes)
        basic = _basic(request.headers.get("Authorization", ""))
        call = Call(method=name, arguments=arguments, grant=grant, backend=self._backend, basic=basic)
        if method.scopes:
            call.need(*method.scopes)
        self._backend.spend(name)
        return method.handler(call)

    def _grant(self, method: Method, request: web.Request, arguments: Json) -> Grant | None:
        if method.token is None:
            return None
        scheme, _, bearer = request.headers.get("Authorization", "").partition(" ")
        token = bearer.strip() if scheme.lower() == "bearer" else arguments.get("token")
        return self._backend.grants.check(token, kind=method.token, now=self._backend.clock())

    def _refused(
        self, name: str, channel: str | None, refusal: Refusal, headers: dict[str, str]
    ) -> web.Response:
        self._backend.stats.refused(name, refusal.code)
        if refusal.retry_after is not None:
            headers["Retry-After"] = str(refusal.retry_after)
            for heard in self._backend.on_throttle:
                heard(name, channel, refusal.retry_after)
        log.debug("sandbox_refused", method=name, error=refusal.code)
        return _json(refusal.body(), refusal.status, headers)


async def suffer(request: web.Request, fault: Fault) -> web.Response | None:
    """Carry out one fault; the answer that takes the place of the real one, or None to go on."""
    match fault.kind:
        case "latency":
            await asyncio.sleep(fault.seconds)
            return None
        case "drop":
            if request.transport is not None:
                request.transport.abort()
            return web.Response()  # goes nowhere: the connection is cut
        case "html":
            return web.Response(status=fault.status, text=HTML, content_type="text/html")
        case "text":
            return web.Response(status=fault.status, text=TEXT)
        case "ratelimited":
            refusal = {"ok": False, "error": "ratelimited"}
            return _json(refusal, 429, {"Retry-After": str(fault.retry_after)})
        case "error":
            return _json({"ok": False, "error": fault.error}, 200, {})


def _json(body: Json, status: int, headers: dict[str, str]) -> web.Response:
    return web.Response(
        body=orjson.dumps(body),
        status=status,
        headers=headers,
        content_type="application/json",
        charset="utf-8",
    )


def _basic(header: str) -> tuple[str, str] | None:
    scheme, _, encoded = header.partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        user, _, secret = base64.b64decode(encoded, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return None
    return user, secret
