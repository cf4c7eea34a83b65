"""Routing: an index that agrees with looking at every filter and looks at few, and one delivery per destination."""

from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from bot.core.delivery import delivery_id
from bot.core.destination import Destination, SlackChannel, SlackPerson, Webhook, destination_id
from bot.core.event import Event, Model, Requester, Status
from bot.core.filters import Filter, parse
from bot.core.routing import Index, Router
from bot.core.subscription import Hold, Holding, Subscription, SubscriptionId
from bot.core.terms import OneOf, Pattern, Term
from tests.core.examples import event
from tests.core.strategies import MEETINGS, WANTED

CHANNEL = SlackChannel(team="T1", channel="C1")
MUTED = Hold(kind=Holding.MUTED, at=0)
HOOK = Webhook(team="T1", url="https://example.com/hook")


def subscription(name: str, text: str = "", to: Destination = CHANNEL, *, muted: bool = False) -> Subscription:
    return Subscription(
        id=SubscriptionId(name),
        team="T1",
        owner="U1",
        filter=parse(text),
        destination=to,
        hold=MUTED if muted else None,
    )


@given(
    st.lists(WANTED, max_size=12), st.lists(MEETINGS, min_size=1, max_size=3), st.sets(st.integers(0, 15), max_size=4)
)
@settings(max_examples=60)
def test_the_index_agrees_with_looking_at_every_filter(
    wanted: list[Filter], events: list[Event], removed: set[int]
) -> None:
    index: Index[int] = Index()
    for key, one in enumerate(wanted):
        index.add(key, one)
    kept = dict(enumerate(wanted))
    for key in removed:
        index.remove(key)
        kept.pop(key, None)
    assert len(index) == len(kept)
    for one_event in events:
        assert index.match(one_event) == [key for key, one in kept.items() if one.matches(one_event)]


@given(st.lists(st.tuples(st.integers(0, 5), WANTED), max_size=10))
@settings(max_examples=50)
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


def test_removing_a_prefix_leaves_others_of_its_length_and_field() -> None:
    index: Index[str] = Index()
    for key, text in (("a", "model:frau*"), ("b", "model:frau*"), ("c", "model:risk*"), ("d", "model:fr*")):
        index.add(key, parse(text))
    index.remove("a")
    assert index.match(event()) == ["b", "d"]
    index.remove("b")
    index.remove("c")
    assert index.match(event()) == ["d"]


def test_several_values_of_one_event_lead_to_a_filter_once() -> None:
    index: Index[str] = Index()
    index.add("a", parse("tag:nightly,eu,n*,e*"))
    assert index.match(event()) == ["a"]


SELECTIVE = (
    "model:model-{}",
    "tag:t{},u{}",
    "status:completed user:U{}X",
    "label.team:team-{} confidence<0.9",
    "label.k{}:risk",
    "model:family-{}-* -tag:test",
    "model:fraud-detector source:/svc/{}/*",
    "tag:nightly tag:v{}",
    "model:fraud-* env:production session:s{}",
    'status:completed inference:i{} "chargeback"',
)
"""Shapes of filters: one rare value each, some beside values that all of its kind name."""


SHAPES = [parse(text.replace("{}", "99999")) for text in SELECTIVE]


def numbered(shape: Filter, number: int) -> Filter:
    """The shape with this number; quicker than parsing it."""
    return Filter(tuple(_numbered(term, f"{number:05}") for term in shape.terms))


def _numbered(term: Term, digits: str) -> Term:
    match term:
        case OneOf(field=name, patterns=patterns):
            parts = [tuple(part.replace("99999", digits) for part in pattern.parts) for pattern in patterns]
            return OneOf(field=name.replace("99999", digits), patterns=tuple(Pattern(parts=one) for one in parts))
        case _:
            return term


def test_among_ten_thousand_selective_filters_a_handful_is_looked_at() -> None:
    index: Index[int] = Index()
    for number in range(10_000):
        index.add(number, numbered(SHAPES[number % 10], number))
    crowded = event(tags=("nightly",), confidence=0.5)
    cases = [
        (0, replace(crowded, model=Model(name="model-04200"))),
        (1, replace(crowded, tags=("u04201", "nightly"))),
        (2, replace(crowded, requester=Requester(slack_id="U04202X"))),
        (3, replace(crowded, labels={"team": "team-04203"})),
        (4, replace(crowded, labels={"k04204": "risk"})),
        (5, replace(crowded, model=Model(name="family-04205-large"))),
        (6, replace(crowded, source="/svc/04206/checks")),
        (7, replace(crowded, tags=("nightly", "v04207"))),
        (8, replace(crowded, session="s04208")),
        (9, replace(crowded, inference="i04209")),
    ]
    for shape, met in cases:
        assert index.match(met) == [4200 + shape]
        assert len(index.candidates(met)) <= 10
    assert len(index.candidates(replace(crowded, session=None))) <= 10


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
    assert Router([subscription("a", muted=True)]).route(event()) == ()


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


@given(
    st.lists(
        st.dictionaries(st.sampled_from("abcdef"), st.tuples(WANTED, st.booleans(), st.booleans()), max_size=6),
        min_size=2,
        max_size=4,
    ),
    st.lists(MEETINGS, min_size=1, max_size=3),
)
@settings(max_examples=60)
def test_a_router_that_learns_what_changed_goes_the_way_of_a_new_one(
    times: list[dict[str, tuple[Filter, bool, bool]]], events: list[Event]
) -> None:
    learning = Router(())
    for everyones in times:
        subscriptions = [
            replace(subscription(name, to=HOOK if hooked else CHANNEL, muted=muted), filter=wanted)
            for name, (wanted, muted, hooked) in everyones.items()
        ]
        learning.learn(subscriptions)
        new = Router(subscriptions)
        assert [learning.route(one) for one in events] == [new.route(one) for one in events]


def test_a_webhooks_lanes_are_sharded_by_inference() -> None:
    router = Router([subscription("a", "", HOOK)], shards=8)
    lanes = {number: router.route(event(inference=f"i-{number}", id=str(number)))[0].lane for number in range(200)}
    assert set(lanes.values()) == {f"{destination_id(HOOK)}#{shard}" for shard in range(8)}
    again = router.route(event(inference="i-7", status=Status.FAILED))[0].lane
    assert again == lanes[7]


def test_an_inference_keeps_its_lane_in_every_process() -> None:
    (routed,) = Router([subscription("a", "", HOOK)], shards=8).route(event(inference="i-4711"))
    assert routed.lane == f"{destination_id(HOOK)}#3"  # a change would part an inference from its waiting deliveries
