"""The attributes around an event's data, in each of the ways in which a record may carry them.

CloudEvents 1.0.2 and its Kafka protocol binding (github.com/cloudevents/spec, bindings/kafka-protocol-binding.md):
structured mode (the value is the whole event), binary mode (attributes in `ce_` headers as plain UTF-8, the value is
the data), and, beside the standard, bare JSON of the data.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from bot.core.aliases import Fields
from bot.core.document import UnreadableError, read_base64, read_object, read_time, shown
from bot.core.event import Json, Position

STRUCTURED: Final = "application/cloudevents+json"
"""The content type of structured mode."""

_FAMILY: Final = "application/cloudevents"
_JSON: Final = "application/json"
_PREFIX: Final = "ce_"
_ATTRIBUTES: Final = frozenset({"specversion", "id", "source", "type", "subject", "time", "datacontenttype"})
_BARE: Final = frozenset({"id", "source", "type", "subject", "time"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Envelope:
    """An event's attributes, whichever way they came. `data` holds extension attributes too, the data's own first."""

    id: str
    source: str
    type: str | None
    subject: str | None
    time: datetime
    data: Fields


def read_envelope(
    value: bytes, headers: Sequence[tuple[str, bytes]], position: Position, instant: datetime
) -> Envelope:
    """Find out the mode and read by it. `instant` is the time of an event that has none. Raises UnreadableError."""
    named = {name.lower(): content for name, content in headers}
    media_type = _header("content-type", named.get("content-type")).partition(";")[0].strip().lower()
    if media_type.startswith(_FAMILY):
        if media_type != STRUCTURED:
            raise UnreadableError(f"content-type: {shown(media_type)} can't be read; publish {STRUCTURED}")
        return structured(read_object(value, "value"), instant)
    attributes: Fields = {
        name.removeprefix(_PREFIX): _header(name, content)
        for name, content in named.items()
        if name.startswith(_PREFIX)
    }
    if attributes:
        if media_type not in {"", _JSON} and not media_type.endswith("+json"):
            raise UnreadableError(f"content-type: must be {_JSON}, got {shown(media_type)}")
        return _event(attributes, read_object(value, "data"), instant)
    found = read_object(value, "value")
    return structured(found, instant) if "specversion" in found else _bare(found, position, instant)


def structured(found: Fields, instant: datetime) -> Envelope:
    """Read the object of structured mode (CloudEvents' JSON event format). Raises UnreadableError."""
    attributes = {name: value for name, value in found.items() if name not in {"data", "data_base64"}}
    if found.get("data_base64") is not None:
        return _event(attributes, read_base64(found["data_base64"]), instant)
    data = found.get("data", {})
    if not isinstance(data, dict):
        raise UnreadableError(f"data: must be an object, got {shown(data)}")
    return _event(attributes, data, instant)


def _event(attributes: Fields, data: Fields, instant: datetime) -> Envelope:
    version = _required(attributes, "specversion")
    if version != "1.0":
        raise UnreadableError(f"specversion: must be 1.0, got {shown(version)}")
    extensions = {name: value for name, value in attributes.items() if name not in _ATTRIBUTES}
    return Envelope(
        id=_required(attributes, "id"),
        source=_required(attributes, "source"),
        type=_required(attributes, "type"),
        subject=_text(attributes, "subject"),
        time=_time(attributes, instant),
        data=extensions | data,
    )


def _bare(found: Fields, position: Position, instant: datetime) -> Envelope:
    return Envelope(
        id=_text(found, "id") or str(position),
        source=_text(found, "source") or position.topic,
        type=_text(found, "type"),
        subject=_text(found, "subject"),
        time=_time(found, instant),
        data={name: value for name, value in found.items() if name not in _BARE},
    )


def _header(name: str, content: bytes | None) -> str:
    try:
        return (content or b"").decode()
    except UnicodeDecodeError as error:
        raise UnreadableError(f"header {shown(name)}: is not UTF-8") from error


def _required(attributes: Mapping[str, Json], name: str) -> str:
    text = _text(attributes, name)
    if text is None:
        raise UnreadableError(f"{name}: is missing")
    return text


def _text(attributes: Mapping[str, Json], name: str) -> str | None:
    match attributes.get(name):
        case None | "":
            return None
        case bool() | dict() | list() as other:
            raise UnreadableError(f"{name}: must be text, got {shown(other)}")
        case text:
            return str(text)


def _time(attributes: Mapping[str, Json], instant: datetime) -> datetime:
    text = _text(attributes, "time")
    return instant if text is None else read_time("time", text)
