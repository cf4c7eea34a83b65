"""The form: opened, filled in, looked at as it is filled in, sent off; over the socket and over signed HTTP."""

import pytest

from bot.actions.acts import Actions
from bot.core.destination import SlackChannel
from bot.core.filters import parse
from bot.core.subscription import Style
from bot.sandbox.server import Sandbox
from bot.stores.subscriptions import RedisSubscriptions
from tests.core.examples import event
from tests.edges.home.conftest import Passing
from tests.edges.home.page import change, element, has, pick, shortcut, submit
from tests.edges.slack.conftest import Person, text_of

TEAM = "T0SANDBOX"

pytestmark = pytest.mark.usefixtures("connected")


async def test_the_form_opens_from_anywhere_and_says_what_would_have_come(
    people: dict[str, Person], passing: Passing
) -> None:
    passing.seen = [event(), event(id="e-2", title="Another")]
    view = await shortcut(people["tomas"], "subscribe")
    assert view["title"]["text"] == "Subscribe"
    assert "You will get every event." in text_of(view)
    assert "Would have matched 2 of the last 2 events" in text_of(view)
    assert "Another" in text_of(view)


async def test_each_change_is_looked_at_and_its_mistakes_are_pointed_at(
    people: dict[str, Person], passing: Passing
) -> None:
    passing.seen = [event(), event(id="e-2", confidence=0.9)]
    tomas = people["tomas"]
    view = await shortcut(tomas, "subscribe")
    view = await change(tomas, view, "rest", {"type": "plain_text_input", "value": "confidence<0.8"})
    assert "Would have matched 1 of the last 2 events" in text_of(view)
    view = await change(tomas, view, "rest", {"type": "plain_text_input", "value": "confidence<much"})
    assert "I don't understand that:" in text_of(view)
    assert "confidence<much\n           ^" in text_of(view)
    assert view["state"]["values"]["rest"]["form.rest"]["value"] == "confidence<much"


async def test_what_is_sent_off_is_subscribed_and_confirmed(
    people: dict[str, Person], sandbox: Sandbox, subscriptions: RedisSubscriptions
) -> None:
    tomas = people["tomas"]
    view = await shortcut(tomas, "subscribe")
    view = await change(
        tomas, view, "where", {"type": "static_select", "selected_option": pick("channel", "A channel")}
    )
    assert has(view, "form.channel")
    assert element(view, "form.thread")["initial_option"]["value"] == "off"
    channel = sandbox.channel_id("fraud-alerts")
    answer = await submit(
        tomas,
        view,
        channel={"type": "conversations_select", "selected_conversation": channel},
        models={"type": "multi_external_select", "selected_options": [pick("fraud-*")]},
        statuses={"type": "multi_static_select", "selected_options": [pick("failed"), pick("completed")]},
        rest={"type": "plain_text_input", "value": "-tag:test"},
    )
    assert answer == {"ok": True}
    said = await tomas.sees("view")
    assert said["title"]["text"] == "Subscribed"
    [kept] = (await subscriptions.snapshot())[1]
    assert kept.filter == parse("model:fraud-* status:failed,completed -tag:test")
    assert kept.destination == SlackChannel(team=TEAM, channel=channel)
    assert kept.style == Style()
    assert kept.owner == tomas.user


async def test_a_mistake_that_is_sent_off_stays_at_its_input(people: dict[str, Person]) -> None:
    tomas = people["tomas"]
    view = await shortcut(tomas, "subscribe")
    answer = await submit(tomas, view, rest={"type": "plain_text_input", "value": "statsu:failed"})
    assert list(answer["errors"]) == ["rest"]
    assert "status" in answer["errors"]["rest"]


async def test_editing_begins_with_what_is_there(
    people: dict[str, Person], actions: Actions, subscriptions: RedisSubscriptions
) -> None:
    assert actions
    assert subscriptions
    assert people
