"""Markdown as models write it, as pieces of rich text: through markdown-it's tokens, never through patterns.

CommonMark with GitHub's tables, strikethrough and task lists. HTML is shown as text; images become links, because
Slack would fetch them.
"""

from collections.abc import Iterable, Iterator, Sequence

from markdown_it import MarkdownIt
from markdown_it.tree import SyntaxTreeNode

from bot.render.richtext import BOLD, DIVIDER, PLAIN, Element, Style, link, plain, preformatted, section, span
from bot.render.table import aligned, too_wide
from bot.render.text import clean

_NESTING = 60
_PARSER = MarkdownIt("commonmark", {"html": False, "maxNesting": _NESTING}).enable(["table", "strikethrough"])
_STYLES = {"strong": "bold", "em": "italic", "s": "strike"}
_TASKS = {"[ ] ": "☐ ", "[x] ": "☑ ", "[X] ": "☑ "}
_DEEPEST = 8
"""Slack indents lists no deeper."""


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
            case "fence" | "code_block":
                yield preformatted(node.content.rstrip("\n"))
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
                made += link(str(node.attrs.get("href", "")), _visible(node), style)
            case "image":
                made += link(str(node.attrs.get("src", "")), f"🖼 {_visible(node)}".rstrip(), style)
            case _:
                made += span(node.content, style)
    return _merged(made)


def _merged(inlines: Sequence[Element]) -> list[Element]:
    """Neighbours of one style as one element."""
    made: list[Element] = []
    for element in inlines:
        last = made[-1] if made else None
        if last and last["type"] == element["type"] == "text" and last.get("style") == element.get("style"):
            last["text"] += element["text"]
        else:
            made.append(element)
    return made


def _visible(node: SyntaxTreeNode) -> str:
    return plain([section(_inline(node.children))])


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
    first = int(node.attrs.get("start", 1)) if ordered else 1
    run: list[Element] = []
    offset = first - 1

    def flush() -> Iterator[Element]:
        nonlocal run, offset
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
                head += [*span("\n" if head else ""), *_task(_inline(child.children))]
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
    rows = [[_inline(cell.children) for cell in row.children] for part in node.children for row in part.children]
    texts = [[plain([section(cell)]) for cell in row] for row in rows]
    if not too_wide(texts):
        return preformatted(aligned(texts))
    names, *values = rows
    return {"type": "rich_text_list", "style": "bullet", "elements": [_record(names, row) for row in values]}


def _record(names: Sequence[Sequence[Element]], row: Sequence[Sequence[Element]]) -> Element:
    made: list[Element] = []
    for name, value in zip(names, row, strict=True):
        made += [*span("\n" if made else ""), *span(f"{plain([section(name)])}: ", BOLD), *value]
    return section(made)
