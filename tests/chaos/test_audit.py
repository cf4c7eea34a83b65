"""The audit must catch every kind of wrong, and explain a repeat by what lies between its requests and nothing else."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import pytest

from consumers.chaos.audit import Posted, Published, Request, Verdict, Victim, Violence, gap, judge, latencies
from consumers.demo.audit import Place

CHANNEL = Place(kind="slack", name="alerts", wants=lambda data: bool(data["status"] == "failed"))
HOOK = Place(kind="webhook", name="hook all", wants=lambda _: True)


def event(number: int, *, status: str = "failed", key: str = "a", at: float = 0.0) -> Published:
    data: Mapping[str, Any] = {"status": status}
    return Published(id=f"e{number}", key=key, data=data, at=at, partition=0, offset=number)


def request(number: int, opened: float, *, status: int | None = 204, seconds: float = 0.1) -> Request:
    return Request(
        place="hook all",
        event=f"e{number}",
        webhook=f"w{number}",
        body="b",
        opened=opened,
        answered=opened + seconds,
        status=status,
    )


def posted(number: int, at: float) -> Posted:
    return Posted(place="alerts", event=f"e{number}", at=at)


def act(victim: Victim, begin: float, end: float, **more: Any) -> Violence:
    return Violence(act="x", victim=victim, target="t", begin=begin, end=end, **more)


def verdict(
    requests: Sequence[Request] = (),
    posts: Sequence[Posted] = (),
    violence: Sequence[Violence] = (),
    *,
    published: Sequence[Published] = (event(1), event(2)),
    doubtful: frozenset[str] = frozenset(),
) -> Verdict:
    return judge({one.id: one for one in published}, doubtful, [CHANNEL, HOOK], posts, requests, violence)


GOOD_REQUESTS = (request(1, 1.0), request(2, 2.0))
GOOD_POSTS = (posted(1, 1.0), posted(2, 1.000001))


def test_all_seen_once_and_in_order_is_clean() -> None:
    found = verdict(GOOD_REQUESTS, GOOD_POSTS)
    assert found.clean
    assert (found.expected, found.delivered) == ({"slack": 2, "webhook": 2}, {"slack": 2, "webhook": 2})


def test_what_was_not_seen_is_missing() -> None:
    found = verdict(GOOD_REQUESTS[:1], GOOD_POSTS[:1])
    assert (found.missing, found.clean) == (2, False)
    assert found.examples["missing"] == [
        "alerts: e2 (partition 0, offset 2, published 0.000)",
        "hook all: e2 (partition 0, offset 2, published 0.000)",
    ]


@pytest.mark.parametrize("status", [503, None])
def test_a_request_that_was_not_answered_2xx_is_no_delivery(status: int | None) -> None:
    found = verdict((GOOD_REQUESTS[0], request(2, 2.0, status=status)), GOOD_POSTS)
    assert found.missing == 1


def test_two_messages_with_one_event_in_one_channel_are_a_repeat() -> None:
    found = verdict(GOOD_REQUESTS, (*GOOD_POSTS, posted(1, 9.0)), [act("member", 0.5, 1.5)])
    assert (found.repeated_slack, found.clean) == (1, False)


def test_an_earlier_event_after_a_later_one_of_its_key_is_out_of_order() -> None:
    assert verdict((request(2, 1.0), request(1, 2.0)), GOOD_POSTS).out_of_order == 1
    assert verdict(GOOD_REQUESTS, (posted(2, 1.0), posted(1, 1.000001))).out_of_order == 1


def test_keys_may_overtake_each_other() -> None:
    found = verdict((request(2, 1.0), request(1, 2.0)), GOOD_POSTS, published=(event(1), event(2, key="b")))
    assert found.clean


def test_a_repeat_of_an_earlier_event_is_no_disorder() -> None:
    again = request(1, 3.0)
    assert verdict((*GOOD_REQUESTS, again), GOOD_POSTS, [act("member", 1.2, 1.3)]).out_of_order == 0


def test_an_event_that_the_place_did_not_want_is_unexpected() -> None:
    found = verdict(GOOD_REQUESTS, GOOD_POSTS, published=(event(1), event(2, status="running")))
    assert (found.unexpected, found.clean) == (1, False)


def test_an_event_that_kafka_did_not_acknowledge_may_be_seen_and_need_not_be() -> None:
    assert verdict(GOOD_REQUESTS, GOOD_POSTS, published=(event(1),), doubtful=frozenset({"e2"})).clean
    assert verdict(GOOD_REQUESTS[:1], GOOD_POSTS[:1], published=(event(1),), doubtful=frozenset({"e2"})).clean


EXPLAINED = [
    ("refused", [request(1, 1.0, status=503)], []),
    ("unanswered", [request(1, 1.0, status=None)], []),
    ("unanswered", [request(1, 1.0, seconds=30)], []),
    ("member", [request(1, 1.0)], [act("member", 1.2, 1.3)]),
    ("member", [request(1, 1.0)], [act("member", 0.5, 13.0)]),
    ("redis_away", [request(1, 1.0)], [act("redis", 2.5, 3.5)]),
    ("redis_lost", [request(1, 1.0)], [act("redis_lost", 2.0, 4.0, since=1.05)]),
    ("redis_lost", [request(1, 1.0)], [act("redis_lost", 8.0, 9.0, since=0.0)]),
    ("redis_lost", [request(1, 1.0)], [act("redis_lost", 0.1, 0.2, since=0.0)]),
    ("unexplained", [request(1, 1.0)], [act("redis_lost", -0.5, -0.1, since=0.0)]),
    ("unexplained", [request(1, 1.0)], []),
    ("unexplained", [request(1, 1.0)], [act("member", 3.2, 3.3), act("slack", 1.0, 2.0)]),
    ("unexplained", [request(1, 1.0)], [act("member", 0.1, 0.9)]),
    ("unexplained", [request(1, 1.0)], [act("redis", 3.2, 3.3)]),
    ("unexplained", [request(1, 1.0)], [act("redis_lost", 5.0, 6.0, since=4.0)]),
    ("unexplained", [request(1, 1.0)], [act("redis_lost", 11.0, 12.0, since=0.0)]),
    ("unexplained", [request(1, 0.5, status=503), request(1, 1.0)], []),
]


@pytest.mark.parametrize(("why", "before", "violence"), EXPLAINED)
def test_a_repeated_request_is_explained_by_what_lies_before_it(
    why: str, before: list[Request], violence: list[Violence]
) -> None:
    found = verdict((*before, request(1, 10.0), request(2, 11.0)), GOOD_POSTS, violence)
    assert found.why_repeated[why] == 1
    assert found.repeated_webhook == len(before)
    assert found.clean == (why != "unexplained")


def test_a_repeat_keeps_its_webhook_id_and_its_body() -> None:
    first = request(1, 1.0, status=503)
    for changed in (replace(request(1, 3.0), webhook="other"), replace(request(1, 3.0), body="other")):
        found = verdict((first, changed, request(2, 4.0)), GOOD_POSTS)
        assert not found.clean
        assert found.ids_differed + found.bodies_differed == 1


def test_what_was_settled_before_the_last_commit_is_not_repeated_after_a_wipe() -> None:
    again = (request(1, 1.0), request(1, 10.0), request(2, 11.0))
    for committed, beyond in ((1, 0), (2, 1)):
        wipe = act("redis_lost", 8.0, 9.0, since=0.0, committed={0: committed})
        found = verdict(again, GOOD_POSTS, [wipe])
        assert (found.beyond_commit, found.clean) == (beyond, not beyond)


def test_the_gap_is_the_longest_silence_within_the_load() -> None:
    assert gap([1.0, 2.0, 6.0, 30.0], 0.0, 9.0) == 4.0
    assert gap([], 0.0, 9.0) == 9.0


def test_latencies_are_of_the_places_and_the_time_asked_for() -> None:
    published = {one.id: one for one in (event(1, at=0.5), event(2, at=1.5))}
    found = judge(published, frozenset(), [CHANNEL, HOOK], GOOD_POSTS, GOOD_REQUESTS, [])
    assert latencies(found, published, ["alerts"], 0.0, 1.0) == {"p50": 500.0, "p99": 500.0}
    assert latencies(found, published, ["hook all"], 1.0, 2.0) == {"p50": 600.0, "p99": 600.0}
