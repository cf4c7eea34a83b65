"""Buttons in our replies and on the Home tab."""

import re
from typing import Any

import structlog
from slack_bolt.async_app import AsyncApp
from slack_bolt.context.ack.async_ack import AsyncAck
from slack_bolt.context.async_context import AsyncBoltContext

from bot.core.answers import Listing, Shelf
from bot.core.subscription import read_id
from bot.render.doubt import SHOW, answered, asked_about
from bot.render.message import Message
from bot.render.replies import PAGE, UNSUBSCRIBE, listing, reply
from bot.slack.desk import Desk, Request
from bot.slack.home import show
from bot.slack.places import here

log = structlog.get_logger()

_PAGES = re.compile(rf"^{PAGE}\.")


def listen(bolt: AsyncApp, desk: Desk) -> None:
    """Answer clicks."""

    @bolt.action(UNSUBSCRIBE)
    async def unsubscribe(ack: AsyncAck, body: dict[str, Any], context: AsyncBoltContext) -> None:
        desk.take("unsubscribe-button", body, context, lambda request: _unsubscribe(desk, request))
        await ack()

    @bolt.action(SHOW)
    async def wanted(ack: AsyncAck, body: dict[str, Any], context: AsyncBoltContext) -> None:
        desk.take("show-button", body, context, lambda request: _show(desk, request))
        await ack()

    @bolt.action(_PAGES)
    async def page(ack: AsyncAck, body: dict[str, Any], context: AsyncBoltContext) -> None:
        desk.take("page-button", body, context, lambda request: _page(desk, request))
        await ack()


async def _unsubscribe(desk: Desk, request: Request) -> None:
    answer = await desk.actions.unsubscribe(request.actor, read_id(_value(request)))
    if request.response_url is None:
        await show(desk, request, news=answer)
    else:
        await desk.answer(request, reply(answer), replace=True)


async def _show(desk: Desk, request: Request) -> None:
    """Show what a card asks about; the card says so, and loses its button."""
    answer = await desk.actions.show(request.actor, asked_about(_value(request)))
    log.info("shown_on_request", user=request.actor.user, answer=type(answer).__name__)
    said = reply(answer)
    card = (request.body.get("message") or {}).get("blocks", ())
    await desk.answer(request, Message(text=said.text, blocks=answered(card, said.text)), replace=True)


async def _page(desk: Desk, request: Request) -> None:
    shelf, _, number = _value(request).partition(":")
    if shelf == Shelf.ALL:
        found = await desk.actions.list_all(request.actor)
    else:
        found = await desk.actions.list_near(request.actor, here(request))
    page = int(number) if number.isdecimal() else 1
    message = listing(found, page=page) if isinstance(found, Listing) else reply(found)
    await desk.answer(request, message, replace=True)


def _value(request: Request) -> str:
    return str(request.body["actions"][0].get("value", ""))
