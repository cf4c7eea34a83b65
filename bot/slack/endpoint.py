"""`/slack/events`: Slack's requests over HTTP. Everything it sends (commands, clicks, events) comes to this one URL.

A request is proven before it is read: a bad one costs an HMAC at most and gets 401, whatever its headers hold.
https://docs.slack.dev/authentication/verifying-requests-from-slack
"""

import re
import time
from collections.abc import Callable
from urllib.parse import parse_qsl

import orjson
from aiohttp import web
from slack_bolt.adapter.aiohttp import to_aiohttp_response
from slack_sdk.signature import Clock, SignatureVerifier

from bot.slack.app import SlackApp

PATH = "/slack/events"
LARGEST = 1024 * 1024
"""Bytes of a body. Slack's own limits (a view of 250 kB, a message of 50 blocks) stay far below."""
MOST_FIELDS = 100
RETRY_HEADERS = ("x-slack-retry-num", "x-slack-retry-reason")

_TIMESTAMP = re.compile(r"\d{1,12}", re.ASCII)
_SIGNATURE = re.compile(r"v0=[0-9a-f]{64}")


class Endpoint:
    """Checks requests and hands them to the app. `clock` gives seconds since the epoch."""

    def __init__(self, app: SlackApp, signing_secret: str, *, clock: Callable[[], float] = time.time) -> None:
        self._app = app
        self._verifier = SignatureVerifier(signing_secret, clock=_Clock(clock))

    def routes(self) -> list[web.RouteDef]:
        """For the web server."""
        return [web.post(PATH, self._receive)]

    async def _receive(self, request: web.Request) -> web.StreamResponse:
        body = await _body(request)
        if body is None:
            return web.Response(status=413, text="too large")
        if _is_ssl_check(body):
            return web.Response(text="")
        if not self._is_proven(request, body):
            return web.Response(status=401, text="not signed by Slack")
        payload = _payload(body, request.content_type)
        if payload is None:
            return web.Response(status=400, text="not a payload of Slack's")
        retries = {name: request.headers[name] for name in RETRY_HEADERS if name in request.headers}
        return await to_aiohttp_response(await self._app.dispatch(payload, headers=retries))

    def _is_proven(self, request: web.Request, body: bytes) -> bool:
        timestamp = request.headers.get("x-slack-request-timestamp", "")
        signature = request.headers.get("x-slack-signature", "")
        # The SDK's verifier raises on a timestamp that is no number, a signature that is not ASCII, a body that is not
        # UTF-8; none of those is Slack's.
        if not _TIMESTAMP.fullmatch(timestamp) or not _SIGNATURE.fullmatch(signature):
            return False
        try:
            return self._verifier.is_valid(body, timestamp, signature)
        except UnicodeDecodeError:
            return False


async def _body(request: web.Request) -> bytes | None:
    """The body, or None where it is too large; no more than the limit is ever held."""
    if (request.content_length or 0) > LARGEST:
        return None
    body = bytearray()
    async for chunk in request.content.iter_chunked(64 * 1024):
        body += chunk
        if len(body) > LARGEST:
            return None
    return bytes(body)


def _is_ssl_check(body: bytes) -> bool:
    """Slack's unsigned look whether our certificate is good (docs.slack.dev, implementing slash commands)."""
    return len(body) < 200 and b"ssl_check=1" in body.split(b"&")  # noqa: PLR2004 (a token and a flag)


def _payload(body: bytes, content_type: str) -> dict[str, object] | None:
    try:
        if content_type == "application/json":
            found = orjson.loads(body)
        else:
            fields = dict(parse_qsl(body.decode(), keep_blank_values=True, max_num_fields=MOST_FIELDS))
            found = orjson.loads(fields["payload"]) if "payload" in fields else fields
    except ValueError:
        return None
    return found if isinstance(found, dict) and found else None


class _Clock(Clock):
    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now

    def now(self) -> float:
        return self._now()
