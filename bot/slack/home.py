"""The App Home tab.

Drawing it changes nothing and is of no use later, so it passes by the inbox: with Redis away the tab says so. What a
click changes goes through it.
"""

import re
import time
from dataclasses import replace
from typing import Any, Final

import structlog
from pydantic import TypeAdapter, ValidationError
from slack_bolt.async_app import AsyncApp
from slack_bolt.context.ack.async_ack import AsyncAck
from slack_bolt.context.async_context import AsyncBoltContext

from bot.core.answers import Answer, Listing
from bot.core.destination import DestinationId
from bot.core.errors import UnavailableError
from bot.core.looks import Preferred, Report
from bot.outlets.slack.errors import Answer as SlackAnswer
from bot.outlets.slack.web import Said
from bot.render.home import AGAIN, CLEAR, LATELY, PAGE, PLACE, SEARCH, TAB, Page, Shown, Tab, away, home
from bot.render.message import Block
from bot.render.preferences import move_view
from bot.render.reply.places import named
from bot.slack.desk import Desk, Request
from bot.slack.opening import show as open_modal

log = structlog.get_logger()

_TURNS: Final = re.compile(
    rf"^({re.escape(TAB)}|{re.escape(PAGE)})\.|^({re.escape(SEARCH)}|{re.escape(CLEAR)}|{re.escape(AGAIN)})$"
)
_SHOWN: Final = TypeAdapter(Shown)


def listen(bolt: AsyncApp, desk: Desk) -> None:
    """Draw the page whenever someone opens it or turns to another part of it, and do what its menus say."""

    async def draw(request: Request) -> None:
        desk.errands.start("home", show(desk, request, shown=_turned(request)))

    @bolt.event("app_home_opened")
    async def opened(ack: AsyncAck, body: dict[str, Any], context: AsyncBoltContext) -> None:
        if body["event"].get("tab") == "home":
            await desk.at_once("home", body, context, draw, otherwise=None)
        await ack()

    @bolt.action(_TURNS)
    async def turned(ack: AsyncAck, body: dict[str, Any], context: AsyncBoltContext) -> None:
        await desk.at_once("home-turn", body, context, draw, otherwise=None)
        await ack()

    @bolt.action(PLACE)
    async def cared(ack: AsyncAck, body: dict[str, Any], context: AsyncBoltContext) -> None:
        moving = _menu(body).startswith("move:")
        desk.take("home-place", body, context, lambda request: _care(desk, request), fresh=moving)
        await ack()


async def show(desk: Desk, request: Request, *, news: Answer | None = None, shown: Shown | None = None) -> None:
    """Publish the person's page, with what their last click came to.

    Of several drawings for one person that come together the last is published.
    """
    wanted = shown or read_state(home_state(request))
    await desk.latest.do(
        ("home", request.actor.team, request.actor.user), lambda: _publish(desk, request, wanted, news)
    )


async def _publish(desk: Desk, request: Request, shown: Shown, news: Answer | None) -> None:
    known = str(_view(request).get("hash") or "")
    reply = await _published(desk, request, await _drawn(desk, request, shown, news), known)
    if isinstance(reply, SlackAnswer) and reply.error == "hash_conflict":
        # What the click was made in is not what is shown any more: read all anew, and show that.
        reply = await _published(desk, request, await _drawn(desk, request, shown, news), "")
    if not isinstance(reply, Said):
        log.warning("home_failed", reply=repr(reply))


async def _published(desk: Desk, request: Request, view: Block, known: str) -> Any:
    user = request.actor.user
    call = desk.web.api.views_publish(token=request.token, user_id=user, view=view, hash=known or None)
    return await desk.web.ask(call)


async def _drawn(desk: Desk, request: Request, shown: Shown, news: Answer | None) -> Block:
    try:
        page = await _page(desk, request, shown, news)
    except UnavailableError as error:
        log.warning("home_unavailable", reason=str(error))
        return away(error, metadata=_metadata(shown))
    return home(page, metadata=_metadata(page.shown))


async def _page(desk: Desk, request: Request, shown: Shown, news: Answer | None) -> Page:
    actions, actor = desk.actions, request.actor
    is_admin = await actions.is_admin(actor)
    shown = shown if is_admin else replace(shown, tab=Tab.MINE)
    report = await actions.status(actor)
    found: Any = None
    page = Page(
        shown=shown,
        listing=None,
        is_admin=is_admin,
        report=report if isinstance(report, Report) else None,
        news=news,
        now=time.time_ns() // 1_000_000,
    )
    match shown.tab:
        case Tab.MINE:
            rooms = await desk.rooms.of(desk.web, token=request.token, team=actor.team, user=actor.user)
            found = await actions.list_mine(actor, rooms)
            preferred = await actions.preferences(actor)
            return replace(
                page,
                listing=found,
                preferred=preferred if isinstance(preferred, Preferred) else None,
                lately=actions.lately(found.subscriptions, limit=LATELY),
            )
        case Tab.EVERYONE:
            found = await actions.list_all(actor, wanted=shown.wanted)
            return replace(page, listing=found if isinstance(found, Listing) else None)
        case Tab.HEALTH:
            return page


async def _care(desk: Desk, request: Request) -> None:
    """Resume or move a place that is paused."""
    act, _, place = _menu(request.body).partition(":")
    if act == "move":
        await open_modal(desk, request, move_view(named(DestinationId(place)), metadata=place))
        return
    answer = await desk.actions.resume_place(request.actor, DestinationId(place))
    await show(desk, request, news=answer)


def _turned(request: Request) -> Shown:
    """What is to be shown after a click."""
    shown = read_state(home_state(request))
    actions = request.body.get("actions") or [{}]
    action, value = str(actions[0].get("action_id", "")), str(actions[0].get("value") or "")
    if action.startswith(TAB):
        return Shown(tab=Tab(value) if value in tuple(Tab) else Tab.MINE, turn=shown.turn)
    if action.startswith(PAGE):
        return replace(shown, page=int(value) if value.isdecimal() else 1)
    if action == SEARCH:
        return replace(shown, page=1, wanted=value.strip()[:200])
    if action == CLEAR:
        return replace(shown, page=1, wanted="", turn=shown.turn + 1)
    return shown


def home_state(request: Request) -> str | None:
    """What the Home tab showed in which the person acted, for `read_state`; None where they acted elsewhere."""
    view = _view(request)
    return str(view.get("private_metadata") or "{}") if view else None


def read_state(text: str | None) -> Shown:
    """What is to be shown, as it was kept; the beginning where that can't be read."""
    try:
        return _SHOWN.validate_json(text or "{}")
    except ValidationError:
        return Shown()


def _metadata(shown: Shown) -> str:
    return _SHOWN.dump_json(shown, exclude_defaults=True).decode()


def _view(request: Request) -> dict[str, Any]:
    """The Home as it was when the person acted."""
    body = request.body
    view = body.get("view") or (body.get("event") or {}).get("view") or {}
    return view if view.get("type") == "home" else {}


def _menu(body: Any) -> str:
    return str((body["actions"][0].get("selected_option") or {}).get("value", ""))
