"""A point in time as an operator types it: `2h` (so long ago), `yesterday`, `2026-11-23T10:00Z`. Days are UTC's."""

import re
from datetime import UTC, datetime, timedelta
from typing import Final

from bot.core.advice import got
from bot.core.errors import MomentError

_AGO: Final = re.compile(r"(?:[0-9]{1,9}[smhdw])+", re.IGNORECASE)
_PART: Final = re.compile(r"([0-9]+)([smhdw])", re.IGNORECASE)
_SECONDS: Final = {"s": 1, "m": 60, "h": 3_600, "d": 86_400, "w": 604_800}
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


def read_moment(text: str, *, now: datetime) -> datetime:
    """Read a point in time; the answer is aware and in UTC, and never before 1970.

    `90s`, `15m`, `2h`, `3d`, `1w` and `1h30m` count back from `now`, which is aware. `now`, `today` and `yesterday` are
    words; both days begin at midnight. Anything else is ISO 8601, in UTC where it names no offset. Raises MomentError.
    """
    typed = text.strip()
    today = now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    match typed.lower():
        case "now":
            return now.astimezone(UTC)
        case "today":
            return today
        case "yesterday":
            return today - timedelta(days=1)
    try:
        moment = now - _ago(typed) if _AGO.fullmatch(typed) else _iso(typed)
        return max(moment.astimezone(UTC), _EPOCH)
    except OverflowError:
        return _EPOCH
    except ValueError as error:
        message = f"{got(typed)} is no time; write 2h, 15m, 3d, yesterday or 2026-11-23T10:00Z"
        raise MomentError(message, text=typed, position=0) from error


def milliseconds(moment: datetime) -> int:
    """Since the epoch, as Kafka counts."""
    return (moment - _EPOCH) // timedelta(milliseconds=1)


def age(at: int, *, now: int) -> str:
    """How long ago, both in milliseconds, in its largest unit: `3d`, `2h`, `15m`, `4s`."""
    seconds = max(0, now - at) // 1_000
    for unit in ("d", "h", "m"):
        if seconds >= _SECONDS[unit]:
            return f"{seconds // _SECONDS[unit]}{unit}"
    return f"{seconds}s"


def _ago(text: str) -> timedelta:
    return timedelta(seconds=sum(int(count) * _SECONDS[unit.lower()] for count, unit in _PART.findall(text)))


def _iso(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
