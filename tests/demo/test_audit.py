"""The audit must catch every kind of wrong; it is what the demo's exit code hangs on."""

from collections.abc import Mapping
from typing import Any

import pytest

from consumers.demo.audit import Audit, Place, percentiles


def failed(data: Mapping[str, Any]) -> bool:
    return bool(data["status"] == "failed")


@pytest.fixture
def audit() -> Audit:
    made = Audit(
        [Place(kind="slack", name="#alerts", wants=failed), Place(kind="webhook", name="hook", wants=lambda _: True)]
    )
    made.publish("1", "a", {"status": "running"}, 10.0)
    made.publish("2", "a", {"status": "failed"}, 11.0)
    made.publish("3", "b", {"status": "completed"}, 12.0)
    return made


def see_all(audit: Audit) -> None:
    audit.see("#alerts", "2", 11.5)
    for number in (1, 2, 3):
        audit.see("hook", str(number), 10.0 + number)


def test_all_seen_once_and_in_order_is_clean(audit: Audit) -> None:
    see_all(audit)
    assert audit.clean
    report = audit.report()
    assert report["published"] == 3
    assert report["expected"] == report["delivered"] == {"slack": 1, "webhook": 3, "browser": 0}
    assert report["latency_ms"]["slack"] == {"p50": 500.0, "p99": 500.0}
    assert report["latency_ms"]["browser"] == {"p50": None, "p99": None}


def test_an_event_that_was_not_seen_is_missing(audit: Audit) -> None:
    audit.see("#alerts", "2", 11.5)
    assert (audit.missing, audit.waiting("hook"), audit.clean) == (3, 3, False)


def test_an_event_seen_twice_at_one_place_is_repeated(audit: Audit) -> None:
    see_all(audit)
    audit.see("hook", "3", 20.0)
    assert (audit.repeated, audit.clean) == (1, False)


def test_an_earlier_event_after_a_later_one_of_its_inference_is_out_of_order(audit: Audit) -> None:
    audit.see("#alerts", "2", 11.5)
    audit.see("hook", "2", 11.5)
    audit.see("hook", "3", 11.6)
    audit.see("hook", "1", 11.7)
    assert (audit.out_of_order, audit.clean) == (1, False)


def test_inferences_may_overtake_each_other(audit: Audit) -> None:
    audit.see("#alerts", "2", 11.5)
    for event in ("3", "1", "2"):
        audit.see("hook", event, 12.0)
    assert audit.clean


def test_an_event_at_a_place_that_did_not_want_it_is_unexpected(audit: Audit) -> None:
    see_all(audit)
    audit.see("#alerts", "3", 13.0)
    assert (audit.unexpected, audit.clean) == (1, False)


@pytest.mark.parametrize(
    ("values", "p50", "p99"),
    [([7.0], 7.0, 7.0), ([1.0, 2.0], 1.0, 2.0), ([float(n) for n in range(1, 101)], 50.0, 99.0)],
)
def test_percentiles_are_by_nearest_rank(values: list[float], p50: float, p99: float) -> None:
    assert percentiles(values) == {"p50": p50, "p99": p99}
