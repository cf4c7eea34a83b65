"""The message shortcuts: a filter drafted from a result that somebody looks at."""

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import unquote

import structlog
from slack_bolt.async_app import AsyncApp
from slack_bolt.context.ack.async_ack import AsyncAck
from slack_bolt.context.async_context import AsyncBoltContext

from bot.core.drafting import less_like, more_like
from bot.core.event import Event
from bot.core.filters import Filter
from bot.core.form import Form, Where, fill
from bot.core.subscription import Style, Subscription
from bot.outlets.slack.web import Reply, Said
from bot.render.message import DELIVERY_EVENT, told_of
from bot.render.modals import LESS, MORE, forgotten, not_ours, said_view
from bot.slack.desk import Desk, Request
from bot.slack.modals import open_form, setting_of
from bot.slack.opening import show
from bot.slack.places import here

log = structlog.get_logger()


def listen(bolt: AsyncApp, desk: Desk) -> None:
    """Draft a filter from the message."""

    @bolt.shortcut(MORE)
    async def more(ack: AsyncAck, body: dict[str, Any], context: AsyncBoltContext) -> None:
        desk.take("more-like", body, context, lambda request: _draft(desk, request, less=False), fresh=True)
        await ack()

    @bolt.shortcut(LESS)
    async def less(ack: AsyncAck, body: dict[str, Any], context: AsyncBoltContext) -> None:
        desk.take("less-like", body, context, lambda request: _draft(desk, request, less=True), fresh=True)
        await ack()


async def _draft(desk: Desk, request: Request, *, less: bool) -> None:
    told = await _told(desk, request)
    if told is None:
        await show(desk, request, said_view("Not a result", not_ours()))
        return
    await draft(desk, request, [found for one in told if (found := desk.actions.find(unquote(one)))], less=less)


async def draft(desk: Desk, request: Request, events: Sequence[Event], *, less: bool) -> None:
    """Open a form for more results like the newest of these, or for fewer; an empty form where there are none."""
    place = here(request)
    setting = setting_of(request)
    if not events:
        await open_form(desk, request, setting, Form(), notice=forgotten())
        return
    event = max(events, key=lambda one: one.time)
    tags = desk.actions.tokens().tags
    if not less:
        await open_form(desk, request, setting, fill(more_like(event, tags), Style(), Form()), notice=_about(events))
        return
    bringing = await desk.actions.bringing(request.actor, event, place)
    wanted = less_like(bringing.filter if bringing else Filter(), event, tags)
    form = _less(wanted or Filter(), bringing)
    await open_form(desk, request, setting, form, edited=bringing, notice=_kept(bringing) + _about(events))


def _less(wanted: Filter, bringing: Subscription | None) -> Form:
    if bringing is None:
        return fill(wanted, Style(), Form())
    return fill(wanted, bringing.style, Form(where=Where.KEEP))


def _about(events: Sequence[Event]) -> str:
    return "" if len(events) == 1 else f"That message tells of {len(events)} results; this is drafted from the newest. "


def _kept(bringing: Subscription | None) -> str:
    if bringing is not None:
        return ""
    return "You may not change what brought this here, so this is a subscription of your own. "


async def _told(desk: Desk, request: Request) -> tuple[str, ...] | None:
    """The ids of the events that the message tells of; none where nobody can tell, None where it is not ours.

    With the shortcut Slack sends no more of the metadata than its type, so the message is looked up.
    """
    message: Mapping[str, Any] = request.body.get("message") or {}
    if told := told_of(message.get("metadata")):
        return told
    kind = (message.get("metadata") or {}).get("event_type")
    if not message.get("bot_id") or kind not in {None, DELIVERY_EVENT}:
        return None
    reply = await _looked_up(desk, request, message)
    if not isinstance(reply, Said):
        log.warning("message_not_read", reply=repr(reply))
        return () if kind == DELIVERY_EVENT else None
    found = [one for one in reply.data.get("messages", ()) if one.get("ts") == message.get("ts")]
    return told_of(found[0].get("metadata")) if found else None


async def _looked_up(desk: Desk, request: Request, message: Mapping[str, Any]) -> Reply:
    ts, thread = message.get("ts"), message.get("thread_ts")
    span: dict[str, Any] = {"oldest": ts, "latest": ts, "inclusive": True, "include_all_metadata": True}
    to: dict[str, Any] = {"token": request.token, "channel": request.channel or ""}
    if thread and thread != ts:  # the thread's parent comes along
        return await desk.web.ask(desk.web.api.conversations_replies(ts=thread, limit=2, **to, **span))
    return await desk.web.ask(desk.web.api.conversations_history(limit=1, **to, **span))
