"""When a delivery that somebody wants to be held back may be sent.

Rules of this file:
1. A clock on the wall, local to whoever is to be left alone, decides; so a day may have 23 hours, or 25.
2. A time that the clock skips is the moment at which it skips it; of a time that it shows twice the first counts.
3. What is held because of several things is sent when none of them holds it any more.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Final

from bot.core.pressure import Held
from bot.core.subscription import Hold, Holding
from bot.core.timing import Digest, Every, Quiet, clock

_DAY: Final = 24 * 3600
"""Seconds."""
_STEPS: Final = {Every.QUARTER: 15 * 60, Every.HOUR: 3600}
_TRIES: Final = 8
"""Quiet hours of two people may follow each other; where they cover the whole day, nothing is ever sent."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rest:
    """Quiet hours and the zone whose clocks they go by."""

    quiet: Quiet
    zone: tzinfo


def release(
    *, digest: Digest | None, zone: tzinfo, rests: Sequence[Rest], hold: Hold | None, since: int, now: int
) -> int | None:
    """When a delivery may be sent that entered the outbox at `since`; not after `now`: at once. All in ms since 1970.

    `zone` is that of the digest's windows, `rests` are the subscription's quiet hours and those of the person behind a
    direct message. None: not before somebody resumes it. A muted subscription holds nothing that waits already.
    """
    at = now
    if hold is not None and hold.kind is not Holding.MUTED and hold.holds(now):
        if hold.until is None:
            return None
        at = hold.until
    if digest is not None:
        at = max(at, window_end(digest, zone, since))
    for _ in range(_TRIES):
        quiet = max((rest_end(rest, at) for rest in rests), default=at)
        if quiet == at:
            return at
        at = quiet
    return None


def held_in(*, digest: Digest | None, zone: tzinfo, rests: Sequence[Rest], since: int) -> Held | None:
    """The window that held back a delivery which entered the outbox at `since` (ms); None where nothing did.

    All that was to be let go at the same moment was held in the same window, quiet hours behind a digest included.
    """
    end = release(digest=digest, zone=zone, rests=rests, hold=None, since=since, now=since)
    if end is None or end <= since:
        return None
    resting = next((rest for rest in rests if rest_end(rest, end - 1) == end), None)
    if resting is not None:
        quiet = resting.quiet
        return Held(kind="quiet", opens=clock(quiet.start), closes=clock(quiet.end), end=end)
    if digest is None:
        return None
    return Held(
        kind=str(digest.every),
        opens=_shown(digest, zone, _window_begin(digest, zone, end)),
        closes=_shown(digest, zone, end),
        end=end,
    )


def _window_begin(digest: Digest, zone: tzinfo, end: int) -> int:
    """When the window that ends then began, in milliseconds."""
    if digest.every is Every.DAY:
        return window_end(digest, zone, end - 26 * 3_600_000)  # no day has more than 25 hours, nor fewer than 23
    return end - 1000 * _STEPS[digest.every]


def _shown(digest: Digest, zone: tzinfo, at: int) -> str:
    """What the clock on the wall shows then; of a day's window, with the day."""
    there = datetime.fromtimestamp(at // 1000, UTC).astimezone(zone)
    return f"{_WEEKDAYS[there.weekday()]} {there:%H:%M}" if digest.every is Every.DAY else f"{there:%H:%M}"


_WEEKDAYS: Final = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")


def window_end(digest: Digest, zone: tzinfo, since: int) -> int:
    """The end of the window in which `since` lies, in milliseconds; what comes at the end of one is in the next."""
    seconds = since // 1000
    if digest.every is Every.DAY:
        return 1000 * _day_end(digest.at, zone, seconds)
    return 1000 * _step_end(_STEPS[digest.every], zone, seconds)


def rest_end(rest: Rest, at: int) -> int:
    """The first time from `at` on that is outside of the quiet hours, in milliseconds: `at` itself where it is."""
    quiet, seconds = rest.quiet, at // 1000
    if not _is_quiet(quiet, rest.zone, seconds):
        return at
    while True:
        shown = _wall(rest.zone, seconds) % _DAY
        end = seconds + ((quiet.end * 60 - shown) % _DAY)
        turned = _turn(rest.zone, seconds, end)
        if turned is None:
            return 1000 * end
        if not _is_quiet(quiet, rest.zone, turned):
            return 1000 * turned
        seconds = turned


def _is_quiet(quiet: Quiet, zone: tzinfo, seconds: int) -> bool:
    shown, start, end = _wall(zone, seconds) % _DAY, quiet.start * 60, quiet.end * 60
    return start <= shown < end if start < end else not end <= shown < start


def _step_end(step: int, zone: tzinfo, seconds: int) -> int:
    """The next time at which the clock shows, or skips, a multiple of `step` seconds."""
    while True:
        shown = _wall(zone, seconds)
        end = seconds + step - shown % step
        turned = _turn(zone, seconds, end)
        if turned is None:
            return end
        shows = _wall(zone, turned)
        if shows % step == 0 or shows // step > shown // step:
            return turned
        seconds = turned  # the clock was put back, and the window has some minutes more


def _day_end(minute: int, zone: tzinfo, seconds: int) -> int:
    """The next time at which the clock reaches that minute of a day, for the first time on that day."""
    midnight = _wall(zone, seconds) // _DAY * _DAY
    ends = (_reached(zone, midnight + day * _DAY + minute * 60) for day in range(-1, 3))
    return next(end for end in ends if end > seconds)


def _reached(zone: tzinfo, shown: int) -> int:
    """The first time at which the clock shows `shown`, or more."""
    # PEP 495: of a time that is skipped fold=0 gives the moment by the offset from before, which lies after the turn.
    local = (datetime(1970, 1, 1) + timedelta(seconds=shown)).replace(tzinfo=zone)  # noqa: DTZ001 (a wall's time)
    at = round(local.timestamp())
    if _wall(zone, at) == shown:
        return at
    turned = _turn(zone, at - _DAY, at)
    return at if turned is None else turned


def _turn(zone: tzinfo, after: int, until: int) -> int | None:
    """When the clock is put on or back, after `after` and not after `until`. Nobody does so twice within a day."""
    former = _offset(zone, after)
    if _offset(zone, until) == former:
        return None
    while until - after > 1:
        middle = (after + until) // 2
        if _offset(zone, middle) == former:
            after = middle
        else:
            until = middle
    return until


def _offset(zone: tzinfo, seconds: int) -> int:
    offset = datetime.fromtimestamp(seconds, UTC).astimezone(zone).utcoffset()
    return 0 if offset is None else round(offset.total_seconds())


def _wall(zone: tzinfo, seconds: int) -> int:
    """What a clock on the wall shows, as seconds since 1970-01-01 00:00 by itself."""
    return seconds + _offset(zone, seconds)
