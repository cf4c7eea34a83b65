"""What follows from an attempt's outcome: every row of the table, and the arithmetic of waiting."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.backoff import HOUR, MINUTE, SECOND, Schedule, wait
from bot.core.delivery import (
    Ask,
    Asked,
    Attempt,
    Bury,
    Continue,
    Cool,
    Delivery,
    Done,
    Failed,
    Partly,
    Pause,
    Refused,
    Retry,
    Scope,
    Sent,
    Step,
    Throttled,
    Tried,
    Unknown,
    delivery_id,
    expire,
    settle,
)
from bot.core.destination import DestinationId
from bot.core.event import EventKey, event_key
from bot.core.progress import Progress, Rung
from bot.core.schedules import SLACK, WEBHOOK

NOW = 1_000_000
PLACE = DestinationId("slack/T1/C1")
KEY = event_key("/s", "e-1")
FIXED = Schedule(waits=(1_000, 10_000, 60_000), attempts=5, budget=HOUR, spread=0.0)
FULL = Schedule(waits=(1_000, 10_000), attempts=100, budget=HOUR, spread=1.0)


FIRST = Progress(reference="C1/1.2", thread="1.2", told=1)


def delivery(
    *, attempts: int = 0, appended: int = NOW, doubt: int | None = None, progress: Progress | None = None
) -> Delivery:
    return Delivery(
        id=delivery_id(KEY, PLACE),
        event=KEY,
        destination=PLACE,
        appended=appended,
        attempts=attempts,
        doubt=doubt,
        progress=progress,
    )


def step(outcome: Tried, held: Delivery | None = None, *, now: int = NOW, jitter: float = 0.5) -> Step:
    return settle(held or delivery(), outcome, schedule=FIXED, now=now, jitter=jitter)


def attempt(outcome: str) -> Attempt:
    return Attempt(at=NOW, outcome=outcome, reason="why")


TABLE: list[tuple[Tried, Step]] = [
    (Sent(reference="C1/1.2"), Done(reference="C1/1.2")),
    *(
        (Throttled(after=30_000, scope=scope, reason="why"), Cool(until=NOW + 30_000, scope=scope, reason="why"))
        for scope in Scope
    ),
    (Partly(progress=FIRST), Continue(progress=FIRST)),
    (Failed(reason="why"), Retry(at=NOW + 1_000, attempt=attempt("failed"), doubt=False)),
    (Unknown(reason="why"), Retry(at=NOW + 1_000, attempt=attempt("unknown"), doubt=True)),
    (
        Asked(reference="C1/1.2", reason="why"),
        Ask(
            until=NOW + 7 * 24 * HOUR,
            reason="may have been shown already, and waits for a click: why",
            attempt=attempt("asked"),
        ),
    ),
    (Refused(reason="why"), Bury(reason="why", attempt=attempt("refused"))),
    *(
        (Refused(reason="why", scope=scope), Pause(scope=scope, attempt=attempt("refused")))
        for scope in Scope
        if scope is not Scope.DELIVERY
    ),
]


@pytest.mark.parametrize(("outcome", "expected"), TABLE, ids=lambda value: repr(value)[:60])
def test_each_outcome_has_its_step(outcome: Tried, expected: Step) -> None:
    assert step(outcome) == expected


@pytest.mark.parametrize(
    ("known", "now_told", "doubt"),
    [(None, 1, False), (None, 0, True), (1, 2, False), (1, 1, True)],
    ids=["the first came", "refused as it was", "the second came", "the second was refused"],
)
def test_a_doubt_ends_with_what_is_seen_to_arrive_and_not_with_what_is_refused(
    known: int | None, now_told: int, *, doubt: bool
) -> None:
    before = None if known is None else replace(FIRST, told=known)
    after = replace(FIRST, told=now_told, rung=Rung.MARKDOWN)
    found = step(Partly(progress=after), delivery(doubt=NOW - 5, progress=before))
    assert found == Continue(progress=after, doubt=doubt)


def test_there_is_a_plainer_rung_below_each_but_the_plainest() -> None:
    assert [rung.below for rung in Rung] == [Rung.MARKDOWN, Rung.PLAIN, None]


def test_the_table_has_every_outcome_in_every_scope() -> None:
    rows = {(type(outcome), getattr(outcome, "scope", None)) for outcome, _ in TABLE}
    scoped = {(kind, scope) for kind in (Throttled, Refused) for scope in Scope}
    assert rows == {(Sent, None), (Partly, None), (Failed, None), (Unknown, None), (Asked, None)} | scoped


@pytest.mark.parametrize(("attempts", "pause"), [(0, 1_000), (1, 10_000), (2, 60_000), (3, 60_000)])
def test_each_try_waits_longer_and_the_last_wait_repeats(attempts: int, pause: int) -> None:
    found = step(Failed(reason="why"), delivery(attempts=attempts))
    assert found == Retry(at=NOW + pause, attempt=attempt("failed"))


@pytest.mark.parametrize(
    ("after", "pause"), [(0, 1_000), (999, 1_000), (1_001, 1_001), (HOUR, HOUR), (999 * HOUR, HOUR)]
)
@pytest.mark.parametrize("kind", [Failed, Unknown])
def test_a_waiting_time_that_the_far_side_asks_for_is_a_floor(
    kind: type[Failed | Unknown], after: int, pause: int
) -> None:
    found = step(kind(reason="why", after=after))
    assert isinstance(found, Retry)
    assert found.at == NOW + pause


@pytest.mark.parametrize(("kind", "name"), [(Failed, "failed"), (Unknown, "unknown")])
def test_the_last_try_is_followed_by_burial(kind: type[Failed | Unknown], name: str) -> None:
    assert isinstance(step(kind(reason="why"), delivery(attempts=3)), Retry)
    found = step(kind(reason="why"), delivery(attempts=4))
    assert found == Bury(reason="gave up after 5 attempts: why", attempt=attempt(name))


@pytest.mark.parametrize(("age", "kept"), [(HOUR, True), (HOUR + 1, False)])
def test_time_runs_out_as_tries_do(age: int, *, kept: bool) -> None:
    found = step(Failed(reason="why"), delivery(appended=NOW - age))
    assert isinstance(found, Retry) is kept
    assert isinstance(found, Bury) is not kept


def test_a_delivery_expires_only_after_its_age_and_says_how_long_it_waited() -> None:
    assert expire(delivery(), age=2 * HOUR, now=NOW + 2 * HOUR) is None
    late = expire(delivery(), age=2 * HOUR, now=NOW + 2 * HOUR + 1)
    assert late is not None
    assert late.reason == "expired: it waited longer than 2 h"
    assert late.attempt == Attempt(at=NOW + 2 * HOUR + 1, outcome="expired")


def test_waiting_for_a_limit_costs_no_tries() -> None:
    tired = delivery(attempts=FIXED.attempts, appended=NOW - HOUR)
    assert step(Throttled(after=5_000), tired) == Cool(until=NOW + 5_000, scope=Scope.LANE, reason="rate limited")


@pytest.mark.parametrize(("after", "pause"), [(0, 1_000), (1_001, 1_001), (HOUR, HOUR), (999 * HOUR, HOUR)])
def test_a_limit_is_waited_for_as_long_as_it_says_within_the_budget_and_never_in_a_hot_loop(
    after: int, pause: int
) -> None:
    assert step(Throttled(after=after)) == Cool(until=NOW + pause, scope=Scope.LANE, reason="rate limited")


@given(
    after=st.integers(0, 400 * HOUR), schedule=st.sampled_from([FIXED, FULL, SLACK, WEBHOOK]), jitter=st.floats(0, 1)
)
def test_what_the_far_side_asks_for_is_a_floor_up_to_the_budget(after: int, schedule: Schedule, jitter: float) -> None:
    asked = min(after, schedule.budget)
    for outcome in (Failed(reason="w", after=after), Unknown(reason="w", after=after), Throttled(after=after)):
        match settle(delivery(), outcome, schedule=schedule, now=NOW, jitter=jitter):
            case Retry(at=at) | Cool(until=at):
                assert at >= NOW + asked
            case other:
                raise AssertionError(other)


@pytest.mark.parametrize("schedule", [FULL, SLACK])
def test_full_jitter_uses_the_whole_wait(schedule: Schedule) -> None:
    waits = [wait(schedule, attempt=2, jitter=jitter) for jitter in (0.0, 0.1, 0.5, 1.0)]
    full = schedule.waits[1]
    assert waits == [full // 10, full // 10, full // 2, full]


def test_a_limit_that_never_ends_is_not_waited_for_beyond_the_budget() -> None:
    old = delivery(appended=NOW - HOUR - 1)
    assert step(Throttled(after=5, reason="429"), old) == Bury(
        reason="gave up waiting after 1 hours: 429", attempt=Attempt(at=NOW, outcome="throttled", reason="429")
    )


@given(
    outcome=st.sampled_from([row[0] for row in TABLE]),
    attempts=st.integers(0, 10),
    age=st.integers(0, 2 * HOUR),
    jitter=st.floats(0, 1),
    after=st.integers(0, HOUR),
    schedule=st.sampled_from([FIXED, FULL, SLACK, WEBHOOK]),
)
def test_nothing_is_tried_before_it_may_be(
    outcome: Tried, attempts: int, age: int, jitter: float, after: int, schedule: Schedule
) -> None:
    if isinstance(outcome, Failed):
        outcome = Failed(reason="why", after=after)
    found = settle(delivery(attempts=attempts, appended=NOW - age), outcome, schedule=schedule, now=NOW, jitter=jitter)
    match found:
        case Retry(at=at):
            assert at > NOW
            assert at >= NOW + after or not isinstance(outcome, Failed)
            assert attempts + 1 < schedule.attempts
            assert age <= schedule.budget
        case Cool(until=until):
            assert until >= NOW
        case Ask(until=until):
            assert until > NOW
        case Done() | Continue() | Pause() | Bury():
            assert not isinstance(outcome, Throttled) or age > schedule.budget


def test_a_deliverys_id_is_of_its_event_and_place_and_lasts() -> None:
    assert delivery_id(KEY, PLACE) == "378088b5e441b643fc94bb50455e2d0c"  # stored in Redis: it may never change
    assert delivery_id(KEY, DestinationId("slack/T1/C2")) != delivery_id(KEY, PLACE)
    assert delivery_id(event_key("/s", "e-2"), PLACE) != delivery_id(KEY, PLACE)


def test_an_events_key_keeps_source_and_id_apart() -> None:
    assert event_key("ab", "c") != event_key("a", "bc")
    assert event_key("/s", "e-1") == EventKey("f8ea8f1811b94633a7075bf8b77a96af")


@given(st.integers(1, 99), st.floats(0, 1))
def test_full_jitter_is_between_a_tenth_and_all_of_the_wait(tried: int, jitter: float) -> None:
    pause = wait(FULL, attempt=tried, jitter=jitter)
    full = 1_000 if tried == 1 else 10_000
    assert pause is not None
    assert full // 10 <= pause <= full
    assert pause == max(full // 10, round(full * jitter))


@pytest.mark.parametrize(("jitter", "pause"), [(0.0, 800), (0.5, 1_000), (1.0, 1_200)])
def test_a_spread_is_on_both_sides_of_the_wait(jitter: float, pause: int) -> None:
    assert wait(Schedule(waits=(1_000,), attempts=2, budget=1, spread=0.2), attempt=1, jitter=jitter) == pause


@pytest.mark.parametrize(("tried", "goes_on"), [(1, True), (4, True), (5, False), (6, False)])
def test_after_the_last_attempt_there_is_no_wait(tried: int, *, goes_on: bool) -> None:
    assert (wait(FIXED, attempt=tried, jitter=0) is not None) is goes_on


def test_slack_is_tried_for_a_day_and_a_webhook_for_more_than_one() -> None:
    webhook = [wait(WEBHOOK, attempt=tried, jitter=0.5) or 0 for tried in range(1, WEBHOOK.attempts)]
    assert webhook == [5 * SECOND, 5 * MINUTE, 30 * MINUTE, 2 * HOUR, 5 * HOUR, 10 * HOUR, 10 * HOUR]
    assert 24 * HOUR < sum(webhook) < WEBHOOK.budget
    slack = [wait(SLACK, attempt=tried, jitter=1.0) for tried in (1, 2, 3, 9, 10, 11)]
    assert slack == [1_000, 2_000, 4_000, 256_000, 300_000, 300_000]
    least = sum(wait(SLACK, attempt=tried, jitter=0.0) or 0 for tried in range(1, SLACK.attempts))
    assert least > SLACK.budget == 24 * HOUR
