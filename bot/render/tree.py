"""JSON for people: rows as a table, anything else as an indented tree of names and values.

Nothing here recurses: a result may be nested as deep as JSON's readers allow.
"""

import json
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import TypeAlias

from bot.core.event import Json
from bot.render.richtext import ITALIC, Element, preformatted, section, span
from bot.render.table import Side, table
from bot.render.text import clean

Entry: TypeAlias = tuple[str, Json]

_FEWEST = 2
_COLUMNS = 12
_DEEPEST = 20
"""Levels that are indented; what is deeper stands below each other."""
_WORDS = frozenset({"null", "true", "false", "[]", "{}"})


def tree(value: Json, *, breadth: int | None = None, depth: int | None = None) -> list[Element]:
    """The value as pieces. With `breadth` and `depth`, what is left out of each level, or below, is counted.

    Rows are a list of two objects or more that hold no lists or objects, with at most twelve names among them.
    """
    names = _names(value)
    if not names or not isinstance(value, list):
        return [preformatted(clean("\n".join(_lines(value, breadth, depth))))]
    left = 0 if breadth is None else len(value) - breadth
    more = [section(span(f"… {left:,} more", ITALIC))] if left > 0 else []
    return [_rows(names, value[:breadth]), *more]


def line(value: Json) -> str:
    """The value on one line, names and all."""
    return clean(" ".join(each.strip() for each in _lines(value, None, None)))


def _names(value: Json) -> list[str]:
    """The columns' names; none where the value is no rows."""
    if not isinstance(value, list) or len(value) < _FEWEST:
        return []
    names: dict[str, None] = {}
    for row in value:
        if not isinstance(row, dict) or not row or any(isinstance(cell, dict | list) for cell in row.values()):
            return []
        names |= dict.fromkeys(row)
        if len(names) > _COLUMNS:
            return []
    return list(names)


def _rows(names: Sequence[str], rows: Sequence[Json]) -> Element:
    found = [row for row in rows if isinstance(row, dict)]
    cells = [[span(_cell(row[name])) if name in row else [] for name in names] for row in found]
    sides: list[Side] = [
        "right" if all(map(_is_number, (row.get(name) for row in found))) else "left" for name in names
    ]
    return table([[span(clean(name)) for name in names], *cells], sides)


def _cell(value: Json) -> str:
    return clean(value) if isinstance(value, str) else _scalar(value)


def _is_number(value: Json) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _lines(value: Json, breadth: int | None, depth: int | None) -> Iterator[str]:
    if not _holds(value):
        yield _scalar(value)
        return
    stack = [_entries(value, breadth)]
    lead = ""  # the marks of list items whose first entry stands on their line
    while stack:
        entry = next(stack[-1], None)
        if entry is None:
            stack.pop()
            continue
        label, child = entry
        margin = lead or "  " * min(len(stack) - 1, _DEEPEST)
        lead = ""
        if not _holds(child):
            yield from _said(margin, label, child)
        elif depth is not None and len(stack) >= depth:
            yield f"{margin}{label} … {_count(child)}"
        else:
            if label == "-":
                lead = f"{margin}- "
            else:
                yield f"{margin}{label}"
            stack.append(_entries(child, breadth))


def _entries(value: Json, breadth: int | None) -> Iterator[Entry]:
    match value:
        case dict():
            named: Iterator[Entry] = ((f"{_name(name)}:", child) for name, child in value.items())
        case list():
            named = (("-", child) for child in value)
        case _:
            return
    yield from islice(named, breadth)
    if left := sum(1 for _ in named):
        yield f"… {left:,} more", None


def _said(margin: str, label: str, value: Json) -> Iterator[str]:
    if label.startswith("… "):
        yield f"{margin}{label}"
    elif isinstance(value, str) and "\n" in value:
        yield f"{margin}{label}"
        within = " " * len(margin)
        yield from (f"{within}  {each}" for each in value.split("\n"))
    else:
        yield f"{margin}{label} {_scalar(value)}"


def _holds(value: Json) -> bool:
    return isinstance(value, dict | list) and bool(value)


def _count(value: Json) -> str:
    many = len(value) if isinstance(value, dict | list) else 0
    kind = "field" if isinstance(value, dict) else "item"
    return f"{many:,} {kind}{'' if many == 1 else 's'}"


def _name(name: str) -> str:
    return name if name and name == name.strip() and name.isprintable() else _quoted(name)


def _scalar(value: Json) -> str:
    """A text as it is, unless it could be taken for something else; then in quotes."""
    if not isinstance(value, str):
        return json.dumps(value, ensure_ascii=False)
    return (
        _quoted(value) if value in _WORDS or value != value.strip() or not value or _reads_as_number(value) else value
    )


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


def _reads_as_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
