"""A Kafka record to an `Event`, and an `Event` to bytes. What can't be read comes back as a value with the reason."""

import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Final

import orjson

from bot.core.aliases import Fields, resolve
from bot.core.document import MAX_BYTES, UnreadableError, read_object, shown
from bot.core.envelope import Envelope, read_envelope, structured
from bot.core.event import (
    Event,
    Failure,
    Image,
    Json,
    Link,
    Model,
    Position,
    Requester,
    Sensitivity,
    Status,
    Unreadable,
    Usage,
)
from bot.core.payload import PARTS, ErrorPart, RequesterPart, UsagePart, check, spelling, unknown

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_LAST_MILLISECOND: Final = 253_402_300_799_999
_VERSION: Final = re.compile(r"v\d+")


def read(
    value: bytes | None, headers: Sequence[tuple[str, bytes]], position: Position, *, timestamp: int
) -> Event | Unreadable:
    """Read a record. Never raises, whatever the bytes.

    `timestamp`, the record's own in milliseconds since the epoch, is the time of an event that names none. Bare JSON
    without `id` gets one made of the record's position, and without `source` the topic's name.
    """
    if value is None:
        return Unreadable(reason="value: is missing; an event is JSON")
    if len(value) > MAX_BYTES:
        return Unreadable(reason=f"value: has {len(value):,} bytes, at most {MAX_BYTES:,} are read")
    try:
        return _event(read_envelope(value, headers, position, _instant(timestamp)))
    except UnreadableError as error:
        return Unreadable(reason=str(error))


def decode(body: bytes) -> Event:
    """Read what `encode` wrote, however long or deep it became. Raises ValueError for anything else."""
    return _event(structured(read_object(body, "value", deep=True), _EPOCH))


def _instant(milliseconds: int) -> datetime:
    """A record's timestamp; Kafka's -1, for none, and nonsense become the nearest time that there is."""
    return _EPOCH + timedelta(milliseconds=min(max(milliseconds, 0), _LAST_MILLISECOND))


def _event(envelope: Envelope) -> Event:
    data = check(resolve(envelope.data))
    inference = data.inference_id or envelope.subject
    if not inference:
        raise UnreadableError("data.inference_id: is missing, and so is subject")
    status = data.status or _last_part(envelope.type)
    extra = dict(unknown(data))
    if envelope.subject not in {None, inference}:
        extra.setdefault("subject", envelope.subject)
    return Event(
        source=envelope.source,
        id=envelope.id,
        type=envelope.type or f"ai.inference.{status}",
        time=envelope.time,
        inference=inference,
        status=status,
        model=Model(name=data.model.name, version=data.model.version or None, provider=data.model.provider or None),
        session=data.session_id or None,
        requester=_requester(data.requester),
        title=data.title or None,
        result=data.result,
        confidence=data.confidence,
        latency=data.latency,
        usage=_usage(data.usage),
        tags=data.tags or (),
        labels=data.labels or {},
        environment=data.environment or None,
        links=tuple(Link(url=link.url, title=link.title or None) for link in data.links or ()),
        images=tuple(Image(url=image.url, alt=image.alt or "") for image in data.images or ()),
        error=_failure(data.error),
        sensitivity=data.sensitivity or Sensitivity.INTERNAL,
        extra=extra,
    )


def _last_part(kind: str | None) -> Status:
    """The status that a type such as `com.example.inference.completed.v1` ends with."""
    if kind is None:
        raise UnreadableError("data.status: is missing")
    parts = [part for part in kind.split(".") if not _VERSION.fullmatch(part)]
    try:
        return Status(spelling(parts[-1]) if parts else "")
    except ValueError as error:
        raise UnreadableError(f"data.status: is missing, and type ends with none: {shown(kind)}") from error


def _requester(part: RequesterPart | None) -> Requester | None:
    if part is None or not (part.slack_id or part.email):
        return None
    return Requester(slack_id=part.slack_id or None, email=part.email or None)


def _usage(part: UsagePart | None) -> Usage:
    if part is None:
        return Usage()
    return Usage(input_tokens=part.input_tokens, output_tokens=part.output_tokens, cost=part.cost)


def _failure(part: ErrorPart | None) -> Failure | None:
    if part is None or not (part.type or part.message):
        return None
    return Failure(type=part.type or None, message=part.message or None)


def encode(event: Event) -> bytes:
    """Write the event in structured mode, every field by its own name, whatever it was called when it came."""
    envelope = {
        "specversion": "1.0",
        "id": event.id,
        "source": event.source,
        "type": event.type,
        "subject": event.inference,
        "time": event.time.astimezone(UTC).isoformat().replace("+00:00", "Z"),
        "datacontenttype": "application/json",
        "data": _data(event),
    }
    return orjson.dumps(envelope)


def _data(event: Event) -> Fields:
    requester, error = event.requester, event.error
    fields: Fields = {
        "inference_id": event.inference,
        "status": event.status.value,
        "model": _present(name=event.model.name, version=event.model.version, provider=event.model.provider),
        "session_id": event.session,
        "requester": _present(slack_id=requester.slack_id, email=requester.email) if requester else None,
        "title": event.title,
        "confidence": event.confidence,
        "latency": event.latency,
        "usage": _present(
            input_tokens=event.usage.input_tokens, output_tokens=event.usage.output_tokens, cost=event.usage.cost
        ),
        "tags": list(event.tags),
        "labels": dict(event.labels),
        "environment": event.environment,
        "links": [_present(url=link.url, title=link.title) for link in event.links],
        "images": [_present(url=image.url, alt=image.alt) for image in event.images],
        "error": _present(type=error.type, message=error.message) if error else None,
        "sensitivity": event.sensitivity.value,
    }
    data: Fields = {name: value for name, value in fields.items() if value not in (None, {}, [])}
    if event.result is not None:
        data["result"] = event.result
    for name, value in event.extra.items():
        _put_back(data, name, value)
    return data


def _present(**fields: Json) -> Fields:
    return {name: value for name, value in fields.items() if value is not None}


def _put_back(data: Fields, name: str, value: Json) -> None:
    """Write a field that this version does not know where it came from: `usage.cached_tokens` into `usage`."""
    field, _, rest = name.partition(".")
    part = data.setdefault(field, {}) if rest and field in {"model", "requester", "usage", "error"} else data.get(field)
    if isinstance(part, list):
        number, _, rest = rest.partition(".")
        part = part[int(number)] if number in map(str, range(len(part))) else None
    if isinstance(part, dict) and field in PARTS and rest and rest not in PARTS[field].model_fields:
        part[rest] = value
    else:
        data[name] = value
