"""The form when it is sent off: taken up, or given back with what is wrong.

https://docs.slack.dev/surfaces/modals#response_actions
"""

from collections.abc import Mapping
from typing import Any, Final, TypeAlias

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
from bot.core.fingerprint import fingerprint
from bot.core.form import Faults, Form, Setting, Wish, place_field, read
from bot.core.subscription import Subscription
from bot.render.faults import UNAVAILABLE, fault, overtaken, refused
from bot.render.message import Block
from bot.render.modals import form_view, said_view
from bot.render.replies import reply
from bot.slack import forms
from bot.slack.desk import Desk, Request
from bot.slack.drawing import about, drafted, sent
from bot.slack.home import read_state
from bot.slack.home import show as show_home


async def submit(desk: Desk, request: Request) -> dict[str, Any]:
    """What becomes of the form that was sent off."""
    setting, form, shared = sent(request)
    edited = None
    if setting.edited is not None:
        found = await desk.actions.editable(request.actor, setting.edited)
        if not isinstance(found, Subscription):
            return _replaced(said_view(f"Edit {setting.edited}", reply(found)))
        edited = found
    wish = read(form, setting, edited)
    if isinstance(wish, Faults):
        return errors(wish.by_field)
    answer = await _save(desk, request, wish, edited, seen=setting.seen, confirmed=form.confirmed)
    if isinstance(answer, BadPlace | NotAllowed | Overtaken):
        return await _refused(desk, request, setting, form, edited, answer, shared=shared)
    if setting.home is not None:
        desk.errands.start("home", show_home(desk, request, shown=read_state(setting.home)))
    return _replaced(said_view(_TITLES[type(answer)], reply(answer)))


async def _refused(
    desk: Desk,
    request: Request,
    setting: Setting,
    form: Form,
    edited: Subscription | None,
    answer: BadPlace | NotAllowed | Overtaken,
    *,
    shared: bool,
) -> dict[str, Any]:
    """What is said in the form, which stays with all that is filled in."""
    match answer:
        case BadPlace(problem=Problem.CONFIRM) if not shared:
            draft = await drafted(desk, request, setting, form, edited=edited, shared=True)
            return _replaced(form_view(draft, metadata=forms.kept(setting, shared=True)))
        case BadPlace(problem=problem, detail=detail):
            return errors({place_field(form.where): fault(problem, detail)})
        case NotAllowed():
            return errors({"where": refused(answer)})
        case Overtaken(by=user) if edited is not None:
            now = about(setting, edited)
            draft = await drafted(
                desk, request, now, form, edited=edited, notice=overtaken(user, edited), shared=shared
            )
            return _replaced(form_view(draft, metadata=forms.kept(now, shared=shared)))
        case Overtaken():
            return errors({"where": UNAVAILABLE})


_Saved: TypeAlias = (
    Subscribed | AlreadySubscribed | Changed | Unchanged | BadPlace | NoSuchSubscription | NotAllowed | Overtaken
)


async def _save(
    desk: Desk, request: Request, wish: Wish, edited: Subscription | None, *, seen: str, confirmed: bool
) -> _Saved:
    actions, actor = desk.actions, request.actor
    to, style = wish.destination, wish.style
    if edited is not None:
        return await actions.edit(
            actor,
            edited.id,
            wanted=wish.filter,
            destination=to,
            style=style,
            confirmed=confirmed,
            still=lambda one: fingerprint(one) == seen,
        )
    return await actions.subscribe(
        actor, wanted=wish.filter, destination=to, style=style, confirmed=confirmed, request=request.id
    )


_TITLES: Final[Mapping[type, str]] = {
    Subscribed: "Subscribed",
    AlreadySubscribed: "Subscribed already",
    NoSuchSubscription: "Not found",
    Changed: "Saved",
    Unchanged: "Nothing to save",
}


def errors(by_field: Mapping[str, str]) -> dict[str, Any]:
    """Show what is wrong at its inputs."""
    return {"response_action": "errors", "errors": dict(by_field)}


def _replaced(view: Block) -> dict[str, Any]:
    return {"response_action": "update", "view": view}
