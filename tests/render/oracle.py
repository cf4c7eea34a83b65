"""What a text must show, by GitHub's own Markdown parser (cmark-gfm, in C) and the standard library's HTML parser.

Compared are all visible letters in their order, without blanks. What Tidings says differently on purpose is said here
the same way, and nothing else is forgiven:

- HTML in Markdown stands as text;
- behind a link stands its domain, or its address where it is no web address; an image is a link with a sign before it;
- a task has a box, a numbered item its number, a code block its language above it;
- a table has rules, or is told row by row with the columns' names;
- maths stands as it was written;
- addresses are compared percent-decoded.
"""

import html
import re
from collections.abc import Iterator, Sequence
from html.parser import HTMLParser
from typing import Any, TypeAlias
from urllib.parse import unquote, urlsplit

import cmarkgfm
from cmarkgfm.cmark import Options

Expected: TypeAlias = list[str | tuple[str, str]]
"""Letters, or either of two ways to say a table."""

_EXTENSIONS = ["table", "strikethrough", "tasklist"]
_OMITTED = "<!-- raw HTML omitted -->"
_MATHS = re.compile(
    r"\\\(.+?\\\)|\\\[.+?\\\]|\$\$.+?\$\$|\$[^$\s]\$|\$[^$\s`][^$`]*?[^$\s`]\$(?!\w)|\\begin\{align\}.+?\\end\{align\}",
    re.DOTALL,
)
_FENCED = re.compile(r"(^ *```.*?^ *```|`[^`]+`)", re.DOTALL | re.MULTILINE)
_RULES = str.maketrans("", "", "│─┼\N{FIRST STRONG ISOLATE}\N{POP DIRECTIONAL ISOLATE}")
_BLANK = re.compile(r"\s+")


def expected(source: str, *, rendered: str | None = None, maths: bool = False) -> Expected:
    """What must be visible of the Markdown; `rendered` is its HTML where cmark-gfm knows an older CommonMark.

    The parser knows no maths: with `maths`, it is put aside before and back in its place behind.
    """
    kept: list[str] = []

    def keep(found: re.Match[str]) -> str:
        kept.append(found.group())
        return f"MATHS{len(kept) - 1}MATHS"

    halves = _FENCED.split(source)
    if maths:
        halves[::2] = [_MATHS.sub(keep, half) for half in halves[::2]]
    reader = _Reader()
    reader.feed(rendered if rendered is not None else _html("".join(halves)))
    reader.close()
    said = reader.said
    for number, written in reversed(list(enumerate(kept))):
        said = [each if isinstance(each, tuple) else each.replace(f"MATHS{number}MATHS", written) for each in said]
    return said


def missing(shown: str, wanted: Expected) -> str | None:
    """Where the shown text and the wanted part; None if they don't."""
    rest = _bare(shown)
    for each in wanted:
        choices = [_bare(choice) for choice in (each if isinstance(each, tuple) else (each,))]
        fitting = max((choice for choice in choices if rest.startswith(choice)), key=len, default=None)
        if fitting is None:
            return f"wanted {choices!r}, shown {rest[:200]!r}"
        rest = rest[len(fitting) :]
    return f"not wanted: {rest[:200]!r}" if rest else None


def shown(pieces: Sequence[dict[str, Any]]) -> str:
    """The visible letters of rich text, numbers of lists among them."""
    return "".join(_shown(pieces))


def _shown(pieces: Sequence[dict[str, Any]]) -> Iterator[str]:
    for piece in pieces:
        match piece:
            case {"type": "text" | "link", "text": str(text)}:
                yield text
            case {"type": "rich_text_list", "style": "ordered", "elements": items}:
                for number, item in enumerate(items, piece.get("offset", 0) + 1):
                    yield f"{number}. "
                    yield from _shown([item])
            case {"elements": elements}:
                yield from _shown(elements)


def _bare(text: str) -> str:
    return _BLANK.sub("", unquote(text).translate(_RULES))


def _html(source: str) -> str:
    """The HTML, with the source's own HTML as text: it is what stands where cmark's safe mode leaves something out."""
    safe: str = cmarkgfm.markdown_to_html_with_extensions(source, extensions=_EXTENSIONS)
    if _OMITTED not in safe:
        return safe
    unsafe = cmarkgfm.markdown_to_html_with_extensions(source, options=Options.CMARK_OPT_UNSAFE, extensions=_EXTENSIONS)
    parts = safe.split(_OMITTED)
    found = re.fullmatch("(.*?)".join(map(re.escape, parts)), unsafe, re.DOTALL)
    assert found, (safe, unsafe)
    between = [*map(html.escape, found.groups()), ""]
    return "".join(part + raw for part, raw in zip(parts, between, strict=True))


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.said: Expected = [""]
        self.links: list[tuple[str, int]] = []
        self.numbers: list[int | None] = []
        self.rows: list[list[str]] | None = None

    def say(self, text: str) -> None:
        if self.rows is not None and self.rows and self.rows[-1]:
            self.rows[-1][-1] += text
        elif self.rows is None:
            last = self.said[-1]
            assert isinstance(last, str)
            self.said[-1] = last + text

    def so_far(self) -> str:
        if self.rows is not None:
            return self.rows[-1][-1]
        last = self.said[-1]
        assert isinstance(last, str)
        return last

    def handle_data(self, data: str) -> None:
        self.say(data)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        match tag:
            case "a":
                self.links.append((given.get("href", ""), len(self.so_far())))
            case "img":
                label = f"🖼 {given.get('alt', '')}".strip()
                self.say(label + behind(label, given.get("src", "")))
            case "ul" | "ol":
                self.numbers.append(int(given.get("start", 1)) if tag == "ol" else None)
            case "li" if (number := self.numbers[-1]) is not None:
                self.say(f"{number}. ")
                self.numbers[-1] = number + 1
            case "input":
                self.say("☑ " if "checked" in given else "☐ ")
            case "code" if given.get("class", "").startswith("language-"):
                self.say(given["class"].removeprefix("language-")[:40])
            case "table":
                self.rows = []
            case "tr":
                self._rows().append([])
            case "td" | "th":
                self._rows()[-1].append("")

    def handle_endtag(self, tag: str) -> None:
        match tag:
            case "a":
                url, start = self.links.pop()
                self.say(behind(self.so_far()[start:].strip(), url))
            case "ul" | "ol":
                self.numbers.pop()
            case "table":
                rows, self.rows = self._rows(), None
                head, *others = rows
                aligned = "".join("".join(row) for row in rows)
                records = "".join(f"{name}: {cell}" for row in others for name, cell in zip(head, row, strict=True))
                self.said += [(aligned, records or aligned), ""]

    def _rows(self) -> list[list[str]]:
        assert self.rows is not None
        return self.rows


def behind(label: str, url: str) -> str:
    """What stands behind a link's label."""
    if not url:
        return ""
    parts = urlsplit(url)
    host = {"http": parts.hostname, "https": parts.hostname, "mailto": parts.path}.get(parts.scheme) or ""
    if not label:
        return url
    if host and "@" not in parts.netloc:
        return "" if label in {url, unquote(url), host} else f" ({host})"
    return "" if label == url else f" ({url})"
