from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.errors import MomentError
from bot.core.moment import age, milliseconds, read_moment

NOW = datetime(2026, 11, 23, 15, 30, 20, tzinfo=UTC)
AWARE = st.datetimes(datetime(1970, 1, 1), datetime(9999, 12, 31), timezones=st.just(UTC))  # noqa: DTZ001 - timezones adds it


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("2h", datetime(2026, 11, 23, 13, 30, 20, tzinfo=UTC)),
        (" 15M ", datetime(2026, 11, 23, 15, 15, 20, tzinfo=UTC)),
        ("1h30m", datetime(2026, 11, 23, 14, 0, 20, tzinfo=UTC)),
        ("20s", datetime(2026, 11, 23, 15, 30, tzinfo=UTC)),
        ("3d", datetime(2026, 11, 20, 15, 30, 20, tzinfo=UTC)),
        ("1w", datetime(2026, 11, 16, 15, 30, 20, tzinfo=UTC)),
        ("now", NOW),
        ("today", datetime(2026, 11, 23, tzinfo=UTC)),
        ("Yesterday", datetime(2026, 11, 22, tzinfo=UTC)),
        ("2026-11-23T10:00Z", datetime(2026, 11, 23, 10, tzinfo=UTC)),
        ("2026-11-23T10:00", datetime(2026, 11, 23, 10, tzinfo=UTC)),
        ("2026-11-23T10:00+02:00", datetime(2026, 11, 23, 8, tzinfo=UTC)),
        ("2026-11-20", datetime(2026, 11, 20, tzinfo=UTC)),
        ("1969-07-20", datetime(1970, 1, 1, tzinfo=UTC)),
        ("999999999w", datetime(1970, 1, 1, tzinfo=UTC)),
        ("0001-01-01T00:00+14:00", datetime(1970, 1, 1, tzinfo=UTC)),
    ],
)
def test_a_moment_is_read_as_an_operator_means_it(typed: str, meant: datetime) -> None:
    assert read_moment(typed, now=NOW) == meant


@pytest.mark.parametrize("typed", ["", "2", "h", "2 hours", "tomorrow", "-2h", "2026-13-01", "10:00", "½h"])
def test_what_is_no_moment_is_refused_with_examples(typed: str) -> None:
    with pytest.raises(MomentError, match="2h, 15m, 3d, yesterday or 2026-11-23T10:00Z"):
        read_moment(typed, now=NOW)


@given(st.text() | st.from_regex(r"[0-9a-zT:+.-]{0,25}", fullmatch=True))
def test_whatever_is_typed_there_is_a_moment_that_kafka_can_be_asked_for_or_a_refusal(typed: str) -> None:
    try:
        moment = read_moment(typed, now=NOW)
    except MomentError:
        return
    assert moment.tzinfo is UTC
    assert milliseconds(moment) >= 0


@given(AWARE, st.integers(-14 * 60, 14 * 60))
def test_iso_is_read_back_in_any_zone(moment: datetime, minutes: int) -> None:
    there = moment.replace(day=15).astimezone(timezone(timedelta(minutes=minutes)))
    assert read_moment(there.isoformat(), now=NOW) == max(there, datetime(1970, 1, 1, tzinfo=UTC))


@pytest.mark.parametrize(
    ("seconds", "told"),
    [(0, "0s"), (59, "59s"), (60, "1m"), (7_199, "1h"), (86_400, "1d"), (900_000, "10d"), (-5, "0s")],
)
def test_an_age_is_told_in_its_largest_unit(seconds: int, told: str) -> None:
    assert age(1_000_000_000_000 - seconds * 1000, now=1_000_000_000_000) == told
