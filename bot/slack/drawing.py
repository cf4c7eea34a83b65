"""The form as it is filled in: what it shows, drawn anew with each change."""

from collections import OrderedDict
from dataclasses import replace
from typing import Final

import structlog

from bot.core.errors import FilterError
from bot.core.fingerprint import fingerprint
from bot.core.form import Form, Setting, called_group, read_filter
from bot.core.looks import Preview
from bot.core.subscription import Subscription
from bot.outlets.slack.errors import Answer
from bot.outlets.slack.web import Said
from bot.render.modals import Draft, form_view
from bot.slack import forms
from bot.slack.desk import Desk, Request

log = structlog.get_logger()

_REMEMBERED: Final = 1_000
"""Views whose newest hash is known."""


class Drawing:
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
        setting, form, shared = sent(request)
        edited = await edited_by(desk, request, setting)
        draft = await drafted(desk, request, setting, form, edited=edited, shared=shared)
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
        elif isinstance(answer, Answer) and answer.error in {"hash_conflict", "not_found"}:
            log.debug("form_overtaken", error=answer.error)  # somebody else has drawn it, or it was closed
        else:
            log.warning("form_not_drawn", reply=repr(answer))


def sent(request: Request) -> tuple[Setting, Form, bool]:
    """What a view brings back."""
    view, actor = request.body["view"], request.actor
    setting, _, shared = forms.opened(str(view.get("private_metadata", "")), team=actor.team, user=actor.user)
    return setting, forms.filled_in((view.get("state") or {}).get("values") or {}), shared


async def edited_by(desk: Desk, request: Request, setting: Setting) -> Subscription | None:
    """The subscription that a form changes, if its person may."""
    if setting.edited is None:
        return None
    found = await desk.actions.editable(request.actor, setting.edited)
    return found if isinstance(found, Subscription) else None


async def drafted(
    desk: Desk,
    request: Request,
    setting: Setting,
    form: Form,
    *,
    edited: Subscription | None = None,
    notice: str = "",
    shared: bool = False,
) -> Draft:
    """What the form shows, with what its filter would have matched. Raises UnavailableError."""
    outlook: Preview | FilterError | None
    try:
        found = await desk.actions.preview(request.actor, read_filter(form, former=edited.filter if edited else None))
        outlook = found if isinstance(found, Preview) else None
    except FilterError as error:
        outlook = error
    return Draft(form=form, setting=setting, edited=edited, outlook=outlook, notice=notice, shared=shared)


def about(setting: Setting, edited: Subscription) -> Setting:
    """The setting of a form that changes a subscription, as this is now."""
    return replace(setting, edited=edited.id, group=called_group(edited.style), seen=fingerprint(edited))
