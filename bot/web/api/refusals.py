"""What did not work, as problem details: one table from answers to status codes.

400 is for what can't be read at all and for the query and the headers, 422 for a body that can be read and does not
mean anything possible, 409 for what is possible but not now, 412 for what was changed meanwhile.
"""

from typing import Any, Final, TypeAlias

from aiohttp import hdrs
from pydantic import ValidationError

from bot.core.answers import (
    AlreadySubscribed,
    BadPlace,
    NoSuchPlace,
    NoSuchSubscription,
    NotAllowed,
    NothingToUndo,
    Overtaken,
)
from bot.core.answers import Problem as PlaceProblem
from bot.core.apikey import ApiKey, Scope
from bot.core.errors import MistakeError, UnavailableError
from bot.core.looks import NoSuchEvent
from bot.core.permission import ROLES, Role
from bot.web.api.bearer import lacking
from bot.web.problem import Problem

RETRY_SECONDS: Final = 5
SHOWN_ERRORS: Final = 20

Refusal: TypeAlias = (
    AlreadySubscribed
    | BadPlace
    | NoSuchPlace
    | NoSuchSubscription
    | NoSuchEvent
    | NotAllowed
    | NothingToUndo
    | Overtaken
)

_PLACES: Final = {
    PlaceProblem.UNSEEN: "The bot can't see such a channel: it does not exist, or is private and the bot is not in it.",
    PlaceProblem.UNINVITED: "The bot is not in this channel and may not join by itself: invite it.",
    PlaceProblem.ARCHIVED: "The channel is archived.",
    PlaceProblem.EXTERNAL: "The channel is shared with another organisation; that takes the scope admin.",
    PlaceProblem.URL: "This URL can't be a webhook's.",
    PlaceProblem.STRANGER: "There is no such person or user group, or nobody who can be written to.",
    PlaceProblem.CONFIRM: "The channel is shared with another organisation: send confirmed: true if it is meant.",
}


def refusal(answer: Refusal, key: ApiKey) -> Problem:
    """The problem of an answer that is none of what was asked for."""
    match answer:
        case NoSuchSubscription(id=name):
            return Problem(404, f"There is no subscription {name} that this key may see.", code="no_such_subscription")
        case NoSuchEvent(of=count):
            return Problem(404, f"No such event, nor inference, among the last {count:,}.", code="no_such_event")
        case NoSuchPlace():
            return Problem(404, "Nothing of this workspace leads there.", code="no_such_place")
        case AlreadySubscribed(existing=existing):
            title = f"The place gets just these events already, by {existing.id}."
            return Problem(409, title, code="already_subscribed", existing=existing.id)
        case NothingToUndo():
            return Problem(409, "The key's owner has changed nothing lately.", code="nothing_to_undo")
        case Overtaken(subject=subject, by=by):
            who = f" by {by}" if by else ""
            return Problem(409, f"{subject} was changed{who} since; nothing was changed.", code="overtaken")
        case BadPlace(problem=problem, detail=detail):
            return Problem(422, _PLACES[problem], code=f"place_{problem}", **_given(detail=detail))
        case NotAllowed(act=act, owner=owner):
            whose = _given(owner=owner)
            if Role.ADMIN in ROLES[act] and not key.opens(Scope.ADMIN):
                return lacking(Scope.ADMIN, f"The key's owner may not {act}; the scope admin may.", **whose)
            return Problem(403, f"The key's owner may not {act}.", code="not_allowed", **whose)


def stale() -> Problem:
    """If-Match names another state than the one that is kept (RFC 9110, section 13.1.1)."""
    return Problem(412, "The subscription was changed since: read it again.", code="stale")


def mistake(error: MistakeError, *, status: int = 422) -> Problem:
    """Text that can't be understood, with a caret under the place."""
    return Problem(status, error.message, code="mistake", text=error.text, position=error.position, caret=error.caret())


def invalid(error: ValidationError, *, status: int, title: str) -> Problem:
    """What does not fit its schema: where and why, but never what was sent."""
    errors: list[dict[str, Any]] = [
        {"pointer": _pointer(one["loc"]), "detail": one["msg"]}
        for one in error.errors(include_url=False, include_context=False, include_input=False)[:SHOWN_ERRORS]
    ]
    return Problem(status, title, code="invalid", errors=errors)


def away(error: UnavailableError) -> Problem:
    """Redis, Kafka or Slack does not answer."""
    return Problem(503, f"{error}; try again.", headers={hdrs.RETRY_AFTER: str(RETRY_SECONDS)}, code="unavailable")


def _given(**members: str | None) -> dict[str, Any]:
    return {name: value for name, value in members.items() if value}


def _pointer(place: tuple[int | str, ...]) -> str:
    return "".join("/" + str(part).replace("~", "~0").replace("/", "~1") for part in place)
