"""Routing: an index that agrees with looking at every filter and looks at few, and one delivery per destination."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.delivery import delivery_id
from bot.core.destination import Destination, SlackChannel, SlackPerson, Webhook, destination_id
from bot.core.errors import FilterError
from bot.core.event import Event, Model, Requester, Status
from bot.core.filters import Filter, parse
from bot.core.routing import Index, Router
from bot.core.subscription import Subscription, SubscriptionId
from tests.core.examples import event
from tests.core.strategies import EVENTS, FILTERS

CHANNEL = SlackChannel(team="T1", channel="C1")
HOOK = Webhook(team="T1", url="https://example.com/hook")


def _valid(text: str) -> bool:
    try:
        parse(text)
    except FilterError:
        return False
    return True


WANTED = FILTERS.filter(_valid).map(parse)


def subscription(name: str, text: str = "", to: Destination = CHANNEL, *, paused: bool = False) -> Subscription:
    return Subscription(
        id=SubscriptionId(name), team="T1", owner="U1", filter=parse(text), destination=to, paused=paused
    )


@given(st.lists(WANTED, max_size=30), st.lists(EVENTS, max_size=3), st.data())
def test_the_index_agrees_with_looking_at_every_filter(
    wanted: list[Filter], events: list[Event], data: st.DataObject
) -> None:
    index: Index[int] = Index()
    for key, one in enumerate(wanted):
        index.add(key, one)
    kept = dict(enumerate(wanted))
    for key in data.draw(st.sets(st.integers(0, 40), max_size=10)):
        index.remove(key)
        kept.pop(key, None)
    assert len(index) == len(kept)
    for one_event in events:
        assert index.match(one_event) == [key for key, one in kept.items() if one.matches(one_event)]


@given(st.lists(st.tuples(st.integers(0, 5), WANTED), max_size=30))
def test_removing_every_key_leaves_nothing_behind(added: list[tuple[int, Filter]]) -> None:
    index: Index[int] = Index()
    for key, wanted in added:
        index.add(key, wanted)
    for key in range(6):
        index.remove(key)
    assert vars(index) | {"_added": 0} == vars(Index())


def test_a_key_added_again_has_the_new_filter_only() -> None:
    index: Index[str] = Index()
    index.add("a", parse("tag:nightly"))
    index.add("b", parse(""))
    index.add("a", parse("tag:weekly"))
    assert index.match(event()) == ["b"]
    index.add("a", parse("tag:eu"))
    assert index.match(event()) == ["b", "a"]


def test_several_values_of_one_event_lead_to_a_filter_once() -> None:
    index: Index[str] = Index()
    index.add("a", parse("tag:nightly,eu,n*,e*"))
    assert index.match(event()) == ["a"]


SELECTIVE = {
    "an exact value": lambda number: f"model:model-{number}",
    "one of several": lambda number: f"tag:t{number},u{number}",
    "a person and a status": lambda number: f"status:completed user:U{number}X",
    "a label": lambda number: f"label.team:team-{number} confidence<0.9",
    "a label of its own": lambda number: f"label.k{number}:risk",
    "a prefix": lambda number: f"model:family-{number:05}-* -tag:test",
    "a prefix beside a crowded value": lambda number: f"model:fraud-detector source:/svc/{number:05}/*",
    "a rare value beside a crowded one of the same kind": lambda number: f"tag:nightly tag:t{number}",
    "a rare value beside a crowded prefix": lambda number: f"model:fraud-* env:production session:s{number}",
}


@pytest.mark.parametrize("case", SELECTIVE)
def test_among_ten_thousand_selective_filters_a_handful_is_looked_at(case: str) -> None:
    index: Index[int] = Index()
    for number in range(10_000):
        index.add(number, parse(SELECTIVE[case](number)))
    met = event(
        model=Model(name="family-00042-large") if "family" in SELECTIVE[case](0) else event().model,
        source="/svc/00042/checks",
        requester=Requester(slack_id="U42X"),
        session="s42",
        tags=("nightly", "t42"),
        labels={"team": "team-42", "k42": "risk"},
    )
    met = replace(met, model=Model(name="model-42")) if case == "an exact value" else met
    assert index.match(met) == [42]
    assert len(index.candidates(met)) <= 5
    assert len(index.candidates(event(tags=()))) <= 5


def test_filters_that_name_no_value_are_shown_every_event() -> None:
    index: Index[str] = Index()
    for text in ("", "-tag:test", "confidence<0.9", '"chargeback"', "model:*detector", "model:fraud-*,*x"):
        index.add(text, parse(text))
    assert len(index.candidates(event(model=Model(name="other")))) == 6


def test_two_subscriptions_that_lead_to_one_place_make_one_delivery() -> None:
    router = Router([subscription("b", "tag:nightly"), subscription("a"), subscription("c", "tag:weekly")])
    (routed,) = router.route(event())
    assert routed.subscriptions == ("a", "b")
    assert routed.destination == CHANNEL
    assert str(routed.lane) == destination_id(CHANNEL)
    assert routed.delivery == delivery_id(event().key, destination_id(CHANNEL))


def test_a_paused_subscription_matches_nothing() -> None:
    assert Router([subscription("a", paused=True)]).route(event()) == ()


def test_the_order_of_subscriptions_makes_no_difference() -> None:
    places: list[Destination] = [
        CHANNEL,
        HOOK,
        SlackPerson(team="T1", user="U1"),
        SlackChannel(team="T0", channel="C9"),
    ]
    subscriptions = [subscription(f"s{number}", "", places[number % 4]) for number in range(12)]
    forth, back = Router(subscriptions).route(event()), Router(reversed(subscriptions)).route(event())
    assert forth == back
    assert [destination_id(routed.destination) for routed in forth] == sorted(map(destination_id, places))


def test_a_webhooks_lanes_are_sharded_by_inference() -> None:
    router = Router([subscription("a", "", HOOK)], shards=8)
    lanes = {number: router.route(event(inference=f"i-{number}", id=str(number)))[0].lane for number in range(200)}
    assert set(lanes.values()) == {f"{destination_id(HOOK)}#{shard}" for shard in range(8)}
    again = router.route(event(inference="i-7", status=Status.FAILED))[0].lane
    assert again == lanes[7]


def test_an_inference_keeps_its_lane_in_every_process() -> None:
    (routed,) = Router([subscription("a", "", HOOK)], shards=8).route(event(inference="i-4711"))
    assert routed.lane == f"{destination_id(HOOK)}#3"  # a change would part an inference from its waiting deliveries
