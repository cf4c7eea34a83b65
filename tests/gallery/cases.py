"""What the gallery shows: thirty results, each with what a reader should see.

Those of a benchmark's answers (`answer`) are read from the file of answers; the others are written here, as models and
services write them.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from bot.core.event import Event, Failure, Image, Json, Link, Model, Requester, Sensitivity, Status, Usage
from tests.core.examples import event
from tests.gallery import texts

PRIVATE, PUBLIC = "risk-leads", "fraud-alerts"
_ENVIRONMENTS = {PRIVATE: "production", PUBLIC: "staging"}
"""Which channel gets what: each wants one environment."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One picture.

    `steps` are published one after the other, each when the one before can be seen, into a channel of this name; with
    `thread` the picture is of the first message's thread, with `last` of the last message.
    """

    name: str
    title: str
    sees: str
    steps: tuple[tuple[Event, ...], ...]
    place: str = PRIVATE
    thread: bool = False
    last: bool = False


_MODEL = Model(name="claims-summary", version="2026-10", provider="in-house")
_USAGE = Usage(input_tokens=1_240, output_tokens=386, cost=0.0114)


def read_answers(path: Path) -> Mapping[str, Mapping[str, str]]:
    """The benchmark's answers by id."""
    lines = path.read_text(encoding="utf-8").splitlines()
    return {answer["id"]: answer for answer in map(json.loads, lines)}


def cases(answers: Mapping[str, Mapping[str, str]]) -> list[Case]:
    """All of them, in the order of the page."""
    return [*_cards(), *_real(answers), *_written(), *_careful(), *_many()]


def _said(number: int, result: Json = None, **more: Any) -> Event:
    facts = {
        "status": Status.COMPLETED,
        "model": _MODEL,
        "confidence": 0.91,
        "latency": 4.2,
        "usage": _USAGE,
        "tags": (),
        "labels": {},
        "environment": _ENVIRONMENTS[PRIVATE],
        "requester": None,
        "session": None,
        "error": None,
        "time": datetime.now(UTC),
    } | more
    return event(id=f"gallery-{number}-{facts['status']}", inference=f"inf-{number:04}", result=result, **facts)


def _one(number: int, name: str, heading: str, sees: str, result: Json = None, /, **more: Any) -> Case:
    place, thread = more.pop("place", PRIVATE), more.pop("thread", False)
    said = _said(number, result, environment=_ENVIRONMENTS[place], **more)
    return Case(name=name, title=heading, sees=sees, steps=((said,),), place=place, thread=thread)


def _cards() -> list[Case]:
    began = datetime.now(UTC) - timedelta(seconds=164)
    running = _said(
        10, time=began, status=Status.RUNNING, title="Water damage, 14 photos", confidence=None, latency=None
    )
    done = _said(10, texts.CLAIM, title="Water damage, 14 photos")
    return [
        _one(
            1,
            "completed",
            "A completed result",
            "Status, model, confidence, latency, tokens and cost come first; tags, and where to go on, come last.",
            texts.CLAIM,
            title="Water damage, 14 photos",
            tags=("eu", "property"),
            requester=Requester(email="ana@example.com"),
            links=(Link(url="https://claims.example.com/4711", title="Claim 4711"),),
        ),
        _one(
            2,
            "failed",
            "A failure",
            "The error stands where the answer would.",
            status=Status.FAILED,
            title="Rear-end collision, two witnesses",
            confidence=None,
            error=Failure(type="timeout", message="no answer within 30 s; the provider was asked three times"),
            usage=Usage(),
        ),
        _one(
            3,
            "needs-review",
            "A result that needs a person",
            "An unsure answer shows how unsure it is.",
            texts.SCORE,
            status=Status.NEEDS_REVIEW,
            title="Card payment over 2,000 EUR",
            confidence=0.43,
            model=Model(name="fraud-scorer", version="3.2.0", provider="in-house"),
        ),
        Case(
            name="living-card",
            title="One card, from running to completed",
            sees="The card that said *running* was updated in place; one line keeps the way it went.",
            steps=((running,), (done,)),
        ),
        _one(
            5,
            "pictures-and-links",
            "Links and pictures of the service",
            "What the service vouches for can be opened; a picture is a link, because Slack would fetch it.",
            "Two of fourteen photos show the burst pipe.",
            title="Photos of the kitchen",
            links=(
                Link(url="https://claims.example.com/4711", title="Claim 4711"),
                Link(url="https://runs.example.com/77", title="Run"),
            ),
            images=(Image(url="https://claims.example.com/1.jpg", alt="Burst pipe"),),
        ),
    ]


_REAL: Sequence[tuple[str, str, str, str]] = (
    ("mt_bench-103-1", "reasoning", "Numbered reasoning", "A numbered list with bold heads stays one list."),
    ("mt_bench-105-1", "list-in-list", "A list inside a list", "Bullets under numbers; the numbers go on behind them."),
    ("mt_bench-112-1", "prices", "Prices", "Dollars are money here, not formulas."),
    (
        "mt_bench-119-2",
        "arithmetic",
        "Arithmetic in a sentence",
        "What looks like markup but is arithmetic stays as it was written.",
    ),
    ("mt_bench-117-1", "inequality", "An inequality", "Less-than signs are text: nothing is swallowed as HTML."),
    ("mt_bench-121-1", "python", "A program", "Code is verbatim, with its language above."),
    ("mt_bench-122-1", "cpp", "C++ with includes", "Angle brackets in code survive."),
    (
        "mt_bench-123-1",
        "html",
        "A web page without a fence",
        "HTML that a model wrote bare is shown as text; nothing of it is rendered.",
    ),
    (
        "vicuna_bench-61-1",
        "headings-and-code",
        "Code that looks like headings",
        "Inside a fence, # is code and < is no tag.",
    ),
    ("vicuna_bench-63-1", "explained-code", "Code, then its explanation", "Text and code keep their order."),
)


def _real(answers: Mapping[str, Mapping[str, str]]) -> list[Case]:
    made = []
    for number, (key, name, title, sees) in enumerate(_REAL, start=20):
        answer = answers[key]
        asked = answer["prompt"].strip().splitlines()[0][:120]
        model = Model(name=answer["model"], provider="openai")
        made.append(
            _one(number, name, title, sees, answer["answer"], title=asked, model=model, tags=(answer["category"],))
        )
    return made


def _written() -> list[Case]:
    return [
        _one(40, "table", "A table", "Columns stay under each other.", texts.TABLE, title="Which region is slow?"),
        _one(
            41,
            "wide-table",
            "A table that is too wide",
            "It becomes one entry for each row instead of wrapped columns.",
            texts.WIDE,
            title="Compare the vendors",
        ),
        _one(
            42,
            "maths",
            "Formulas",
            "Inline and displayed maths are shown verbatim; no underscore turns into italics.",
            texts.MATHS,
            title="Derive the variance",
        ),
        _one(
            43,
            "tasks",
            "Tasks, quotes and rules",
            "Boxes, a quote with a list in it, and a rule.",
            texts.TASKS,
            title="Plan for the migration",
        ),
        _one(44, "json-rows", "JSON rows", "A list of like objects is a table.", texts.ROWS, title="Scores by segment"),
        _one(
            45,
            "json-tree",
            "A JSON document",
            "An indented tree, without braces and quotes.",
            texts.DOCUMENT,
            title="Extracted invoice",
        ),
        _one(
            46,
            "right-to-left",
            "Arabic and Hebrew",
            "Right-to-left text reads from the right, with English and numbers inside.",
            texts.RTL,
            title="ترجمة الرد",
        ),
        _one(
            47,
            "cjk-emoji",
            "Chinese, Japanese, Korean and emoji",
            "Wide letters line up in a table; a family of four stays one picture.",
            texts.CJK,
            title="翻訳の確認 👩‍👩‍👧‍👦",
        ),
        _one(
            48,
            "hostile",
            "An answer that attacks its reader",
            "No broadcast, no mention, no masked link, no picture that reports who looked.",
            texts.HOSTILE,
            title="<!channel> urgent",
        ),
        _one(
            49,
            "in-parts",
            "An answer that is too long for one message",
            "The card holds its beginning, its thread the rest, in numbered parts.",
            texts.LONG,
            title="Full incident report",
            thread=True,
        ),
        _one(
            50,
            "as-a-file",
            "An answer that is far too long",
            "A preview, and the whole as a file in the thread.",
            texts.HUGE,
            title="Transcript of 90 minutes",
            thread=True,
        ),
    ]


def _careful() -> list[Case]:
    return [
        _one(
            60,
            "masked",
            "Personal data in a public channel",
            "Addresses, numbers and accounts are masked, and the card says why.",
            texts.PERSONAL,
            title="Reply to a customer",
            place=PUBLIC,
        ),
        _one(
            61,
            "withheld",
            "A confidential result in a channel",
            "Figures only; the content is for direct messages.",
            texts.CLAIM,
            title="Offer to the plaintiff",
            sensitivity=Sensitivity.CONFIDENTIAL,
        ),
    ]


def _many() -> list[Case]:
    names = ("Water damage", "Rear-end collision", "Lost luggage", "Hail on a car", "Broken window", "Stolen bicycle")
    few = tuple(_said(70 + number, texts.CLAIM, title=name) for number, name in enumerate(names))
    failed = _said(
        79,
        status=Status.FAILED,
        title="Frozen pipe",
        confidence=None,
        error=Failure(type="overloaded", message="no capacity left in eu-west"),
    )
    many = tuple(
        _said(1_000 + number, texts.CLAIM, title=f"{names[number % len(names)]} {number}") for number in range(412)
    )
    return [
        Case(
            name="merged",
            title="Several results at once",
            sees="When more comes than a channel may get, several results share a message, each with its facts.",
            steps=((*few, failed),),
        ),
        Case(
            name="summary",
            title="A burst",
            sees="Hundreds of results are one card that counts them; the button opens the whole list.",
            steps=(many,),
            last=True,
        ),
    ]
