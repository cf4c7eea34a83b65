import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.backoff import MINUTE
from bot.core.budget import POST, SLACK_WAY, UPDATE, UPLOAD, Budget, costs

MOST = st.integers(1, 6_000)


@given(MOST)
def test_a_minute_never_has_more_than_the_far_side_takes_though_each_call_is_late_by_another_while(most: int) -> None:
    budget = Budget(method="m", most=most)
    # The densest that a virtual schedule lets through in a time: one for each interval, and the burst.
    densest = math.floor((MINUTE + SLACK_WAY) / budget.interval) + budget.burst
    assert densest <= most


@given(MOST)
def test_the_long_run_uses_nine_tenths_of_what_the_far_side_takes(most: int) -> None:
    assert 0.9 * most <= MINUTE / Budget(method="m", most=most).interval < most


@given(MOST)
def test_half_of_the_rate_is_regained_in_a_few_minutes_of_use(most: int) -> None:
    budget = Budget(method="m", most=most)
    calls, minutes, share = 0, 0.0, 0.5
    while share < 1:
        minutes += budget.interval / share / MINUTE
        share += budget.gain
        calls += 1
    assert calls in (2 * most, 2 * most + 1)
    assert minutes < 3.6


@pytest.mark.parametrize(
    ("method", "counted"), [(POST, {POST: 300}), (UPDATE, {UPDATE: 50}), (UPLOAD, {UPLOAD: 100, POST: 300})]
)
def test_a_call_counts_as_what_slack_counts_it_as(method: str, counted: dict[str, int]) -> None:
    assert {budget.method: budget.most for budget in costs()[method].budgets} == counted


def test_what_shows_a_message_waits_for_the_channels_last_one_and_a_change_does_not() -> None:
    found = costs()
    assert found[POST].spacing == found[UPLOAD].spacing > 1_000
    assert found[UPDATE].spacing == 0
