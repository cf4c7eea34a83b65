"""The buttons of an orphan's card: resume, end, take over, move. Who may is the actions' to say."""

from collections.abc import Sequence
from typing import Any

import structlog
from slack_bolt.async_app import AsyncApp
from slack_bolt.context.ack.async_ack import AsyncAck
from slack_bolt.context.async_context import AsyncBoltContext

from bot.core.answers import Changed, Moved, NotAllowed, PlaceResumed, Unchanged, Unsubscribed
from bot.core.destination import DestinationId, SlackChannel
from bot.core.notices import Orphanhood
from bot.core.permission import Act
from bot.core.subscription import SubscriptionId
from bot.outlets.slack.web import Said
from bot.render.message import Message
from bot.render.notices import ADOPT, END, MOVE, RESUME, ended, move_modal, resumed
from bot.render.replies import reply
from bot.slack.desk import Desk, Request

log = structlog.get_logger()


def listen(bolt: AsyncApp, desk: Desk) -> None:
    """Answer clicks on cards."""

    @bolt.action(RESUME)
    async def resume(ack: AsyncAck, body: dict[str, Any], context: AsyncBoltContext) -> None:
        desk.take("orphan-resume", body, context, lambda request: _resume(desk, request))
        await ack()

    @bolt.action(END)
    async def end(ack: AsyncAck, body: dict[str, Any], context: AsyncBoltContext) -> None:
        desk.take("orphan-end", body, context, lambda request: _end(desk, request))
        await ack()

    @bolt.action(ADOPT)
    async def adopt(ack: AsyncAck, body: dict[str, Any], context: AsyncBoltContext) -> None:
        desk.take("orphan-adopt", body, context, lambda request: _adopt(desk, request))
        await ack()

    @bolt.action(MOVE)
    async def ask(ack: AsyncAck, body: dict[str, Any], context: AsyncBoltContext) -> None:
        desk.take("orphan-ask", body, context, lambda request: _ask(desk, request), fresh=True)
        await ack()

    @bolt.view(MOVE)
    async def move(ack: AsyncAck, body: dict[str, Any], context: AsyncBoltContext) -> None:
        desk.take("orphan-move", body, context, lambda request: _move(desk, request))
        await ack()


async def _resume(desk: Desk, request: Request) -> None:
    value = _value(request)
    if "/" in value:
        message = await _resume_place(desk, request, DestinationId(value))
    else:
        ids = _ids(value)
        done = [one for one in ids if isinstance(await desk.actions.resume(request.actor, one), Changed | Unchanged)]
        message = resumed(done, len(ids) - len(done))
    await desk.answer(request, message, replace=True)


async def _resume_place(desk: Desk, request: Request, place: DestinationId) -> Message:
    lost = None if desk.orphans is None else await desk.orphans.was_told(place)
    if lost is Orphanhood.EXTERNAL and not await desk.actions.is_admin(request.actor):
        return reply(NotAllowed(act=Act.SUBSCRIBE_EXTERNAL))
    answer = await desk.actions.resume_place(request.actor, place)
    if isinstance(answer, PlaceResumed):
        await _decided(desk, place)
    return reply(answer)


async def _end(desk: Desk, request: Request) -> None:
    ids = _ids(_value(request))
    done = [one for one in ids if isinstance(await desk.actions.unsubscribe(request.actor, one), Unsubscribed)]
    await desk.answer(request, ended(done, len(ids) - len(done)), replace=True)


async def _adopt(desk: Desk, request: Request) -> None:
    answer = await desk.actions.adopt(request.actor, _ids(_value(request)))
    await desk.answer(request, reply(answer), replace=True)


async def _ask(desk: Desk, request: Request) -> None:
    call = desk.web.api.views_open(
        token=request.token,
        trigger_id=str(request.body.get("trigger_id", "")),
        view=move_modal(DestinationId(_value(request))),
    )
    said = await desk.web.ask(call)
    if not isinstance(said, Said):
        log.warning("modal_failed", modal=MOVE, reply=repr(said))


async def _move(desk: Desk, request: Request) -> None:
    """Move, and tell the person by direct message: a closed modal has no place for an answer."""
    view = request.body["view"]
    place = DestinationId(view["private_metadata"])
    channel = view["state"]["values"]["to"]["channel"]["selected_conversation"]
    to = SlackChannel(team=request.actor.team, channel=channel)
    answer = await desk.actions.move_place(request.actor, place, to)
    if isinstance(answer, Moved) and not answer.left:
        await _decided(desk, place)
    message = reply(answer)
    await desk.begin(request.id)
    call = desk.web.api.chat_postMessage(
        token=request.token,
        channel=request.actor.user,
        text=message.text,
        blocks=list(message.blocks),
        unfurl_links=False,
        unfurl_media=False,
    )
    said = await desk.web.ask(call)
    if not isinstance(said, Said):
        log.warning("reply_failed", reason=repr(said))


async def _decided(desk: Desk, place: DestinationId) -> None:
    if desk.orphans is not None:
        await desk.orphans.decided(place)


def _value(request: Request) -> str:
    return str(request.body["actions"][0].get("value", ""))


def _ids(value: str) -> Sequence[SubscriptionId]:
    return [SubscriptionId(one) for one in value.split(",") if one]
