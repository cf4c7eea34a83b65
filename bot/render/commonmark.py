"""Rich text as standard Markdown, for Slack's markdown block: what is said where it takes no rich text.

Slack reads `<…>` in it as its own markup, so both signs are escaped, in code, too; it decodes them before it shows them
(PostHog/posthog#95054). Links are bare: a label could say what it likes.
https://docs.slack.dev/reference/block-kit/blocks/markdown-block
"""

import re
from collections.abc import Iterable, Sequence
from itertools import groupby

from bot.render.inert import unlinked
from bot.render.richtext import Element, plain

_MARKS = {"bold": "**", "italic": "*", "strike": "~~"}
_SPECIAL = re.compile(r"[\\`*_\[\]~|]|&(?=#?\w+;)")
"""What may mean something anywhere; CommonMark lets any ASCII punctuation be escaped (section 2.4)."""
_BEGINS, _ENDS = ("#", "+", "=", "-"), (".", ")")
"""What may mean something at the beginning of a line, and behind a number there: headings, items, rules."""
_EMPHASIS = str.maketrans(
    {"*": "%2A", "_": "%5F", "~": "%7E", "`": "%60", "[": "%5B", "]": "%5D", "(": "%28", ")": "%29"}
)
_INDENT = 4


def markdown(pieces: Iterable[Element]) -> str:
    """The pieces as Markdown, with all of their visible text."""
    return "\n\n".join(text for piece in pieces if (text := _piece(piece)))


def _piece(piece: Element) -> str:
    match piece:
        case {"type": "divider"}:
            return "---"
        case {"type": "rich_text_preformatted"}:
            return _fenced(plain(piece))
        case {"type": "rich_text_quote", "elements": elements}:
            return _prefixed(_inline(elements), "> ", "> ")
        case {"type": "rich_text_list", "elements": items}:
            return "\n".join(_items(piece, items))
        case {"type": "rich_text_section", "elements": elements}:
            return _inline(elements)
        case _:
            return _escaped(plain(piece))


def _items(piece: Element, items: Sequence[Element]) -> Iterable[str]:
    margin = " " * (_INDENT * piece.get("indent", 0))
    for number, item in enumerate(items, start=piece.get("offset", 0) + 1):
        sign = f"{number}. " if piece.get("style") == "ordered" else "- "
        yield _prefixed(_inline(item["elements"]), margin + sign, margin + " " * len(sign))


def _prefixed(text: str, first: str, others: str) -> str:
    return "\n".join((others if number else first) + line for number, line in enumerate(text.split("\n")))


def _fenced(text: str) -> str:
    fence = "`" * max(3, 1 + _longest_run(text))
    return f"{fence}\n{_inert(text)}\n{fence}"


def _longest_run(text: str) -> int:
    return max((len(list(run)) for tick, run in groupby(text) if tick == "`"), default=0)


def _inline(elements: Sequence[Element]) -> str:
    made = ""
    for element in elements:
        text, style = str(element.get("text", "")), element.get("style", {})
        if element["type"] == "link":
            made += _link(text, str(element["url"]))
        elif style.get("code") and "\n" not in text and text.strip():
            made += _code(text)
        else:
            made += _styled(text, [_MARKS[name] for name in style if name in _MARKS], made)
    # A blank line would end the paragraph, and with it a quote or an item; two spaces break a line.
    return "  \n".join(_begun(line.strip(" ")) for line in made.strip("\n").split("\n"))


def _begun(line: str) -> str:
    """The line, where its first letters would make it more than text, with a sign before them."""
    number = len(line) - len(line.lstrip("0123456789"))
    return f"{line[:number]}\\{line[number:]}" if line[number : number + 1] in (_ENDS if number else _BEGINS) else line


def _styled(text: str, marks: Sequence[str], before: str) -> str:
    """Emphasis only where it is sure to be read as such: from letter to letter, and off other emphasis."""
    inner = text.strip()
    if not marks or not inner or not (inner[0].isalnum() and inner[-1].isalnum()) or before.endswith(("*", "~")):
        return _escaped(text)
    lead, _, trail = text.partition(inner)
    sign = "".join(marks)
    return f"{lead}{sign}{_escaped(inner)}{sign[::-1]}{trail}"


def _code(text: str) -> str:
    ticks = "`" * (1 + _longest_run(text))
    blank = " " if text[0] in "` " or text[-1] in "` " else ""
    return f"{ticks}{blank}{_inert(text)}{blank}{ticks}"


def _link(text: str, url: str) -> str:
    address = url.translate(_EMPHASIS)
    return address if text == url else f"{_escaped(text)} {address}"


def _escaped(text: str) -> str:
    return _SPECIAL.sub(r"\\\g<0>", unlinked(text)).replace("<", "&lt;").replace(">", "&gt;")


def _inert(text: str) -> str:
    return text.replace("<", "&lt;").replace(">", "&gt;")
