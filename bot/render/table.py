"""Tables as aligned, monospaced text."""

from collections.abc import Sequence

from bot.render.text import columns

_WIDEST = 96
"""Columns of Slack's monospaced font that fit on a desktop without wrapping."""


def too_wide(rows: Sequence[Sequence[str]]) -> bool:
    """Whether the aligned table would wrap, or has no rows to show beside its head."""
    return len(rows) > 1 and sum(_widths(rows)) + 3 * (len(rows[0]) - 1) > _WIDEST


def aligned(rows: Sequence[Sequence[str]]) -> str:
    """The table with its columns under each other and a rule below the first row."""
    widths = _widths(rows)
    lines = [" │ ".join(_padded(cell, width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
    return "\n".join([lines[0], "─┼─".join("─" * width for width in widths), *lines[1:]])


def _widths(rows: Sequence[Sequence[str]]) -> list[int]:
    return [max(1, *(columns(cell) for cell in column)) for column in zip(*rows, strict=True)]


def _padded(cell: str, width: int) -> str:
    return cell + " " * (width - columns(cell))
