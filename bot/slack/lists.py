"""The button of a summary's card: the whole list, page by page. Whoever reads the card where it stands may read it."""

from typing import Any

import structlog
from slack_bolt.async_app import AsyncApp
from slack_bolt.context.ack.async_ack import AsyncAck
from slack_bolt.context.async_context import AsyncBoltContext

from bot.core.destination import workspace_of
from bot.core.errors import UnavailableError
from bot.outlets.slack.web import Said
from bot.ports.summaries import ListId, Page
from bot.render.message import Block
from bot.render.summary import PAGE, SHOW_ALL, TURN, listing, no_longer_listed
from bot.slack import opening
from bot.slack.desk import Desk, Request

log = structlog.get_logger()


def listen(bolt: AsyncApp, desk: Desk) -> None:
    """Answer clicks on the button, and on those that turn pages."""

    @bolt.action(SHOW_ALL)
    async def opened(ack: AsyncAck, body: dict[str, Any], context: AsyncBoltContext) -> None:
        # Slack's trigger lives for 3 seconds.
        desk.take("summary-list", body, context, lambda request: _open(desk, request), fresh=True)
        await ack()

    for way in ("earlier", "later"):

        @bolt.action(f"{TURN}.{way}")
        async def turned(ack: AsyncAck, body: dict[str, Any], context: AsyncBoltContext) -> None:
            desk.take("summary-turn", body, context, lambda request: _turn(desk, request))
            await ack()


async def _open(desk: Desk, request: Request) -> None:
    name = ListId(_value(request))
    page = await _page(desk, name, 1)
    # The value is whatever a client sends; the conversation is what Slack says that the click came from.
    if page is not None and not _is_here(page, request):
        log.warning("list_of_another_place", user=request.actor.user, channel=request.channel)
        page = None
    await opening.show(desk, request, _view(name, page, 1))


async def _turn(desk: Desk, request: Request) -> None:
    """The view names the list: it came from us, and Slack lets nobody write in it."""
    view, value = request.body["view"], _value(request)
    name, number = ListId(str(view.get("private_metadata", ""))), int(value) if value.isdecimal() else 1
    page = await _page(desk, name, number)
    if page is not None and workspace_of(page.place) != request.actor.team:
        page = None
    call = desk.web.api.views_update(token=request.token, view_id=str(view["id"]), view=_view(name, page, number))
    reply = await desk.web.ask(call)
    if not isinstance(reply, Said):
        log.warning("modal_failed", modal=TURN, reply=repr(reply))


async def _page(desk: Desk, name: ListId, number: int) -> Page | None:
    if desk.summaries is None:
        return None
    try:
        return await desk.summaries.page(name, begin=(number - 1) * PAGE, count=PAGE)
    except UnavailableError as error:
        log.warning("list_unavailable", why=str(error))
        return None


def _view(name: ListId, page: Page | None, number: int) -> Block:
    if page is None:
        return no_longer_listed()
    return listing(name, page.rows, page=number, total=page.total)


def _is_here(page: Page, request: Request) -> bool:
    return workspace_of(page.place) == request.actor.team and page.channel == request.channel


def _value(request: Request) -> str:
    return str(request.body["actions"][0].get("value", ""))
