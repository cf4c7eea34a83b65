"""Buttons and menus in our replies and on the Home tab."""

import re
from collections.abc import Awaitable, Callable
from typing import Any

import structlog
from slack_bolt.async_app import AsyncApp
from slack_bolt.context.ack.async_ack import AsyncAck
from slack_bolt.context.async_context import AsyncBoltContext

from bot.core.answers import Answer, Listing, NotAllowed
from bot.core.destination import DestinationId
from bot.core.subscription import read_id
from bot.render.doubt import SHOW, answered, asked_about
from bot.render.message import Message
from bot.render.replies import listing, reply
from bot.render.reply.lists import PAGE, read_turn
from bot.render.reply.looks import RESUME_PLACE
from bot.render.reply.mistakes import not_the_last
from bot.render.reply.phrases import UNDO, UNSUBSCRIBE
from bot.render.reply.places import AGAIN, ANYWAY
from bot.render.reply.subscriptions import END_ALL, unsubscribed_all
from bot.slack import menus
from bot.slack.asking import shelf
from bot.slack.commands import run
from bot.slack.desk import Desk, Request
from bot.slack.home import show

log = structlog.get_logger()

Click = Callable[[Desk, Request, str], Awaitable[None]]
"""What follows a click on what has this value; anybody can send any."""


def listen(bolt: AsyncApp, desk: Desk) -> None:
    """Answer clicks."""
    menus.listen(bolt, desk)
    for action, name, work in (
        (UNSUBSCRIBE, "unsubscribe-button", _unsubscribe),
        (END_ALL, "end-all-button", _end_all),
        (UNDO, "undo-button", _undo),
        (AGAIN, "again-button", _again),
        (ANYWAY, "anyway-button", _anyway),
        (SHOW, "show-button", _show),
        (re.compile(rf"^{re.escape(PAGE)}\."), "page-button", _page),
        (re.compile(rf"^{re.escape(RESUME_PLACE)}\."), "resume-button", _resume_place),
    ):
        _on(bolt, desk, action, name, work)


def _on(bolt: AsyncApp, desk: Desk, action: str | re.Pattern[str], name: str, work: Click) -> None:
    @bolt.action(action)
    async def clicked(ack: AsyncAck, body: dict[str, Any], context: AsyncBoltContext) -> None:
        value = str(body["actions"][0].get("value", ""))
        desk.take(name, body, context, lambda request: work(desk, request, value))
        await ack()


async def _unsubscribe(desk: Desk, request: Request, value: str) -> None:
    await _tell(desk, request, await desk.actions.unsubscribe(request.actor, read_id(value)))


async def _undo(desk: Desk, request: Request, value: str) -> None:
    subscription, _, made = value.partition(":")
    answer = await desk.actions.undo_this(request.actor, read_id(subscription), made)
    if answer is None:
        await desk.answer(request, not_the_last(read_id(subscription)))
    else:
        await _tell(desk, request, answer)


async def _resume_place(desk: Desk, request: Request, value: str) -> None:
    answer = await desk.actions.resume_place(request.actor, DestinationId(value))
    await _tell(desk, request, answer, replace=False)


async def _tell(desk: Desk, request: Request, answer: Answer, *, replace: bool = True) -> None:
    """Say what the click came to, where it was clicked."""
    if request.response_url is None:
        await show(desk, request, news=answer)
    else:
        await desk.answer(request, reply(answer), replace=replace)


async def _end_all(desk: Desk, request: Request, _: str) -> None:
    gone = await desk.actions.unsubscribe_all(request.actor)
    await desk.answer(request, unsubscribed_all(gone), replace=True)


async def _again(desk: Desk, request: Request, value: str) -> None:
    await run(desk, request, value, replace=True)


async def _anyway(desk: Desk, request: Request, value: str) -> None:
    await run(desk, request, value, confirmed=True, replace=True)


async def _show(desk: Desk, request: Request, value: str) -> None:
    """Show what a card asks about; the card says so, and loses its button."""
    answer = await desk.actions.show(request.actor, asked_about(value))
    log.info("shown_on_request", user=request.actor.user, answer=type(answer).__name__)
    said = reply(answer)
    card = (request.body.get("message") or {}).get("blocks", ())
    await desk.answer(request, Message(text=said.text, blocks=answered(card, said.text)), replace=True)


async def _page(desk: Desk, request: Request, value: str) -> None:
    name, page, wanted = read_turn(value)
    found: Listing | NotAllowed = await shelf(desk, request, name, wanted)
    now = desk.actions.now()
    message = listing(found, page=page, now=now) if isinstance(found, Listing) else reply(found)
    await desk.answer(request, message, replace=True)
