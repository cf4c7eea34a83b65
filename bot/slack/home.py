"""The App Home tab."""

from typing import Any

from slack_bolt.async_app import AsyncApp
from slack_bolt.context.ack.async_ack import AsyncAck
from slack_bolt.context.async_context import AsyncBoltContext

from bot.core.answers import Answer
from bot.render.home import home
from bot.slack.desk import Desk, Request


def listen(bolt: AsyncApp, desk: Desk) -> None:
    """Draw the page whenever someone opens it."""

    @bolt.event("app_home_opened")
    async def opened(ack: AsyncAck, body: dict[str, Any], context: AsyncBoltContext) -> None:
        if body["event"].get("tab") == "home":
            desk.take("home", body, context, lambda request: show(desk, request))
        await ack()


async def show(desk: Desk, request: Request, *, news: Answer | None = None) -> None:
    """Publish the person's page, with what their last click came to."""
    listing = await desk.actions.list_near(request.actor, None)
    await desk.publish(request, home(listing, news=news))
