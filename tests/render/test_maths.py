from typing import Any

import pytest

from bot.render.markdown import pieces
from bot.render.richtext import plain


def text(value: str, **style: bool) -> dict[str, Any]:
    return {"type": "text", "text": value, **({"style": style} if style else {})}


@pytest.mark.parametrize(
    "written",
    [
        r"\(a_b_c \* d\)",
        r"\[ x^{*}_1 + y^{*}_2 \]",
        "$a_1$",
        "$x$",
        r"$\{a\} \$ b_1$",
        "$$a_b*c*$$",
        "$a*b*c$,",
        r"\(`a`\)",
        "\\[a\n= b\\] and so on",
    ],
)
def test_maths_in_a_line_stands_as_written(written: str) -> None:
    assert pieces(f"so {written}") == [{"type": "rich_text_section", "elements": [text(f"so {written}")]}]


@pytest.mark.parametrize(
    ("source", "shown"),
    [
        ("$5 and $10 *a*", "$5 and $10 a"),
        ("US$5 *or* 6$", "US$5 or 6$"),
        ("$5-$10 *a* $", "$5-$10 a $"),
        ("$ *a* $", "$ a $"),
        ("$*a* $b", "$a $b"),
        ("**$5** or **$6**", "$5 or $6"),
        ("**5$** or **$6**.", "5$ or $6."),
        ("$a `$`", "$a $"),
        ("$$ *a*", "$$ a"),
        ("$$$a*b*$", "$$$ab$"),
        ("\\(*a*", "(a"),
        ("\\(\\) \\[\\]", "() []"),
        ("\\$a\\_b$ c$", "$a_b$ c$"),
        ("$" + "*a*, " * 500 + "x$", "$" + "a, " * 500 + "x$"),
        ("a$", "a$"),
        ("\\", "\\"),
    ],
)
def test_what_only_looks_like_maths_is_read_as_markdown(source: str, shown: str) -> None:
    assert plain(pieces(source)) == shown


@pytest.mark.parametrize(
    "written",
    [
        "$$\na\n=\n- b\n# c\n$$",
        "\\[\nx_1 * y * z\n\\]",
        "\\[ x_1 * y * z \\].",
        "\\begin{align*}\na &= *b* \\\\\n\n  &= c\n\\end{align*}",
    ],
)
def test_maths_on_lines_of_its_own_stands_as_written_and_monospaced(written: str) -> None:
    alone = {"type": "rich_text_preformatted", "elements": [text(written)]}

    assert pieces(written) == [alone]
    assert pieces(f"So\n{written}\n**then**")[1] == alone
    assert pieces(f"> {written}".replace("\n", "\n> ")) == [{**alone, "border": 1}]
    assert pieces(f"- so\n\n{written}".replace("\n", "\n  "))[1] == alone


@pytest.mark.parametrize(
    ("source", "shown"),
    [
        ("$$\n*a*", "$$\na"),
        ("$$\n\n$$", "$$\n\n$$"),
        ("\\[\n*a*\n\\] and *more*\n\nx", "\\[\n*a*\n\\] and more\n\nx"),
        ("\\begin *a*", "\\begin a"),
        ("\\begin{a}\n*b*\n\\end{c}", "\\begin{a}\nb\n\\end{c}"),
        ("- \\[\n\n*a*\n\\]", "[\n\na\n]"),
        ("\\(a\\)", "\\(a\\)"),
        ("$$\n" + "*a*, b, c, d, e, f\n" * 120 + "$$", "$$\n" + "a, b, c, d, e, f\n" * 120 + "$$"),
        ("    $$\n    a\n    $$", "$$\na\n$$"),
    ],
)
def test_a_block_without_an_end_near_it_is_read_as_markdown(source: str, shown: str) -> None:
    assert plain(pieces(source)) == shown


def test_maths_in_a_link_and_in_a_heading_stands_as_written() -> None:
    assert pieces("# Of $a_1 * b$") == [
        {"type": "rich_text_section", "elements": [text("Of $a_1 * b$", bold=True)]},
    ]
    assert plain(pieces(r"[\(a_1\)](https://a.example)")) == r"\(a_1\) (a.example)"
