"""The Home tab, and the greeting in a channel."""

import pytest

from bot.core.destination import SlackPerson
from bot.core.filters import parse
from bot.core.subscription import Subscription, SubscriptionId, subscription_id
from bot.sandbox.server import Sandbox
from bot.stores.subscriptions import RedisSubscriptions
from tests.edges.slack.conftest import Person, button, eventually, text_of

TEAM = "T0SANDBOX"

pytestmark = pytest.mark.usefixtures("connected")


def owned_by(user: str, number: int = 0) -> Subscription:
    return Subscription(
        id=subscription_id(number),
        team=TEAM,
        owner=user,
        filter=parse(f"model:m{number}"),
        destination=SlackPerson(team=TEAM, user=user),
        created=number,
    )


async def opened(person: Person) -> dict[str, object]:
    await person.do("home", tab="home")
    return await person.sees("home")


async def test_the_home_of_a_newcomer_tells_how_to_begin(people: dict[str, Person]) -> None:
    shown = text_of(await opened(people["tomas"]))
    assert "You have no subscriptions yet." in shown
    assert "/tidings subscribe model:fraud-* status:failed" in shown


async def test_the_home_lists_ones_own_and_its_button_ends_one(
    people: dict[str, Person], subscriptions: RedisSubscriptions
) -> None:
    tomas = people["tomas"]
    for number, user in enumerate((tomas.user, tomas.user, people["amara"].user)):
        await subscriptions.save(owned_by(user, number))
    view = await opened(tomas)
    assert "Your subscriptions*  ·  2" in text_of(view)
    assert "`m2`" not in text_of(view)
    await tomas.do("action", container={"type": "home"}, action=button(view, "unsubscribe"))
    after = await tomas.sees("home")
    assert "Unsubscribed. You no longer get events whose model is `m0`." in text_of(after)
    assert "Your subscriptions*  ·  1" in text_of(after)
    assert await subscriptions.get(subscription_id(0)) is None


async def test_a_home_that_is_out_of_date_says_so_when_clicked(
    people: dict[str, Person], subscriptions: RedisSubscriptions
) -> None:
    tomas = people["tomas"]
    await subscriptions.save(owned_by(tomas.user))
    view = await opened(tomas)
    await subscriptions.remove(SubscriptionId("000000"))
    await tomas.do("action", container={"type": "home"}, action=button(view, "unsubscribe"))
    assert "There is no subscription `000000`" in text_of(await tomas.sees("home"))


async def test_a_home_of_very_many_stays_within_slacks_limits(
    people: dict[str, Person], subscriptions: RedisSubscriptions
) -> None:
    tomas = people["tomas"]
    for number in range(45):
        await subscriptions.save(owned_by(tomas.user, number))
    shown = text_of(await opened(tomas))
    assert "Your subscriptions*  ·  45" in shown
    assert "5 more: type `/tidings list`" in shown


async def test_a_home_that_slack_refuses_leaves_the_app_working(people: dict[str, Person], sandbox: Sandbox) -> None:
    tomas = people["tomas"]
    refused = sandbox.fault("error", method="views.publish", error="not_enabled")
    await tomas.do("home", tab="home")
    await eventually(lambda: refused.hits == 1)
    assert "no subscriptions yet" in text_of(await opened(tomas))


async def test_who_invites_the_bot_is_greeted_where_only_they_see_it(
    people: dict[str, Person], sandbox: Sandbox
) -> None:
    tomas = people["tomas"]
    channel = sandbox.channel_id("random")
    await tomas.do("join", channel=channel)
    await tomas.do("invite", channel=channel, invitee=sandbox.workspace.bot.id)
    greeting = await tomas.sees("ephemeral")
    assert greeting["channel"] == channel
    assert "/tidings subscribe status:failed" in text_of(greeting)


async def test_a_greeting_that_slack_refuses_leaves_the_app_working(
    people: dict[str, Person], sandbox: Sandbox
) -> None:
    tomas = people["tomas"]
    refused = sandbox.fault("error", method="chat.postEphemeral", error="user_not_in_channel")
    channel = sandbox.channel_id("random")
    await tomas.do("join", channel=channel)
    await tomas.do("invite", channel=channel, invitee=sandbox.workspace.bot.id)
    await eventually(lambda: refused.hits == 1)
    assert "subscribe" in text_of(await tomas.type("general", "help"))
