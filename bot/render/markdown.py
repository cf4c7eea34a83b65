"""Markdown as models write it, as pieces of rich text: through markdown-it's tokens, never through patterns.

CommonMark with GitHub's tables, strikethrough and task lists. HTML and maths are shown as written; images become links,
because Slack would fetch them.
"""

from collections.abc import Iterable, Iterator

from markdown_it import MarkdownIt
from markdown_it.common.utils import unescapeAll
from markdown_it.rules_core import StateCore
from markdown_it.tree import SyntaxTreeNode

from bot.render import maths
from bot.render.richtext import (
    BOLD,
    DIVIDER,
    ITALIC,
    PLAIN,
    Element,
    Style,
    link,
    merged,
    plain,
    preformatted,
    section,
    span,
)
from bot.render.table import Side, table
from bot.render.text import clean, shorten

_NESTING = 60
_PARSER = MarkdownIt("commonmark", {"maxNesting": _NESTING}).enable(["table", "strikethrough"]).use(maths.maths)
_STYLES = {"strong": "bold", "em": "italic", "s": "strike"}
_TASKS = {"[ ] ": "☐ ", "[x] ": "☑ ", "[X] ": "☑ "}
_SIDES: dict[str, Side] = {"text-align:center": "center", "text-align:right": "right"}
_LONGEST_LANGUAGE = 40
_DEEPEST = 8
"""Slack indents lists no deeper."""


def _entities(state: StateCore) -> None:
    """Clean what entities stand for: &#x202e; is a bidi override like any other."""
    for token in state.tokens:
        for inner in token.children or ():
            if inner.type == "text_special":
                inner.content = clean(inner.content)


_PARSER.core.ruler.before("text_join", "clean", _entities)


def pieces(source: str) -> list[Element]:
    """Read Markdown and say it as rich text. Any text is Markdown; nothing is refused."""
    text = clean(source)
    tokens = _PARSER.parse(text)
    if any(inner.level >= _NESTING - 1 for token in tokens for inner in (token, *(token.children or ()))):
        # Of blocks the parser drops what is nested deeper; inlines would take the walk beyond Python's stack.
        return [preformatted(text)]
    return list(_joined(_block(SyntaxTreeNode(tokens).children)))


def _block(nodes: Iterable[SyntaxTreeNode]) -> Iterator[Element]:
    for node in nodes:
        match node.type:
            case "heading":
                yield {**section(_inline(node.children, BOLD)), "heading": True}
            case "fence":
                yield from _fence(node)
            case "code_block" | maths.BLOCK:
                yield preformatted(node.content.rstrip("\n"))
            case "html_block":
                yield section(span(node.content.rstrip("\n")))
            case "hr":
                yield DIVIDER
            case "blockquote":
                yield from _quote(node)
            case "bullet_list" | "ordered_list":
                yield from _list(node, 0)
            case "table":
                yield _table(node)
            case _:
                yield section(_inline(node.children))


def _fence(node: SyntaxTreeNode) -> Iterator[Element]:
    """Code, below a line that tells its language."""
    language = clean(unescapeAll(node.info)).split(maxsplit=1)
    if language:
        yield section(span(shorten(language[0], _LONGEST_LANGUAGE), ITALIC))
    yield preformatted(node.content.rstrip("\n"))


def _joined(found: Iterable[Element]) -> Iterator[Element]:
    """Join paragraphs that follow each other: sections alone have no space between them in Slack."""
    last: Element | None = None
    after_heading = False
    for piece in found:
        heading = piece.pop("heading", False) if piece is not DIVIDER else False
        if piece["type"] == "rich_text_section":
            if not piece["elements"]:
                continue
            if last is not None and last["type"] == "rich_text_section":
                last["elements"] += [*span("\n" if after_heading else "\n\n"), *piece["elements"]]
            else:
                if last is not None and last["type"] == "rich_text_list":
                    piece["elements"] = [*span("\n"), *piece["elements"]]
                if last is not None:
                    yield last
                last = piece
        else:
            if last is not None:
                yield last
            last = piece
        after_heading = heading
    if last is not None:
        yield last


def _inline(nodes: Iterable[SyntaxTreeNode], style: Style = PLAIN) -> list[Element]:
    made: list[Element] = []
    for node in nodes:
        match node.type:
            case "inline":
                made += _inline(node.children, style)
            case "strong" | "em" | "s":
                made += _inline(node.children, style | {_STYLES[node.type]})
            case "code_inline":
                made += span(node.content, style | {"code"})
            case "softbreak" | "hardbreak":
                made += span("\n", style)
            case "link":
                made += _link(node, style)
            case "image":
                made += link(str(node.attrs.get("src", "")), f"🖼 {_bare(node.children)}".rstrip(), style)
            case _:
                made += span(node.content, style)
    return merged(made)


def _link(node: SyntaxTreeNode, style: Style) -> list[Element]:
    """A link; one that shows its address shows it as it is followed, not in letters that only look like it."""
    url = str(node.attrs.get("href", ""))
    bare = node.info == "auto" and not url.startswith("mailto:")
    return link(url, url if bare else plain([section(_inline(node.children))]), style)


def _bare(nodes: Iterable[SyntaxTreeNode]) -> str:
    """The text of an image's description, whatever it holds."""
    return "".join(" " if node.type == "softbreak" else node.content or _bare(node.children) for node in nodes)


def _quote(node: SyntaxTreeNode) -> Iterator[Element]:
    """A quote holds text only; what else is quoted stands beside it, with a quote's border."""
    for piece in _joined(_block(node.children)):
        match piece["type"]:
            case "rich_text_section":
                yield {**piece, "type": "rich_text_quote"}
            case "rich_text_list" | "rich_text_preformatted":
                yield {**piece, "border": 1}
            case _:
                yield piece


def _list(node: SyntaxTreeNode, indent: int) -> Iterator[Element]:
    """A list is flat in Slack: what is nested interrupts it, and it goes on behind with the next number."""
    ordered = node.type == "ordered_list"
    offset = int(node.attrs.get("start", 1)) - 1 if ordered else 0
    run: list[Element] = []

    def flush() -> Iterator[Element]:
        nonlocal run, offset
        if run and offset < 0:
            # Slack counts from one on: a list that begins with nought begins with a paragraph.
            nought, *run = run
            yield section([*span("0. "), *nought["elements"]])
            offset = 0
        if run:
            made: Element = {"type": "rich_text_list", "style": "ordered" if ordered else "bullet", "elements": run}
            made |= {"indent": min(indent, _DEEPEST)} if indent else {}
            yield made | ({"offset": offset} if ordered and offset else {})
            offset += len(run)
            run = []

    for item in node.children:
        run.append(section([]))
        open_ = True
        for child in item.children:
            if child.type == "paragraph" and open_:
                head = run[-1]["elements"]
                said = _inline(child.children)
                head += [*span("\n"), *said] if head else _task(said)
                continue
            if open_:
                run[-1]["elements"] = run[-1]["elements"] or span(" ")
                yield from flush()
                open_ = False
            nested = child.type in {"bullet_list", "ordered_list"}
            yield from _list(child, indent + 1) if nested else _block([child])
        if open_ and not run[-1]["elements"]:
            run[-1]["elements"] = span(" ")
    yield from flush()


def _task(inlines: list[Element]) -> list[Element]:
    """GitHub's task list items: a box instead of [ ] or [x]."""
    if inlines and inlines[0]["type"] == "text" and (box := _TASKS.get(inlines[0]["text"][:4])):
        return [{**inlines[0], "text": box + inlines[0]["text"][4:]}, *inlines[1:]]
    return inlines


def _table(node: SyntaxTreeNode) -> Element:
    rows = [row.children for part in node.children for row in part.children]
    sides = [_SIDES.get(str(cell.attrs.get("style", "")), "left") for cell in rows[0]]
    return table([[_inline(cell.children) for cell in row] for row in rows], sides)
