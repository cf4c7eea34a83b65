"""Every status that a receiver may answer with; the receiver is respx, for no real one can be made to say them all."""

from collections.abc import AsyncIterator

import httpx
import pytest
import respx

from bot.core.delivery import Failed, Outcome, Refused, Scope, Sent, Throttled, Unknown
from bot.core.destination import Webhook
from bot.outlets.webhook import WebhookOutlet
from tests.edges.outlets.parcels import parcel

HOOK = Webhook(team="T1", url="https://hooks.example.com/inference?key=credential")
MASTER = "a master secret of more than thirty-two characters"


@pytest.fixture
async def outlet() -> AsyncIterator[WebhookOutlet]:
    async with WebhookOutlet(MASTER) as made:
        yield made


async def outcome_of(outlet: WebhookOutlet, status: int, **headers: str) -> Outcome:
    router = respx.MockRouter()
    route = router.post(HOOK.url).respond(status, headers=headers)
    outlet._transport = httpx.MockTransport(router.async_handler)
    outcome = await outlet.send(parcel(HOOK))
    assert route.call_count == 1
    return outcome


async def test_only_2xx_is_sent_and_every_other_status_has_its_reason(outlet: WebhookOutlet) -> None:
    for status in range(200, 600):
        outcome = await outcome_of(outlet, status)
        assert isinstance(outcome, Sent) is (200 <= status < 300)
        match outcome:
            case Sent(reference=reference):
                assert reference == str(status)
            case Throttled(reason=reason) | Failed(reason=reason) | Unknown(reason=reason) | Refused(reason=reason):
                assert str(status) in reason
                assert "hooks.example.com" in reason
                assert "credential" not in reason


async def test_gone_pauses_the_destination(outlet: WebhookOutlet) -> None:
    outcome = await outcome_of(outlet, 410)
    assert isinstance(outcome, Refused)
    assert outcome.scope is Scope.DESTINATION


@pytest.mark.parametrize("status", [429, 503])
async def test_the_time_that_a_receiver_asks_for_is_kept(outlet: WebhookOutlet, status: int) -> None:
    outcome = await outcome_of(outlet, status, **{"retry-after": "120"})
    assert isinstance(outcome, Throttled)
    assert outcome.after >= 120_000
