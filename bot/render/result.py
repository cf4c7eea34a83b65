"""An event's result as rich text, and as plain text for previews."""

import json

from bot.core.event import Event, Failure, Json
from bot.render.markdown import pieces
from bot.render.richtext import Element, fit, plain, preformatted, section, span
from bot.render.text import clean

_LONGEST_SOURCE = 20_000
"""More is not read: it could not be shown, and reading it takes time."""
LONGEST = 200_000
"""Characters of a result that are worth parts in a thread; a longer one is a file's."""
_LONGEST_PREVIEW = 4_000
_NOTICE = 40


def result(value: Json, room: int) -> list[Element]:
    """The result within `room`: Markdown of a text, the JSON of anything else. What is cut is said."""
    made, missing = fit(_pieces(value, _LONGEST_SOURCE), room - _NOTICE)
    missing += _unread(value)
    if missing:
        made.append(section(span(f"… {missing:,} more characters", frozenset({"italic"}))))
    return made


def pieces_of(value: Json) -> list[Element]:
    """The whole result as rich text, up to LONGEST characters of it: what `parts` cuts. Ask `length` before."""
    return _pieces(value, LONGEST)


def length(value: Json) -> int:
    """The result's length in characters, as text or JSON."""
    match value:
        case None:
            return 0
        case str(text):
            return len(text)
        case _:
            return len(_json(value))


def preview(event: Event) -> tuple[str, int]:
    """The content in plain words on one line, the error's where there is one, else the result's; and what is missing.

    What is missing is counted in characters; only the beginning of a long result is read.
    """
    if event.error is not None:
        return failure(event.error), 0
    match event.result:
        case None:
            return "", 0
        case str(text):
            return line(plain(pieces(text[:_LONGEST_PREVIEW]))), max(0, len(text) - _LONGEST_PREVIEW)
        case other:
            text = json.dumps(other, ensure_ascii=False)
            return clean(text[:_LONGEST_PREVIEW]), max(0, len(text) - _LONGEST_PREVIEW)


def failure(error: Failure) -> str:
    """What went wrong, on one line."""
    return line(": ".join(part for part in (error.type, error.message) if part) or "no reason given")


def line(text: str) -> str:
    """Text on one line, cleaned."""
    return " ".join(clean(text).split())


def _pieces(value: Json, most: int) -> list[Element]:
    match value:
        case None | "":
            return []
        case str():
            return pieces(value[:most])
        case _:
            return [preformatted(clean(_json(value)[:most]))]


def _json(value: Json) -> str:
    return json.dumps(value, ensure_ascii=False, indent=2)


def _unread(value: Json) -> int:
    return max(0, length(value) - _LONGEST_SOURCE)
