"""What happens to channels: the bot is invited into one."""

from typing import Any

import structlog
from slack_bolt.async_app import AsyncApp
from slack_bolt.context.ack.async_ack import AsyncAck
from slack_bolt.context.async_context import AsyncBoltContext

from bot.core.orphans import Happening
from bot.outlets.slack.web import Said
from bot.render.replies import welcome
from bot.slack.desk import Desk, Request
from bot.slack.orphans.happenings import heard

log = structlog.get_logger()


def listen(bolt: AsyncApp, desk: Desk) -> None:
    """Greet whoever invites the bot, where only they see it."""

    @bolt.event("member_joined_channel")
    async def joined(ack: AsyncAck, body: dict[str, Any], context: AsyncBoltContext) -> None:
        event = body["event"]
        if event.get("user") == context.bot_user_id and not await heard(desk, event, context, Happening.JOINED):
            return
        # Without an inviter the bot joined by itself, because somebody just subscribed the channel.
        if event.get("user") == context.bot_user_id and event.get("inviter"):
            desk.take("welcome", body, context, lambda request: _welcome(desk, request))
        await ack()


async def _welcome(desk: Desk, request: Request) -> None:
    event, message = request.body["event"], welcome()
    await desk.begin(request.id)
    call = desk.web.api.chat_postEphemeral(
        token=request.token,
        channel=event["channel"],
        user=event["inviter"],
        text=message.text,
        blocks=list(message.blocks),
    )
    reply = await desk.web.ask(call)
    if not isinstance(reply, Said):
        log.warning("welcome_failed", reply=repr(reply))
