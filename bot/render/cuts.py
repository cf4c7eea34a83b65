"""Where a piece of rich text may be cut in two: between paragraphs, items and lines, else sentences, else words.

No cut falls inside a grapheme, a link or a code span, unless that alone is heavier than any part may be. Blanks at a
cut are dropped: a part neither ends nor begins with an empty line.
"""

from collections.abc import Sequence
from typing import TypeAlias

from bot.render.richtext import Element, section, weight
from bot.render.text import reach, together, units

Cut: TypeAlias = tuple[list[Element], list[Element]]
"""What comes before the cut, and what comes behind it."""

_BLANK = " \n\t"
_FAR = 100
"""Letters without a blank that are no word any more: they may be cut anywhere."""
_HEADING = 300
"""A bold paragraph longer than this is no heading."""
_SENTENCE = (
    *(". ", "! ", "? ", "; ", "\N{ARABIC QUESTION MARK} ", "\N{DEVANAGARI DANDA} "),
    *("\N{IDEOGRAPHIC FULL STOP}", "\N{FULLWIDTH EXCLAMATION MARK}", "\N{FULLWIDTH QUESTION MARK}"),
)
_HIDDEN = "\N{NULL}"
"""Stands for a letter that no cut may touch; clean text has none of its own."""


def divided(piece: Element, room: int, *, must: bool) -> Cut:
    """Cut the piece so that its beginning fits into `room`; with nothing before the cut where no good one is.

    With `must`, a word is cut rather than nothing.
    """
    match piece:
        case {"type": "rich_text_list"}:
            return _list(piece, room, must=must)
        case {"elements": list(elements)}:
            within = _lines if piece["type"] == "rich_text_preformatted" else _prose
            head, rest = within(elements, room, must=must)
            return [{**piece, "elements": head}] if head else [], [{**piece, "elements": rest}] if rest else []
        case _:
            return [], [piece]


def loosened(piece: Element, room: int) -> Element:
    """The piece, its first text or link in two, for that alone is heavier than `room`. What is visible stays."""
    first, *others = piece["elements"]
    match first:
        case {"type": "rich_text_section"}:
            return {**piece, "elements": [loosened(first, room), *others]}
        case {"type": "link", "url": str(url), "text": str(text)}:
            label, bracket, shown = text.rpartition(" (")
            known = {**first, "text": shown.removesuffix(")")}
            if bracket and shown.endswith(")") and weight(known) <= room:
                style = {"style": first["style"]} if "style" in first else {}
                around = [
                    {"type": "text", "text": f"{label} (", **style},
                    known,
                    {"type": "text", "text": ")", **style},
                ]
                return {**piece, "elements": [*around, *others]}
            plain = {name: value for name, value in first.items() if name != "url"}
            return {**piece, "elements": [{**plain, "type": "text", "text": text or url}, *others]}
        case _:
            text = first["text"]
            end = reach(text, room) or _crude(text, room)
            return {**piece, "elements": [{**first, "text": text[:end]}, {**first, "text": text[end:]}, *others]}


def heading(piece: Element) -> Cut:
    """Cut off the last paragraph if all of it is bold: what stands over something is not left without it."""
    if piece["type"] != "rich_text_section":
        return [piece], []
    seen, bold = _masks(piece["elements"])
    end = len(seen.rstrip(_BLANK))
    start = seen.rfind("\n", 0, end) + 1
    if not 0 < end - start <= _HEADING or not all(bold[start:end]):
        return [piece], []
    before, line = _sliced(piece["elements"], 0, len(seen[:start].rstrip(_BLANK))), _sliced(piece["elements"], start)
    return [section(before)] if before else [], [section(line)]


def _list(piece: Element, room: int, *, must: bool) -> Cut:
    """Between items; an item that has to be cut goes on as a paragraph, and the list behind it with the next number."""
    items, left = piece["elements"], room
    whole = 0
    while whole < len(items) and (heavy := weight(items[whole])) <= left:
        left -= heavy
        whole += 1
    if left * 2 <= room:
        return _run(piece, 0, items[:whole]), _run(piece, whole, items[whole:])
    head, rest = _prose(items[whole]["elements"], left, must=must and not whole)
    if not head:
        return _run(piece, 0, items[:whole]), _run(piece, whole, items[whole:])
    goes_on: Element = section(rest)
    if "border" in piece:
        goes_on["type"] = "rich_text_quote"
    behind = _run(piece, whole + 1, items[whole + 1 :])
    return _run(piece, 0, [*items[:whole], section(head)]), [goes_on, *behind] if rest else behind


def _run(piece: Element, start: int, items: Sequence[Element]) -> list[Element]:
    made: Element = {**piece, "elements": list(items)}
    if piece.get("style") == "ordered" and (offset := piece.get("offset", 0) + start):
        made["offset"] = offset
    return [made] if items else []


def _lines(elements: Sequence[Element], room: int, *, must: bool) -> Cut:
    """At a line's end, at an empty line if one is not far; only the line's end is dropped."""
    seen, _ = _masks(elements)
    end = _furthest(elements, room)
    line, gap = seen.rfind("\n", 0, end + 1), seen.rfind("\n\n", 0, end + 1)
    at = gap if gap * 2 > end else line
    if at > 0:
        return _sliced(elements, 0, at), _sliced(elements, at + 1)
    return _anywhere(elements, end, must=must)


def _prose(elements: Sequence[Element], room: int, *, must: bool) -> Cut:
    seen, bold = _masks(elements)
    furthest = _furthest(elements, room)
    at = _best(seen, bold, furthest)
    if at:
        return _sliced(elements, 0, at), _sliced(elements, _behind(seen, at))
    return _anywhere(elements, furthest, must=must)


def _anywhere(elements: Sequence[Element], at: int, *, must: bool) -> Cut:
    return (_sliced(elements, 0, at), _sliced(elements, at)) if must or at >= _FAR else ([], list(elements))


def _best(seen: str, bold: Sequence[bool], furthest: int) -> int:
    """The best place for a cut up to `furthest`; 0 where there is none."""
    half, near = furthest // 2, furthest - _FAR
    for marks, least in ((("\n\n",), half), (("\n",), half), (_SENTENCE, half), ((" ",), max(near, 0))):
        at = max(_last(seen, bold, mark, furthest) for mark in marks)
        if at > least:
            return at
    return 0


def _last(seen: str, bold: Sequence[bool], mark: str, furthest: int) -> int:
    """Where the last such mark up to `furthest` ends the text before it; 0 if none does."""
    stays = len(mark.strip(_BLANK))
    limit = furthest
    while (found := seen.rfind(mark, 0, limit - stays + len(mark))) > 0:
        end = len(seen[: found + stays].rstrip(_BLANK))
        start = seen.rfind("\n", 0, end) + 1
        if end and not (mark.startswith("\n") and all(bold[start:end])):
            return end
        limit = found + stays - 1
    return 0


def _behind(seen: str, at: int) -> int:
    """Where the text goes on after the blanks at the cut; a blank that bears a mark stays."""
    end = len(seen) - len(seen[at:].lstrip(_BLANK))
    return end - 1 if at < end < len(seen) and together(seen, end) else end


def _masks(elements: Sequence[Element]) -> tuple[str, list[bool]]:
    """The visible letters, those of links and code hidden; and which are bold."""
    seen: list[str] = []
    bold: list[bool] = []
    for element in elements:
        text = element["text"]
        seen.append(text if _open(element) else _HIDDEN * len(text))
        bold += [bool(element.get("style", {}).get("bold"))] * len(text)
    return "".join(seen), bold


def _open(element: Element) -> bool:
    """Whether a cut may fall inside."""
    return element["type"] == "text" and not element.get("style", {}).get("code")


def _furthest(elements: Sequence[Element], room: int) -> int:
    """How many visible letters from the beginning fit into `room`."""
    letters = 0
    for element in elements:
        heavy = weight(element)
        if heavy > room:
            return letters + (reach(element["text"], room) if _open(element) else 0)
        letters, room = letters + len(element["text"]), room - heavy
    return letters


def _sliced(elements: Sequence[Element], start: int, end: int | None = None) -> list[Element]:
    """The elements' letters from `start` to `end`; a link is in whole, for no cut falls inside one."""
    made: list[Element] = []
    at = 0
    for element in elements:
        text = element["text"]
        kept = text[max(0, start - at) : None if end is None else max(0, end - at)]
        if kept:
            made.append(element if kept == text else {**element, "text": kept})
        at += len(text)
    return made


def _crude(text: str, room: int) -> int:
    """Letters of a grapheme that no part has room for."""
    end = 1
    while end < len(text) and units(text[end - 1 : end + 1]) + end <= room:
        end += 1
    return end
