"""Payloads to a request URL, signed as Slack signs them.

Sources: docs.slack.dev/authentication/verifying-requests-from-slack, docs.slack.dev/apis/events-api.
"""

import hashlib
import hmac
from collections.abc import Callable
from urllib.parse import urlencode

import aiohttp
import orjson

from bot.sandbox.answers import Json
from bot.sandbox.delivery import Ack, Acked, Envelope, NotAcked, Retry


def sign(secret: str, timestamp: int, body: bytes) -> str:
    """The value of ``X-Slack-Signature``."""
    base = b"v0:%d:%b" % (timestamp, body)
    return "v0=" + hmac.new(secret.encode(), base, hashlib.sha256).hexdigest()


def encode(envelope: Envelope) -> tuple[str, bytes]:
    """Content type and body: JSON for events, a form for commands, JSON within a form for interactions."""
    match envelope.kind:
        case "events_api":
            return "application/json", orjson.dumps(envelope.payload)
        case "slash_commands":
            return "application/x-www-form-urlencoded", urlencode(envelope.payload).encode()
        case "interactive":
            payload = orjson.dumps(envelope.payload).decode()
            return "application/x-www-form-urlencoded", urlencode({"payload": payload}).encode()


_REASONS = {
    "timeout": "http_timeout",
    "connection_failed": "connection_failed",
    "http_error": "http_error",
}


class SignedHttp:
    """Posts each payload to the app's request URL."""

    def __init__(self, url: str, *, secret: str, clock: Callable[[], float]) -> None:
        self.url = url
        self._secret = secret
        self._clock = clock
        self._session = aiohttp.ClientSession(trust_env=False)

    async def send(self, envelope: Envelope, *, retry: Retry | None, timeout: float) -> Ack:  # noqa: ASYNC109 - see Transport
        """Post the payload; 200 within ``timeout`` seconds is an ack."""
        content_type, body = encode(envelope)
        headers = {"Content-Type": content_type, **self._signature(body)}
        if retry is not None:
            headers |= {
                "X-Slack-Retry-Num": str(retry.number),
                "X-Slack-Retry-Reason": _REASONS[retry.reason],
            }
        limit = aiohttp.ClientTimeout(total=timeout)
        try:
            async with self._session.post(self.url, data=body, headers=headers, timeout=limit) as response:
                answer = await response.read()
                if response.status != 200:  # noqa: PLR2004 - HTTP's own name for success
                    return NotAcked(reason="http_error", final="x-slack-no-retry" in response.headers)
                return Acked(payload=_answer(response.content_type, answer))
        except TimeoutError:
            return NotAcked(reason="timeout")
        except aiohttp.ClientError:
            return NotAcked(reason="connection_failed")

    async def verify(self, challenge: str) -> bool:
        """The handshake of a new request URL: the app must send the challenge back."""
        envelope = Envelope(kind="events_api", payload={"type": "url_verification", "challenge": challenge})
        ack = await self.send(envelope, retry=None, timeout=3.0)
        return isinstance(ack, Acked) and challenge in {ack.payload.get("challenge"), ack.payload.get("text")}

    def _signature(self, body: bytes) -> dict[str, str]:
        timestamp = int(self._clock())
        return {
            "X-Slack-Request-Timestamp": str(timestamp),
            "X-Slack-Signature": sign(self._secret, timestamp, body),
        }

    async def close(self) -> None:
        """Close the connections to the app."""
        await self._session.close()


def _answer(content_type: str, body: bytes) -> Json:
    if not body.strip():
        return {}
    if content_type == "application/json":
        answer = orjson.loads(body)
        return answer if isinstance(answer, dict) else {}
    return {"text": body.decode("utf-8", "replace")}
