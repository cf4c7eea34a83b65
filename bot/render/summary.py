"""A backlog in one card that lives: how many of what, what is newest, how late; and the list behind its button."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final, Protocol

from bot.core.event import Event, Status
from bot.core.pressure import LOUD, Held
from bot.render import figures
from bot.render.blocks import LONGEST_TEXT, headline, summary
from bot.render.discretion import Seen
from bot.render.message import Block, Message
from bot.render.mrkdwn import escape
from bot.render.pieces import actions, button, context, header
from bot.render.result import failure
from bot.render.richtext import BOLD, Element, link, section, span
from bot.render.text import shorten

SHOW_ALL: Final = "summary.list"
"""action_id of the button that opens the list; its value is the list's name."""
TURN: Final = "summary.turn"
"""Beginning of the action_ids that turn its pages; the value is the page's number."""
LISTED: Final = "summary"
"""callback_id of the modal; its private_metadata is the list's name."""
PAGE: Final = 25
"""Rows on a page: with the titles at their longest, far within what a view takes."""

_TITLE, _ROW_TITLE, _ERROR = 120, 150, 300
_LATE: Final = 5_000
_LINK: Final = 500
"""Characters of an address that a row keeps: whoever links further links to nothing."""
_ORDER: Final = (
    Status.COMPLETED,
    Status.FAILED,
    Status.NEEDS_REVIEW,
    Status.CANCELLED,
    Status.RUNNING,
    Status.QUEUED,
)
_NAMES: Final = {"15m": "Digest", "hourly": "Hourly digest", "daily": "Daily digest"}


class Listed(Protocol):
    """A row of the list, as `ports.summaries.Row` is."""

    @property
    def delivery(self) -> str:
        """The delivery's id."""
        ...

    @property
    def status(self) -> Status:
        """The event's status."""
        ...

    @property
    def title(self) -> str:
        """Its title, as far as readers may read it."""
        ...

    @property
    def model(self) -> str:
        """The model's name."""
        ...

    @property
    def link(self) -> str:
        """The event's own link, or nothing."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """What the card says. Times are in milliseconds; `oldest` is when the oldest of those just told entered the outbox.

    `left` more wait of which nothing was said yet; of what is given up after that the card does not hear. `shown` are
    the loud ones that the card itself shows, not messages beside it.
    """

    list: str
    counts: Mapping[Status, int]
    newest: Sequence[Listed]
    since: int
    oldest: int
    left: int
    held: Held | None = None
    shown: Sequence[Seen] = ()

    @property
    def total(self) -> int:
        """How many are counted."""
        return sum(self.counts.values())


def card(account: Account, *, now: int) -> Message:
    """The card as it is to stand in the conversation now."""
    said = _counted(account)
    title = entitled(account.held, account.total)
    top = header(shorten(title or said, 150))
    lines = [escape(said) if title else "", escape(_lateness(account, now)), _span(account, now)]
    loud = [_loud(item) for item in account.shown]
    rows = [section(_newest(row)) for row in account.newest[:5] if row.status not in LOUD]
    blocks: list[Block] = [top, *({"type": "rich_text", "elements": [each]} for each in loud)]
    if rows:
        blocks += [context("Newest"), {"type": "rich_text", "elements": _lines(rows)}]
    blocks.append(context(" · ".join(line for line in lines if line)))
    blocks.append(actions([button(f"Show all {account.total:,}", action=SHOW_ALL, value=account.list)]))
    text = escape(shorten(f"{title}: {said}" if title else said, LONGEST_TEXT // 5))
    return Message(text=f"{text}\n{escape(_lateness(account, now))}".strip(), blocks=tuple(blocks))


def entitled(held: Held | None, count: int) -> str:
    """What a window's message is called; empty for what no window held back."""
    if held is None:
        return ""
    results = f"{count:,} {'result' if count == 1 else 'results'}"
    if held.kind in _NAMES:
        return f"{_NAMES[held.kind]} · {held.opens}–{held.closes} · {results}"  # noqa: RUF001 (a span of time)
    why = "it was quiet" if held.kind == "quiet" else "it rested"
    return f"While {why}, {held.opens}–{held.closes}: {results}"  # noqa: RUF001 (as above)


def lateness(oldest: int, now: int) -> str:
    """How long the oldest waited; empty within a few seconds, which nobody calls late."""
    return f"oldest waited {figures.age(now - oldest)}" if now - oldest >= _LATE else ""


def row_of(event: Event) -> tuple[str, str, str]:
    """What a list keeps of an event, as the place may see it: its title, the model's name, and its own first link."""
    address = event.links[0].url if event.links else ""
    return figures.title(event, _ROW_TITLE), figures.model(event.model, 60), address if len(address) <= _LINK else ""


def listing(name: str, rows: Sequence[Listed], *, page: int, total: int) -> Block:
    """The modal with one page of the list, from 1 on."""
    pages = max(1, -(-total // PAGE))
    first = (page - 1) * PAGE + 1
    shown = f"{first:,} to {first + len(rows) - 1:,} of {total:,}, in the order in which they came"
    blocks: list[Block] = [context(shown if rows else "Nothing is on this page.")]
    if rows:
        blocks.append({"type": "rich_text", "elements": _lines([section(_listed(row)) for row in rows])})
    turns = [("Earlier", page - 1)] * (page > 1) + [("Later", page + 1)] * (page < pages)
    if turns:
        blocks.append(actions([button(text, action=f"{TURN}.{text.lower()}", value=str(to)) for text, to in turns]))
    return _modal(f"All {total:,} results", blocks, kept=name)


def no_longer_listed() -> Block:
    """The modal in a list's place that is no longer kept, or was never this conversation's."""
    text = (
        "I no longer have this list: lists are kept for seven days. "
        "As long as Kafka keeps the events, an operator can deliver them again: `tidings replay`."
    )
    return _modal("List", [context(text)])


def _modal(title: str, blocks: Sequence[Block], *, kept: str = "") -> Block:
    return {
        "type": "modal",
        "callback_id": LISTED,
        "title": {"type": "plain_text", "text": shorten(title, 24), "emoji": False},
        "close": {"type": "plain_text", "text": "Close", "emoji": False},
        "private_metadata": kept,
        "blocks": list(blocks),
    }


def _counted(account: Account) -> str:
    aside = {status: account.counts.get(status, 0) for status in LOUD}
    shown = {status: sum(item.event.status == status for item in account.shown) for status in LOUD}
    parts = []
    for status in _ORDER:
        if count := account.counts.get(status, 0):
            beside = " (shown one by one)" if aside.get(status, 0) > shown.get(status, 0) else ""
            parts.append(f"{count:,} {figures.word(status)}{beside}")
    return ", ".join(parts)


def _lateness(account: Account, now: int) -> str:
    if account.left:
        waits = figures.age(now - account.oldest)
        return f"oldest waiting {waits}, up to {account.left:,} more to come"
    said = lateness(account.oldest, now)
    return f"all shown{f', the {said}' if said else ''}"


def _span(account: Account, now: int) -> str:
    """From when until when the card was told of; a window's title says it."""
    return "" if account.held else f"{_time(account.since)} to {_time(now)}"


def _time(milliseconds: int) -> str:
    """A time on the reader's own clock (docs.slack.dev, formatting message text, dates)."""
    there = datetime.fromtimestamp(milliseconds / 1000, UTC)
    return f"<!date^{milliseconds // 1000}^{{time_secs}}|{there:%H:%M:%S} UTC>"


def _loud(item: Seen) -> Element:
    event = item.event
    error = failure(event.error) if event.error is not None else item.notice
    return section(
        [
            *span(headline(event, _TITLE), BOLD),
            *span(f"\n{summary(event)}"),
            *span(shorten(f"\n{error}", _ERROR) if error else ""),
        ]
    )


def _newest(row: Listed) -> list[Element]:
    return span(f"{figures.MARKS[row.status]} {row.title} · {row.model}")


def _listed(row: Listed) -> list[Element]:
    mark, title = figures.MARKS[row.status], row.title
    named = link(row.link, title) if row.link else span(title)
    return [*span(f"{mark} "), *named, *span(f" · {row.model} · "), *span(row.delivery, frozenset({"code"}))]


def _lines(rows: Sequence[Element]) -> list[Element]:
    """Each on a line of its own."""
    return [{"type": "rich_text_list", "style": "bullet", "elements": list(rows)}]
