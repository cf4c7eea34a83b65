from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.delivery import DeliveryId
from bot.core.destination import SlackChannel
from bot.core.event import Status
from bot.core.pressure import LOUD_WITHIN, PATIENCE, ROWS, RUN, Backlog, Held, Manner, Telling, choose, crowd, is_loud
from bot.ports.outlet import Item
from tests.core.examples import event
from tests.edges.outlets.parcels import item

CHANNEL = SlackChannel(team="T1", channel="C1")
NOW = 1_800_000_000_000
INTERVAL = 1_050
WINDOW = Held(kind="hourly", opens="13:00", closes="14:00", end=NOW)
STATUSES = st.sampled_from([Status.COMPLETED] * 4 + [Status.RUNNING, Status.FAILED, Status.NEEDS_REVIEW])


def waiting(number: int, status: Status = Status.COMPLETED, *, inference: str = "", age: int = 0) -> Item:
    made = item(CHANNEL, event(id=f"e{number}", status=status, inference=inference or f"i{number}"))
    return replace(made, delivery=replace(made.delivery, appended=NOW - age))


def said(items: list[Item], **known: Any) -> Telling[Item]:
    backlog = Backlog(**{"waiting": len(items), **known})
    return choose(items, backlog, now=NOW, interval=INTERVAL)


def test_one_delivery_is_shown_in_full_and_a_few_share_a_message() -> None:
    few = [waiting(number) for number in range(ROWS)]
    assert (said(few[:1]).manner, said(few).manner) == (Manner.EACH, Manner.MERGED)
    assert (said(few).items, said(few).left) == (tuple(few), 0)
    assert said(few, waiting=300).left == 300 - ROWS


def test_a_backlog_is_summed_up_once_rows_would_take_more_than_twenty_seconds() -> None:
    run = [waiting(number) for number in range(10)]
    most = crowd(INTERVAL)
    assert most // ROWS * INTERVAL <= PATIENCE
    assert (most // ROWS + 1) * INTERVAL > PATIENCE
    assert said(run, waiting=most).manner is Manner.MERGED
    assert said(run, waiting=most + 1).manner is Manner.SUMMARY
    assert said(run, waiting=most + 1).left == most + 1 - 10


def test_what_waited_long_is_summed_up_sooner_but_a_handful_never_is() -> None:
    run = [waiting(number, age=PATIENCE) for number in range(ROWS)]
    assert said(run, waiting=ROWS + 1).manner is Manner.SUMMARY
    assert said(run, waiting=ROWS).manner is Manner.MERGED


def test_while_a_summary_lives_the_rest_goes_into_it() -> None:
    assert said([waiting(1)], summed=True).manner is Manner.SUMMARY
    assert said([waiting(1)], summed=True).left == 0


def test_a_failure_is_never_only_counted_and_takes_turns_with_the_quiet_ones() -> None:
    quiet, loud = [waiting(number) for number in range(200)], [waiting(900, Status.FAILED)]
    first = said([*quiet, *loud], waiting=1_000)
    assert (first.manner, first.items, first.aside) == (Manner.SUMMARY, tuple(quiet), tuple(loud))
    second = said([*loud, *quiet], waiting=1_000, summed=True)
    assert (second.manner, second.items, second.pressed) == (Manner.EACH, tuple(loud), True)
    last = said([*quiet, *loud], waiting=201, summed=True)
    assert (last.manner, last.items) == (Manner.EACH, tuple(loud))


def test_what_completed_after_a_failure_of_its_inference_waits_until_that_is_shown() -> None:
    failed, again = waiting(1, Status.FAILED, inference="i"), waiting(2, inference="i")
    other = waiting(0)
    told = said([other, failed, again], waiting=1_000)
    assert (told.items, told.aside, told.left) == ((other,), (failed,), 1_000 - 2)


def test_a_window_is_said_in_one_message_with_its_failures_in_it() -> None:
    run = [waiting(number, Status.FAILED if number < LOUD_WITHIN else Status.COMPLETED) for number in range(57)]
    told = said(run, held=WINDOW, waiting=90)
    assert (told.manner, told.items, told.left) == (Manner.SUMMARY, tuple(run), 0)
    assert said(run[:ROWS], held=WINDOW, waiting=90).manner is Manner.MERGED
    assert said(run[:1], held=WINDOW).manner is Manner.EACH


def test_a_window_with_many_failures_shows_them_in_messages_of_their_own() -> None:
    run = [waiting(number, Status.FAILED if number % 2 else Status.COMPLETED) for number in range(57)]
    first = said(run, held=WINDOW)
    assert first.manner is Manner.MERGED
    assert all(map(is_loud, first.items))


@pytest.mark.parametrize("held", [None, WINDOW])
@given(st.lists(st.tuples(STATUSES, st.integers(0, 6)), min_size=1, max_size=60), st.integers(0, 600), st.booleans())
def test_everything_is_said_once_in_the_order_of_its_inference_and_failures_in_rows(
    held: Held | None,
    drawn: list[tuple[Status, int]],
    more: int,
    summed: bool,  # noqa: FBT001 (hypothesis passes by position)
) -> None:
    left = [waiting(number, status, inference=f"i{inference}") for number, (status, inference) in enumerate(drawn)]
    left += [waiting(1_000 + number) for number in range(more)]
    order: dict[str, list[str]] = {}
    for each in left:
        order.setdefault(each.event.inference, []).append(each.delivery.id)
    told: set[DeliveryId] = set()
    while left:
        run = left[:RUN]
        known = Backlog(waiting=len(left), summed=summed, held=held, more=held is not None and len(left) > RUN)
        telling = choose(run, known, now=NOW, interval=INTERVAL)
        assert telling.items
        assert telling.manner is Manner.SUMMARY or len(telling.items) <= ROWS
        loud = sum(map(is_loud, telling.items))
        assert telling.manner is not Manner.SUMMARY or loud <= (LOUD_WITHIN if held else 0)
        assert 0 <= telling.left <= len(left) - len(telling.items)
        summed = summed or telling.manner is Manner.SUMMARY
        for each in telling.items:
            assert order[each.event.inference].pop(0) == each.delivery.id
        assert told.isdisjoint(each.delivery.id for each in telling.items)
        told |= {each.delivery.id for each in telling.items}
        left = [each for each in left if each.delivery.id not in told]
    assert not any(order.values())
