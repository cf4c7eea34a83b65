"""The burst in small: through the real outbox, dispatch, outlet and sandbox."""

from bot.core.pacing import Pace
from bot.sandbox.limits import Rates
from tests.bench import burst


async def test_a_burst_is_visible_in_few_messages_that_slack_takes_without_a_no() -> None:
    quick, rates = Pace(interval=105, turn=1), Rates(channel_per_second=10, tiers={1: 10, 2: 200, 3: 500, 4: 1_000})
    found = await burst.measure(3_000, 0.5, pace=quick, rates=rates)
    assert found["visible"] == 3_000
    assert found["answers_429"] == 0
    assert found["posts"] + found["updates"] < 40
    assert found["longest_metadata"] < 1_500
