"""The burst in small: through the real outbox, dispatch, outlet and sandbox."""

from bot.core.pacing import Pace
from bot.sandbox.limits import Rates
from tests.bench import burst


async def test_a_burst_is_visible_in_few_messages_that_slack_takes_without_a_no() -> None:
    quick, rates = Pace(interval=262, turn=1), Rates(channel_per_second=4, tiers={1: 4, 2: 80, 3: 200, 4: 400})
    found = await burst.measure(2_500, 0.5, pace=quick, rates=rates)
    assert found["visible"] == 2_500
    assert found["answers_429"] == 0
    assert found["posts"] + found["updates"] < 40
    assert found["longest_metadata"] < 1_500
