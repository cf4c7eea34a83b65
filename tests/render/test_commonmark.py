"""Rich text as Markdown, read back by a Markdown parser that knows nothing of it."""

from html import unescape

import pytest
from hypothesis import given
from markdown_it import MarkdownIt

from bot.render.commonmark import markdown
from bot.render.markdown import pieces
from bot.render.richtext import BOLD, DIVIDER, Element, link, plain, preformatted, section, span
from tests.render.strategies import HOSTILE

_PARSER = MarkdownIt("commonmark", {"html": False}).enable(["table", "strikethrough"])


_GLUE = "\N{WORD JOINER}"
"""What keeps bare addresses from becoming links."""
_STARTS = r"1\. a  %\# b  %\- c  %\---  %\&lt;  %12\) d  %3 + 4".replace("%", "\n")


def visible(source: str) -> str:
    """What a reader of the Markdown sees, without any blank; code's entities are decoded, as Slack does."""
    seen = []
    for token in _PARSER.parse(source):
        match token.type:
            case "inline":
                inner = token.children or ()
                seen += [unescape(each.content) if each.type == "code_inline" else each.content for each in inner]
            case "fence" | "code_block":
                seen.append(unescape(token.content))
    return "".join("".join(seen).replace(_GLUE, "").split())


def bare(found: list[Element]) -> str:
    """What of the pieces is to be seen, without any blank."""
    return "".join(plain(found).replace(_GLUE, "").split())


@given(HOSTILE)
def test_all_visible_text_is_there_and_none_of_it_is_markup(text: str) -> None:
    found = [piece for piece in pieces(text) if '"type": "link"' not in str(piece).replace("'", '"')]
    assert visible(markdown(found)) == bare(found)


@given(HOSTILE)
def test_nothing_in_it_is_slack_s_own_markup(text: str) -> None:
    said = markdown(pieces(text))
    assert "<" not in said
    assert all(line.lstrip().startswith("> ") for line in said.splitlines() if ">" in line)


@pytest.mark.parametrize(
    ("piece", "said"),
    [
        (section(span("see <!channel> & *it*")), r"see &lt;!channel&gt; & \*it\*"),
        (section([*span("a "), *span("bold", BOLD), *span(" b")]), "a **bold** b"),
        (section(span("*", BOLD)), r"\*"),
        (section(span("a`b", frozenset({"code"}))), "``a`b``"),
        (
            section(link("https://a.example/x_y*z", "Deploy OK")),
            r"Deploy OK (a.example) https://a.example/x%5Fy%2Az",
        ),
        (section(link("https://a.example/x", "https://a.example/x")), "https://a.example/x"),
        (section(span("1. a\n# b\n- c\n---\n&lt;\n12) d\n3 + 4")), _STARTS),
        (section(span("one\ntwo")), "one  \ntwo"),
        (preformatted("```\nx"), "````\n```\nx\n````"),
        (DIVIDER, "---"),
        ({**section(span("a\nb")), "type": "rich_text_quote"}, "> a  \n> b"),
        (
            {"type": "rich_text_list", "style": "ordered", "offset": 2, "elements": [section(span("a\nb"))]},
            "3. a  \n   b",
        ),
        (
            {"type": "rich_text_list", "style": "bullet", "indent": 1, "elements": [section(span("a"))] * 2},
            "    - a\n    - a",
        ),
    ],
)
def test_each_kind_of_piece(piece: Element, said: str) -> None:
    assert markdown([piece]) == said
