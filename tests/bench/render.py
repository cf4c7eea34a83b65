"""A real answer as a whole card, beside bare parsing; and whether a letter of it is lost."""

import json
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from statistics import median, quantiles
from typing import Any

from markdown_it import MarkdownIt

from bot.core.event import Event
from bot.core.showing import Audience, view
from bot.render.blocks import ROOM
from bot.render.digest import merge
from bot.render.discretion import seen
from bot.render.markdown import pieces
from bot.render.message import Message
from bot.render.parts import parts
from bot.sandbox.answers import Refusal
from tests.core.examples import event
from tests.render.fuzz import ComplaintError, complain
from tests.render.oracle import expected, missing, shown
from tests.render.strategies import item

ANSWERS = Path(__file__).parent.parent / "data" / "answers"
ROUNDS = 9
LONG = 20_000
BLOW_UPS = {
    "brackets": "[",
    "images": "![",
    "links": "[a](",
    "stars": "*a **b ",
    "backticks": "`a",
    "pipes": "|a|b|\n|-|-|\n|",
    "tags": "<b>",
    "comments": "<!--",
    "maths": "\\[ \\( $a ",
    "dollars": "$$\n",
    "quotes": "> ",
    "headings": "# a\n",
    "families": "👩\u200d👩\u200d👧",
    "marks": "\u0301",
}
"""Texts that make careless parsers take quadratic time, repeated up to 20,000 characters."""


def run(answers: Path | None = None) -> dict[str, Any]:
    """Times in milliseconds, each answer's being the best of several; `answers` is a file of {"answer": …} lines."""
    sources = _sources(answers)
    parser = MarkdownIt("commonmark").enable(["table", "strikethrough"])
    events = [replace(event(), result=source, error=None) for source in sources]
    took = sorted(_took(_card, each) for each in events)
    floor = sorted(_took(parser.parse, source) for source in sources)
    worst = {name: _took(_whole, (text * LONG)[:LONG], rounds=1) for name, text in BLOW_UPS.items()}
    slowest = max(worst, key=worst.__getitem__)
    return {
        "answers": len(sources),
        "lost_letters_in": sum(
            missing(shown(pieces(text)), expected(text, maths=True)) is not None for text in sources
        ),
        "invalid": sum(map(_is_invalid, sources)),
        "median_ms": round(median(took), 3),
        "p95_ms": round(quantiles(took, n=100)[94], 3),
        "p99_ms": round(quantiles(took, n=100)[98], 3),
        "floor_median_ms": round(median(floor), 3),
        "median_ratio_to_floor": round(median(took) / median(floor), 2),
        "worst_20000_characters": slowest,
        "worst_20000_characters_ms": round(worst[slowest]),
    }


def _sources(answers: Path | None) -> list[str]:
    if answers is None:
        return [path.read_text("utf-8") for path in sorted(ANSWERS.glob("*.md"))]
    return [json.loads(line)["answer"] for line in answers.read_text("utf-8").splitlines()]


def _took(work: Callable[[Any], object], given: object, rounds: int = ROUNDS) -> float:
    best = float("inf")
    for _ in range(rounds):
        started = time.perf_counter()
        work(given)
        best = min(best, time.perf_counter() - started)
    return best * 1_000


def _card(of: Event) -> Message:
    return merge([seen(item(of), view(of, Audience.PRIVATE, reader=None))], now=10**10)


def _whole(source: str) -> object:
    """All of it, in parts of a thread."""
    return parts(pieces(source), first=ROOM // 2, room=ROOM)


def _is_invalid(source: str) -> bool:
    try:
        complain(source, ROOM)
    except (ComplaintError, Refusal):
        return True
    return False
