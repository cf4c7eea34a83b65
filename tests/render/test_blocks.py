from typing import Any

import pytest

from bot.core.event import Event, Failure, Image, Link, Requester, Sensitivity, Status
from bot.core.showing import Audience, view
from bot.render.blocks import card
from bot.render.discretion import seen
from bot.render.richtext import weight
from tests.core.examples import event
from tests.render.strategies import item


def plain(text: str) -> dict[str, Any]:
    return {"type": "plain_text", "text": text, "emoji": False}


def said(of: Event, reader: str | None = None) -> tuple[str, list[Any]]:
    """What is said of it; what can be done with it is another file's."""
    audience = Audience.PRIVATE if reader is None else Audience.PERSON
    message = card(seen(item(of), view(of, audience, reader=reader)), now=0)
    return message.text, [block for block in message.blocks if block["type"] not in {"actions", "context_actions"}]


FACTS = {
    "type": "context",
    "elements": [
        plain("completed"),
        plain("fraud-detector 2.1 · openai"),
        plain("▰▰▰▰▰▰▰▱▱▱ 72%"),
        plain("2.5 s"),
        plain("4,200 tokens · $0.12"),
        plain("production"),
        plain("i-4711"),
        plain("for ann@example.com"),
    ],
}
LABELS = {
    "type": "context",
    "elements": [plain("#nightly #EU"), plain("team: risk"), plain("app.kubernetes.io/name: checks")],
}


def test_a_completed_event_is_a_card_with_its_result() -> None:
    text, blocks = said(
        event(
            result="**Likely fraud.** See [the case](https://cases.example/7).\n\n- two cards",
            error=None,
            links=(Link(url="https://trace.example/1", title="Trace"),),
            images=(Image(url="https://img.example/heat.png", alt="heat map"),),
            extra={"queue": "eu-1", "shards": [1, 2]},
        )
    )

    assert text == (
        "✅ Chargeback of order 7 — completed · fraud-detector 2.1 · openai · 72% confident\n"
        "Likely fraud. See the case (cases.example). two cards"
    )
    assert blocks == [
        {"type": "header", "text": plain("✅ Chargeback of order 7")},
        FACTS,
        {
            "type": "rich_text",
            "elements": [
                {
                    "type": "rich_text_section",
                    "elements": [
                        {"type": "text", "text": "Likely fraud.", "style": {"bold": True}},
                        {"type": "text", "text": " See "},
                        {"type": "link", "url": "https://cases.example/7", "text": "the case (cases.example)"},
                        {"type": "text", "text": "."},
                    ],
                },
                {
                    "type": "rich_text_list",
                    "style": "bullet",
                    "elements": [{"type": "rich_text_section", "elements": [{"type": "text", "text": "two cards"}]}],
                },
            ],
        },
        {
            "type": "rich_text",
            "elements": [
                {
                    "type": "rich_text_section",
                    "elements": [
                        {"type": "link", "url": "https://trace.example/1", "text": "Trace (trace.example)"},
                        {"type": "text", "text": "  ·  "},
                        {"type": "link", "url": "https://img.example/heat.png", "text": "🖼 heat map (img.example)"},
                    ],
                }
            ],
        },
        {**LABELS, "elements": [*LABELS["elements"], plain("queue: eu-1"), plain("shards: [1, 2]")]},
    ]


def test_a_failed_event_says_why_first() -> None:
    text, blocks = said(event(status=Status.FAILED, result="half an answer", tags=(), labels={}))

    assert text == (
        "❌ Chargeback of order 7 — failed · fraud-detector 2.1 · openai · 72% confident\nTimeout: upstream said no"
    )
    assert blocks[2:] == [
        {
            "type": "rich_text",
            "elements": [
                {
                    "type": "rich_text_quote",
                    "elements": [
                        {"type": "text", "text": "Timeout", "style": {"bold": True}},
                        {"type": "text", "text": "\nupstream said no"},
                    ],
                }
            ],
        },
        {
            "type": "rich_text",
            "elements": [
                {"type": "rich_text_section", "elements": [{"type": "text", "text": "half an answer"}]},
            ],
        },
    ]


def test_an_error_without_words_is_still_an_error() -> None:
    text, blocks = said(event(error=Failure(), result=None, tags=(), labels={}))

    assert text.endswith("\nno reason given")
    assert blocks[2]["elements"][0]["elements"] == [{"type": "text", "text": "Error", "style": {"bold": True}}]


def test_an_event_of_which_little_is_known_is_a_small_card() -> None:
    bare = Event(
        source="s",
        id="1",
        type="t",
        time=event().time,
        inference="i-1",
        status=Status.QUEUED,
        model=event().model,
    )

    assert said(bare) == (
        "🕓 Inference i-1 — queued · fraud-detector 2.1 · openai",
        [
            {"type": "header", "text": plain("🕓 Inference i-1")},
            {
                "type": "context",
                "elements": [plain("queued"), plain("fraud-detector 2.1 · openai"), plain("i-1")],
            },
        ],
    )


def test_a_json_result_is_shown_as_a_tree() -> None:
    _, blocks = said(event(result={"verdict": "Größe", "n": [1]}, error=None))

    assert blocks[2]["elements"] == [
        {
            "type": "rich_text_preformatted",
            "elements": [{"type": "text", "text": "verdict: Größe\nn:\n  - 1"}],
        }
    ]


@pytest.mark.parametrize("size", [12_000, 100_000])
def test_a_result_that_is_too_long_says_how_much_is_missing(size: int) -> None:
    _, blocks = said(event(result="x" * size, error=None))

    shown, notice = (piece["elements"] for piece in blocks[2]["elements"])
    kept = len(shown[0]["text"])
    assert notice == [{"type": "text", "text": f"… {size - kept:,} more characters", "style": {"italic": True}}]
    assert 9_800 < weight(blocks) <= 10_000


CLOSED = "Content withheld: {}, shown only to {}."


@pytest.mark.parametrize(
    ("sensitivity", "reader", "notice"),
    [
        (Sensitivity.PUBLIC, None, None),
        (Sensitivity.INTERNAL, None, None),
        (Sensitivity.CONFIDENTIAL, None, CLOSED.format("confidential", "people, in direct messages")),
        (Sensitivity.CONFIDENTIAL, "U1", None),
        (Sensitivity.RESTRICTED, None, CLOSED.format("restricted", "its requester")),
        (Sensitivity.RESTRICTED, "U1", CLOSED.format("restricted", "its requester")),
        (Sensitivity.RESTRICTED, "U024BE7LH", None),
    ],
)
def test_content_is_shown_to_those_only_who_may_read_it(
    sensitivity: Sensitivity, reader: str | None, notice: str | None
) -> None:
    secret = event(
        title="canary",
        result="canary",
        error=Failure(type="canary", message="canary"),
        links=(Link(url="https://canary.example", title="canary"),),
        images=(Image(url="https://canary.example/i.png", alt="canary"),),
        extra={"canary": "canary"},
        sensitivity=sensitivity,
    )
    message = repr(said(secret, reader))

    assert ("canary" in message) == (notice is None)
    if notice:
        assert said(secret, reader) == (
            f"✅ Inference i-4711 — completed · fraud-detector 2.1 · openai · 72% confident\n{notice}",
            [
                {"type": "header", "text": plain("✅ Inference i-4711")},
                {**FACTS, "elements": FACTS["elements"][:-1]},
                {"type": "context", "elements": [plain(notice)]},
            ],
        )


def test_restricted_content_without_a_requester_is_shown_to_nobody() -> None:
    text, _ = said(event(sensitivity=Sensitivity.RESTRICTED, requester=None, title="canary"), "U1")

    assert "canary" not in text


@pytest.mark.parametrize(
    ("requester", "shown"),
    [
        (None, None),
        (Requester(), None),
        (Requester(slack_id="U024BE7LH"), {"type": "mrkdwn", "text": "for <@U024BE7LH>"}),
        (Requester(slack_id="W024BE7LH"), {"type": "mrkdwn", "text": "for <@W024BE7LH>"}),
        (Requester(slack_id="U024BE7LH", email="a@b.example"), plain("for a@b.example")),
        (Requester(slack_id="U1> <!channel"), plain("for U1> <!channel")),
        (Requester(slack_id="C024BE7LH"), plain("for C024BE7LH")),
        (Requester(slack_id="u024"), plain("for u024")),
        (Requester(slack_id="U" * 21), plain("for " + "U" * 21)),
    ],
)
def test_who_asked_is_named(requester: Requester | None, shown: dict[str, Any] | None) -> None:
    _, blocks = said(event(requester=requester))

    assert blocks[1]["elements"][7:] == ([shown] if shown else [])


def test_a_delivery_that_waited_says_so() -> None:
    message = card(item(event(), appended=1_000), now=181_000)

    assert plain("waited 3 min") in message.blocks[1]["elements"]


def test_many_fields_and_links_are_counted_rather_than_shown() -> None:
    links = tuple(Link(url=f"https://a.example/{number}") for number in range(13))
    _, blocks = said(event(links=links, extra={f"x{number}": number for number in range(9)}, error=None, result=None))

    assert blocks[2]["elements"][0]["elements"][-1] == {"type": "text", "text": "  ·  3 more"}
    assert [element["text"] for element in blocks[3]["elements"]] == [
        *("#nightly #EU", "team: risk", "app.kubernetes.io/name: checks", "x0: 0", "x1: 1", "x2: 2", "6 more fields")
    ]
