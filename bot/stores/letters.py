"""How dead letters lie in Kafka: pure functions both ways.

A record's key is the letter's id, and its header `tidings-kind` says what its value is:

- `unreadable`: the key is the record's position, the value its own bytes; its own headers stand before ours.
- `buried`: the key is the delivery's id, the value JSON with all that it takes to make the delivery anew.
- `replayed`, `dropped`: the key is that of the letter that is closed, the value JSON: which positions of this topic it
  covers (see `core.deadletter`), by whom, when.

Keys of the JSON are written to disk: one may be added, never renamed. A reader passes over keys it does not know, so
that an older version reads what a newer one wrote.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from bot.core.cloudevent import decode
from bot.core.deadletter import Buried, Closing, DeadLetter, Fate, Garbled, LetterId, Unread, doubt_of
from bot.core.delivery import Attempt, Bury, Lane
from bot.core.destination import Destination, destination_id
from bot.core.errors import DestinationError
from bot.core.event import Position, Unreadable, read_position
from bot.ports.outlet import Item
from bot.stores.codec import attempt_fields, destination_from_json, destination_json

KIND, REASON, POSITION, KEY = "tidings-kind", "tidings-reason", "tidings-position", "tidings-key"

LAST = 253_402_300_799_999
"""Milliseconds since the epoch at the end of the year 9999."""

Headers = Sequence[tuple[str, bytes]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """A record for the dead-letter topic."""

    key: bytes
    value: bytes | None
    headers: tuple[tuple[str, bytes], ...]


def write_unreadable(
    position: Position, value: bytes | None, headers: Headers, why: Unreadable, *, key: bytes | None
) -> Written:
    """Write a record that is no event. Written twice it is still one letter: its key is the record's position."""
    place = str(position).encode()
    added = [(KIND, b"unreadable"), (REASON, why.reason.encode()), (POSITION, place)]
    if key is not None:
        added.append((KEY, key))
    return Written(key=place, value=value, headers=(*headers, *added))


def write_buried(item: Item, destination: Destination, why: Bury, *, lane: Lane, position: Position | None) -> Written:
    """Write a delivery that was given up; the event stands in it as it is."""
    delivery = item.delivery
    value = {
        "delivery": delivery.id,
        "lane": lane,
        "destination": destination_id(destination),
        "to": orjson.Fragment(destination_json(destination)),
        "reason": why.reason,
        "appended": delivery.appended,
        "buried": why.attempt.at,
        "doubt": doubt_of(delivery, why.attempt),
        "attempts": [attempt_fields(one) for one in (*delivery.history, why.attempt)],
        "position": _place(position) if position else None,
        "event": orjson.Fragment(item.body),
    }
    headers = ((KIND, b"buried"), (REASON, why.reason.encode()))
    return Written(key=delivery.id.encode(), value=orjson.dumps(value), headers=headers)


def write_closing(closing: Closing) -> Written:
    """Write that a letter was replayed or dropped."""
    value = {"at": closing.at, "by": closing.by, "covers": [_place(place) for place in closing.covers]}
    return Written(key=closing.id.encode(), value=orjson.dumps(value), headers=((KIND, closing.fate.encode()),))


def read_letter(
    key: bytes | None,
    value: bytes | None,
    headers: Headers,
    *,
    where: Position,
    timestamp: int,
) -> DeadLetter | Closing:
    """Read a record that lies at `where`; `timestamp` is its own, in milliseconds. Never raises, whatever the bytes."""
    letter = LetterId((key or b"").decode(errors="replace"))
    try:
        ours = {name: text.decode(errors="replace") for name, text in headers}  # ours stand last, and so win
        match ours.get(KIND):
            case "unreadable":
                return _unread(letter, value, headers, where, timestamp)
            case "buried":
                return _buried(orjson.loads(value or b""), where)
            case "replayed" | "dropped" as fate:
                return _closing(letter, Fate(fate), orjson.loads(value or b""))
            case None:
                why = f"it has no header {KIND}"
            case kind:
                why = f"its header {KIND} is {kind!r}, which this version does not know"
    except (ValueError, LookupError, TypeError, AttributeError, DestinationError) as error:
        why = f"{type(error).__name__}: {error}"
    reason = f"this letter can't be read: {why}"
    # Not under the key it came with: that may be a letter's, which must not be hidden.
    return Garbled(id=LetterId(str(where)), where=where, at=min(max(timestamp, 0), LAST), reason=reason)


def _unread(letter: LetterId, value: bytes | None, headers: Headers, where: Position, timestamp: int) -> Unread:
    names = [name for name, _ in headers]
    last = len(names) - 1 - names[::-1].index(KIND)
    added = dict(headers[last:])
    position = read_position(added[POSITION].decode())
    return Unread(
        id=letter,
        where=where,
        at=_time(timestamp),
        reason=added[REASON].decode(errors="replace"),
        position=position,
        key=added.get(KEY),
        value=value,
        headers=tuple(headers[:last]),
    )


def _buried(found: Mapping[str, Any], where: Position) -> Buried:
    body = orjson.dumps(found["event"])
    position, doubt = found.get("position"), found.get("doubt")
    destination, lane = destination_from_json(orjson.dumps(found["to"])), Lane(str(found["lane"]))
    if lane.partition("#")[0] != destination_id(destination):
        raise ValueError("its lane is another destination's")
    return Buried(
        id=LetterId(str(found["delivery"])),
        where=where,
        at=_time(found["buried"]),
        reason=str(found["reason"]),
        lane=lane,
        destination=destination,
        appended=_time(found["appended"]),
        attempts=tuple(_attempt(one) for one in found["attempts"]),
        doubt=None if doubt is None else _time(doubt),
        position=None if position is None else _position(position),
        event=decode(body),
        body=body,
    )


def _attempt(found: Mapping[str, Any]) -> Attempt:
    return Attempt(at=_time(found["at"]), outcome=str(found["outcome"]), reason=str(found.get("reason", "")))


def _time(found: Any) -> int:
    at = int(found)
    if not 0 <= at <= LAST:
        raise ValueError(f"{at} is no time")
    return at


def _closing(letter: LetterId, fate: Fate, found: Mapping[str, Any]) -> Closing:
    covers = tuple(_position(place) for place in found["covers"])
    return Closing(id=letter, fate=fate, covers=covers, by=str(found.get("by", "")), at=int(found.get("at", 0)))


def _position(found: Mapping[str, Any]) -> Position:
    return Position(topic=str(found["topic"]), partition=int(found["partition"]), offset=int(found["offset"]))


def _place(position: Position) -> dict[str, Any]:
    return {"topic": position.topic, "partition": position.partition, "offset": position.offset}
