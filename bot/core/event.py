"""What happened: one event about one inference. Values only; reading bytes is `cloudevent`'s work."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from hashlib import blake2b
from typing import NewType, TypeAlias

Json: TypeAlias = "str | int | float | bool | list[Json] | dict[str, Json] | None"

EventKey = NewType("EventKey", str)
"""32 hexadecimal digits that stand for (source, id): CloudEvents 1.0 says that the pair is unique."""


class Status(StrEnum):
    """Where an inference stands. Only the last three are final."""

    QUEUED = "queued"
    RUNNING = "running"
    NEEDS_REVIEW = "needs_review"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"


class Sensitivity(StrEnum):
    """How widely an event's content may be shown, from everyone to few."""

    PUBLIC = "public"
    INTERNAL = "internal"
    CONFIDENTIAL = "confidential"
    RESTRICTED = "restricted"


@dataclass(frozen=True, slots=True, kw_only=True)
class Model:
    """The model that inferred. OpenTelemetry: `gen_ai.request.model`, `gen_ai.provider.name`."""

    name: str
    version: str | None = None
    provider: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """What the inference used; `cost` is in US dollars. OpenTelemetry: `gen_ai.usage.input_tokens`, `output_tokens`."""

    input_tokens: int | None = None
    output_tokens: int | None = None
    cost: float | None = None

    @property
    def tokens(self) -> int | None:
        """Input and output together; None when neither is known."""
        if self.input_tokens is None and self.output_tokens is None:
            return None
        return (self.input_tokens or 0) + (self.output_tokens or 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """Why an inference failed. OpenTelemetry: `error.type` and the exception's message."""

    type: str | None = None
    message: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """A page to open for more. `url` is http or https."""

    url: str
    title: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Image:
    """A picture that the service publishes beside its result. `url` is https."""

    url: str
    alt: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Requester:
    """Who asked: a Slack user id, an e-mail address, or both."""

    slack_id: str | None = None
    email: str | None = None

    def __str__(self) -> str:
        """The Slack id where there is one, else the address."""
        return self.slack_id or self.email or ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One CloudEvent about one inference, unique by (`source`, `id`).

    `confidence` is within 0 and 1; `latency` is in seconds. `extra` keeps every field that this version does not know,
    so that it can be shown and passed on.
    """

    source: str
    id: str
    type: str
    time: datetime
    inference: str
    status: Status
    model: Model
    session: str | None = None
    requester: Requester | None = None
    title: str | None = None
    result: Json = None
    confidence: float | None = None
    latency: float | None = None
    usage: Usage = field(default_factory=Usage)
    tags: tuple[str, ...] = ()
    labels: Mapping[str, str] = field(default_factory=dict)
    environment: str | None = None
    links: tuple[Link, ...] = ()
    images: tuple[Image, ...] = ()
    error: Failure | None = None
    sensitivity: Sensitivity = Sensitivity.INTERNAL
    extra: Mapping[str, Json] = field(default_factory=dict)

    @property
    def key(self) -> EventKey:
        """The event's identity, short enough for a Redis key."""
        return event_key(self.source, self.id)


def event_key(source: str, event_id: str) -> EventKey:
    """Hash (source, id) to 32 hexadecimal digits; the lengths keep ("ab", "c") and ("a", "bc") apart."""
    text = f"{len(source)}:{source}{event_id}".encode("utf-8", "surrogatepass")
    return EventKey(blake2b(text, digest_size=16).hexdigest())


@dataclass(frozen=True, slots=True, kw_only=True)
class Position:
    """Where a record lies in Kafka."""

    topic: str
    partition: int
    offset: int

    def __str__(self) -> str:
        """topic/partition@offset, as logs and dead letters show it."""
        return f"{self.topic}/{self.partition}@{self.offset}"


def read_position(text: str) -> Position:
    """Read what `str` of a position gives. Raises ValueError for anything else."""
    place, _, offset = text.rpartition("@")
    topic, _, partition = place.rpartition("/")
    if not topic or not (partition + offset).isdecimal():
        raise ValueError(f"{text!r} is no position")
    return Position(topic=topic, partition=int(partition), offset=int(offset))


@dataclass(frozen=True, slots=True, kw_only=True)
class Unreadable:
    """A record that is no event. `reason` is one sentence naming the field and what was wrong with it."""

    reason: str
