"""Slack's rich text: explicit elements instead of markup, so nothing in a text is ever read as more than text.

https://docs.slack.dev/reference/block-kit/blocks/rich-text-block. Pieces are what a rich_text block holds (sections,
lists, quotes, preformatted text); a divider between pieces becomes a block of its own.
"""

from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby
from typing import Any, TypeAlias
from urllib.parse import urlsplit

from bot.render.message import Block
from bot.render.text import cut, units

Element: TypeAlias = dict[str, Any]
Style: TypeAlias = frozenset[str]

PLAIN: Style = frozenset()
BOLD: Style = frozenset({"bold"})
ITALIC: Style = frozenset({"italic"})
DIVIDER: Element = {"type": "divider"}
LONGEST_URL = 3_000
_MOST_DIVIDERS = 12
_CRUMB = 16
"""A text is not begun in less room than this."""


def span(text: str, style: Style = PLAIN) -> list[Element]:
    """A run of text; none if it is empty, which Slack refuses."""
    return [_styled({"type": "text", "text": text}, style)] if text else []


def link(url: str, label: str, style: Style = PLAIN) -> list[Element]:
    """A link that shows where it leads; text alone, with the address, where that can't be shown or is not for people.

    Only http, https and mailto are links. A label other than the address itself has the domain behind it, within the
    link, so that no cut comes between them.
    """
    label = label.strip()
    shown = _destination(url)
    if shown is None:
        return span(f"{label} ({url})" if label and url and label != url else url or label, style)
    text = label or url
    return [_styled({"type": "link", "url": url, "text": text if text in {url, shown} else f"{text} ({shown})"}, style)]


def merged(inlines: Iterable[Element]) -> list[Element]:
    """Neighbouring texts of one style as one."""
    made: list[Element] = []
    for kind, group in groupby(inlines, key=lambda element: element["type"] == "text" and (element.get("style") or {})):
        alike = list(group)
        text = "".join(element["text"] for element in alike)
        made += alike if kind is False or len(alike) == 1 else [{**alike[0], "text": text}]
    return made


def section(inlines: Sequence[Element]) -> Element:
    """A paragraph."""
    return {"type": "rich_text_section", "elements": list(inlines)}


def preformatted(text: str) -> Element:
    """Text as it is, monospaced."""
    return {"type": "rich_text_preformatted", "elements": span(text or " ")}


def blocks(pieces: Iterable[Element]) -> list[Block]:
    """Put pieces into rich_text blocks; dividers stand between them, unless there are too many for one message."""
    found = list(pieces)
    if sum(piece is DIVIDER for piece in found) > _MOST_DIVIDERS:
        found = [piece for piece in found if piece is not DIVIDER]
    made: list[Block] = []
    for divides, group in groupby(found, key=lambda piece: piece is DIVIDER):
        made.append(dict(DIVIDER) if divides else {"type": "rich_text", "elements": list(group)})
    return made


def weight(value: Mapping[str, Any] | Sequence[Any]) -> int:
    """What Block Kit objects weigh against Slack's limit on a whole message: their texts and addresses."""
    if not isinstance(value, Mapping):
        return sum(map(weight, value))
    own = sum(units(part) for key, part in value.items() if key in {"text", "url"} and isinstance(part, str))
    return own + sum(weight(part) for part in value.values() if isinstance(part, dict | list | tuple))


def plain(value: Element | Sequence[Element]) -> str:
    """The visible text: paragraphs and list items on lines of their own."""
    match value:
        case {"type": "text" | "link", "text": str(text)}:
            return text
        case {"type": "rich_text_section" | "rich_text_quote" | "rich_text_preformatted", "elements": elements}:
            return "".join(map(plain, elements))
        case {"elements": elements}:
            return "\n".join(map(plain, elements))
        case dict():
            return ""
        case _:
            return "\n".join(text for text in map(plain, value) if text)


def fit(pieces: Sequence[Element], room: int) -> tuple[list[Element], int]:
    """The beginning of the pieces that fits into `room`, and how many visible characters are missing from it.

    A text is cut between graphemes; a link is kept whole or not at all; what is begun stays well-formed.
    """
    if weight(pieces) <= room:
        return list(pieces), 0
    kept = _fit(pieces, room)
    while kept and kept[-1] is DIVIDER:
        kept.pop()
    return kept, max(0, len(plain(pieces)) - len(plain(kept)))


def _fit(elements: Sequence[Element], room: int) -> list[Element]:
    kept: list[Element] = []
    for element in elements:
        heavy = weight(element)
        if heavy <= room:
            kept.append(element)
            room -= heavy
            continue
        if "elements" in element:
            if inner := _fit(element["elements"], room):
                kept.append({**element, "elements": inner})
        elif element["type"] == "text" and room >= _CRUMB and (begun := cut(element["text"], room)):
            kept.append({**element, "text": begun})
        break
    return kept


def _styled(element: Element, style: Style) -> Element:
    return {**element, "style": dict.fromkeys(sorted(style), True)} if style else element


def _destination(url: str) -> str | None:
    """What to show of where a URL leads: its host, or a mail's address. None for anything unusual."""
    # Parsers differ on backslashes and on what is before an @: such an address may lead elsewhere than it seems.
    if len(url) > LONGEST_URL or not url.isascii() or not url.isprintable() or any(mark in url for mark in ' \\<>"'):
        return None
    try:
        parts = urlsplit(url)
        host = parts.hostname
        _ = parts.port
    except ValueError:
        return None
    if parts.scheme == "mailto":
        return parts.path or None
    if parts.scheme not in {"http", "https"} or "@" in parts.netloc:
        return None
    named = host is not None and all(letter.isalnum() or letter in "-._" for letter in host)
    return host if named or "[" in parts.netloc else None
