"""What text becomes: mrkdwn by example, Markdown against markdown-it-py, and laws that hold for any text."""

import random
import re
from collections.abc import AsyncIterator
from html.parser import HTMLParser
from typing import Any

import pytest
import pytest_asyncio
from markdown_it import MarkdownIt
from playwright.async_api import Browser, Page

from bot.sandbox.server import Sandbox

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

DRAW = """async ([module, parse, texts]) => {
  const parser = await import(`/page/${module}.js`);
  const {drawProse} = await import('/page/prose.js');
  const named = (id) => ({name: id.toLowerCase(), me: false});
  const names = {user: named, channel: named};
  return texts.map((text) => {
    const box = document.createElement('div');
    box.append(drawProse(parser[parse](text), names));
    for (const extra of box.querySelectorAll('figcaption, .code-copy')) extra.remove();
    return box;
  }).map((box) => ({html: box.innerHTML, text: box.textContent}));
}"""


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def page(browser: Browser) -> AsyncIterator[Page]:
    async with Sandbox() as sandbox:
        context = await browser.new_context(timezone_id="UTC", locale="en-GB")
        page = await context.new_page()
        await page.goto(sandbox.url)
        yield page
        await context.close()


async def mrkdwn(page: Page, *texts: str) -> list[dict[str, str]]:
    drawn: list[dict[str, str]] = await page.evaluate(DRAW, ["mrkdwn", "parseMrkdwn", list(texts)])
    return drawn


async def markdown(page: Page, *texts: str) -> list[dict[str, str]]:
    drawn: list[dict[str, str]] = await page.evaluate(DRAW, ["markdown", "parseMarkdown", list(texts)])
    return drawn


MRKDWN = {
    "*b* _i_ ~s~ `c`": "<strong>b</strong> <em>i</em> <s>s</s> <code>c</code>",
    "*bold _and italic_*": "<strong>bold <em>and italic</em></strong>",
    "2*3*4 and snake_case_name": "2*3*4 and snake_case_name",
    "* not bold*": "* not bold*",
    "*open\nline*": "*open<br>line*",
    "`*raw*`": "<code>*raw*</code>",
    "a &lt;b&gt; &amp;amp; &copy;": "a &lt;b&gt; &amp;amp; &amp;copy;",
    "<@U2|x> <#C1|room> <!here> <!subteam^S1|@team>": (
        '<span class="mention">@u2</span> <a class="mention" href="#C1">#c1</a> '
        '<span class="mention mention-me">@here</span> <span class="mention">@team</span>'
    ),
    "<javascript:alert(1)|x>": '<span class="dead-link" title="This address is not followed">x</span>',
    ":tada: :no_such: 10:30:00": (
        '<span class="emoji" role="img" aria-label="tada" title=":tada:">🎉</span> :no_such: 10:30:00'
    ),
    "<nothing> <": "&lt;nothing&gt; &lt;",
}


async def test_mrkdwn_reads_as_in_slack(page: Page) -> None:
    drawn = await mrkdwn(page, *MRKDWN)
    for (text, wanted), got in zip(MRKDWN.items(), drawn, strict=True):
        assert got["html"] == f"<p>{wanted}</p>", text


async def test_mrkdwn_blocks_are_quotes_fences_and_paragraphs(page: Page) -> None:
    [got] = await mrkdwn(page, "before\n> one\n&gt; two\nafter\n```\n*x* <https://a.example|l>\n```\nend")
    assert got["html"] == (
        "<p>before</p><blockquote><p>one<br>two</p></blockquote><p>after</p>"
        '<figure class="code"><pre tabindex="0"><code>*x* l</code></pre></figure><p>end</p>'
    )


async def test_links_and_dates(page: Page) -> None:
    link, bare, date = await mrkdwn(
        page,
        "<https://a.example/?q=1&amp;r=2|the *page*>",
        "see https://a.example/x_y_z, then",
        "<!date^1795434000^{date_num} {time}|fallback>",
    )
    assert 'href="https://a.example/?q=1&amp;r=2"' in link["html"]
    assert link["text"] == "the *page*"
    assert ">https://a.example/x_y_z</a>, then" in bare["html"]
    assert date["text"] == "2026-11-23 11:40"


ANSWERS = (
    "# Title\n\nFirst *em* and **strong** and ***both***, `code`, ~~no~~.\n\n## Next ##\n\n---\n\nUnder\n===",
    "1. one\n2. two\n   - nested `x`\n   - more\n3. three\n\n- [a](https://a.example)\n- **b**: c\n\n* other",
    "1. Work: a\n\n2. Care: b\n\n   second paragraph\n\n3. Research",
    "> quoted *text*\n> more\n>\n> - item\n\nafter",
    "| a | b |\n|:--|--:|\n| 1 | **2** |\n| `x\\|y` | z |\n\ntext",
    "```python\ndef f(x):\n    return x * 2  # **not bold**\n```\n\n~~~\ntilde\n~~~\n\n`a``b`, ``c`d``.",
    "snake_case_name, 2 * 3 * 4, \\*escaped\\*, a_b_, **bold**text, _x_y and &lt;tag&gt; &amp; &quot;q&quot;",
    "1. Code:\n\n   ```js\n   let x = 1;\n   ```\n\n2. Done",
    "Text directly\n- list after text\n- second\n\n10) ten\n11) eleven",
    "**Bold with `code` inside** and *em with **strong** inside* and unmatched ** and * here",
)


class Outline(HTMLParser):
    """A document as nesting and text alone: tags that carry meaning, characters without white space."""

    MARKS = frozenset({"em", "strong", "s", "code", "a"})
    BLOCKS = frozenset({"pre", "blockquote", "ul", "ol", "li", "table", "tr", "th", "td", "hr", "h"})
    KEPT = MARKS | BLOCKS

    def __init__(self) -> None:
        super().__init__()
        self.out: list[str] = []
        self._open: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, Any]]) -> None:
        heading = ("role", "heading") in attrs or (len(tag) == 2 and tag[0] == "h" and tag[1].isdigit())
        name = "h" if heading else tag
        if tag not in {"br", "hr", "input", "img"}:
            self._open.append(name)
        if name in self.KEPT:
            self.out.append(f"<{name}>")

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, Any]]) -> None:
        self.handle_starttag(tag, attrs)

    def handle_endtag(self, tag: str) -> None:  # noqa: ARG002 - the parser's signature
        name = self._open.pop()
        if name in self.KEPT:
            self.out.append(f"</{name}>")

    def handle_data(self, data: str) -> None:
        self.out.append("".join(data.split()))


def outline(html: str) -> str:
    parser = Outline()
    parser.feed(html)
    return "".join(parser.out).replace("<pre><code>", "<pre>").replace("</code></pre>", "</pre>")


async def test_markdown_has_the_structure_that_markdown_it_gives_it(page: Page) -> None:
    oracle = MarkdownIt("commonmark").enable(["table", "strikethrough"])
    for text, got in zip(ANSWERS, await markdown(page, *ANSWERS), strict=True):
        assert outline(got["html"]) == outline(oracle.render(text)), text


async def test_task_lists_breaks_and_slacks_own_marks_work_in_markdown(page: Page) -> None:
    [got] = await markdown(page, "- [x] done\n- [ ] open\n\none\ntwo <@U9> :tada: ![chart](https://a.example/c.png)")
    assert got["html"].count("<input") == 2
    assert got["html"].count(" checked") <= 1
    assert "one<br>two" in got["html"]
    assert '<span class="mention">@u9</span>' in got["html"]
    assert ">chart</a>" in got["html"]
    assert "<img" not in got["html"]


async def test_no_letter_is_ever_lost_or_moved(page: Page) -> None:
    dice = random.Random(20261123)  # noqa: S311 - repeatable examples, no secret
    pieces = [
        "a",
        "b",
        "cd",
        " ",
        "  ",
        "\n",
        "\n\n",
        "*",
        "**",
        "_",
        "~~",
        "`",
        ">",
        "> ",
        "- ",
        "1. ",
        "|",
        "[",
        "]",
        "!",
        "#",
        "\\",
        "&",
        "\t",
        "---",
    ]
    texts = [
        re.sub(r"([`~])\1{2,}", r"\1\1", "".join(dice.choices(pieces, k=dice.randint(1, 40)))) for _ in range(1_500)
    ]

    def letters(text: str) -> str:
        return "".join(character for character in text if character in "abcd")

    for draw in (mrkdwn, markdown):
        for text, got in zip(texts, await draw(page, *texts), strict=True):
            assert letters(got["text"]) == letters(text), (draw.__name__, text)


async def test_no_text_takes_long_to_read(page: Page) -> None:
    size = 12_000
    worst = [
        "[",
        "*a ",
        "a* ",
        "_a",
        "<",
        "`",
        "``a`",
        "> ",
        "- ",
        "|",
        "![",
        "~~",
        "**a _b ",
        "\\",
        "&",
        ":a",
        "1. ",
        "[a](",
        "- \n",
        "- a\n\n",
        " - ",
        "# ",
        "*a_b~",
    ]
    texts = [(piece * size)[:size] for piece in worst]
    took: list[float] = await page.evaluate(
        """async (texts) => {
          const {parseMarkdown} = await import('/page/markdown.js');
          const {parseMrkdwn} = await import('/page/mrkdwn.js');
          return texts.map((text) => {
            const start = performance.now();
            parseMarkdown(text);
            parseMrkdwn(text);
            return performance.now() - start;
          });
        }""",
        texts,
    )
    slow = {piece: round(ms) for piece, ms in zip(worst, took, strict=True) if ms > 2_000}
    assert slow == {}
