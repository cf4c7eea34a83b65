"""Publishing events from the command line: one made from options, or a file with one JSON document a line."""

from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TextIO
from uuid import uuid4

import orjson

from bot.core.cloudevent import read
from bot.core.event import Position, Unreadable
from consumers.kafka import producer

CLOUDEVENTS = ("content-type", b"application/cloudevents+json; charset=utf-8")


class PublishError(Exception):
    """An event that can't be published; the text names the line and the field."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """A value to publish and the inference it is about, which becomes the record's key: order is kept per key."""

    value: bytes
    key: bytes


def one(**data: Any) -> Document:
    """An event from options; those that are None are left out."""
    given = {name: value for name, value in data.items() if value not in (None, (), [])}
    inference = given.setdefault("inference_id", f"inf-{uuid4().hex[:12]}")
    event = {
        "specversion": "1.0",
        "id": uuid4().hex,
        "source": "/tidings/cli",
        "type": f"ai.inference.{given['status']}",
        "time": datetime.now(UTC).isoformat(),
        "subject": inference,
        "data": given,
    }
    return _checked(orjson.dumps(event), "the event")


def documents(lines: Iterable[str]) -> list[Document]:
    """One document a line, blank lines skipped. Raises PublishError before anything is sent, naming every bad line."""
    good: list[Document] = []
    bad: list[str] = []
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            good.append(_checked(line.strip().encode(), f"line {number}"))
        except PublishError as error:
            bad.append(str(error))
    if bad:
        raise PublishError("\n".join(bad))
    return good


def read_lines(path: Path, stdin: TextIO) -> list[Document]:
    """The documents of a file, or of standard input for `-`."""
    if str(path) == "-":
        return documents(stdin)
    try:
        with path.open(encoding="utf-8") as file:
            return documents(file)
    except OSError as error:
        raise PublishError(f"{path}: {error.strerror}") from error


async def publish(servers: str, topic: str, wanted: list[Document]) -> AsyncIterator[int]:
    """Send the documents, acks=all; yields how many Kafka has, as it grows."""
    async with producer(servers) as kafka:
        window = 500
        for start in range(0, len(wanted), window):
            part = wanted[start : start + window]
            sent = [await kafka.send(topic, doc.value, key=doc.key, headers=[CLOUDEVENTS]) for doc in part]
            for acknowledged in sent:
                await acknowledged
            yield start + len(part)


def _checked(value: bytes, where: str) -> Document:
    event = read(value, (), Position(topic="", partition=0, offset=0), timestamp=0)
    if isinstance(event, Unreadable):
        raise PublishError(f"{where}: {event.reason}")
    return Document(value=value, key=event.inference.encode())
