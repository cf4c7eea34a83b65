"""Tables: aligned, monospaced text with its links where that is not too wide, else a list of the rows' records.

Not Slack's table block: it is drawn below everything else of a message, and there may be but one
(https://docs.slack.dev/reference/block-kit/blocks/table-block).
"""

import unicodedata
from collections.abc import Sequence
from typing import Literal, TypeAlias

from bot.render.richtext import BOLD, Element, merged, plain, section, span
from bot.render.text import columns

Cell: TypeAlias = Sequence[Element]
Side: TypeAlias = Literal["left", "center", "right"]

_WIDEST = 96
"""Columns of Slack's monospaced font that fit on a desktop without wrapping."""
_BETWEEN = " │ "
_ISOLATE, _ISOLATED = "\N{FIRST STRONG ISOLATE}", "\N{POP DIRECTIONAL ISOLATE}"


def table(rows: Sequence[Sequence[Cell]], sides: Sequence[Side]) -> Element:
    """The table of these rows, of which the first is the head; all rows have as many cells as there are sides."""
    texts = [[plain([section(cell)]) for cell in row] for row in rows]
    widths = [max(1, *(columns(text) for text in column)) for column in zip(*texts, strict=True)]
    wide = sum(widths) + len(_BETWEEN) * (len(widths) - 1) > _WIDEST
    if len(rows) > 1 and (wide or any("\n" in text for row in texts for text in row)):
        names, *values = rows
        return {"type": "rich_text_list", "style": "bullet", "elements": [_record(names, row) for row in values]}
    made: list[Element] = []
    for number, (row, said) in enumerate(zip(rows, texts, strict=True)):
        made += span("\n" if number else "")
        for column, cell in enumerate(row):
            room = widths[column] - columns(said[column])
            before, behind = _padding(room, sides[column], last=column == len(row) - 1)
            made += [*span(f"{_BETWEEN if column else ''}{before}"), *_monospaced(cell), *span(behind)]
        if not number:
            made += span("\n" + "─┼─".join("─" * width for width in widths))
    return {"type": "rich_text_preformatted", "elements": merged(made)}


def _padding(room: int, side: Side, *, last: bool) -> tuple[str, str]:
    left = {"left": 0, "center": room // 2, "right": room}[side]
    return " " * left, "" if last else " " * (room - left)


def _monospaced(cell: Cell) -> list[Element]:
    """The cell's texts and links without styles; what runs from right to left keeps to its cell."""
    bare = [{name: value for name, value in element.items() if name != "style"} for element in cell]
    turns = any(unicodedata.bidirectional(letter) in {"R", "AL"} for element in bare for letter in element["text"])
    return [*span(_ISOLATE), *bare, *span(_ISOLATED)] if turns else bare


def _record(names: Sequence[Cell], row: Sequence[Cell]) -> Element:
    made: list[Element] = []
    for name, value in zip(names, row, strict=True):
        made += [*span("\n" if made else ""), *span(f"{plain([section(name)])}: ", BOLD), *value]
    return section(made)
