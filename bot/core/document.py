"""JSON as it comes from strangers: bounded in size and depth, and refused with a sentence that names the place."""

import re
from base64 import b64decode
from datetime import UTC, datetime
from typing import Any, Final

import orjson

from bot.core.aliases import Fields
from bot.core.event import Json

MAX_BYTES: Final = 1_048_576
"""Kafka's own default for the largest record (`message.max.bytes` is this and a little for the overhead)."""

MAX_DEPTH: Final = 64
"""Levels of nesting; deeper ones would have to be walked by code that is not recursive."""

_RFC3339: Final = re.compile(r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(?:\.\d+)?(?:[Zz]|[+-]\d\d:\d\d)?", re.ASCII)
_BYTE_ORDER_MARK: Final = b"\xef\xbb\xbf"
_SHOWN: Final = 60


class UnreadableError(ValueError):
    """A record that is no event; the text is one sentence naming the field and what is wrong with it.

    It never leaves `cloudevent`, which makes an `Unreadable` of it.
    """


def read_object(text: bytes, name: str, *, deep: bool = False) -> Fields:
    """Read a JSON object. `deep` lifts the limit on nesting, for what has been read before. Raises UnreadableError.

    The parser refuses what JSON does not have (NaN, Infinity, numbers beyond a double, halves of surrogate pairs); a
    whole number of more than 64 bits is read as the nearest double.
    """
    try:
        found: Json = orjson.loads(text.removeprefix(_BYTE_ORDER_MARK))
    except orjson.JSONDecodeError as error:
        raise UnreadableError(f"{name}: is not JSON: {error}") from error
    if not isinstance(found, dict):
        raise UnreadableError(f"{name}: must be an object, got {shown(found)}")
    # Counting brackets is quick, and an upper bound of the depth; only what may be too deep is walked.
    if not deep and text.count(b"{") + text.count(b"[") > MAX_DEPTH and _is_deep(found):
        raise UnreadableError(f"{name}: is nested more than {MAX_DEPTH} levels deep")
    return found


def read_base64(value: Json) -> Fields:
    """Read CloudEvents' `data_base64`: JSON within base64. Raises UnreadableError."""
    if not isinstance(value, str):
        raise UnreadableError(f"data_base64: must be text, got {shown(value)}")
    try:
        text = b64decode(value, validate=True)
    except ValueError as error:
        raise UnreadableError(f"data_base64: is not base64, got {shown(value)}") from error
    return read_object(text, "data_base64")


def read_time(name: str, text: str) -> datetime:
    """Read a time of RFC 3339, in UTC; one without an offset is taken for UTC too. Raises UnreadableError."""
    if not _RFC3339.fullmatch(text):
        raise UnreadableError(f"{name}: must be a time like 2026-07-01T12:00:00Z, got {shown(text)}")
    try:
        found = datetime.fromisoformat(text.upper())
        return (found if found.tzinfo else found.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise UnreadableError(f"{name}: there is no such time as {shown(text)}") from error


def shown(value: Any) -> str:
    """A value as a reason shows it: JSON, cut short."""
    text = orjson.dumps(value, default=str).decode() if not isinstance(value, str) else f"'{value}'"
    return text if len(text) <= _SHOWN else f"{text[: _SHOWN - 1]}…"


def _is_deep(value: Json) -> bool:
    level: list[Json] = [value]
    for _ in range(MAX_DEPTH):
        level = [
            inner
            for outer in level
            if isinstance(outer, dict | list)
            for inner in (outer.values() if isinstance(outer, dict) else outer)
        ]
        if not level:
            return False
    return any(isinstance(one, dict | list) for one in level)
