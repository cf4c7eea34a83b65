"""When what is held back is let through, against an oracle that looks at every minute's clock."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bot.core.release import Rest, release, rest_end, window_end
from bot.core.subscription import Hold, Holding
from bot.core.timing import Digest, Every, Quiet, read_digest, read_quiet

MINUTE, HOUR = 60_000, 3_600_000
BERLIN = ZoneInfo("Europe/Berlin")
ZONES = [
    ZoneInfo(name)
    for name in (
        "UTC",
        "Europe/Berlin",
        "America/New_York",
        "America/St_Johns",  # until 2011 at one minute past midnight
        "America/Nuuk",  # skips 23:00 to 24:00
        "America/Havana",  # skips midnight
        "Australia/Lord_Howe",  # by half an hour
        "Asia/Kathmandu",  # at a quarter of an hour
        "Africa/Casablanca",
        "America/Sao_Paulo",
    )
]
TURNS = [
    datetime(2026, 3, 29, tzinfo=UTC),
    datetime(2026, 10, 25, tzinfo=UTC),
    datetime(2026, 3, 8, tzinfo=UTC),
    datetime(2026, 11, 1, tzinfo=UTC),
    datetime(2026, 4, 5, tzinfo=UTC),
    datetime(2026, 10, 4, tzinfo=UTC),
    datetime(2010, 11, 7, tzinfo=UTC),
    datetime(2010, 3, 14, tzinfo=UTC),
    datetime(2018, 11, 4, tzinfo=UTC),
]

zones = st.sampled_from(ZONES)
minutes = st.integers(0, 24 * 60 - 1)
digests = st.builds(Digest, every=st.sampled_from(Every), at=minutes)
quiets = st.builds(Quiet, start=minutes, end=minutes).filter(lambda quiet: quiet.start != quiet.end)


@st.composite
def moments(draw: st.DrawFn) -> int:
    """Often near a day on which clocks are turned somewhere; whole minutes, so that the oracle can step."""
    day = draw(st.sampled_from(TURNS))
    return ms(day + timedelta(minutes=draw(st.integers(-26 * 60, 26 * 60))))


def ms(when: datetime) -> int:
    return round(when.timestamp() * 1000)


def clock(zone: ZoneInfo, at: int) -> datetime:
    """What the wall shows, without a zone."""
    return datetime.fromtimestamp(at / 1000, UTC).astimezone(zone).replace(tzinfo=None, fold=0)


def is_end(digest: Digest, zone: ZoneInfo, at: int, highest: datetime) -> bool:
    """Whether a window ends in this minute; `highest` is the latest that the clock has shown so far."""
    shown, before = clock(zone, at), clock(zone, at - MINUTE)
    if digest.every is Every.DAY:
        days = (datetime.combine(shown.date() + timedelta(days=day), datetime.min.time()) for day in (-1, 0, 1))
        return any(highest < day + timedelta(minutes=digest.at) <= shown for day in days)
    step = 15 if digest.every is Every.QUARTER else 60
    slot, former = (int((one - datetime(1970, 1, 1)).total_seconds()) // (60 * step) for one in (shown, before))  # noqa: DTZ001 (a wall's)
    return slot > former or shown.minute % step == 0


@given(digest=digests, zone=zones, since=moments())
@example(digest=Digest(every=Every.HOUR), zone=ZoneInfo("Australia/Lord_Howe"), since=ms(TURNS[5]) - 9 * HOUR)
@example(digest=Digest(every=Every.DAY, at=0), zone=ZoneInfo("America/St_Johns"), since=ms(TURNS[6]) + 150 * MINUTE)
def test_a_window_ends_when_a_clock_on_the_wall_says_so(digest: Digest, zone: ZoneInfo, since: int) -> None:
    highest = max(clock(zone, since - minute * MINUTE) for minute in range(26 * 60))
    at = since + MINUTE
    while not is_end(digest, zone, at, highest):
        highest = max(highest, clock(zone, at))
        at += MINUTE
    assert window_end(digest, zone, since) == at
    assert window_end(digest, zone, since + MINUTE - 1) == at, "within a minute nothing changes"


@given(zone=zones, day=st.sampled_from(TURNS), at=minutes)
def test_a_day_has_one_end_of_its_window_also_when_clocks_are_turned(zone: ZoneInfo, day: datetime, at: int) -> None:
    digest, ends = Digest(every=Every.DAY, at=at), list[int]()
    since = ms(day - timedelta(days=4))
    while since < ms(day + timedelta(days=4)):
        since = window_end(digest, zone, since)
        ends.append(since)
    days = [clock(zone, end) for end in ends]
    # a time that is skipped is reached when the clock is put on: maybe on the next day, then at midnight
    belong = [(shown - timedelta(minutes=at)).date() for shown in days]
    assert [(later - earlier).days for earlier, later in pairwise(belong)] == [1] * (len(days) - 1)


@given(quiet=quiets, zone=zones, at=moments())
def test_quiet_hours_end_with_the_first_minute_whose_clock_is_outside(quiet: Quiet, zone: ZoneInfo, at: int) -> None:
    def is_quiet(moment: int) -> bool:
        shown = clock(zone, moment)
        minute = shown.hour * 60 + shown.minute
        return (minute - quiet.start) % 1440 < (quiet.end - quiet.start) % 1440

    expected = at
    while is_quiet(expected):
        expected += MINUTE
    assert rest_end(Rest(quiet=quiet, zone=zone), at) == expected


@pytest.mark.parametrize(
    ("day", "at", "expected"),
    [
        ("2026-03-28T12:00", "daily 02:30", "2026-03-29T01:00"),  # 02:00 to 03:00 is skipped
        ("2026-03-29T01:00", "daily 02:30", "2026-03-30T00:30"),
        ("2026-10-24T12:00", "daily 02:30", "2026-10-25T00:30"),  # shown twice
        ("2026-10-25T00:45", "daily 02:30", "2026-10-26T01:30"),
        ("2026-10-25T00:30", "hourly", "2026-10-25T01:00"),
        ("2026-10-25T01:00", "hourly", "2026-10-25T02:00"),
        ("2026-11-23T08:59", "daily", "2026-11-24T08:00"),
        ("2026-11-23T08:46", "15m", "2026-11-23T09:00"),
    ],
)
def test_windows_in_berlin(day: str, at: str, expected: str) -> None:
    since, end = (ms(datetime.fromisoformat(text).replace(tzinfo=UTC)) for text in (day, expected))
    assert window_end(read_digest(at), BERLIN, since) == end


def test_an_hour_that_is_put_back_in_half_ends_once() -> None:
    """Lord Howe, in autumn: at 02:00 it is 01:30 again."""
    since, end = (ms(datetime(2026, 4, 4, 14 + later, 40 - 10 * later, tzinfo=UTC)) for later in (0, 1))
    assert window_end(read_digest("hourly"), ZoneInfo("Australia/Lord_Howe"), since) == end


@pytest.mark.parametrize(
    ("quiet", "at", "expected"),
    [
        ("22:00-02:30", "2026-03-28T23:00", "2026-03-29T01:00"),  # the end is skipped
        ("01:00-04:00", "2026-03-29T00:30", "2026-03-29T02:00"),  # an hour shorter
        ("01:00-04:00", "2026-10-24T23:30", "2026-10-25T03:00"),  # an hour longer
        ("22:00-02:30", "2026-10-24T22:00", "2026-10-25T00:30"),  # the end is shown twice
        ("22:00-02:30", "2026-10-25T01:15", "2026-10-25T01:30"),  # and it is quiet again
    ],
)
def test_quiet_hours_in_berlin(quiet: str, at: str, expected: str) -> None:
    since, end = (ms(datetime.fromisoformat(text).replace(tzinfo=UTC)) for text in (at, expected))
    assert rest_end(Rest(quiet=read_quiet(quiet), zone=BERLIN), since) == end


NOON = ms(datetime(2026, 11, 23, 12, 0, tzinfo=UTC))
NIGHT = Rest(quiet=read_quiet("22:00-07:00"), zone=UTC)


def when(
    *,
    digest: str = "",
    rests: tuple[Rest, ...] = (),
    hold: Hold | None = None,
    since: int = NOON,
    now: int = NOON,
) -> int | None:
    made = read_digest(digest) if digest else None
    return release(digest=made, zone=UTC, rests=rests, hold=hold, since=since, now=now)


def test_what_nothing_holds_may_be_sent_at_once() -> None:
    assert when() == when(rests=(NIGHT,)) == NOON


def test_a_digest_whose_window_is_over_may_be_sent_at_once() -> None:
    assert when(digest="hourly", now=NOON + HOUR - 1) == NOON + HOUR
    assert when(digest="hourly", now=NOON + 3 * HOUR) == NOON + 3 * HOUR


def test_a_digest_that_falls_into_quiet_hours_comes_at_their_end() -> None:
    assert when(digest="daily 23:00", rests=(NIGHT,)) == NOON + 19 * HOUR


def test_quiet_hours_of_two_are_waited_for_one_after_the_other() -> None:
    other = Rest(quiet=Quiet(start=6 * 60, end=8 * 60), zone=BERLIN)
    morning = Rest(quiet=Quiet(start=6 * 60, end=9 * 60), zone=UTC)
    assert when(rests=(NIGHT, other), now=NOON + 11 * HOUR) == NOON + 19 * HOUR
    assert when(rests=(NIGHT, morning), now=NOON + 11 * HOUR) == NOON + 21 * HOUR


def test_quiet_hours_that_cover_the_whole_day_never_let_it_through() -> None:
    day = Rest(quiet=Quiet(start=7 * 60, end=22 * 60), zone=UTC)
    assert when(rests=(NIGHT, day)) is None


@pytest.mark.parametrize("kind", [Holding.PAUSED, Holding.ORPHANED])
def test_a_hold_lasts_until_its_end_or_until_somebody_resumes_it(kind: Holding) -> None:
    assert when(hold=Hold(kind=kind, at=0)) is None
    assert when(hold=Hold(kind=kind, at=0, until=NOON + HOUR)) == NOON + HOUR
    assert when(hold=Hold(kind=kind, at=0, until=NOON)) == NOON
    assert when(hold=Hold(kind=kind, at=0, until=NOON + 11 * HOUR), rests=(NIGHT,)) == NOON + 19 * HOUR
    assert when(hold=Hold(kind=kind, at=0, until=NOON + 90 * MINUTE), digest="hourly") == NOON + 90 * MINUTE


def test_muting_holds_nothing_that_waits_already() -> None:
    assert when(hold=Hold(kind=Holding.MUTED, at=0)) == NOON
