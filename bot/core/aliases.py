"""Other names that producers have for the fields of an event's data, first of all OpenTelemetry's.

Sources: the GenAI attribute registry (github.com/open-telemetry/semantic-conventions-genai) and OpenTelemetry's general
registries for error, exception, deployment, user and session attributes.
"""

from collections.abc import Mapping
from typing import Final, TypeAlias

from bot.core.event import Json

Fields: TypeAlias = dict[str, Json]

ALIASES: Final[Mapping[str, tuple[str, ...]]] = {
    "gen_ai.request.model": ("model", "name"),
    "gen_ai.response.model": ("model", "name"),
    "gen_ai.provider.name": ("model", "provider"),
    "gen_ai.system": ("model", "provider"),  # before 1.37 of the conventions
    "gen_ai.response.id": ("inference_id",),
    "inference": ("inference_id",),
    "gen_ai.conversation.id": ("session_id",),
    "session.id": ("session_id",),
    "session": ("session_id",),
    "user.email": ("requester", "email"),
    "user.id": ("requester",),
    "enduser.id": ("requester",),
    "user": ("requester",),
    "gen_ai.client.operation.duration": ("latency",),
    "gen_ai.usage.input_tokens": ("usage", "input_tokens"),
    "gen_ai.usage.output_tokens": ("usage", "output_tokens"),
    "gen_ai.usage.cost": ("usage", "cost"),
    "cost": ("usage", "cost"),
    "error.type": ("error", "type"),
    "exception.type": ("error", "type"),
    "error.message": ("error", "message"),
    "exception.message": ("error", "message"),
    "deployment.environment.name": ("environment",),
    "deployment.environment": ("environment",),
    "env": ("environment",),
}
"""Name to the place of what it means. Where several mean one field, the first that has a value is it."""

_TEXT_MEANS: Final[Mapping[str, str]] = {"model": "name", "error": "message"}
_ABSENT: Final = (None, "")


def resolve(data: Fields) -> Fields:
    """The data with every alias moved to its place; where the place is taken, the alias stays, as a field unknown."""
    if data.keys().isdisjoint(ALIASES):
        return data
    resolved = dict(data)
    for name, path in ALIASES.items():
        value = resolved.get(name)
        if value is None:
            continue
        moved = _moved(resolved.get(path[0]), path, value)
        if moved is not None:
            resolved[path[0]] = moved
            del resolved[name]
    return resolved


def _moved(present: Json, path: tuple[str, ...], value: Json) -> Json:
    """What the field becomes with the value in it, or None where there is something already."""
    field, *slots = path
    if not slots and field != "requester":
        return value if present in _ABSENT else None
    part = as_part(field, present)
    added: Json = {slots[0]: value} if slots else as_part(field, value)
    if not isinstance(part, dict) or not isinstance(added, dict):
        return None
    if any(part.get(slot) not in _ABSENT for slot in added):
        return None
    return as_part(field, part | added)


def as_part(field: str, value: Json) -> Json:
    """A part given as plain text, or not at all, as the object that it stands for."""
    if value in _ABSENT:
        return {}
    if field == "requester":
        return _requester(value)
    if isinstance(value, str) and field in _TEXT_MEANS:
        return {_TEXT_MEANS[field]: value}
    return value


def _requester(value: Json) -> Json:
    match value:
        case dict():
            return {_slot(slot, told): told for slot, told in value.items()}
        case str() | int() | float():
            return _person(str(value))
        case _:
            return value


def _slot(slot: str, value: Json) -> str:
    """What is no Slack id and no address is kept under another name, to be shown but not routed by."""
    if value in _ABSENT:
        return slot
    text = value if isinstance(value, str) else ""
    match slot:
        case "slack_id" if not is_slack_id(text):
            return "id"
        case "email" if not is_address(text):
            return "address"
        case _:
            return slot


def _person(text: str) -> Fields:
    """Who the text names: a Slack id (U… or W…), an e-mail address, or a name that can only be shown."""
    if is_slack_id(text):
        return {"slack_id": text}
    return {"email": text} if is_address(text) else {"name": text}


def is_slack_id(text: str) -> bool:
    """Whether this is shaped like a Slack user id: U or W, then capitals and digits."""
    return text[:1] in {"U", "W"} and len(text) > 1 and text.isascii() and text.isalnum() and text.isupper()


def is_address(text: str) -> bool:
    """Whether this is shaped like an e-mail address: something on both sides of one @, and no blank."""
    local, _, domain = text.partition("@")
    return bool(local and domain) and "@" not in domain and not any(map(str.isspace, text))
