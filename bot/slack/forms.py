"""The form between Slack and us: what a view says is filled in, and what rides along to be there again.

All of it comes from outside: what makes no sense is taken for not filled in, and who may do what is asked later.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from pydantic import TypeAdapter, ValidationError

from bot.core.destination import destination_id
from bot.core.errors import DestinationError, MistakeError
from bot.core.form import Form, Setting, Where
from bot.core.subscription import Doubt, Showing, SubscriptionId, Threading
from bot.core.target import read_target
from bot.core.timing import Every, read_clock
from bot.render.inputs import action

VALUE: Final = 2_000
"""Characters of a button's value (docs.slack.dev, button element)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """A form and its setting as they ride along, in a button or in a view's private metadata."""

    here: str = ""
    edited: str = ""
    group: str = ""
    shared: bool = False
    home: str | None = None
    seen: str = ""
    form: Form | None = None


_KEPT: Final = TypeAdapter(Kept)
_FORM: Final = TypeAdapter(Form)


def kept(setting: Setting, *, form: Form | None = None, shared: bool = False) -> str:
    """What `opened` reads; with a form in it it may be too long for a button."""
    here = destination_id(setting.here) if setting.here else ""
    value = Kept(
        here=here,
        edited=setting.edited or "",
        group=setting.group,
        home=setting.home,
        seen=setting.seen,
        shared=shared,
        form=form,
    )
    return _KEPT.dump_json(value, exclude_defaults=True).decode()


def button_value(setting: Setting, form: Form) -> str:
    """What was typed, as a button can carry it; where it is too long nothing but the setting, as `fits` tells."""
    whole = kept(setting, form=form)
    return whole if len(whole) <= VALUE else kept(setting)


def fits(setting: Setting, form: Form) -> bool:
    """Whether a button can carry all of the form."""
    return len(kept(setting, form=form)) <= VALUE


def opened(text: str, *, team: str, user: str) -> tuple[Setting, Form | None, bool]:
    """The setting, the form where one rides along, and whether the place is shared, for this person of this team."""
    try:
        found = _KEPT.validate_json(text)
    except ValidationError:
        found = Kept()
    try:
        here = read_target(found.here, team=team) if found.here.startswith(f"slack/{team}/") else None
    except DestinationError:
        here = None
    edited = SubscriptionId(found.edited) if found.edited else None
    setting = Setting(
        team=team, user=user, here=here, edited=edited, group=found.group, home=found.home, seen=found.seen
    )
    return setting, found.form, found.shared


def filled_in(values: Mapping[str, Mapping[str, Any]]) -> Form:
    """The form that a view's `state.values` describe."""
    found: dict[str, Any] = {}
    for field, read in _READ.items():
        answer = (values.get(field) or {}).get(action(field))
        if isinstance(answer, Mapping) and (value := read(answer)) is not None:
            found[field] = value
    try:
        return _FORM.validate_python(found)
    except ValidationError:  # texts of a kind that no client sends
        return Form()


def _typed(answer: Mapping[str, Any]) -> Any:
    return answer.get("value")


def _chosen(answer: Mapping[str, Any]) -> Any:
    return (answer.get("selected_option") or {}).get("value")


def _several(answer: Mapping[str, Any]) -> Any:
    return tuple(option.get("value") for option in answer.get("selected_options") or ())


def _ticked(answer: Mapping[str, Any]) -> Any:
    return bool(answer.get("selected_options"))


def _channel(answer: Mapping[str, Any]) -> Any:
    """The channel; the conversation that the person looks at, which Slack chooses first, may be a direct message."""
    chosen = answer.get("selected_conversation")
    return None if str(chosen).startswith("D") else chosen


def _time(answer: Mapping[str, Any]) -> Any:
    try:
        return read_clock(str(answer.get("selected_time") or ""))
    except MistakeError:
        return None


def _of(kind: type[Where] | type[Every] | type[Threading] | type[Doubt] | type[Showing]) -> Any:
    def read(answer: Mapping[str, Any]) -> Any:
        chosen = _chosen(answer)
        return kind(chosen) if chosen in tuple(kind) else None

    return read


_READ: Final[Mapping[str, Any]] = {
    "where": _of(Where),
    "channel": _channel,
    "person": lambda answer: answer.get("selected_user"),
    "group": _typed,
    "url": _typed,
    "models": _several,
    "statuses": _several,
    "tags": _several,
    "rest": _typed,
    "mention": lambda answer: answer.get("selected_user"),
    "mention_on": _several,
    "digest": _of(Every),
    "at": _time,
    "quiet": _ticked,
    "since": _time,
    "until": _time,
    "thread": _of(Threading),
    "doubt": _of(Doubt),
    "show": _of(Showing),
    "confirmed": _ticked,
}
"""How each field is read from its element's answer (docs.slack.dev, view interactions payload)."""
