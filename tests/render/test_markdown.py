from typing import Any

import pytest
from hypothesis import given, settings

from bot.render.markdown import pieces
from bot.render.richtext import DIVIDER, blocks, fit, plain
from bot.sandbox.validation.surfaces import check_message
from tests.render.strategies import HOSTILE


def text(value: str, **style: bool) -> dict[str, Any]:
    return {"type": "text", "text": value, **({"style": style} if style else {})}


def link(url: str, label: str, **style: bool) -> dict[str, Any]:
    return {"type": "link", "url": url, "text": label, **({"style": style} if style else {})}


def section(*elements: dict[str, Any]) -> dict[str, Any]:
    return {"type": "rich_text_section", "elements": list(elements)}


def code(value: str, **more: int) -> dict[str, Any]:
    return {"type": "rich_text_preformatted", "elements": [text(value)], **more}


def bullets(*items: dict[str, Any], style: str = "bullet", **more: int) -> dict[str, Any]:
    return {"type": "rich_text_list", "style": style, "elements": list(items), **more}


CASES: dict[str, tuple[str, list[dict[str, Any]]]] = {
    "nothing": ("", []),
    "blank": (" \n\n\t", []),
    "a paragraph": ("Hello\nworld", [section(text("Hello\nworld"))]),
    "a hard break": ("a  \nb", [section(text("a\nb"))]),
    "paragraphs": ("a\n\nb", [section(text("a"), text("\n\n"), text("b"))]),
    "a heading": ("# Head\nbody", [section(text("Head", bold=True), text("\n"), text("body"))]),
    "an empty heading": ("#", []),
    "emphasis": (
        "**b** *i* ~~s~~ `c` ***bi***",
        [
            section(
                text("b", bold=True),
                text(" "),
                text("i", italic=True),
                text(" "),
                text("s", strike=True),
                text(" "),
                text("c", code=True),
                text(" "),
                text("bi", bold=True, italic=True),
            )
        ],
    ),
    "a fence": ("```\nprint(1 < 2)\n```", [code("print(1 < 2)")]),
    "a fence with its language": (
        "a\n```py\\+ x=1\nb\n```",
        [section(text("a"), text("\n\n"), text("py+", italic=True)), code("b")],
    ),
    "an empty fence": ("```\n```", [code(" ")]),
    "a fence that never ends": ("```\ncode", [code("code")]),
    "indented code": ("    a\n    b", [code("a\nb")]),
    "a list": ("- a\n- b", [bullets(section(text("a")), section(text("b")))]),
    "a numbered list": ("3. a\n4. b", [bullets(section(text("a")), section(text("b")), style="ordered", offset=2)]),
    "a nested list": (
        "1. a\n   - x\n2. b",
        [
            bullets(section(text("a")), style="ordered"),
            bullets(section(text("x")), indent=1),
            bullets(section(text("b")), style="ordered", offset=1),
        ],
    ),
    "code in a list": (
        "- a\n\n  ```\n  x\n  ```\n\n  more\n- b",
        [
            bullets(section(text("a"))),
            code("x"),
            section(text("more")),
            bullets(section(text("b"))),
        ],
    ),
    "paragraphs in a list": ("- a\n\n  b", [bullets(section(text("a"), text("\n"), text("b")))]),
    "an empty item": ("-\n- b", [bullets(section(text(" ")), section(text("b")))]),
    "a list in an empty item": ("- - x", [bullets(section(text(" "))), bullets(section(text("x")), indent=1)]),
    "tasks": ("- [ ] a\n- [x] b", [bullets(section(text("☐ a")), section(text("☑ b")))]),
    "text after a list": ("- a\n\nb", [bullets(section(text("a"))), section(text("\n"), text("b"))]),
    "a quote": ("> a\n> b", [{"type": "rich_text_quote", "elements": [text("a\nb")]}]),
    "a list in a quote": (
        "> a\n>\n> - b",
        [{"type": "rich_text_quote", "elements": [text("a")]}, bullets(section(text("b")), border=1)],
    ),
    "a rule in a quote": ("> ---", [DIVIDER]),
    "a rule": ("a\n\n---\n\nb", [section(text("a")), DIVIDER, section(text("b"))]),
    "a table": ("| a | 漢字 |\n|---|---|\n| `1` | **2** |", [code("a │ 漢字\n──┼─────\n1 │ 2")]),
    "a link": (
        "[Deploy OK](https://evil.example/x)",
        [section(link("https://evil.example/x", "Deploy OK (evil.example)"))],
    ),
    "a link that shows itself": (
        "<https://a.example/x>",
        [section(link("https://a.example/x", "https://a.example/x"))],
    ),
    "a link named by its host": (
        "[a.example](https://a.example/x)",
        [section(link("https://a.example/x", "a.example"))],
    ),
    "a link named like another": (
        "[good.example](https://evil.example)",
        [section(link("https://evil.example", "good.example (evil.example)"))],
    ),
    "a link without a name": ("[](https://a.example)", [section(link("https://a.example", "https://a.example"))]),
    "a bold link": (
        "**[x](https://a.example)**",
        [section(link("https://a.example", "x (a.example)", bold=True))],
    ),
    "a mail address": ("<a@b.example>", [section(link("mailto:a@b.example", "a@b.example"))]),
    "a masked mail address": (
        "[me](mailto:a@b.example)",
        [section(link("mailto:a@b.example", "me (a@b.example)"))],
    ),
    "a script": ("[x](javascript:alert(1))", [section(text("[x](javascript:alert(1))"))]),
    "a file": ("[x](ftp://a.example)", [section(text("x (ftp://a.example)"))]),
    "a relative link": ("[x](/etc/passwd)", [section(text("x (/etc/passwd)"))]),
    "a link with a user name": (
        "[x](https://good.example@evil.example)",
        [section(text("x (https://good.example@evil.example)"))],
    ),
    "an odd port": ("[x](https://a.example:99999)", [section(text("x (https://a.example:99999)"))]),
    "a link with nothing behind": ("[x](mailto:)", [section(text("x (mailto:)"))]),
    "a host of other letters": (
        "[x](https://bücher.example)",
        [section(link("https://xn--bcher-kva.example", "x (xn--bcher-kva.example)"))],
    ),
    "an image": (
        "![chart](https://a.example/c.png)",
        [section(link("https://a.example/c.png", "🖼 chart (a.example)"))],
    ),
    "an inline image": ("![](data:image/png;base64,AA==)", [section(text("🖼 (data:image/png;base64,AA==)"))]),
    "html": ("<b>x</b> <!-- y -->", [section(text("<b>x</b> <!-- y -->"))]),
    "a block of html": ("<div>\nx\n</div>", [section(text("<div>\nx\n</div>"))]),
    "slack's own markup": (
        "<!channel> <@U1> <https://evil.example|ok>",
        [section(text("<!channel> <@U1> <https://evil.example|ok>"))],
    ),
    "slack's own markup within a line": (
        "a <!channel> <@U1> <https://evil.example|ok>",
        [section(text("a <!channel> <@U1> https://evil.example%7Cok"))],
    ),
    "markdown within html": (
        "<div>\n*x*\n\n*y*\n\n</div>",
        [section(text("<div>\n*x*"), text("\n\n"), text("y", italic=True), text("\n\n"), text("</div>"))],
    ),
    "a list from nought": (
        "0. a\n1. b\n   - c\n2. d",
        [
            section(text("0. "), text("a")),
            bullets(section(text("b")), style="ordered"),
            bullets(section(text("c")), indent=1),
            bullets(section(text("d")), style="ordered", offset=1),
        ],
    ),
    "a box in a second paragraph": ("- a\n\n  [x] b", [bullets(section(text("a"), text("\n"), text("[x] b")))]),
    "a link to nowhere": ("[a]()", [section(text("a"))]),
    "a link of look-alike letters": (
        "<https://\u0430pple.example>",
        [section(link("https://xn--pple-43d.example", "https://xn--pple-43d.example"))],
    ),
    "a link with odd letters": (
        "<https://a.example/\\[>",
        [section(link("https://a.example/%5C%5B", "https://a.example/%5C%5B"))],
    ),
    "an image of a link": (
        "![a [b](https://b.example) `c`\nd](https://a.example/c.png)",
        [section(link("https://a.example/c.png", "🖼 a b c d (a.example)"))],
    ),
    "an override by entity": ("a&#x202e;b&#1;", [section(text("ab\ufffd"))]),
    "entities": ("&lt;!channel&gt; &amp;", [section(text("<!channel> &"))]),
    "right to left": ("שלום **עולם**", [section(text("שלום "), text("עולם", bold=True))]),
}


@pytest.mark.parametrize("case", CASES)
def test_markdown_becomes_rich_text(case: str) -> None:
    source, expected = CASES[case]

    assert pieces(source) == expected


def test_a_table_that_is_too_wide_becomes_a_list_of_its_rows() -> None:
    wide = "x" * 60
    source = f"| Name | Link |\n|---|---|\n| {wide} | [{wide}](https://a.example) |"

    assert pieces(source) == [
        bullets(
            section(
                text("Name: ", bold=True),
                text(wide),
                text("\n"),
                text("Link: ", bold=True),
                link("https://a.example", f"{wide} (a.example)"),
            )
        )
    ]


@pytest.mark.parametrize("source", ["> {}", "- {}", "**a {}", "[{}](http://a.example)", "*a **b {} b** a*"])
@pytest.mark.parametrize("depth", [20, 58, 61, 2_000])
def test_however_deep_it_is_nested_no_text_is_lost(source: str, depth: int) -> None:
    before, after = source.split("{}")

    assert "needle" in plain(pieces(before * depth + "needle" + after * depth))


@settings(max_examples=60)
@given(HOSTILE)
def test_any_text_becomes_blocks_that_slack_takes(source: str) -> None:
    check_message({"text": "x", "blocks": blocks(fit(pieces(source), 10_000)[0])})


def test_dividers_beyond_a_dozen_are_left_out() -> None:
    few, many = ("\n\n".join(["a", "---"] * count) for count in (12, 13))

    assert sum(block["type"] == "divider" for block in blocks(pieces(few))) == 12
    assert [block["type"] for block in blocks(pieces(many))] == ["rich_text"]


def test_a_cut_leaves_no_divider_at_the_end() -> None:
    kept, missing = fit(pieces("aaa\n\n---\n\nbbbbbbbbbbbbbbbbbbbbbb"), 10)

    assert kept == [section(text("aaa"))]
    assert missing == 23


def test_a_link_is_kept_whole_or_not_at_all() -> None:
    source = "See [the page](https://a.example/abcdefghijklmnop) now"

    assert fit(pieces(source), 20)[0] == [section(text("See "))]
    assert fit(pieces(source), 57)[0] == [section(text("See "))]
    assert fit(pieces(source), 58)[0] == [
        section(text("See "), link("https://a.example/abcdefghijklmnop", "the page (a.example)"))
    ]
