"""Dead letters on a terminal and as JSON. A webhook's URL keeps its host only: the rest may be its password.

What strangers wrote is shown without control characters: a title must not steer an operator's terminal.
"""

import json
from base64 import b64encode
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson

from bot.core.deadletter import Buried, DeadLetter, Garbled, Unread
from bot.core.destination import Destination, Webhook, destination_id
from bot.core.event import Position
from bot.core.moment import age
from bot.core.redaction import redact, redact_text
from bot.render.mrkdwn import host

SHORT = 12
"""Digits of a delivery's id in a table: more than it takes to tell a million apart."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A letter in a table. `event` is empty for what is no event."""

    id: str
    age: str
    event: str
    destination: str
    reason: str
    attempts: str


def row(letter: DeadLetter, *, now: int) -> Row:
    """One line of the list; `now` is in milliseconds since the epoch."""
    since, reason = age(letter.at, now=now), printable(redact_text(letter.reason))
    match letter:
        case Buried(event=event):
            title = event.title or event.inference
            return Row(
                id=letter.id[:SHORT],
                age=since,
                event=printable(f"{title} · {event.model.name} · {event.status}"),
                destination=where(letter.destination),
                reason=reason,
                attempts=str(len(letter.attempts)),
            )
        case Unread():
            return Row(id=printable(letter.id), age=since, event="", destination="", reason=reason, attempts="")
        case Garbled():
            return Row(id=printable(letter.id), age=since, event="", destination="", reason=reason, attempts="")


def page(letter: DeadLetter, *, now: int) -> str:
    """Everything about a letter, for a terminal."""
    facts, parts = _particulars(letter)
    facts = [
        ("id", letter.id),
        ("buried", f"{instant(letter.at)} ({age(letter.at, now=now)} ago)"),
        ("reason", redact_text(letter.reason)),
        ("letter", str(letter.where)),
        *facts,
    ]
    width = max(len(name) for name, _ in facts)
    lines = [f"{name:<{width}}  {text}" for name, text in facts]
    return "\n".join(map(printable, (*lines, "", *parts)))


def _particulars(letter: DeadLetter) -> tuple[list[tuple[str, str]], list[str]]:
    """What is told of one kind of letter only: facts, and the lines below them."""
    match letter:
        case Buried():
            steps = [(letter.appended, "appended", ""), *((one.at, one.outcome, one.reason) for one in letter.attempts)]
            timeline = [
                f"  {instant(at)}  +{(at - letter.appended) / 1000:>9,.1f} s  {outcome:<9}  {redact_text(reason)}"
                for at, outcome, reason in steps
            ]
            body = json.dumps(orjson.loads(letter.body), indent=2, ensure_ascii=False).splitlines()
            return [
                ("destination", f"{where(letter.destination)}  {destination_id(letter.destination)}"),
                ("lane", letter.lane),
                ("event", str(letter.position) if letter.position else "its place in Kafka is not known"),
                ("doubt", "it may have arrived; Slack is looked at before it is sent" if letter.doubt else "none"),
            ], ["attempts", *timeline, "", "event", *(f"  {line}" for line in body)]
        case Unread():
            value = "none" if letter.value is None else f"{len(letter.value):,} bytes"
            return [
                ("record", str(letter.position)),
                ("key", _text(letter.key)),
                *((f"header {name}", _text(text)) for name, text in letter.headers),
            ], [f"value: {value}", *(f"  {line}" for line in _text(letter.value or b"").splitlines())]
        case Garbled():
            return [], ["It can only be dropped."]


def document(letter: DeadLetter) -> dict[str, Any]:
    """Everything about a letter, for machines; times are in milliseconds since the epoch, bytes in base64."""
    known: dict[str, Any] = {
        "id": letter.id,
        "kind": type(letter).__name__.lower(),
        "buried": letter.at,
        "reason": redact_text(letter.reason),
        "letter": _place(letter.where),
    }
    match letter:
        case Buried():
            return known | {
                "destination": destination_id(letter.destination),
                "to": where(letter.destination),
                "lane": letter.lane,
                "appended": letter.appended,
                "doubt": letter.doubt,
                "attempts": [
                    {"at": one.at, "outcome": one.outcome, "reason": redact_text(one.reason)} for one in letter.attempts
                ],
                "position": _place(letter.position) if letter.position else None,
                "event": orjson.loads(letter.body),
            }
        case Unread():
            key, value = letter.key, letter.value
            return known | {
                "record": _place(letter.position),
                "key": None if key is None else b64encode(key).decode(),
                "headers": [[name, b64encode(text).decode()] for name, text in letter.headers],
                "value": None if value is None else b64encode(value).decode(),
            }
        case Garbled():
            return known


def where(destination: Destination) -> str:
    """A place as an operator knows it."""
    match destination:
        case Webhook(url=url):
            return str(redact(url, key="url")) if host(url) != "?" else "a webhook"
        case _:
            return destination_id(destination)


def printable(text: str) -> str:
    """The text without what a terminal would take for an order."""
    return text if text.isprintable() else "".join(one if one.isprintable() else "\ufffd" for one in text)


def instant(at: int) -> str:
    """A time in milliseconds since the epoch, in UTC."""
    return (_EPOCH + timedelta(milliseconds=at)).isoformat(sep=" ", timespec="seconds").replace("+00:00", "Z")


def _text(value: bytes | None) -> str:
    return "none" if value is None else value.decode(errors="backslashreplace")


def _place(position: Position) -> dict[str, Any]:
    return {"topic": position.topic, "partition": position.partition, "offset": position.offset}
