import json
from dataclasses import replace
from typing import Any
from uuid import uuid4

import pytest

from bot.core.event import Sensitivity, Status
from bot.core.showing import Audience, view
from bot.render.blocks import card
from bot.render.digest import MOST, merge, take
from bot.render.discretion import seen
from bot.render.message import carried, metadata
from bot.render.richtext import plain, weight
from tests.core.examples import event
from tests.render.strategies import item


def text(value: str, **style: bool) -> dict[str, Any]:
    return {"type": "text", "text": value, **({"style": style} if style else {})}


def row(*elements: dict[str, Any]) -> dict[str, Any]:
    return {"type": "rich_text", "elements": [{"type": "rich_text_section", "elements": list(elements)}]}


def test_a_run_becomes_one_message_in_which_each_event_is_seen() -> None:
    secret = item(event(id="e-3", title="Third", result=None, error=None, sensitivity=Sensitivity.RESTRICTED))
    run = [
        item(event(result="**Likely fraud.**\n\n- two cards", error=None), appended=0),
        item(event(id="e-2", title=None, status=Status.FAILED, confidence=None), appended=150_000),
        seen(secret, view(secret.event, Audience.PRIVATE)),
        item(event(id="e-4", title="Empty", result=None, error=None)),
    ]

    message = merge(run, now=200_000)

    assert list(message.blocks) == [
        {
            "type": "header",
            "text": {"type": "plain_text", "text": "4 results: 3 completed, 1 failed", "emoji": False},
        },
        {
            "type": "context",
            "elements": [{"type": "plain_text", "text": "the oldest waited 3 min", "emoji": False}],
        },
        row(
            text("✅ Chargeback of order 7", bold=True),
            text("\ncompleted · fraud-detector 2.1 · openai · 72% confident"),
            text("\nLikely fraud. two cards"),
        ),
        row(
            text("❌ Inference i-4711", bold=True),
            text("\nfailed · fraud-detector 2.1 · openai"),
            text("\nTimeout: upstream said no"),
        ),
        row(
            text("✅ Inference i-4711", bold=True),
            text("\ncompleted · fraud-detector 2.1 · openai · 72% confident"),
            text("\nContent withheld: restricted, shown only to its requester."),
        ),
        row(
            text("✅ Empty", bold=True),
            text("\ncompleted · fraud-detector 2.1 · openai · 72% confident"),
        ),
    ]
    assert message.text == (
        "4 results: 3 completed, 1 failed\n"
        "✅ Chargeback of order 7 — completed · fraud-detector 2.1 · openai · 72% confident — Likely fraud. two cards\n"
        "❌ Inference i-4711 — failed · fraud-detector 2.1 · openai — Timeout: upstream said no\n"
        "✅ Inference i-4711 — completed · fraud-detector 2.1 · openai · 72% confident — "
        "Content withheld: restricted, shown only to its requester.\n"
        "✅ Empty — completed · fraud-detector 2.1 · openai · 72% confident"
    )


def test_a_single_event_gets_its_full_card() -> None:
    alone = item(event())

    assert merge([alone], now=0) == card(alone, now=0)


@pytest.mark.parametrize(("waiting", "taken"), [(1, 1), (2, 2), (20, 20), (21, 20), (1_000, 20)])
def test_a_message_takes_twenty_of_a_run(waiting: int, taken: int) -> None:
    assert take([item(event())] * waiting) == taken


def test_events_at_their_longest_still_fit_and_each_shows_some_content() -> None:
    long = event(
        title="T" * 500,
        result="r" * 50_000,
        error=None,
        model=replace(event().model, name="m" * 500),
        status=Status.NEEDS_REVIEW,
        confidence=1.0,
    )
    message = merge([item(replace(long, id=str(number))) for number in range(MOST)], now=10**12)

    assert weight(message.blocks) <= 10_000
    assert len(message.text) <= 3_000
    for block in message.blocks[2:]:
        said = plain(block["elements"])
        assert "rrrrrrrrrr… (" in said
        assert said.count("r", said.index("\n", 130)) >= 200
    assert len(message.blocks) == MOST + 2


def test_what_a_row_leaves_out_is_counted() -> None:
    run = [item(event(id=str(number), result="word " * 2_000, error=None)) for number in range(2)]

    said = plain(merge(run, now=0).blocks[1]["elements"])

    shown, _, rest = said.split("\n", 2)[2].partition("… (")
    missing = int(rest.removesuffix(" more characters)").replace(",", ""))
    assert len(shown) + missing == pytest.approx(10_000, abs=2)  # blanks at the ends
    assert 600 < len(shown) <= 700


def test_metadata_carries_ids_only_and_stays_small() -> None:
    run = [item(event(id=str(uuid4()), title="canary", result="canary")) for _ in range(MOST)]

    said = metadata(run)

    assert carried(said) == {each.delivery.id for each in run}
    assert said["event_payload"]["events"].split(",") == [each.event.id for each in run]
    assert "canary" not in json.dumps(said)
    assert len(json.dumps(said)) < 2_000


def test_event_ids_that_are_odd_or_long_do_no_harm_in_metadata() -> None:
    run = [item(event(id=odd)) for odd in ("a,b", "漢字", "\ud800", "x" * 61, "n" * 60)]

    assert metadata(run)["event_payload"]["events"] == f"a%2Cb,%E6%BC%A2%E5%AD%97,%3F,{'n' * 60}"
    assert len(json.dumps(metadata([item(event(id="n" * 59 + str(number))) for number in range(10)] * 2))) < 2_048
