"""An event's result as rich text, and as plain text for previews."""

from bot.core.event import Event, Failure, Json
from bot.render.markdown import pieces
from bot.render.richtext import ITALIC, Element, fit, plain, section, span, weight
from bot.render.text import clean
from bot.render.tree import line as one_line
from bot.render.tree import tree

_LONGEST_SOURCE = 20_000
"""More is not read: it could not be shown, and reading it takes time."""
LONGEST = 200_000
"""Characters of a result that are worth parts in a thread; a longer one is a file's."""
_LONGEST_PREVIEW = 4_000
_NOTICE = 40
_BREADTHS = (100, 40, 20, 10, 5)
_DEPTH = 8


def result(value: Json, room: int) -> list[Element]:
    """The result within `room`: Markdown of a text, a table or tree of anything else. What is cut is said."""
    room -= _NOTICE
    made = _pieces(value, _LONGEST_SOURCE)
    if not isinstance(value, str) and weight(made) > room:
        made = _abridged(value, room)
    made, missing = fit(made, room)
    if isinstance(value, str):
        missing += max(0, len(value) - _LONGEST_SOURCE)
    if missing:
        made.append(section(span(f"… {missing:,} more characters", ITALIC)))
    return made


def pieces_of(value: Json) -> list[Element]:
    """The whole result as rich text, up to LONGEST characters of it: what `parts` cuts. Ask `length` before."""
    return _pieces(value, LONGEST)


def length(value: Json) -> int:
    """The result's length in characters: of a text as it came, of anything else as it is shown."""
    return len(value) if isinstance(value, str) else len(plain(_pieces(value, LONGEST)))


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
            text = one_line(other)
            return text[:_LONGEST_PREVIEW], max(0, len(text) - _LONGEST_PREVIEW)


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
            return tree(value)


def _abridged(value: Json, room: int) -> list[Element]:
    """As much of each level as leaves room for every level; if that is too much yet, the least."""
    made: list[Element] = []
    for breadth in _BREADTHS:
        made = tree(value, breadth=breadth, depth=_DEPTH)
        if weight(made) <= room:
            break
    return made
