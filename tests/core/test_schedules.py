import pytest

from bot.core.backoff import HOUR, MINUTE, Schedule, wait
from bot.core.schedules import SLACK, WEBHOOK


def total(schedule: Schedule, jitter: float) -> int:
    """How long the schedule lasts by its attempts alone."""
    waits = (wait(schedule, attempt=attempt, jitter=jitter) for attempt in range(1, schedule.attempts + 1))
    return sum(milliseconds for milliseconds in waits if milliseconds is not None)


def test_slack_is_tried_from_a_second_to_every_five_minutes() -> None:
    waits = [wait(SLACK, attempt=attempt, jitter=1) for attempt in range(1, 13)]

    assert waits == [*(1_000 * 2**power for power in range(9)), 300_000, 300_000, 300_000]


@pytest.mark.parametrize("jitter", [0, 0.5, 1])
def test_slack_is_tried_for_the_whole_of_its_budget_whatever_chance_says(jitter: float) -> None:
    assert SLACK.budget == 24 * HOUR
    assert total(SLACK, jitter) > SLACK.budget


@pytest.mark.parametrize(("jitter", "least", "most"), [(0, 22, 23), (0.5, 27.5, 28), (1, 33, 34)])
def test_a_webhook_is_tried_for_more_than_a_day_within_its_budget(jitter: float, least: float, most: float) -> None:
    assert least * HOUR < total(WEBHOOK, jitter) < most * HOUR < WEBHOOK.budget


def test_a_webhook_that_fails_is_tried_again_soon_and_then_ever_later() -> None:
    assert [wait(WEBHOOK, attempt=attempt, jitter=0.5) for attempt in range(1, 9)] == [
        *(5_000, 5 * MINUTE, 30 * MINUTE, 2 * HOUR, 5 * HOUR, 10 * HOUR, 10 * HOUR),
        None,
    ]
