"""The form in which people subscribe and edit: opened from commands, shortcuts, Home and menus.

What is drawn as somebody types is of no use later, so it passes by the inbox; so does what they send off, since Slack
tells them when it was not taken, and keeps what they typed.
"""

import re
from dataclasses import replace
from typing import Any, Final

import structlog
from slack_bolt.async_app import AsyncApp
from slack_bolt.context.ack.async_ack import AsyncAck
from slack_bolt.context.async_context import AsyncBoltContext

from bot.core.commands import Channel, Email, Group, Here, Me, Person, Place, Subscribe, Url
from bot.core.form import Form, Setting, Where, called_group, fill
from bot.core.subscription import Subscription, SubscriptionId
from bot.render.faults import UNAVAILABLE
from bot.render.message import Block
from bot.render.modals import OPEN, SUBSCRIBE, form_view, said_view
from bot.render.replies import reply
from bot.slack import forms, suggestions
from bot.slack.desk import Desk, Request
from bot.slack.drawing import Drawing, about, drafted
from bot.slack.home import home_state
from bot.slack.opening import show
from bot.slack.places import here
from bot.slack.submission import errors, submit

log = structlog.get_logger()

_FIELDS: Final = re.compile(r"^form\.(?!open$)")


def listen(bolt: AsyncApp, desk: Desk) -> None:
    """Open the form, draw it anew as it is filled in, and take it up when it is sent off."""
    drawing = Drawing(desk)

    @bolt.shortcut(SUBSCRIBE)
    async def shortcut(ack: AsyncAck, body: dict[str, Any], context: AsyncBoltContext) -> None:
        desk.take("form-shortcut", body, context, lambda request: _anew(desk, request), fresh=True)
        await ack()

    @bolt.action(OPEN)
    async def again(ack: AsyncAck, body: dict[str, Any], context: AsyncBoltContext) -> None:
        desk.take("form-button", body, context, lambda request: _again(desk, request), fresh=True)
        await ack()

    @bolt.action(_FIELDS)
    async def changed(ack: AsyncAck, body: dict[str, Any], context: AsyncBoltContext) -> None:
        await desk.at_once("form-change", body, context, drawing.take, otherwise=None)
        await ack()

    @bolt.options(suggestions.SEARCHED)
    async def options(ack: AsyncAck, body: dict[str, Any], context: AsyncBoltContext) -> None:
        nothing: list[Block] = []
        found = await desk.at_once(
            "form-options", body, context, lambda request: suggestions.suggest(desk, request), otherwise=nothing
        )
        await ack(options=found)

    @bolt.view(SUBSCRIBE)
    async def sent(ack: AsyncAck, body: dict[str, Any], context: AsyncBoltContext) -> None:
        otherwise = errors({"where": UNAVAILABLE})
        answer = await desk.at_once(
            "form-submit", body, context, lambda request: submit(desk, request), otherwise=otherwise
        )
        await ack(**answer)


async def open_subscribe(
    desk: Desk, request: Request, *, draft: Subscribe | None = None, editing: SubscriptionId | None = None
) -> bool:
    """Open the form, filled in with a draft or with what a subscription is; False where it could not be opened.

    Where it came too late for Slack, the person is offered to open it again, and that is True. Raises UnavailableError.
    """
    setting = replace(setting_of(request), edited=editing)
    if editing is not None:
        found = await desk.actions.editable(request.actor, editing)
        if not isinstance(found, Subscription):
            return await show(desk, request, said_view(f"Edit {editing}", reply(found)))
        return await open_form(desk, request, setting, filled(found), edited=found)
    wanted = draft or Subscribe()
    form = fill(wanted.filter, wanted.style, _placed(wanted.to))
    return await open_form(desk, request, replace(setting, group=called_group(wanted.style)), form)


async def open_form(
    desk: Desk,
    request: Request,
    setting: Setting,
    form: Form,
    *,
    edited: Subscription | None = None,
    notice: str = "",
) -> bool:
    """Open a form; as `open_subscribe`."""
    if edited is not None:
        setting = about(setting, edited)
    draft = await drafted(desk, request, setting, form, edited=edited, notice=notice)
    value = forms.button_value(setting, form)
    kept = "what you typed" if forms.fits(setting, form) else "the subscription"
    return await show(desk, request, form_view(draft, metadata=forms.kept(setting)), again=value, kept=kept)


def setting_of(request: Request) -> Setting:
    """What surrounds a form that is opened for this request."""
    return Setting(team=request.actor.team, user=request.actor.user, here=here(request), home=home_state(request))


def filled(subscription: Subscription) -> Form:
    """The form that a subscription fills."""
    return fill(subscription.filter, subscription.style, Form(where=Where.KEEP))


async def _anew(desk: Desk, request: Request) -> None:
    await open_subscribe(desk, request)


async def _again(desk: Desk, request: Request) -> None:
    """Open the form that a button carries; one that carries none opens an empty one."""
    actor, value = request.actor, str(request.body["actions"][0].get("value", ""))
    setting, form, _ = forms.opened(value, team=actor.team, user=actor.user)
    setting = replace(setting, home=home_state(request) if setting.home is None else setting.home)
    if setting.edited is None:
        await open_form(desk, request, setting, form or Form(where=Where.HERE if setting.here else Where.ME))
        return
    found = await desk.actions.editable(actor, setting.edited)
    if isinstance(found, Subscription):
        await open_form(desk, request, setting, form or filled(found), edited=found)
    else:
        await show(desk, request, said_view(f"Edit {setting.edited}", reply(found)))


def _placed(to: Place) -> Form:
    """A form with the place of a typed command."""
    match to:
        case Here():
            return Form()
        case Me():
            return Form(where=Where.ME)
        case Channel(id=channel):
            return Form(where=Where.CHANNEL, channel=channel)
        case Person(user=user):
            return Form(where=Where.PERSON, person=user)
        case Email():  # whose address it is only Slack knows; the form asks for the person
            return Form(where=Where.PERSON)
        case Group(group=group):
            return Form(where=Where.GROUP, group=group)
        case Url(url=url):
            return Form(where=Where.WEBHOOK, url=url)
