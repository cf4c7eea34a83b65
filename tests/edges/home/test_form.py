"""The form: opened, filled in, looked at as it is filled in, sent off; over the socket and over signed HTTP."""

import asyncio
from dataclasses import replace
from typing import Any

import pytest

from bot.core.destination import SlackChannel, SlackPerson
from bot.core.errors import UnavailableError
from bot.core.event import Model
from bot.core.filters import parse
from bot.core.form import Form, Setting, Where, fill
from bot.core.subscription import Style, Subscription, subscription_id
from bot.core.timing import Digest, Every, Quiet
from bot.render.modals import OPEN
from bot.sandbox.server import Sandbox
from bot.slack.forms import kept
from bot.stores.subscriptions import RedisSubscriptions
from tests.core.examples import event
from tests.edges.home.conftest import Passing, Workspace
from tests.edges.home.page import change, element, filled, has, pick, press_in_message, shortcut, submit
from tests.edges.slack.conftest import DEADLINE, Person, text_of

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


def owned(user: str, **changes: Any) -> Subscription:
    one = Subscription(
        id=subscription_id(7),
        team=TEAM,
        owner=user,
        filter=parse('"chargeback" model:fraud-*,risk status:failed tag:nightly confidence<0.8'),
        destination=SlackPerson(team=TEAM, user=user),
        style=Style(digest=Digest(every=Every.DAY, at=8 * 60), quiet=Quiet(start=1320, end=420)),
        created=1,
    )
    return replace(one, **changes)


async def edit(person: Person, one: Subscription) -> dict[str, Any]:
    """Open the form for a subscription, through a button that carries it."""
    await press_in_message(person, OPEN, kept(Setting(team=TEAM, user=person.user, edited=one.id)))
    return await person.sees("view")


async def test_editing_begins_with_what_is_there_and_saves_what_is_changed(
    people: dict[str, Person], subscriptions: RedisSubscriptions
) -> None:
    tomas = people["tomas"]
    one = owned(tomas.user)
    await subscriptions.save(one)
    view = await edit(tomas, one)
    assert view["title"]["text"] == "Edit 000007"
    state = {field: next(iter(answer.values())) for field, answer in view["state"]["values"].items()}
    assert [option["value"] for option in state["models"]["selected_options"]] == ["fraud-*", "risk"]
    assert [option["value"] for option in state["statuses"]["selected_options"]] == ["failed"]
    assert state["rest"]["value"] == '"chargeback" confidence<0.8'
    assert (state["at"]["selected_time"], state["since"]["selected_time"]) == ("08:00", "22:00")
    assert await submit(tomas, view) == {"ok": True}
    assert (await tomas.sees("view"))["title"]["text"] == "Nothing to save"
    assert await subscriptions.get(one.id) == one

    view = await edit(tomas, one)
    digest = {"type": "static_select", "selected_option": pick("hourly")}
    view = await change(tomas, view, "digest", digest)
    assert not has(view, "form.at")
    assert await submit(tomas, view) == {"ok": True}
    assert (await tomas.sees("view"))["title"]["text"] == "Saved"
    after = await subscriptions.get(one.id)
    assert after is not None
    assert after.filter == one.filter
    assert after.style == replace(one.style, digest=Digest(every=Every.HOUR))


async def test_what_somebody_else_changed_meanwhile_is_told_before_it_is_replaced(
    people: dict[str, Person], subscriptions: RedisSubscriptions
) -> None:
    tomas = people["tomas"]
    one = owned(tomas.user)
    await subscriptions.save(one)
    view = await edit(tomas, one)
    await subscriptions.save(replace(one, filter=parse("model:other")))
    rest = {"type": "plain_text_input", "value": "cost>1"}
    assert await submit(tomas, view, rest=rest) == {"ok": True}
    view = await tomas.sees("view")
    assert "has changed this subscription meanwhile." in text_of(view)
    assert "events whose model is `other`" in text_of(view)
    assert view["state"]["values"]["rest"]["form.rest"]["value"] == "cost>1"
    assert await submit(tomas, view, rest=rest) == {"ok": True}
    assert (await tomas.sees("view"))["title"]["text"] == "Saved"
    after = await subscriptions.get(one.id)
    assert after is not None
    assert after.filter == parse("model:fraud-*,risk status:failed tag:nightly cost>1")


async def test_who_may_not_edit_is_told_who_may(
    people: dict[str, Person], sandbox: Sandbox, subscriptions: RedisSubscriptions
) -> None:
    channel = SlackChannel(team=TEAM, channel=sandbox.channel_id("fraud-alerts"))
    one = owned(people["amara"].user, destination=channel)
    await subscriptions.save(one)
    view = await edit(people["tomas"], one)
    assert "form.rest" not in repr(view)
    assert people["amara"].user in text_of(view)


@pytest.mark.parametrize(
    ("where", "answers", "at", "says"),
    [
        ("channel", {}, "channel", "Please complete this required field."),
        ("webhook", {"url": {"type": "url_text_input", "value": "https://10.0.0.1/x"}}, "url", "I can't use that URL."),
        ("group", {"group": {"type": "plain_text_input", "value": "@ml"}}, "group", "which begins with S"),
        ("person", {"person": {"type": "users_select", "selected_user": "U0GONE"}}, "person", "I know nobody there"),
    ],
)
async def test_a_place_that_cannot_be_is_refused_at_its_input(
    people: dict[str, Person], where: str, answers: dict[str, Any], at: str, says: str
) -> None:
    tomas = people["tomas"]
    view = await shortcut(tomas, "subscribe")
    view = await change(tomas, view, "where", {"type": "static_select", "selected_option": pick(where)})
    answer = await submit(tomas, view, **answers)
    assert list(answer["errors"]) == [at]
    assert says in answer["errors"][at]


async def test_a_channel_that_the_bot_cannot_see_says_how_to_invite_it_and_the_button_tries_again(
    people: dict[str, Person], sandbox: Sandbox, subscriptions: RedisSubscriptions
) -> None:
    tomas = people["tomas"]
    private = sandbox.workspace.channels[sandbox.channel_id("risk-leads")]
    sandbox.workspace.leave(private, sandbox.workspace.bot.id)
    view = await shortcut(tomas, "subscribe")
    view = await change(tomas, view, "where", {"type": "static_select", "selected_option": pick("channel")})
    answers = {"channel": {"type": "conversations_select", "selected_conversation": private.id}}
    refused = await submit(tomas, view, **answers)
    assert "/invite @Tidings" in refused["errors"]["channel"]
    sandbox.workspace.join(private, sandbox.workspace.bot.id)
    assert await submit(tomas, view, **answers) == {"ok": True}
    assert len((await subscriptions.snapshot())[1]) == 1


async def test_a_shared_channel_takes_an_admin_who_says_so(
    people: dict[str, Person], sandbox: Sandbox, workspace: Workspace, subscriptions: RedisSubscriptions
) -> None:
    maya = people["maya"]
    channel = sandbox.channel_id("general")
    workspace.external.add(channel)
    view = await shortcut(maya, "subscribe")
    view = await change(maya, view, "where", {"type": "static_select", "selected_option": pick("channel")})
    answers = {"channel": {"type": "conversations_select", "selected_conversation": channel}}
    assert await submit(maya, view, **answers) == {"ok": True}
    view = await maya.sees("view")
    assert has(view, "form.confirmed")
    refused = await submit(maya, view, **answers)
    assert list(refused["errors"]) == ["confirmed"]
    box = {"type": "checkboxes", "selected_options": [pick("yes")]}
    assert await submit(maya, view, **answers, confirmed=box) == {"ok": True}
    assert (await maya.sees("view"))["title"]["text"] == "Subscribed"
    assert len((await subscriptions.snapshot())[1]) == 1


async def test_a_webhook_shows_its_secret_once_and_is_asked_nothing_that_it_cannot_have(
    people: dict[str, Person],
) -> None:
    tomas = people["tomas"]
    view = await shortcut(tomas, "subscribe")
    view = await change(tomas, view, "where", {"type": "static_select", "selected_option": pick("webhook")})
    assert not has(view, "form.digest")
    url = {"type": "url_text_input", "value": "https://8.8.8.8/hook"}
    assert await submit(tomas, view, url=url) == {"ok": True}
    assert "whsec_" in text_of(await tomas.sees("view"))
    view = await shortcut(tomas, "subscribe")
    view = await change(tomas, view, "where", {"type": "static_select", "selected_option": pick("webhook")})
    assert await submit(tomas, view, url=url) == {"ok": True}
    said = await tomas.sees("view")
    assert said["title"]["text"] == "Subscribed already"
    assert "whsec_" not in text_of(said)


async def test_the_pickers_offer_what_passed_lately_and_what_is_typed(
    people: dict[str, Person], passing: Passing
) -> None:
    passing.seen = [event(), event(id="e-2", model=Model(name="llm-judge"))]
    tomas = people["tomas"]
    view = await shortcut(tomas, "subscribe")

    async def offered(field: str, value: str) -> list[str]:
        query = {"user": tomas.user, "view_id": view["id"], "block_id": field, "action_id": f"form.{field}"}
        async with tomas.session.get("/client/options", params={**query, "value": value}) as answer:
            return [option["value"] for option in (await answer.json())["options"]]

    assert await offered("models", "") == ["fraud-detector", "llm-judge"]
    assert await offered("models", "judge") == ["llm-judge", "judge"]
    assert await offered("models", "fraud-*") == ["fraud-*", "fraud-detector"]
    assert await offered("tags", "night") == ["nightly", "night"]


async def test_a_form_that_came_too_late_is_offered_again_with_what_was_typed(
    people: dict[str, Person], sandbox: Sandbox
) -> None:
    tomas = people["tomas"]
    sandbox.fault("error", method="views.open", error="expired_trigger_id", times=1)
    text = "model:fraud-* confidence<0.8"
    value = kept(Setting(team=TEAM, user=tomas.user), form=fill(parse(text), Style(), Form(where=Where.ME)))
    await press_in_message(tomas, OPEN, value)
    offered = await tomas.sees("ephemeral")
    assert "Slack waits three seconds" in text_of(offered)
    await tomas.click(offered, OPEN)
    view = await tomas.sees("view")
    assert view["state"]["values"]["rest"]["form.rest"]["value"] == "confidence<0.8"
    assert view["state"]["values"]["where"]["form.where"]["selected_option"]["value"] == "me"


async def test_with_redis_away_what_was_typed_stays(
    people: dict[str, Person], subscriptions: RedisSubscriptions, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def away(*_: Any) -> None:
        raise UnavailableError("Redis does not answer")

    tomas = people["tomas"]
    view = await shortcut(tomas, "subscribe")
    monkeypatch.setattr(subscriptions, "add", away)
    rest = {"type": "plain_text_input", "value": "status:failed"}
    refused = await submit(tomas, view, rest=rest)
    assert "Nothing you typed is lost" in refused["errors"]["where"]
    monkeypatch.undo()
    assert await submit(tomas, view, rest=rest) == {"ok": True}
    assert len((await subscriptions.snapshot())[1]) == 1


async def test_changes_faster_than_the_form_is_drawn_end_with_the_last(
    people: dict[str, Person], passing: Passing, sandbox: Sandbox
) -> None:
    passing.seen = [event()]
    tomas = people["tomas"]
    view = await shortcut(tomas, "subscribe")
    part = element(view, "form.rest")
    sandbox.fault("latency", method="views.update", seconds=0.5)  # meanwhile all changes know the first hash
    typed = ["s", "st", "status:failed", "status:failed,completed"]
    for text in typed:
        answer = {"type": "plain_text_input", "value": text}
        await tomas.do(
            "action",
            container={"type": "view", "view_id": view["id"]},
            action={**part, **answer},
            state=filled(rest=answer),
        )
    async with asyncio.timeout(DEADLINE):
        while "status:failed,completed" not in text_of(view) or "matched 1 of the last 1" not in text_of(view):
            view = await tomas.sees("view")
