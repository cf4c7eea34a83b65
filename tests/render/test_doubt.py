from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.answers import Actor, NotKept, Shown, ShownBefore
from bot.core.delivery import Delivery, delivery_id
from bot.core.destination import DestinationId
from bot.core.event import Model, Sensitivity
from bot.core.pressure import DOUBTFUL
from bot.core.showing import Audience, view
from bot.render.digest import MOST, merge
from bot.render.discretion import Seen, seen
from bot.render.doubt import SHOW, answered, asked_about, came_of_it, question, question_metadata, repeated
from bot.render.message import carried
from bot.render.replies import reply
from bot.sandbox.validation.surfaces import check_message
from tests.core.examples import event

PLACE = DestinationId("slack/T1/C1")


def item(**changes: Any) -> Seen:
    said = event(**changes)
    delivery = Delivery(id=delivery_id(said.key, PLACE), event=said.key, destination=PLACE, appended=0)
    return Seen(delivery=delivery, event=said)


def test_a_repeat_says_so_under_the_result() -> None:
    line = "May be shown twice: Slack's answer to the first try was lost."
    plain = merge([item()], now=0)
    said = repeated(plain)
    assert said.blocks[:-1] == plain.blocks
    assert said.blocks[-1] == {"type": "context", "elements": [{"type": "mrkdwn", "text": line}]}
    assert said.text == f"{plain.text}\n{line}"


def test_a_question_shows_what_it_is_about_why_and_the_button() -> None:
    asked = item()
    said = question([asked])
    title, why, buttons = said.blocks
    assert [part["text"] for part in title["elements"][0]["elements"]] == [
        "✅ Chargeback of order 7",
        "\ncompleted · fraud-detector 2.1 · openai · 72% confident",
    ]
    assert why["elements"][0]["text"] == (
        "This may be shown already: Slack's answer to the first try was lost, and I may not look in this conversation."
    )
    (button,) = buttons["elements"]
    assert (button["text"]["text"], button["action_id"], button["value"]) == ("Show it", SHOW, asked.delivery.id)
    assert asked_about(button["value"]) == (asked.delivery.id,)
    assert "fraud" not in str(said.blocks[1:])


def test_a_question_about_several_has_one_button_for_all() -> None:
    items = [item(id=f"e{number}", title=f"T{number}") for number in range(3)]
    said = question(items)
    (button,) = said.blocks[-1]["elements"]
    assert button["text"]["text"] == "Show all 3"
    assert asked_about(button["value"]) == tuple(one.delivery.id for one in items)
    assert [block["elements"][0]["elements"][0]["text"] for block in said.blocks[:3]] == ["✅ T0", "✅ T1", "✅ T2"]
    assert said.text.startswith("✅ T0 and 2 more\nThese may be shown already")


def test_a_question_withholds_what_the_result_would() -> None:
    secret = item(sensitivity=Sensitivity.CONFIDENTIAL)
    assert "Chargeback" not in str(question([seen(secret, view(secret.event, Audience.PUBLIC))]))
    assert "Chargeback" in str(question([seen(secret, view(secret.event, Audience.PERSON, reader="U1"))]))


def test_a_question_is_not_taken_for_the_result() -> None:
    assert carried(question_metadata([item()])) == frozenset()


def test_slack_takes_a_question_about_as_many_as_an_attempt_takes_in_with_all_at_their_longest() -> None:
    model = Model(name="m" * 200, version="v" * 200)
    items = [item(id=f"{number}" + "i" * 200, title="&" * 500, model=model) for number in range(DOUBTFUL)]
    said = question(items)
    check_message({"text": said.text, "blocks": list(said.blocks), "metadata": question_metadata(items)})
    assert asked_about(said.blocks[-1]["elements"][0]["value"]) == tuple(one.delivery.id for one in items)


@given(st.lists(st.text(max_size=200), min_size=1, max_size=MOST))
def test_slack_takes_every_question_and_every_answered_card(titles: list[str]) -> None:
    items = [item(id=f"e{number}", title=title) for number, title in enumerate(titles)]
    said = question(items)
    check_message({"text": said.text, "blocks": list(said.blocks)})
    card = answered(said.blocks, "done")
    check_message({"text": "done", "blocks": list(card)})
    assert len(card) == len(items) + 1
    again = repeated(merge(items, now=0))
    check_message({"text": again.text, "blocks": list(again.blocks)})


@pytest.mark.parametrize(
    ("answer", "text"),
    [
        (Shown(viewer=Actor(team="T1", user="U1")), "<@U1> asked to show it; it comes when it is its turn."),
        (ShownBefore(), "It was shown already, or is on its way."),
        (
            NotKept(deliveries=("a", "b")),
            "I no longer have it here. An operator finds it among the dead letters: delivery `a`, `b`.",
        ),
    ],
)
def test_what_came_of_a_click(answer: Shown | ShownBefore | NotKept, text: str) -> None:
    assert came_of_it(answer) == text
    assert reply(answer).text == text


@pytest.mark.parametrize("value", ["", ","])
def test_a_button_without_a_value_names_nothing(value: str) -> None:
    assert asked_about(value) == ()
