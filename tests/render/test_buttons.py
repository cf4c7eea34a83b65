"""What can be done with a result, below its card."""

from dataclasses import replace
from typing import Any

import pytest

from bot.core.destination import SlackChannel, SlackPerson, destination_id
from bot.core.event import Event, Link, Sensitivity, Status
from bot.core.marks import Mark, mark, read_mark
from bot.core.showing import Audience, view
from bot.render.blocks import card
from bot.render.buttons import chosen
from bot.render.digest import merge
from bot.render.discretion import reduced
from bot.sandbox.validation.surfaces import check_message
from tests.core.examples import event
from tests.render.strategies import item

FRAUD = SlackChannel(team="T1", channel="C1")
TRACE = Link(url="https://trace.example/1", title="Trace")


def rows(of: Event, place: SlackChannel | SlackPerson = FRAUD) -> list[dict[str, Any]]:
    told = item(of)
    told = replace(told, delivery=replace(told.delivery, destination=destination_id(place)))
    message = card(told, now=0)
    check_message({"text": message.text, "blocks": list(message.blocks)})
    return [block for block in message.blocks if block["type"] in {"actions", "context_actions"}]


def words(row: dict[str, Any]) -> list[str]:
    menu = row["elements"][-1]
    return [chosen(option["value"])[0] for option in menu["options"]]


def pages(of: Event) -> list[str]:
    return [one["url"] for one in rows(of)[0]["elements"] if one["type"] == "button"]


def test_a_result_in_a_channel_has_its_page_a_menu_and_thumbs_in_its_last_two_lines() -> None:
    message = card(item(event(links=(TRACE,))), now=0)
    row, thumbs = message.blocks[-2:]
    page, menu = row["elements"]
    assert (page["text"]["text"], page["url"]) == ("Open", "https://trace.example/1")
    assert [option["text"]["text"] for option in menu["options"]] == [
        "More like this",
        "Less like this",
        "Why did I get this?",
        "Send it to me",
        "Send it here again",
    ]
    assert thumbs["elements"][0]["type"] == "feedback_buttons"


def test_in_a_direct_message_there_is_one_way_to_have_it_again() -> None:
    assert words(rows(event(), SlackPerson(team="T1", user="U1"))[0]) == ["more", "less", "why", "fetch"]


def test_values_name_the_event_and_say_nothing_of_it() -> None:
    of = item(event(links=(TRACE,)))
    row, thumbs = rows(of.event)
    values = [option["value"] for option in row["elements"][-1]["options"]]
    values += [thumbs["elements"][0][side]["value"] for side in ("positive_button", "negative_button")]
    assert {read_mark(chosen(value)[1]) for value in values} == {mark(of.event, of.delivery)}
    assert [chosen(value)[0] for value in values[-2:]] == ["up", "down"]


@pytest.mark.parametrize(
    "url", ["mailto:a@example.com", "https://user@evil.example/", "javascript:x", "https://a/" + "x" * 600]
)
def test_only_a_plain_page_is_opened(url: str) -> None:
    assert pages(event(links=(Link(url=url),))) == []
    assert pages(event(links=(Link(url=url), TRACE))) == [TRACE.url]


def test_a_link_in_what_a_model_said_is_behind_no_button() -> None:
    assert pages(event(result="[open](https://evil.example/)", links=())) == []


@pytest.mark.parametrize(
    ("status", "rated"),
    [
        (Status.QUEUED, False),
        (Status.RUNNING, False),
        (Status.FAILED, False),
        (Status.CANCELLED, False),
        (Status.COMPLETED, True),
        (Status.NEEDS_REVIEW, True),
    ],
)
def test_only_what_came_out_is_rated(status: Status, *, rated: bool) -> None:
    assert (len(rows(event(status=status))) == 2) is rated


def test_content_that_is_withheld_is_neither_opened_nor_rated() -> None:
    secret = event(sensitivity=Sensitivity.RESTRICTED, links=(TRACE,))
    (row,) = rows(reduced(secret, view(secret, Audience.PRIVATE))[0])
    assert [one["type"] for one in row["elements"]] == ["overflow"]


def test_several_results_in_one_message_have_no_buttons() -> None:
    message = merge([item(event(id="a")), item(event(id="b"))], now=0)
    assert {block["type"] for block in message.blocks} <= {"header", "context", "rich_text"}


@pytest.mark.parametrize(
    "text", ["", "x", "a" * 32, f"{'a' * 32}.1", f"{'A' * 32}.1.1", f"{'a' * 32}.1.1\n", f"{'a' * 32}.-1.1"]
)
def test_anything_else_is_no_mark(text: str) -> None:
    assert read_mark(text) is None


def test_a_mark_of_before_1970_is_one_of_1970() -> None:
    one = Mark(event=event().key, time=-5, appended=7)
    assert read_mark(str(one)) == Mark(event=event().key, time=0, appended=7)
