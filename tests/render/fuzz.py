"""A longer fuzz than the tests have time for: `python -m tests.render.fuzz --seconds 60 --seed 7`.

Texts are made of fragments that Markdown, Slack and Unicode trip over. Each is shown whole, cut and in parts; the
first that raises, that Slack would refuse, or that loses a letter is printed as a Python literal, made as short as it
still fails.
"""

import random
import sys
import time
from argparse import ArgumentParser
from collections.abc import Callable

from slack_sdk.models.blocks import Block

from bot.render.markdown import pieces
from bot.render.parts import LEAST, parts
from bot.render.result import result
from bot.render.richtext import Element, blocks, plain, weight
from bot.sandbox.validation.surfaces import check_message

FRAGMENTS = [
    *("a", "b c", "word ", "1", ". ", ", ", "\n", "\n\n", "  ", "    ", "\t", "  \n", "\\\n"),
    *("*", "**", "_", "~~", "`", "``", "```", "```py\n", "~~~\n", "# ", "## ", "---\n", "===\n", "> ", "- ", "+ "),
    *("1. ", "0. ", "10) ", "- [ ] ", "- [x] ", "[", "]", "](", ")", "![", "<", ">", "<https://a.example>", "<a@b.c>"),
    *(
        "[a](https://a.example/x)",
        "[a]: /u 't'\n",
        "[a]",
        "https://a.example/_b_",
        "<b>",
        "</b>",
        "<!--",
        "-->",
        "<br>",
    ),
    *(
        "|",
        "|-|\n",
        "| a | b |\n|---|:-:|\n| 1 | 2 |\n",
        "&",
        "&amp;",
        "&#x202e;",
        "&#0;",
        "\\",
        "\\(",
        "\\)",
        "\\[",
        "\\]",
    ),
    *("$", "$$", "$a$", "\\begin{align}", "\\end{align}", "<!channel>", "<@U1>", "{", "}", '"', ":", ":smile:"),
    *(
        "é",
        "e\u0301",
        "\u200d",
        "\ufe0f",
        "👩\u200d👧",
        "🇩🇪",
        "👍🏽",
        "漢字",
        "שלום",
        "مرحبا",
        "\u202e",
        "\ud800",
        "\x00",
        "\u2028",
    ),
]


class ComplaintError(AssertionError):
    """What went wrong with a text."""


def complain(source: str, room: int) -> None:
    """Show the text in every way. Raises ComplaintError, or whatever the renderer raises."""
    whole = pieces(source)
    _taken(whole)
    fitting = result(source, room)
    _taken(fitting)
    if weight(fitting) > room:
        raise ComplaintError("what is cut is too heavy")
    cut = parts(whole, first=room // 2, room=room)
    for number, part in enumerate(cut):
        _taken(part)
        if weight(part) > (room if number else room // 2):
            raise ComplaintError("a part is too heavy")
    if "".join("".join(map(plain, cut)).split()) != "".join(plain(whole).split()):
        raise ComplaintError("the parts lose text")


def _taken(said: list[Element]) -> None:
    made = blocks(said)
    check_message({"text": "x", "blocks": made})
    for block in Block.parse_all(made):
        block.validate_json()


def shortened(source: list[str], fails: Callable[[str], bool]) -> list[str]:
    """The fragments without those that the failure does not need."""
    at = 0
    while at < len(source):
        less = source[:at] + source[at + 1 :]
        if fails("".join(less)):
            source = less
        else:
            at += 1
    return source


def main() -> int:
    """Fuzz for a while."""
    asked = ArgumentParser(description=__doc__)
    asked.add_argument("--seconds", type=float, default=60)
    asked.add_argument("--seed", type=int, default=time.time_ns())
    given = asked.parse_args()
    dice = random.Random(given.seed)  # noqa: S311 - a fuzz must be repeatable, not secret
    until, count = time.monotonic() + given.seconds, 0
    while time.monotonic() < until:
        source = dice.choices(FRAGMENTS, k=dice.randint(1, 60))
        room = dice.randint(LEAST, 500)

        def fails(text: str, room: int = room) -> bool:
            try:
                complain(text, room)
            except Exception:  # noqa: BLE001 - whatever it is, it is what is looked for
                return True
            return False

        if fails("".join(source)):
            least = "".join(shortened(source, fails))
            sys.stdout.write(f"seed {given.seed}, room {room}: {least!r}\n")
            complain(least, room)
        count += 1
    sys.stdout.write(f"{count} texts, nothing to complain of (seed {given.seed})\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
