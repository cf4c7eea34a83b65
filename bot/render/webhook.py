"""A webhook's request: the event as a CloudEvent, signed as Standard Webhooks 1.0.0 says.

https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
"""

from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from math import floor

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from standardwebhooks import Webhook as Signer

from bot.core.delivery import DeliveryId
from bot.core.destination import DestinationId


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What is POSTed: the body's bytes exactly as signed, and its headers."""

    headers: Mapping[str, str]
    body: bytes


@lru_cache(maxsize=4_096)
def signing_secret(master: str, destination: DestinationId) -> str:
    """The endpoint's secret, `whsec_…`: derived from the master secret by HKDF-SHA256 (RFC 5869), never stored.

    The destination's id names team and endpoint: no two endpoints share a secret, and one secret tells nothing of
    another.
    """
    info = f"tidings/webhook/v1/{destination}".encode()
    key = HKDF(algorithm=SHA256(), length=32, salt=None, info=info).derive(master.encode())
    return f"whsec_{b64encode(key).decode()}"


def request(body: bytes, *, delivery: DeliveryId, secret: str, at: datetime) -> Request:
    """Write the request of one attempt.

    `body` is the event as `core.cloudevent.encode` wrote it: structured-mode JSON in UTF-8. The id is the delivery's,
    the same in every attempt; `at`, an aware datetime, is the time of this attempt.
    """
    seconds = floor(at.timestamp())
    # The signer takes a datetime's own digits for UTC, whatever its zone: give it one that is in UTC.
    signature = Signer(secret).sign(delivery, datetime.fromtimestamp(seconds, UTC), body.decode())
    return Request(
        headers={
            "content-type": "application/cloudevents+json",
            "webhook-id": delivery,
            "webhook-timestamp": str(seconds),
            "webhook-signature": signature,
        },
        body=body,
    )
