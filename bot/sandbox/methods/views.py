"""views.*. Source: docs.slack.dev/reference/methods/views.open and its neighbours."""

from bot.sandbox.answers import Json, Refusal
from bot.sandbox.arguments import text
from bot.sandbox.methods.call import Call, Method
from bot.sandbox.validation.surfaces import check_view


def _view(call: Call, *kinds: str) -> Json:
    return check_view(call.arguments.get("view"), set(kinds))


def _person(call: Call) -> str:
    given = call.arguments.get("trigger_id") or call.arguments.get("interactivity_pointer")
    if not given:
        raise Refusal("invalid_arguments")
    return call.backend.triggers.redeem(str(given), call.backend.clock())


def open_view(call: Call) -> Json:
    """Open a modal for the person behind a trigger id."""
    view = _view(call, "modal")
    return {"view": call.backend.views.open(_person(call), view)}


def push(call: Call) -> Json:
    """Put a modal on top of the open ones."""
    view = _view(call, "modal")
    return {"view": call.backend.views.push(_person(call), view)}


def update(call: Call) -> Json:
    """Replace a modal that is open, by id or external id."""
    view = _view(call, "modal", "home")
    view_id, external_id = call.arguments.get("view_id"), call.arguments.get("external_id")
    if bool(view_id) == bool(external_id):
        raise Refusal("invalid_arguments")
    known = call.arguments.get("hash")
    updated = call.backend.views.update(view, view_id=view_id, external_id=external_id, known=known)
    return {"view": updated}


def publish(call: Call) -> Json:
    """Set somebody's Home tab."""
    if not call.backend.app.home_tab_enabled:
        raise Refusal("not_enabled")
    user = call.workspace.person(text(call.arguments, "user_id")).id
    view = _view(call, "home")
    return {"view": call.backend.views.publish(user, view, known=call.arguments.get("hash"))}


METHODS = {
    "views.open": Method(handler=open_view, tier=4),
    "views.publish": Method(handler=publish, tier=4),
    "views.push": Method(handler=push, tier=4),
    "views.update": Method(handler=update, tier=4),
}
