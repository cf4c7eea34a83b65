"""The form in which people subscribe and edit: opened from commands, shortcuts, Home and menus.

What is drawn as somebody types is of no use later, so it passes by the inbox; so does what they send off, since Slack
tells them when it was not taken, and keeps what they typed.
"""

import re
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final, TypeAlias

import structlog
from slack_bolt.async_app import AsyncApp
from slack_bolt.context.ack.async_ack import AsyncAck
from slack_bolt.context.async_context import AsyncBoltContext

from bot.core.answers import (
    AlreadySubscribed,
    BadPlace,
    Changed,
    NoSuchSubscription,
    NotAllowed,
    Overtaken,
    Problem,
    Subscribed,
    Unchanged,
)
from bot.core.commands import Channel, Email, Group, Here, Me, Person, Place, Subscribe, Url
from bot.core.errors import FilterError
from bot.core.form import Faults, Form, Setting, Where, Wish, called_group, fill, place_field, read, read_filter
from bot.core.looks import Preview
from bot.core.subscription import Subscription, SubscriptionId
from bot.outlets.slack_errors import Answer as SlackAnswer
from bot.outlets.slack_web import Said
from bot.render.message import Block
from bot.render.modals import (
    OPEN,
    SUBSCRIBE,
    UNAVAILABLE,
    Draft,
    fault,
    form_view,
    refused,
    said_view,
)
from bot.render.replies import reply
from bot.slack import forms, suggestions
from bot.slack.desk import Desk, Request
from bot.slack.home import home_state, read_state
from bot.slack.home import show as show_home
from bot.slack.opening import show
from bot.slack.places import here

log = structlog.get_logger()

_FIELDS: Final = re.compile(r"^form\.(?!open$)")
_REMEMBERED: Final = 1_000
"""Views whose newest hash is known."""


def listen(bolt: AsyncApp, desk: Desk) -> None:
    """Open the form, draw it anew as it is filled in, and take it up when it is sent off."""
    drawing = _Drawing(desk)

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
        otherwise = _errors({"where": UNAVAILABLE})
        answer = await desk.at_once(
            "form-submit", body, context, lambda request: _submit(desk, request), otherwise=otherwise
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
        setting = replace(setting, edited=edited.id, group=called_group(edited.style))
    draft = await _draft(desk, request, setting, form, edited=edited, notice=notice)
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


class _Drawing:
    """Draws forms anew as they are filled in."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._newer: OrderedDict[str, str] = OrderedDict()

    async def take(self, request: Request) -> None:
        """Draw it soon; of several changes to one form only the last is drawn."""
        view = str(request.body["view"]["id"])
        self._desk.errands.start("form-drawing", self._desk.latest.do(("form", view), lambda: self._draw(request)))

    async def _draw(self, request: Request) -> None:
        desk, view = self._desk, request.body["view"]
        setting, form, shared = _sent(request)
        edited = await _edited(desk, request, setting)
        draft = await _draft(desk, request, setting, form, edited=edited, shared=shared)
        # Somebody who types fast sends the next change before they see what we made of the last one: what the change
        # knows then is a hash that we ourselves have made old.
        known = str(view["hash"])
        while known in self._newer:
            known = self._newer[known]
        drawn = form_view(draft, metadata=str(view["private_metadata"]))
        call = desk.web.api.views_update(token=request.token, view_id=view["id"], hash=known, view=drawn)
        answer = await desk.web.ask(call)
        if isinstance(answer, Said):
            self._newer[known] = str(answer.data["view"]["hash"])
            while len(self._newer) > _REMEMBERED:
                self._newer.popitem(last=False)
        elif isinstance(answer, SlackAnswer) and answer.error in {"hash_conflict", "not_found"}:
            log.debug("form_overtaken", error=answer.error)  # somebody else has drawn it, or it was closed
        else:
            log.warning("form_not_drawn", reply=repr(answer))


async def _submit(desk: Desk, request: Request) -> dict[str, Any]:
    """What becomes of the form that was sent off."""
    setting, form, shared = _sent(request)
    edited = None
    if setting.edited is not None:
        found = await desk.actions.editable(request.actor, setting.edited)
        if not isinstance(found, Subscription):
            return _replaced(said_view(f"Edit {setting.edited}", reply(found)))
        edited = found
    wish = read(form, setting, edited)
    if isinstance(wish, Faults):
        return _errors(wish.by_field)
    answer = await _save(desk, request, wish, edited, confirmed=form.confirmed)
    match answer:
        case BadPlace(problem=Problem.CONFIRM) if not shared:
            draft = await _draft(desk, request, setting, form, edited=edited, shared=True)
            return _replaced(form_view(draft, metadata=forms.kept(setting, shared=True)))
        case BadPlace(problem=problem, detail=detail):
            return _errors({place_field(form.where): fault(problem, detail)})
        case NotAllowed():
            return _errors({"where": refused(answer)})
        case Subscribed() | AlreadySubscribed() | NoSuchSubscription() | Changed() | Unchanged() | Overtaken():
            if setting.home is not None:
                desk.errands.start("home", show_home(desk, request, shown=read_state(setting.home)))
            return _replaced(said_view(_TITLES[type(answer)], reply(answer)))


_Saved: TypeAlias = (
    Subscribed | AlreadySubscribed | Changed | Unchanged | BadPlace | NoSuchSubscription | NotAllowed | Overtaken
)


async def _save(desk: Desk, request: Request, wish: Wish, edited: Subscription | None, *, confirmed: bool) -> _Saved:
    actions, actor = desk.actions, request.actor
    to, style = wish.destination, wish.style
    if edited is not None:
        return await actions.edit(
            actor, edited.id, wanted=wish.filter, destination=to, style=style, confirmed=confirmed
        )
    return await actions.subscribe(
        actor, wanted=wish.filter, destination=to, style=style, confirmed=confirmed, request=request.id
    )


_TITLES: Final[Mapping[type, str]] = {
    Subscribed: "Subscribed",
    AlreadySubscribed: "Subscribed already",
    NoSuchSubscription: "Not found",
    Overtaken: "Changed meanwhile",
    Changed: "Saved",
    Unchanged: "Nothing to save",
}


def _errors(by_field: Mapping[str, str]) -> dict[str, Any]:
    return {"response_action": "errors", "errors": dict(by_field)}


def _replaced(view: Block) -> dict[str, Any]:
    return {"response_action": "update", "view": view}


def _sent(request: Request) -> tuple[Setting, Form, bool]:
    """What a view brings back."""
    view, actor = request.body["view"], request.actor
    setting, _, shared = forms.opened(str(view.get("private_metadata", "")), team=actor.team, user=actor.user)
    return setting, forms.filled_in((view.get("state") or {}).get("values") or {}), shared


async def _edited(desk: Desk, request: Request, setting: Setting) -> Subscription | None:
    if setting.edited is None:
        return None
    found = await desk.actions.editable(request.actor, setting.edited)
    return found if isinstance(found, Subscription) else None


async def _draft(
    desk: Desk,
    request: Request,
    setting: Setting,
    form: Form,
    *,
    edited: Subscription | None = None,
    notice: str = "",
    shared: bool = False,
) -> Draft:
    outlook: Preview | FilterError | None
    try:
        found = await desk.actions.preview(request.actor, read_filter(form, former=edited.filter if edited else None))
        outlook = found if isinstance(found, Preview) else None
    except FilterError as error:
        outlook = error
    return Draft(form=form, setting=setting, edited=edited, outlook=outlook, notice=notice, shared=shared)


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
