"""The greeting in a channel."""

import pytest

from bot.sandbox.server import Sandbox
from tests.edges.slack.conftest import Person, eventually, text_of

TEAM = "T0SANDBOX"

pytestmark = pytest.mark.usefixtures("connected")


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
