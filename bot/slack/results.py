"""The buttons below a result."""

from typing import Any

import structlog
from slack_bolt.async_app import AsyncApp
from slack_bolt.context.ack.async_ack import AsyncAck
from slack_bolt.context.async_context import AsyncBoltContext

from bot.core.backoff import SECOND
from bot.core.destination import SlackChannel, SlackPerson, SlackPlace, SlackThread, destination_id
from bot.core.feedback import Rating
from bot.core.marks import Mark, read_mark
from bot.render import buttons
from bot.render.replies import reply
from bot.slack.desk import Desk, Request
from bot.slack.places import here
from bot.slack.shortcuts import draft

log = structlog.get_logger()

_DRAFTS = frozenset({buttons.MORE, buttons.LESS})
"""What opens a form, for which Slack's trigger has to be fresh."""
_KNOWN = _DRAFTS | {buttons.WHY, buttons.FETCH, buttons.REPEAT}


def listen(bolt: AsyncApp, desk: Desk) -> None:
    """Answer clicks."""

    @bolt.action(buttons.OPEN)
    async def opened(ack: AsyncAck) -> None:
        await ack()  # the person's own Slack opens the page

    @bolt.action(buttons.CHOICE)
    async def chosen(ack: AsyncAck, body: dict[str, Any], context: AsyncBoltContext) -> None:
        option = body["actions"][0].get("selected_option") or {}
        word, marked = buttons.chosen(str(option.get("value", "")))
        desk.take(
            f"result-{word}" if word in _KNOWN else "result",
            body,
            context,
            lambda request: _chosen(desk, request, word, read_mark(marked)),
            fresh=word in _DRAFTS,
        )
        await ack()

    @bolt.action(buttons.THUMB)
    async def rated(ack: AsyncAck, body: dict[str, Any], context: AsyncBoltContext) -> None:
        word, marked = buttons.chosen(str(body["actions"][0].get("value", "")))
        desk.take("result-rate", body, context, lambda request: _rated(desk, request, word, read_mark(marked)))
        await ack()


async def _chosen(desk: Desk, request: Request, word: str, mark: Mark | None) -> None:
    """Do what was chosen; a value that no card of ours has does nothing. All of it may be done twice."""
    actions, actor = desk.actions, request.actor
    place = await _place(desk, request)
    match word:
        case _ if mark is None:
            log.warning("mark_unreadable", user=actor.user)
        case buttons.MORE | buttons.LESS:
            event = await actions.marked(mark)
            await draft(desk, request, [] if event is None else [event], less=word == buttons.LESS)
        case buttons.WHY:
            await desk.answer(request, reply(await actions.explain(actor, mark, place)))
        case buttons.FETCH:
            await desk.answer(request, reply(await actions.fetch(actor, mark, place, request=request.id)))
        case buttons.REPEAT:
            await desk.answer(request, reply(await actions.repeat(actor, mark, place, request=request.id)))
        case _:
            log.warning("choice_unknown", user=actor.user)


async def _rated(desk: Desk, request: Request, word: str, mark: Mark | None) -> None:
    if mark is None or word not in tuple(Rating):
        log.warning("mark_unreadable", user=request.actor.user)
        return
    answer = await desk.actions.rate(
        request.actor, mark, await _place(desk, request), Rating(word), at=_clicked_at(desk, request)
    )
    await desk.answer(request, reply(answer))


def _clicked_at(desk: Desk, request: Request) -> int:
    """When Slack took the click, in ms since the epoch: the same however often the request is worked on."""
    try:
        return round(float(request.body["actions"][0]["action_ts"]) * SECOND)
    except (KeyError, ValueError):
        return desk.actions.now()


async def _place(desk: Desk, request: Request) -> SlackPlace:
    """Where the card is: the channel, its thread if that is subscribed to, or the person's direct messages."""
    place = here(request)
    thread = (request.body.get("message") or {}).get("thread_ts")
    if not isinstance(place, SlackChannel):
        return SlackPerson(team=request.actor.team, user=request.actor.user)
    if not thread:
        return place
    within = SlackThread(team=place.team, channel=place.channel, thread=str(thread))
    return within if await desk.actions.leads_to(destination_id(within)) else place
