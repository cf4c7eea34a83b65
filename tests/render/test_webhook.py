import base64
import hashlib
import hmac
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st
from standardwebhooks import Webhook as Verifier
from standardwebhooks import WebhookVerificationError

from bot.core.delivery import DeliveryId
from bot.core.destination import DestinationId
from bot.render.webhook import request, signing_secret

PLACE = DestinationId("webhook/T1/9f86d081884c7d65")


def test_a_secret_is_hkdf_of_master_and_destination() -> None:
    # RFC 5869 by hand: extract with a salt of zeros, then the first block of expand.
    extracted = hmac.digest(bytes(32), b"master", hashlib.sha256)
    expanded = hmac.digest(extracted, b"tidings/webhook/v1/webhook/T1/9f86d081884c7d65\x01", hashlib.sha256)

    assert signing_secret("master", PLACE) == "whsec_" + base64.b64encode(expanded).decode()


def test_no_two_endpoints_or_installations_share_a_secret() -> None:
    others = [("master", DestinationId("webhook/T2/9f86d081884c7d65")), ("another", PLACE)]

    assert len({signing_secret("master", PLACE), *(signing_secret(*other) for other in others)}) == 3


@given(st.text(st.characters(exclude_categories=["Cs"])), st.integers(-14, 14))
def test_any_body_verifies_whatever_the_clock_s_zone(body: str, hours: int) -> None:
    secret = signing_secret("master", PLACE)
    now = datetime.now(UTC).astimezone(timezone(timedelta(hours=hours)))

    post = request(body.encode(), delivery=DeliveryId("d1"), secret=secret, at=now)

    Verifier(secret).verify(post.body, dict(post.headers), json_parse=False)
    assert post.headers["webhook-timestamp"] == str(int(now.timestamp()))


def test_a_changed_body_does_not_verify() -> None:
    secret = signing_secret("master", PLACE)
    post = request(b"body", delivery=DeliveryId("d1"), secret=secret, at=datetime.now(UTC))

    with pytest.raises(WebhookVerificationError):
        Verifier(secret).verify(post.body + b" ", dict(post.headers), json_parse=False)
