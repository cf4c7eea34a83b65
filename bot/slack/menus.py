"""The menu beside each subscription of a list, in replies and on the Home tab."""

from typing import Any

import structlog
from slack_bolt.async_app import AsyncApp
from slack_bolt.context.ack.async_ack import AsyncAck
from slack_bolt.context.async_context import AsyncBoltContext

from bot.core.answers import Answer
from bot.core.backoff import HOUR
from bot.core.subscription import Holding, SubscriptionId, read_id
from bot.outlets.slack.web import Said
from bot.render import help as manual
from bot.render.message import Block, Message
from bot.render.replies import reply
from bot.render.reply.menu import MENU
from bot.slack.desk import Desk, Request
from bot.slack.home import show
from bot.slack.modals import open_subscribe

log = structlog.get_logger()

_OPENING = frozenset({"edit", "history"})
"""What may open a view, for which Slack's trigger has to be fresh."""
_MUTED = HOUR


def listen(bolt: AsyncApp, desk: Desk) -> None:
    """Answer choices."""

    @bolt.action(MENU)
    async def chosen(ack: AsyncAck, body: dict[str, Any], context: AsyncBoltContext) -> None:
        option = body["actions"][0].get("selected_option") or {}
        verb, _, subscription = str(option.get("value", "")).partition(":")
        desk.take(
            f"menu-{verb}" if verb in _KNOWN else "menu",
            body,
            context,
            lambda request: _chosen(desk, request, verb, read_id(subscription)),
            fresh=verb in _OPENING,
        )
        await ack()


async def _chosen(desk: Desk, request: Request, verb: str, subscription: SubscriptionId) -> None:
    """Do what was chosen; a value that no menu of ours has does nothing."""
    actions, actor = desk.actions, request.actor
    match verb:
        case "edit":
            if not await open_subscribe(desk, request, editing=subscription):
                await desk.answer(request, manual.about("edit"))
        case "history":
            await _look(desk, request, reply(await actions.history(actor, subscription)))
        case "pause":
            await _tell(desk, request, await actions.hold(actor, subscription, Holding.PAUSED))
        case "mute":
            until = actions.now() + _MUTED
            await _tell(desk, request, await actions.hold(actor, subscription, Holding.MUTED, until=until))
        case "resume":
            await _tell(desk, request, await actions.resume(actor, subscription))
        case "test":
            await desk.begin(request.id)  # done twice it would send two
            await _tell(desk, request, await actions.test(actor, subscription))
        case "unsubscribe":
            await _tell(desk, request, await actions.unsubscribe(actor, subscription))
        case _:
            log.warning("choice_unknown", user=actor.user)


_KNOWN = frozenset({"edit", "history", "pause", "mute", "resume", "test", "unsubscribe"})


async def _tell(desk: Desk, request: Request, answer: Answer) -> None:
    """Say what the choice came to; a list stays where it is, and the answer comes below it."""
    if request.response_url is None:
        await show(desk, request, news=answer)
    else:
        await desk.answer(request, reply(answer))


async def _look(desk: Desk, request: Request, message: Message) -> None:
    """Show something to read; over the Home tab, which has no place for it, as a view."""
    if request.response_url is not None:
        await desk.answer(request, message)
        return
    view: Block = {
        "type": "modal",
        "title": {"type": "plain_text", "text": "History"},
        "close": {"type": "plain_text", "text": "Close"},
        "blocks": list(message.blocks),
    }
    call = desk.web.api.views_open(token=request.token, trigger_id=request.body["trigger_id"], view=view)
    answer = await desk.web.ask(call)
    if not isinstance(answer, Said):
        log.warning("history_not_shown", reply=repr(answer))
