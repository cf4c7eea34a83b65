"""Repeat or ask: whose say counts."""

from dataclasses import replace

import pytest

from bot.core.destination import SlackChannel
from bot.core.doubt import policy
from bot.core.event import Model
from bot.core.filters import parse
from bot.core.subscription import Doubt, Hold, Holding, Style, Subscription, SubscriptionId
from tests.core.examples import event

REPEATS = Subscription(
    id=SubscriptionId("k7m2qx"),
    team="T1",
    owner="U1",
    filter=parse(""),
    destination=SlackChannel(team="T1", channel="C1"),
)
ASKS = replace(REPEATS, style=Style(doubt=Doubt.ASK), filter=parse("model:fraud-*"))
FRAUD, OTHER = event(), event(model=Model(name="support"))


@pytest.mark.parametrize(
    ("subscriptions", "expected"),
    [
        ((), Doubt.REPEAT),
        ((REPEATS,), Doubt.REPEAT),
        ((ASKS,), Doubt.ASK),
        ((REPEATS, ASKS), Doubt.ASK),
        ((replace(ASKS, hold=Hold(kind=Holding.PAUSED, at=0)),), Doubt.REPEAT),
        ((replace(ASKS, filter=parse("model:other")),), Doubt.REPEAT),
    ],
)
def test_one_subscription_that_wants_the_event_and_asks_is_enough(
    subscriptions: tuple[Subscription, ...], expected: Doubt
) -> None:
    assert policy(subscriptions, [FRAUD]) is expected


def test_one_event_of_a_run_is_enough() -> None:
    assert policy([ASKS], [OTHER]) is Doubt.REPEAT
    assert policy([ASKS], [OTHER, FRAUD]) is Doubt.ASK
