"""People type and click in a sandbox workspace, over Socket Mode and over signed HTTP."""

from bot.core.destination import SlackChannel, SlackPerson, Webhook
from bot.sandbox.server import Sandbox
from bot.slack.app import SlackApp
from bot.stores.subscriptions import RedisSubscriptions
from tests.edges.slack.conftest import Person, text_of


async def test_subscribe_answers_with_what_where_and_how_to_undo(
    connected: SlackApp, people: dict[str, Person], subscriptions: RedisSubscriptions, sandbox: Sandbox
) -> None:
    reply = await people["tomas"].type("fraud-alerts", "subscribe model:fraud-* status:failed confidence<0.8")
    _, (made,) = await subscriptions.snapshot()
    channel = sandbox.channel_id("fraud-alerts")
    assert made.destination == SlackChannel(team="T0SANDBOX", channel=channel)
    assert made.owner == people["tomas"].user
    shown = text_of(reply)
    assert (
        f"<#{channel}> gets events whose model is `fraud-*`, status is `failed` and confidence is below `0.8`" in shown
    )
    assert "model:fraud-* status:failed confidence<0.8" in shown
    assert made.id in shown
    await people["tomas"].click(reply, "unsubscribe")
    changed = await people["tomas"].sees("message_changed")
    assert "Unsubscribed" in text_of(changed)
    assert (await subscriptions.snapshot())[1] == ()
