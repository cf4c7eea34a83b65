"""When what a subscription wants is let through: at once, at the end of a digest's window, after quiet hours.

Times of day are local to whoever is to be left alone; `release.release` gets the zone and the time as arguments.
"""

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from bot.core.advice import got
from bot.core.errors import MistakeError

DAY: Final = 24 * 60
"""Minutes."""

_TIME: Final = re.compile(r"([01]?\d|2[0-3]):([0-5]\d)")
_SPAN: Final = re.compile(r"(\S+?)\s*[-–—]\s*(\S+)")  # noqa: RUF001 (what phones make of a hyphen)
_LENGTH: Final = re.compile(r"(\d{1,4})\s*(m|min|h|d|w)")
_MINUTES: Final = {"m": 1, "min": 1, "h": 60, "d": DAY, "w": 7 * DAY}


class Every(StrEnum):
    """How long a digest's window is."""

    QUARTER = "15m"
    HOUR = "hourly"
    DAY = "daily"


@dataclass(frozen=True, slots=True, kw_only=True)
class Digest:
    """One message a window, with all that came in it. `at` is the local minute of the day at which a DAY ends."""

    every: Every
    at: int = 9 * 60

    def __str__(self) -> str:
        """As it is typed."""
        return f"daily {clock(self.at)}" if self.every is Every.DAY else str(self.every)


@dataclass(frozen=True, slots=True, kw_only=True)
class Quiet:
    """Local hours in which nothing is sent; what comes then is sent at their end. Both are minutes of the day.

    An `end` that is not after `start` is on the next day.
    """

    start: int
    end: int

    def __str__(self) -> str:
        """As it is typed."""
        return f"{clock(self.start)}-{clock(self.end)}"


def clock(minute: int) -> str:
    """A minute of the day as a time, e.g. 09:00."""
    return f"{minute // 60:02}:{minute % 60:02}"


def read_digest(text: str) -> Digest:
    """Read `15m`, `hourly`, `daily` or `daily 09:00`. Raises MistakeError."""
    word, _, rest = text.strip().lower().partition(" ")
    if word == Every.DAY:
        return Digest(every=Every.DAY, at=read_clock(rest.strip())) if rest.strip() else Digest(every=Every.DAY)
    if word not in tuple(Every) or rest.strip():
        raise _mistake(f"digest needs 15m, hourly or daily 09:00; got {got(text.strip())}", text)
    return Digest(every=Every(word))


def read_quiet(text: str) -> Quiet:
    """Read `22:00-07:00`. Raises MistakeError."""
    found = _SPAN.fullmatch(text.strip())
    if found is None:
        raise _mistake(f"quiet hours are written 22:00-07:00; got {got(text.strip())}", text)
    start, end = read_clock(found[1]), read_clock(found[2])
    if start == end:
        raise _mistake("quiet hours that begin where they end would last for ever; pause does that", text)
    return Quiet(start=start, end=end)


def read_clock(text: str) -> int:
    """Read `09:00` as a minute of the day. Raises MistakeError."""
    found = _TIME.fullmatch(text)
    if found is None:
        raise _mistake(f"a time is written 09:00, from 00:00 to 23:59; got {got(text)}", text)
    return int(found[1]) * 60 + int(found[2])


def read_length(text: str) -> int:
    """Read `45m`, `2h`, `3d` or `1w` as milliseconds, at most 52 weeks. Raises MistakeError."""
    found = _LENGTH.fullmatch(text.strip().lower())
    minutes = int(found[1]) * _MINUTES[found[2]] if found else 0
    if not 0 < minutes <= 52 * 7 * DAY:
        raise _mistake(f"a time span is written 45m, 2h, 3d or 1w; got {got(text.strip())}", text)
    return minutes * 60_000


def _mistake(message: str, text: str) -> MistakeError:
    return MistakeError(message, text=text, position=0)
