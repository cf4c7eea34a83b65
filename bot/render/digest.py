"""A run of deliveries as one message: each event visible, none in full."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from bot.core.pressure import ROWS, Held
from bot.render import figures
from bot.render.blocks import LONGEST_TEXT, ROOM, card, headline, summary
from bot.render.discretion import Seen
from bot.render.inert import unlinked
from bot.render.message import Block, Item, Message
from bot.render.mrkdwn import escape
from bot.render.result import preview
from bot.render.richtext import BOLD, section, span, weight
from bot.render.summary import entitled, lateness
from bot.render.text import cut, escaped, shorten, units

MOST = ROWS
"""Events in one message: with the heads at their longest, each still has some 250 characters for its content."""
_TITLE = 120
_LONGEST_CONTENT = 700
_NOTICE = 32


def take(items: Sequence[Item]) -> int:
    """How many of the run, from its head, fit in one message: at least one, given a run."""
    return min(len(items), MOST)


def merge(items: Sequence[Seen], *, now: int, held: Held | None = None) -> Message:
    """Say the whole run, at least one and at most `take(items)`, in one message. A single event gets its full card.

    `now` is in milliseconds. `held` is the window that held the run back: it names the message, and nothing is late.
    """
    if len(items) == 1 and held is None:
        return card(items[0], now=now)
    tally = _tally(items)
    titled = entitled(held, len(items))
    top: list[Block] = [{"type": "header", "text": {"type": "plain_text", "text": titled or tally, "emoji": False}}]
    late = lateness(min(item.delivery.appended for item in items), now)
    if beside := tally if titled else late and f"the {late}":
        top.append({"type": "context", "elements": [{"type": "plain_text", "text": beside, "emoji": False}]})
    tally = f"{titled}: {tally}" if titled else tally
    rows = [_row(item) for item in items]
    room = min(_LONGEST_CONTENT, (ROOM - weight([top, *(_block(row, 0) for row in rows)])) // len(rows))
    text = "\n".join([escape(tally), *(_line(row, (LONGEST_TEXT - units(tally)) // len(rows) - 1) for row in rows)])
    return Message(text=text, blocks=(*top, *(_block(row, room) for row in rows)))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Row:
    """What is said of one event: `missing` characters of its content were not even read."""

    title: str
    summary: str
    content: str
    missing: int


def _row(item: Seen) -> _Row:
    content, missing = preview(item.event)
    facts = " · ".join(part for part in (summary(item.event), item.notice if content else "") if part)
    return _Row(title=headline(item.event, _TITLE), summary=facts, content=content or item.notice, missing=missing)


def _block(row: _Row, room: int) -> Block:
    """The event's title, facts and the beginning of its content."""
    content = _begun(row, room)
    return {
        "type": "rich_text",
        "elements": [section([*span(row.title, BOLD), *span(f"\n{row.summary}"), *span(content and f"\n{content}")])],
    }


def _begun(row: _Row, room: int) -> str:
    if units(row.content) < room and not row.missing:
        return row.content
    begun = cut(row.content, max(0, room - _NOTICE)).rstrip()
    return f"{begun}… ({row.missing + len(row.content) - len(begun):,} more characters)" if begun else ""


def _line(row: _Row, room: int) -> str:
    """For notifications."""
    parts = (shorten(row.title, 60), row.summary, row.content)
    return escaped(unlinked(" — ".join(part for part in parts if part)), room)


def _tally(items: Sequence[Item]) -> str:
    counts = Counter(item.event.status for item in items)
    parts = [f"{count} {figures.word(status)}" for status, count in counts.most_common()]
    return f"{len(items)} results: {', '.join(parts)}"
