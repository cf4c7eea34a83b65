"""Filters drafted from an event, held to what is said of them by every event that hypothesis can think of."""

from dataclasses import replace

from hypothesis import assume, given
from hypothesis import strategies as st

from bot.core.drafting import less_like, more_like
from bot.core.event import Event, Model, Status
from bot.core.filters import Filter, parse
from bot.core.folding import fold
from tests.core.examples import event
from tests.core.strategies import EVENTS, MEETINGS, WANTED


def test_more_like_it_is_its_model_its_status_and_its_rarest_tag() -> None:
    like = more_like(event(), ("EU", "nightly"))
    assert str(like) == "model:fraud-detector status:completed tag:nightly"
    assert str(more_like(event(), ("nightly", "eu"))) == "model:fraud-detector status:completed tag:EU"


def test_a_label_tells_where_there_is_no_tag() -> None:
    labelled = event(tags=(), labels={"team": "risk", "app": "checks"})
    assert str(more_like(labelled)) == "model:fraud-detector status:completed label.app:checks"
    assert str(more_like(event(tags=(), labels={}))) == "model:fraud-detector status:completed"


def test_what_cannot_be_written_is_left_out() -> None:
    strange = event(model=Model(name=" \t"), tags=("",), labels={"a b": "c", "": "d"})
    assert str(more_like(strange)) == "status:completed"
    assert less_like(Filter(), strange) is None


def test_less_of_several_models_is_without_this_one() -> None:
    assert str(less_like(parse("status:completed"), event())) == "status:completed -model:fraud-detector"
    assert str(less_like(parse("model:fraud-*"), event())) == "model:fraud-* -model:fraud-detector"


def test_less_of_one_model_is_without_its_most_telling_tag_or_else_its_status() -> None:
    only = parse("model:Fraud-Detector")
    assert str(less_like(only, event(), ("eu", "nightly"))) == "model:Fraud-Detector -tag:nightly"
    assert str(less_like(only, event(tags=()))) == "model:Fraud-Detector -label.app.kubernetes.io/name:checks"
    assert str(less_like(only, event(tags=(), labels={}))) == "model:Fraud-Detector -status:completed"


def test_less_of_what_does_not_match_is_as_it_was() -> None:
    wanted = parse("status:failed")
    assert less_like(wanted, event()) == wanted


@given(EVENTS | MEETINGS, st.lists(st.sampled_from(["fraud", "risk", "x*y"])))
def test_more_like_an_event_matches_it_and_can_be_typed(seen: Event, tags: list[str]) -> None:
    like = more_like(seen, tags)
    assert like.matches(seen)
    assert parse(str(like)) == like


@given(WANTED, MEETINGS | EVENTS, MEETINGS)
def test_less_like_an_event_loses_it_and_nothing_of_other_models(wanted: Filter, seen: Event, other: Event) -> None:
    less = less_like(wanted, seen)
    assume(less is not None)
    assert less is not None
    assert not less.matches(seen)
    assert parse(str(less)) == less
    if fold(other.model.name) != fold(seen.model.name):
        assert less.matches(other) == wanted.matches(other)
    assert not less.matches(other) or wanted.matches(other)


@given(WANTED, MEETINGS, st.sampled_from(Status))
def test_an_event_whose_model_can_be_written_can_always_be_lost(wanted: Filter, seen: Event, status: Status) -> None:
    assert less_like(wanted, replace(seen, status=status)) is not None
