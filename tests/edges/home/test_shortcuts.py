"""More like this, less like this: from a message to a filter."""

from dataclasses import replace
from typing import Any

import pytest

from bot.core.delivery import DeliveryId
from bot.core.destination import SlackChannel
from bot.core.event import Event
from bot.core.filters import parse
from bot.core.subscription import Subscription, subscription_id
from bot.render.message import metadata
from bot.sandbox.message import Content
from bot.sandbox.server import Sandbox
from bot.stores.subscriptions import RedisSubscriptions
from tests.core.examples import event
from tests.edges.home.conftest import Passing
from tests.edges.home.page import shortcut, submit
from tests.edges.slack.conftest import Person, text_of

TEAM = "T0SANDBOX"

pytestmark = pytest.mark.usefixtures("connected")


class Told:
    """A delivery with its event, as far as metadata needs it."""

    def __init__(self, told: Event) -> None:
        self.event = told
        self.delivery: Any = type("Delivery", (), {"id": DeliveryId("d-1")})()


def posted(sandbox: Sandbox, *events: Event, thread: str | None = None, ours: bool = True) -> dict[str, str]:
    """A message that tells of events."""
    workspace = sandbox.workspace
    channel = workspace.channels[sandbox.channel_id("fraud-alerts")]
    said = metadata([Told(one) for one in events]) if ours else None
    content = Content(text="A result", metadata=said)
    message = workspace.post(channel, workspace.bot, content, thread_ts=thread)
    return {"channel": channel.id, "ts": message.ts}


def state(view: dict[str, Any]) -> dict[str, Any]:
    """What is filled in, by field."""
    return {field: next(iter(answer.values())) for field, answer in view["state"]["values"].items()}


def values(answer: dict[str, Any]) -> list[str]:
    return [option["value"] for option in answer["selected_options"]]


@pytest.mark.parametrize("in_thread", [False, True])
async def test_more_like_a_result_is_drafted_for_the_place_where_it_stands(
    people: dict[str, Person], sandbox: Sandbox, passing: Passing, subscriptions: RedisSubscriptions, *, in_thread: bool
) -> None:
    passing.seen = [event(id="a,b%c")]
    tomas = people["tomas"]
    parent = posted(sandbox, ours=False)["ts"] if in_thread else None
    view = await shortcut(tomas, "more_like", **posted(sandbox, passing.seen[0], thread=parent))
    found = state(view)
    assert values(found["models"]) == ["fraud-detector"]
    assert values(found["statuses"]) == ["completed"]
    assert values(found["tags"]) == ["EU"]
    assert "Would have matched 1 of the last 1 events" in text_of(view)
    assert await submit(tomas, view) == {"ok": True}
    [kept] = (await subscriptions.snapshot())[1]
    assert kept.destination == SlackChannel(team=TEAM, channel=sandbox.channel_id("fraud-alerts"))


async def test_of_several_results_the_newest_is_drafted_from(
    people: dict[str, Person], sandbox: Sandbox, passing: Passing
) -> None:
    older = event()
    newer = replace(older, id="e-2", tags=("late",), time=older.time.replace(hour=13))
    passing.seen = [newer, older]
    view = await shortcut(people["tomas"], "more_like", **posted(sandbox, older, newer))
    assert values(state(view)["tags"]) == ["late"]
    assert "tells of 2 results" in text_of(view)


def bringing(sandbox: Sandbox, owner: str, wanted: str = "status:completed,failed") -> Subscription:
    return Subscription(
        id=subscription_id(9),
        team=TEAM,
        owner=owner,
        filter=parse(wanted),
        destination=SlackChannel(team=TEAM, channel=sandbox.channel_id("fraud-alerts")),
        created=1,
    )


async def test_less_like_a_result_edits_what_brought_it(
    people: dict[str, Person], sandbox: Sandbox, passing: Passing, subscriptions: RedisSubscriptions
) -> None:
    tomas = people["tomas"]
    passing.seen = [event()]
    await subscriptions.save(bringing(sandbox, tomas.user))
    view = await shortcut(tomas, "less_like", **posted(sandbox, event()))
    assert view["title"]["text"] == "Edit 000009"
    assert state(view)["rest"]["value"] == "-model:fraud-detector"
    assert await submit(tomas, view) == {"ok": True}
    after = await subscriptions.get(subscription_id(9))
    assert after is not None
    assert not after.filter.matches(event())


async def test_who_may_not_change_what_brought_it_drafts_one_of_their_own(
    people: dict[str, Person], sandbox: Sandbox, passing: Passing, subscriptions: RedisSubscriptions
) -> None:
    passing.seen = [event()]
    await subscriptions.save(bringing(sandbox, people["amara"].user))
    view = await shortcut(people["tomas"], "less_like", **posted(sandbox, event()))
    assert view["title"]["text"] == "Subscribe"
    assert state(view)["rest"]["value"] == "-model:fraud-detector"
    assert "a subscription of your own" in text_of(view)


async def test_a_message_of_somebody_else_is_told_to_be_no_result(people: dict[str, Person], sandbox: Sandbox) -> None:
    tomas = people["tomas"]
    workspace = sandbox.workspace
    channel = workspace.channels[sandbox.channel_id("general")]
    message = workspace.post(channel, workspace.people[tomas.user], Content(text="hello"))
    for callback_id in ("more_like", "less_like"):
        view = await shortcut(tomas, callback_id, channel=channel.id, ts=message.ts)
        assert "This is not a result of mine." in text_of(view)
    view = await shortcut(tomas, "more_like", **posted(sandbox, ours=False))
    assert "This is not a result of mine." in text_of(view)


async def test_a_result_that_is_not_remembered_opens_an_empty_form(people: dict[str, Person], sandbox: Sandbox) -> None:
    view = await shortcut(people["tomas"], "more_like", **posted(sandbox, event()))
    assert "I no longer remember that result" in text_of(view)
    assert values(state(view)["models"]) == []


async def test_a_history_that_may_not_be_read_opens_an_empty_form(
    people: dict[str, Person], sandbox: Sandbox, passing: Passing
) -> None:
    passing.seen = [event()]
    sandbox.fault("error", method="conversations.history", error="missing_scope")
    view = await shortcut(people["tomas"], "more_like", **posted(sandbox, event()))
    assert "I no longer remember that result" in text_of(view)
