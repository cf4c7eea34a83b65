"""The buttons below a result, clicked in a sandbox workspace."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from bot.actions.acts import Actions
from bot.core.destination import SlackChannel, SlackPerson
from bot.core.event import Link
from bot.core.feedback import Rating
from bot.core.filters import parse
from bot.core.subscription import Subscription, SubscriptionId
from bot.outlets.slack.outlet import SlackOutlet
from bot.outlets.slack.web import SlackWeb
from bot.render.buttons import CHOICE, OPEN, THUMB
from bot.sandbox.server import Sandbox
from bot.stores.subscriptions import RedisSubscriptions
from tests.core.examples import event
from tests.edges.outlets.parcels import parcel
from tests.edges.slack.conftest import Person, button, text_of
from tests.edges.standins import Afresh, Opinions, Past

TEAM = "T0SANDBOX"
DONE = event(links=(Link(url="https://trace.example/1", title="Trace"),))

pytestmark = pytest.mark.usefixtures("connected")


@pytest.fixture(autouse=True)
def passed(past: Past) -> None:
    past.seen = [DONE]


@pytest.fixture
def channel(sandbox: Sandbox) -> SlackChannel:
    return SlackChannel(team=TEAM, channel=sandbox.channel_id("fraud-alerts"))


@pytest.fixture
async def outlet(sandbox: Sandbox) -> AsyncIterator[SlackOutlet]:
    async def token_of(_: str) -> str:
        return sandbox.bot_token

    async with SlackOutlet(SlackWeb(sandbox.api_url), token_of) as made:
        yield made


@pytest.fixture
def entered(actions: Actions) -> Afresh:
    found = actions._world.afresh
    assert isinstance(found, Afresh)
    return found


@pytest.fixture
def opinions(actions: Actions) -> Opinions:
    found = actions._world.opinions
    assert isinstance(found, Opinions)
    return found


async def card(outlet: SlackOutlet, person: Person, place: SlackChannel | SlackPerson) -> dict[str, Any]:
    """Post the result, and see it."""
    await outlet.send(parcel(place, DONE))
    while True:
        message = await person.sees("message")
        if "Chargeback" in text_of(message):
            return message


async def choose(person: Person, message: dict[str, Any], word: str) -> None:
    menu = button(message, CHOICE)
    option = next(one for one in menu["options"] if one["value"].startswith(f"{word}:"))
    await act(person, message, {**menu, "selected_option": option})


async def act(person: Person, message: dict[str, Any], action: dict[str, Any]) -> None:
    place = {"type": "message", "channel": message["channel"], "ts": message["ts"]}
    await person.do("action", container=place, action=action)


async def thumb(person: Person, message: dict[str, Any], side: str) -> str:
    thumbs = button(message, THUMB)
    await act(person, message, {**thumbs, "value": thumbs[f"{side}_button"]["value"]})
    return text_of(await person.sees("ephemeral"))


async def subscribed(subscriptions: RedisSubscriptions, place: SlackChannel, owner: str) -> None:
    one = Subscription(
        id=SubscriptionId("k7m2qx"), team=TEAM, owner=owner, filter=parse("model:fraud-*"), destination=place
    )
    await subscriptions.save(one)


async def test_a_thumb_is_kept_and_thanked_for_where_nobody_else_sees_it(
    people: dict[str, Person], outlet: SlackOutlet, channel: SlackChannel, opinions: Opinions
) -> None:
    tomas = people["tomas"]
    message = await card(outlet, tomas, channel)
    assert "Noted: 👍" in await thumb(tomas, message, "positive")
    assert "I have your 👍 already" in await thumb(tomas, message, "positive")
    assert "Noted: 👎" in await thumb(tomas, message, "negative")
    assert [one.rating for one in opinions.said] == [Rating.UP, Rating.UP, Rating.DOWN]
    assert all((one.event, one.team, one.user) == (DONE, TEAM, tomas.user) for one in opinions.said)
    times = [one.at for one in opinions.said]
    assert times == sorted(times)


async def test_a_result_in_a_direct_message_is_rated_and_fetched_alike(
    people: dict[str, Person], outlet: SlackOutlet, opinions: Opinions, entered: Afresh
) -> None:
    tomas = people["tomas"]
    own = SlackPerson(team=TEAM, user=tomas.user)
    message = await card(outlet, tomas, own)
    assert "Noted" in await thumb(tomas, message, "positive")
    await choose(tomas, message, "fetch")
    assert "on its way to you" in text_of(await tomas.sees("ephemeral"))
    assert len(opinions.said) == 1
    assert [one.destination for one in entered.entered.values()] == [own]


async def test_who_wants_it_gets_it_and_who_may_sends_it_to_the_channel_again(
    people: dict[str, Person],
    outlet: SlackOutlet,
    channel: SlackChannel,
    subscriptions: RedisSubscriptions,
    entered: Afresh,
) -> None:
    tomas, amara = people["tomas"], people["amara"]
    await subscribed(subscriptions, channel, tomas.user)
    message = await card(outlet, tomas, channel)
    await choose(amara, message, "fetch")
    assert "on its way to you" in text_of(await amara.sees("ephemeral"))
    await choose(amara, message, "repeat")
    assert f"<@{tomas.user}>" in text_of(await amara.sees("ephemeral"))
    await choose(tomas, message, "repeat")
    assert f"on its way to <#{channel.channel}> again" in text_of(await tomas.sees("ephemeral"))
    assert [one.destination for one in entered.entered.values()] == [SlackPerson(team=TEAM, user=amara.user), channel]


async def test_a_card_tells_why_it_came(
    people: dict[str, Person], outlet: SlackOutlet, channel: SlackChannel, subscriptions: RedisSubscriptions
) -> None:
    tomas = people["tomas"]
    await subscribed(subscriptions, channel, tomas.user)
    await choose(tomas, await card(outlet, tomas, channel), "why")
    assert "1 subscription wants this event" in text_of(await tomas.sees("ephemeral"))


@pytest.mark.parametrize("word", ["more", "less"])
async def test_a_filter_is_drafted_from_a_card(
    people: dict[str, Person], outlet: SlackOutlet, channel: SlackChannel, word: str
) -> None:
    tomas = people["tomas"]
    await choose(tomas, await card(outlet, tomas, channel), word)
    view = await tomas.sees("view")
    assert view["title"]["text"] == "Subscribe"
    assert ("-model:fraud-detector" in str(view)) is (word == "less")


async def test_what_is_kept_no_more_is_told_with_what_to_do(
    people: dict[str, Person], outlet: SlackOutlet, channel: SlackChannel, past: Past, opinions: Opinions
) -> None:
    tomas = people["tomas"]
    message = await card(outlet, tomas, channel)
    past.seen = []
    assert "I no longer have that result" in await thumb(tomas, message, "positive")
    assert not opinions.said
    await choose(tomas, message, "why")
    assert "I no longer have that result" in text_of(await tomas.sees("ephemeral"))
    await choose(tomas, message, "more")
    assert "I no longer remember that result" in text_of(await tomas.sees("view"))


async def test_a_value_of_nobodys_card_does_nothing(
    people: dict[str, Person], outlet: SlackOutlet, channel: SlackChannel, opinions: Opinions, entered: Afresh
) -> None:
    tomas = people["tomas"]
    message = await card(outlet, tomas, channel)
    menu, thumbs, page = button(message, CHOICE), button(message, THUMB), button(message, OPEN)
    mark = menu["options"][0]["value"].partition(":")[2]
    for value in ("", "fetch", "fetch:x", f"burn:{mark}"):
        forged = {**menu["options"][0], "value": value}
        await act(tomas, message, {**menu, "selected_option": forged})
    await act(tomas, message, {**thumbs, "value": f"sideways:{mark}"})
    await act(tomas, message, page)
    assert "Noted: 👍" in await thumb(tomas, message, "positive")
    assert len(opinions.said) == 1
    assert not entered.entered
