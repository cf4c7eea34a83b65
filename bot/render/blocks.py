"""One event as a card: what happened at a glance, then what came out, then the rest.

Text of models and services stands in rich_text and plain_text only, which Slack shows as they are.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from bot.core.event import Event, Failure
from bot.render import figures
from bot.render.buttons import row
from bot.render.discretion import Seen
from bot.render.inert import unlinked
from bot.render.message import Block, Message
from bot.render.mrkdwn import escape
from bot.render.result import failure, line, result
from bot.render.richtext import BOLD, Element, blocks, link, plain, section, span, weight
from bot.render.text import clean, escaped, shorten

ROOM = 10_000
"""What one message may weigh. Slack refuses from about 12,000 on (msg_blocks_too_long), which is documented nowhere."""
LONGEST_TEXT = 3_000
_HEADER, _ELEMENT, _ELEMENTS = 150, 150, 10
_ERROR, _EXTRA = 1_500, 5
_LINKS = 10
_LATE, _NOTE, _WAY, _CALL = 40, 150, 450, 200
"""What a card may weigh more than at first: how late it is, what is said of the rest of a long result, its way, and
whom it calls."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Begun:
    """What of a result its card shows, and a line on where the rest is."""

    pieces: Sequence[Element]
    note: str = ""


def card(item: Seen, *, now: int, begun: Begun | None = None) -> Message:
    """Say one event; of its result as much as fits, unless it is `begun` elsewhere. `now` is in milliseconds."""
    event = item.event
    head = [_header(event), _context([*_facts(event), figures.late(item.delivery.appended, now)], event)]
    error = blocks(_error(event.error))
    tail = [*([_context([item.notice])] if item.notice else []), *_links(event), *_labels(event), *row(item)]
    if begun is None:
        shown = result(event.result, ROOM - weight([*head, *error, *tail]), hosts=item.hosts)
    else:
        shown = list(begun.pieces)
        tail = [*([_context([begun.note])] if begun.note else []), *tail]
    content = line(plain(shown)) if event.error is None else failure(event.error)
    return Message(text=_text(event, content, item.notice), blocks=(*head, *error, *blocks(shown), *tail))


def room(item: Seen) -> int:
    """What a result may weigh on its card, whenever that is said and whatever is noted below it."""
    event, notice = item.event, [_context([item.notice])] if item.notice else []
    others = [_header(event), _context(_facts(event), event), *notice, *_links(event), *_labels(event), *row(item)]
    return max(0, ROOM - _LATE - _NOTE - _WAY - _CALL - weight([*others, *_error(event.error)]))


def words(item: Seen, *, now: int, begun: Begun) -> list[Element]:
    """The same card for whoever takes no blocks, as pieces of text alone."""
    event = item.event
    facts = [*_facts(event), figures.late(item.delivery.appended, now)]
    links = [element for block in _links(event) for element in block["elements"]]
    labels = [" · ".join(element["text"] for element in block["elements"]) for block in _labels(event)]
    return [
        section(span(headline(event, _HEADER), BOLD)),
        section(span(" · ".join(fact for fact in facts if fact))),
        *_error(event.error),
        *begun.pieces,
        *(section(span(text)) for text in (begun.note, item.notice) if text),
        *links,
        *(section(span(text)) for text in labels),
    ]


def headline(event: Event, room: int) -> str:
    """Status mark and title."""
    return f"{figures.MARKS[event.status]} {figures.title(event, room)}"


def summary(event: Event) -> str:
    """Model, status and confidence in a few words."""
    sure = "" if event.confidence is None else f"{event.confidence:.0%} confident"
    parts = (figures.word(event.status), figures.model(event.model, 60), sure)
    return " · ".join(part for part in parts if part)


def _text(event: Event, content: str, notice: str) -> str:
    lead = f"{headline(event, 150)} — {summary(event)}"
    said = escaped(unlinked(f"{lead}\n{content}" if content else lead), LONGEST_TEXT - len(notice) - 1)
    return f"{said}\n{escape(notice)}" if notice else said


def _header(event: Event) -> Block:
    text = headline(event, _HEADER - 4)
    return {"type": "header", "text": {"type": "plain_text", "text": text, "emoji": False}}


def _facts(event: Event) -> list[str]:
    return [
        figures.word(event.status),
        figures.model(event.model),
        figures.confidence(event.confidence),
        figures.seconds(event.latency),
        figures.usage(event.usage),
        figures.line(event.environment or "", 40),
        figures.line(event.inference, 60),
    ]


def _context(texts: Iterable[str], event: Event | None = None) -> Block:
    elements: list[Element] = [
        {"type": "plain_text", "text": shorten(text, _ELEMENT), "emoji": False} for text in texts if text
    ]
    if event is not None:
        elements += _requester(event)
    return {"type": "context", "elements": elements[:_ELEMENTS]}


def _requester(event: Event) -> list[Element]:
    """Who asked. An address is as good a name, and calls nobody; only where there is none, a mention."""
    if event.requester is None:
        return []
    if event.requester.email:
        return [{"type": "plain_text", "text": f"for {figures.line(event.requester.email, 100)}", "emoji": False}]
    user = event.requester.slack_id or ""
    # Slack: user ids begin with U or W, capitals and digits behind; anything else is only text.
    if user.isascii() and user.isalnum() and user.isupper() and user[0] in "UW" and len(user) <= 20:  # noqa: PLR2004 - far above any id
        return [{"type": "mrkdwn", "text": f"for <@{user}>"}]
    return [{"type": "plain_text", "text": f"for {figures.line(user, 100)}", "emoji": False}] if user else []


def _error(error: Failure | None) -> list[Element]:
    if error is None:
        return []
    kind = span(figures.line(error.type or "Error", 200), BOLD)
    message = shorten(clean(error.message or "").strip(), _ERROR)
    return [{"type": "rich_text_quote", "elements": [*kind, *span(f"\n{message}" if message else "")]}]


def _links(event: Event) -> list[Block]:
    """Links and images; an image is only a link, for Slack would fetch it."""
    shown = [(figures.line(one.url, 500), figures.line(one.title or "", 100)) for one in event.links]
    shown += [(figures.line(one.url, 500), f"🖼 {figures.line(one.alt, 100)}".strip()) for one in event.images]
    made: list[Element] = []
    for url, label in shown[:_LINKS]:
        made += [*span("  ·  " if made else ""), *link(url, label)]
    if len(shown) > _LINKS:
        made += span(f"  ·  {len(shown) - _LINKS} more")
    return blocks([section(made)]) if made else []


def _labels(event: Event) -> list[Block]:
    """Tags, labels and the fields that this version does not know."""
    tags = " ".join(f"#{figures.line(tag, 40)}" for tag in event.tags)
    fields = {**event.labels, **_unknown(event.extra)}
    texts = [f"{figures.line(name, 40)}: {figures.line(value, 100)}" for name, value in fields.items()]
    if len(texts) > _EXTRA:
        texts[_EXTRA:] = [f"{len(texts) - _EXTRA} more fields"]
    context = _context([tags, *texts])
    return [context] if context["elements"] else []


def _unknown(extra: Mapping[str, object]) -> dict[str, str]:
    return {
        name: value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
        for name, value in extra.items()
    }
