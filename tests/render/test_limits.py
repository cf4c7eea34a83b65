"""Whatever an event holds, the message keeps Slack's limits and holds no trap."""

import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

from hypothesis import HealthCheck, given, settings
from slack_sdk.models.blocks import Block

from bot.core.event import Event
from bot.render.digest import merge, take
from bot.render.discretion import Seen
from bot.render.message import Message, metadata
from bot.render.richtext import weight
from bot.sandbox.validation.surfaces import check_message
from tests.render.strategies import EVENTS_OF_ENEMIES, RESULTS_OF_ALL_KINDS, RUNS, item

KNOWN = {
    *("header", "context", "rich_text", "divider", "plain_text", "mrkdwn"),
    *("rich_text_section", "rich_text_list", "rich_text_quote", "rich_text_preformatted", "text", "link"),
    *("actions", "button", "overflow", "context_actions", "feedback_buttons"),
}


def objects(value: Any) -> Iterator[dict[str, Any]]:
    """Every JSON object within."""
    if isinstance(value, dict):
        yield value
        value = list(value.values())
    if isinstance(value, list | tuple):
        for part in value:
            yield from objects(part)


def check(message: Message, run: list[Seen]) -> None:
    blocks = list(message.blocks)
    check_message({"text": message.text, "blocks": blocks, "metadata": metadata(run)})
    for block in Block.parse_all(blocks):
        block.validate_json()
    assert len(blocks) <= 50
    assert weight(blocks) <= 10_000
    assert 0 < len(message.text) <= 3_000
    json.dumps(blocks, ensure_ascii=False).encode()
    # mrkdwn is read in the text and in mrkdwn elements only: no token may begin there that we did not write.
    assert "<" not in message.text
    for each in objects(blocks):
        assert each.get("type", "text") in KNOWN
        if each.get("type") == "mrkdwn":
            assert each["text"].startswith("for <@")
            assert each["text"].removeprefix("for <@").removesuffix(">").isalnum()
        if each.get("type") == "button":
            assert urlsplit(each["url"]).scheme in {"http", "https"}
        if each.get("type") == "link":
            shows_where_it_leads(each)


def shows_where_it_leads(link: dict[str, Any]) -> None:
    parts = urlsplit(link["url"])
    assert parts.scheme in {"http", "https", "mailto"}
    shown = parts.path if parts.scheme == "mailto" else parts.hostname
    assert link["text"] in {link["url"], shown} or link["text"].endswith(f" ({shown})")


@settings(max_examples=40, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(EVENTS_OF_ENEMIES | RESULTS_OF_ALL_KINDS)
def test_any_event_is_a_message_that_slack_takes_and_that_holds_no_trap(event: Event) -> None:
    run = [item(event)]

    check(merge(run, now=10**10), run)


@settings(max_examples=20, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(RUNS)
def test_any_run_is_a_message_that_slack_takes_and_that_holds_no_trap(run: list[Seen]) -> None:
    taken = run[: take(run)]

    check(merge(taken, now=10**10), taken)
