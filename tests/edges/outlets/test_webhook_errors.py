import pytest

from bot.core.delivery import Failed, Outcome, Refused, Scope, Sent, Throttled, Unknown
from bot.outlets.webhook_errors import Kind, kind_of, outcome_of_status


@pytest.mark.parametrize(
    ("status", "after", "expected"),
    [
        (200, None, Sent(reference="200")),
        (204, None, Sent(reference="204")),
        (299, 5_000, Sent(reference="299")),
        (301, None, Failed(reason="h: HTTP 301")),
        (308, None, Failed(reason="h: HTTP 308")),
        (400, None, Failed(reason="h: HTTP 400")),
        (404, None, Failed(reason="h: HTTP 404")),
        (408, None, Failed(reason="h: HTTP 408")),
        (410, None, Refused(reason="h: HTTP 410: the endpoint wants no more", scope=Scope.DESTINATION)),
        (425, 1_000, Failed(reason="h: HTTP 425", after=1_000)),
        (429, None, Throttled(after=60_000, reason="h: HTTP 429")),
        (429, 5_000, Throttled(after=5_000, reason="h: HTTP 429")),
        (429, 0, Throttled(after=0, reason="h: HTTP 429")),
        (500, None, Failed(reason="h: HTTP 500")),
        (502, None, Unknown(reason="h: HTTP 502")),
        (503, None, Failed(reason="h: HTTP 503")),
        (503, 5_000, Throttled(after=5_000, reason="h: HTTP 503")),
        (504, 5_000, Unknown(reason="h: HTTP 504", after=5_000)),
        (599, None, Failed(reason="h: HTTP 599")),
    ],
)
def test_each_status_has_its_outcome(status: int, after: int | None, expected: Outcome) -> None:
    assert outcome_of_status(status, host="h", after=after) == expected


def test_every_status_has_a_kind_and_every_kind_a_status() -> None:
    kinds = {status: kind_of(status) for status in range(100, 600)}

    assert set(kinds.values()) == set(Kind)
    assert {status for status, kind in kinds.items() if kind is Kind.TAKEN} == set(range(200, 300))
    assert {status for status, kind in kinds.items() if kind is Kind.IN_DOUBT} == {*range(100, 200), 502, 504}
    assert [status for status, kind in kinds.items() if kind is Kind.GONE] == [410]


@pytest.mark.parametrize("status", [0, 99, 600, 999])
def test_a_status_that_is_none_leaves_the_outcome_unknown(status: int) -> None:
    assert outcome_of_status(status, host="h") == Unknown(reason=f"h: HTTP {status}")


@pytest.mark.parametrize("status", [*range(300, 410), *range(411, 600)])
def test_a_waiting_time_is_never_shortened(status: int) -> None:
    outcome = outcome_of_status(status, host="h", after=777_000)

    assert isinstance(outcome, Failed | Unknown | Throttled)
    assert outcome.after == 777_000
