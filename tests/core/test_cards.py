"""What an event does to its inference's card."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core import cards
from bot.core.cards import (
    FINAL,
    GAP,
    STAGES,
    TOLD,
    Anew,
    Calling,
    Card,
    Change,
    Choice,
    Due,
    Hold,
    Known,
    Stage,
    Told,
    advances,
    calls,
    card_key,
    newest,
    stage_of,
    together,
    told_by,
    way_of,
)
from bot.core.delivery import Delivery, DeliveryId
from bot.core.destination import DestinationId
from bot.core.event import Event, Status
from tests.core.examples import event

BEGIN = datetime(2026, 7, 1, 14, 0, tzinfo=UTC)
NOW = 1_800_000_000_000


def at(status: Status, second: float, **fields: str) -> Event:
    identity = fields.pop("id", f"{status}-{second}")
    return event(id=identity, status=status, time=BEGIN + timedelta(seconds=second), **fields)


def choose(card: Card | None, said: Event, *, calling: Calling, now: int, doubt: int | None = None) -> Choice:
    delivery = Delivery(
        id=DeliveryId(said.id), event=said.key, destination=DestinationId("slack/T1/C1"), appended=0, doubt=doubt
    )
    return cards.choose(card, said, delivery, calling=calling, now=now)


def shows(shown: Event, *, said: Status | None = None, changed: int = 0) -> Card:
    stage = stage_of(shown)
    return Card(channel="C1", ts="1.1", stage=stage, way=(stage,), shown=shown.key, said=said, changed=changed)


def test_the_first_event_is_posted_and_the_next_changes_its_card() -> None:
    assert choose(None, at(Status.QUEUED, 0), calling=Calling.URGENT, now=NOW) == Anew()
    assert choose(shows(at(Status.QUEUED, 0)), at(Status.RUNNING, 1), calling=Calling.URGENT, now=NOW) == Change(
        calls=False
    )


@pytest.mark.parametrize(
    ("shown", "to", "goes_on"),
    [
        ((Status.QUEUED, 0), (Status.RUNNING, 1), True),
        ((Status.RUNNING, 1), (Status.QUEUED, 0), False),
        ((Status.RUNNING, 1), (Status.RUNNING, 2), True),
        ((Status.RUNNING, 5), (Status.COMPLETED, 1), True),  # another service's clock
        ((Status.COMPLETED, 5), (Status.RUNNING, 1), False),
        ((Status.COMPLETED, 5), (Status.RUNNING, 5), False),
        ((Status.COMPLETED, 5), (Status.FAILED, 5), True),
        ((Status.COMPLETED, 5), (Status.FAILED, 4), False),
        ((Status.FAILED, 5), (Status.RUNNING, 9), True),  # it was begun again
        ((Status.NEEDS_REVIEW, 5), (Status.RUNNING, 5), True),
    ],
)
def test_a_card_does_not_go_back(shown: tuple[Status, int], to: tuple[Status, int], *, goes_on: bool) -> None:
    assert advances(Stage(status=shown[0], at=shown[1]), Stage(status=to[0], at=to[1])) is goes_on
    expected: Choice = Change(calls=to[0] is Status.FAILED) if goes_on else Known()
    assert choose(shows(at(*shown)), at(*to), calling=Calling.URGENT, now=NOW) == expected


STAGE = st.builds(Stage, status=st.sampled_from(Status), at=st.integers(0, 4))


@given(STAGE, STAGE)
def test_of_two_steps_at_least_one_goes_on_from_the_other(one: Stage, other: Stage) -> None:
    assert advances(one, other) or advances(other, one)


@given(st.lists(STAGE, min_size=1, max_size=5))
def test_an_end_that_was_shown_is_never_replaced_by_what_was_before_it(stages: Sequence[Stage]) -> None:
    shown: Stage | None = None
    for stage in stages:
        if advances(shown, stage):
            if shown is not None and shown.status in FINAL and stage.status not in FINAL:
                assert stage.at > shown.at
            shown = stage
    assert shown is not None
    assert shown.status in FINAL or not any(
        stage.status in FINAL and stage.at >= max(one.at for one in stages) for stage in stages
    )


def test_what_comes_too_soon_waits_unless_it_is_an_end_or_urgent() -> None:
    card = shows(at(Status.QUEUED, 0), changed=NOW - 500)
    for status, expected in (
        (Status.RUNNING, Hold(until=NOW - 500 + GAP)),
        (Status.COMPLETED, Change(calls=False)),
        (Status.NEEDS_REVIEW, Change(calls=True)),
        (Status.FAILED, Change(calls=True)),
    ):
        assert choose(card, at(status, 1), calling=Calling.URGENT, now=NOW) == expected
    assert choose(card, at(Status.RUNNING, 1), calling=Calling.URGENT, now=NOW - 500 + GAP) == Change(calls=False)


@pytest.mark.parametrize("status", Status)
def test_people_are_called_once_for_what_they_have_to_know(status: Status) -> None:
    assert calls(status, said=None, calling=Calling.URGENT) is (status in {Status.FAILED, Status.NEEDS_REVIEW})
    assert calls(status, said=None, calling=Calling.ENDS) is (status in FINAL | {Status.NEEDS_REVIEW})
    assert not calls(status, said=status, calling=Calling.ENDS)


def test_what_is_shown_and_not_yet_called_is_due() -> None:
    failed = at(Status.FAILED, 1)
    for said, expected in ((Status.QUEUED, Due()), (Status.FAILED, Known())):
        card = shows(failed, said=said, changed=NOW)
        assert choose(card, failed, calling=Calling.URGENT, now=NOW, doubt=NOW) == expected


@pytest.mark.parametrize(("doubt", "expected"), [(None, Anew()), (NOW, Known())])
def test_what_was_told_and_is_wanted_again_is_posted_and_what_is_in_doubt_is_not(
    doubt: int | None, expected: Choice
) -> None:
    done, running = at(Status.COMPLETED, 1), at(Status.RUNNING, 0)
    card = replace(shows(done, said=Status.COMPLETED), told=(Told(delivery=DeliveryId(running.id), event="r"),))
    for event_ in (done, running):
        assert choose(card, event_, calling=Calling.URGENT, now=NOW, doubt=doubt) == expected


def test_a_card_of_which_only_the_message_is_known_goes_on() -> None:
    found = Card(channel="C1", ts="1.1")
    assert choose(found, at(Status.RUNNING, 1), calling=Calling.URGENT, now=NOW) == Change(calls=False)


@pytest.mark.parametrize("order", list(permutations(range(3))))
def test_the_way_is_told_in_the_order_of_the_clock_whatever_came_first(order: tuple[int, ...]) -> None:
    stages = [stage_of(at(status, n)) for n, status in enumerate((Status.QUEUED, Status.RUNNING, Status.COMPLETED))]
    way: tuple[Stage, ...] = ()
    for number in order:
        way = way_of(way, [stages[number]], stages[2])
    assert [one.status for one in way] == [Status.QUEUED, Status.RUNNING, Status.COMPLETED]


def test_a_state_is_told_with_the_time_since_when_it_was_so() -> None:
    stages = [Stage(status=Status.RUNNING, at=n) for n in range(4)]
    assert way_of(stages[:1], stages[1:], stages[3]) == (stages[0],)


def test_a_long_way_keeps_its_beginning_and_its_end() -> None:
    stages = [Stage(status=[Status.RUNNING, Status.FAILED][n % 2], at=n) for n in range(20)]
    way = way_of((), stages, stages[-1])
    assert way == (stages[0], *stages[1 - STAGES :])


@given(st.lists(STAGE, max_size=12), st.lists(STAGE, min_size=1, max_size=12))
def test_a_way_is_short_and_ends_with_what_is_shown(before: list[Stage], stages: list[Stage]) -> None:
    way = way_of(before, stages, stages[-1])
    assert 1 <= len(way) <= STAGES
    assert way[-1].status is stages[-1].status
    assert way_of(way, [], stages[-1])[-1] == way[-1]


def test_of_a_run_each_inference_is_shown_as_it_came_out() -> None:
    run = [
        at(Status.QUEUED, 0, inference="a"),
        at(Status.QUEUED, 1, inference="b"),
        at(Status.FAILED, 3, inference="a"),
        at(Status.RUNNING, 2, inference="a"),
        at(Status.RUNNING, 4, inference="b"),
    ]
    assert newest(run) == [2, 4]


def test_a_living_card_goes_alone_with_its_own_events_and_the_others_go_together() -> None:
    a, b, c = (card_key(event(inference=name)) for name in "abc")
    assert together([a, b, a, c], {a}) == [0, 2]
    assert together([b, a, b, c, a], {a}) == [0, 2, 3]
    assert together([a, b, a], set()) == [0, 1, 2]


def told(number: int) -> Told:
    return Told(delivery=DeliveryId(str(number)), event=f"e{number}")


def test_a_card_names_the_last_that_it_told_each_once() -> None:
    many = tuple(map(told, range(30)))
    assert told_by(many[:2], many[1:3]) == many[:3]
    assert told_by(many[:20], many[20:21]) == many[21 - TOLD : 21]
    assert told_by(many[:10], many[10:]) == many[10:]


def test_an_inference_has_one_card_whatever_its_session() -> None:
    assert card_key(event(session="a")) == card_key(event(session=None))
    assert card_key(event(inference="a")) != card_key(event(inference="b"))
    assert len(card_key(event(inference="\ud800"))) == 16
