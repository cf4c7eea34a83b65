"""The topics and what is in them, as an AsyncAPI 3.0 document (asyncapi.com/docs/reference/specification/v3.0.0).

It is generated from `payload`; `tidings docs` writes it to `docs/`, and a test keeps that true.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final, TypeAlias

import orjson
import yaml

from bot.core.envelope import STRUCTURED
from bot.core.event import Event, Model, Status
from bot.core.feedback import SOURCE, TYPE, Feedback, Rating, encode
from bot.core.payload import Data
from bot.core.schema import EXAMPLE, Untitled

Schema: TypeAlias = dict[str, Any]

VERSION: Final = "1.0.0"
"""Of the contract with producers: its second number grows when fields are added; none is ever taken away."""

EVENTS: Final = "inference.events"
DEAD: Final = "inference.dead"
FEEDBACK: Final = "inference.feedback"

_CONTEXT: Final[Mapping[str, Schema]] = {
    "specversion": {"const": "1.0", "description": "The version of CloudEvents."},
    "id": {"type": "string", "minLength": 1, "description": "Unique for the source: an event sent again keeps its id."},
    "source": {"type": "string", "minLength": 1, "description": "The service that publishes, as a URI reference."},
    "type": {
        "type": "string",
        "minLength": 1,
        "description": "A name that ends with the status, e.g. com.example.inference.completed.",
    },
    "subject": {"type": "string", "description": "The inference, where the data has no inference_id."},
    "time": {
        "type": "string",
        "format": "date-time",
        "description": "When it happened (RFC 3339); the record's own time where absent.",
    },
}
_REQUIRED: Final = ["specversion", "id", "source", "type"]


def asyncapi() -> str:
    """The AsyncAPI 3.0 document of the topics, as `docs/asyncapi.yaml` has it."""
    head = "# Generated from bot/core/payload.py and bot/core/asyncapi.py by `tidings docs`.\n"
    return head + yaml.dump(_document(), Dumper=_Plain, sort_keys=False, allow_unicode=True, width=120)


class _Plain(yaml.SafeDumper):
    """Writes values out each time, without anchors."""

    def ignore_aliases(self, data: Any) -> bool:
        del data
        return True


def _document() -> Schema:
    data = Data.model_json_schema(schema_generator=Untitled, ref_template="#/components/schemas/{model}")
    parts = data.pop("$defs")
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Tidings",
            "version": VERSION,
            "description": "Services publish inference events; Tidings tells everyone who asked for them.",
            "license": {"name": "Apache-2.0", "url": "https://www.apache.org/licenses/LICENSE-2.0"},
        },
        "defaultContentType": "application/json",
        "channels": {
            "events": _channel(EVENTS, "Inference events, in any of three forms.", "structured", "binary", "bare"),
            "dead": _channel(DEAD, "What could not be read or delivered, each with why.", "unreadable", "buried"),
            "feedback": _channel(FEEDBACK, "What people say of results, from below their cards in Slack.", "feedback"),
        },
        "operations": {
            "readEvents": {
                "action": "receive",
                "channel": {"$ref": "#/channels/events"},
                "summary": "Read every event and route it to its subscribers.",
            },
            "keepDeadLetters": {
                "action": "send",
                "channel": {"$ref": "#/channels/dead"},
                "summary": "Keep what was given up, so that it can be looked at and replayed.",
            },
            "passOnFeedback": {
                "action": "send",
                "channel": {"$ref": "#/channels/feedback"},
                "summary": "Pass on what people say of results. Of one person and inference the latest time counts.",
            },
        },
        "components": {
            "messages": {**_events(), **_dead_letters(), "feedback": _feedback()},
            "schemas": {"Data": {**data, "examples": [EXAMPLE]}, "Event": _event(), **parts},
        },
    }


def _channel(address: str, description: str, *messages: str) -> Schema:
    return {
        "address": address,
        "description": description,
        "messages": {name: {"$ref": f"#/components/messages/{name}"} for name in messages},
        "bindings": {"kafka": {"bindingVersion": "0.5.0"}},
    }


def _event() -> Schema:
    return {
        "type": "object",
        "description": "A CloudEvent; further attributes are kept and shown with the data's unknown fields.",
        "required": _REQUIRED,
        "properties": {
            **_CONTEXT,
            "datacontenttype": {"type": "string", "description": "application/json, or absent."},
            "data": {"$ref": "#/components/schemas/Data"},
        },
    }


def _events() -> Schema:
    context = {"specversion": "1.0", "id": "inf-4711-2", "source": "/fraud", "type": "com.example.inference.completed"}
    return {
        "structured": _message(
            "A CloudEvent in structured mode: the value is the whole event.",
            STRUCTURED,
            {"type": "object", "properties": {"content-type": {"type": "string", "const": STRUCTURED}}},
            {"$ref": "#/components/schemas/Event"},
            {"headers": {"content-type": STRUCTURED}, "payload": {**context, "data": EXAMPLE}},
        ),
        "binary": _message(
            "A CloudEvent in binary mode: attributes in headers, the value is the data.",
            "application/json",
            {
                "type": "object",
                "required": [f"ce_{name}" for name in _REQUIRED],
                "properties": {f"ce_{name}": schema for name, schema in _CONTEXT.items()},
            },
            {"$ref": "#/components/schemas/Data"},
            {"headers": {f"ce_{name}": value for name, value in context.items()}, "payload": EXAMPLE},
        ),
        "bare": _message(
            "The data alone. Without id, the record's position in Kafka identifies the event, so that one sent again "
            "is another.",
            "application/json",
            {"type": "object"},
            {
                "allOf": [
                    {"$ref": "#/components/schemas/Data"},
                    {
                        "type": "object",
                        "properties": {name: _CONTEXT[name] for name in ("id", "source", "type", "time")},
                    },
                ]
            },
            {"headers": {}, "payload": {"id": "inf-4711-2", "source": "/fraud", **EXAMPLE}},
        ),
    }


def _message(summary: str, content_type: str, headers: Schema, payload: Schema, example: Schema) -> Schema:
    return {
        "summary": summary,
        "contentType": content_type,
        "headers": headers,
        "payload": payload,
        "bindings": {
            "kafka": {
                "key": {
                    "type": "string",
                    "description": "The inference: Kafka keeps the order of records with one key.",
                },
                "bindingVersion": "0.5.0",
            }
        },
        "examples": [example],
    }


def _feedback() -> Schema:
    event = Event(
        source="/fraud",
        id="inf-4711-2",
        type="com.example.inference.completed",
        time=datetime(2026, 9, 21, tzinfo=UTC),
        inference="inf-4711",
        status=Status.COMPLETED,
        model=Model(name="fraud-detector", version="2.1"),
    )
    said = Feedback(event=event, rating=Rating.DOWN, team="T024BE7LR", user="U024BE7LH", at=1_790_000_000_123)
    text = {"type": "string"}
    by = {"team": {**text, "description": "A Slack workspace."}, "user": {**text, "description": "A Slack user id."}}
    data = {
        "verdict": {"enum": [rating.value for rating in Rating], "description": "Thumbs up or down."},
        "inference_id": text,
        "event": _record({"source": text, "id": text}, "The event whose card it was said on."),
        "model": _record({"name": text, "version": {"type": ["string", "null"]}}, "The model of that event."),
        "by": _record(by, "Who said it."),
    }
    context = {**_CONTEXT, "type": {"const": TYPE}, "source": {"const": SOURCE}}
    return _message(
        "One person's opinion of one inference, in structured mode. A click that is told twice has the same id; who "
        "changes their mind sends another, and of one person and inference the one with the latest time counts.",
        STRUCTURED,
        {"type": "object", "properties": {"content-type": {"type": "string", "const": STRUCTURED}}},
        {
            "type": "object",
            "required": [*_REQUIRED, "subject", "time", "data"],
            "properties": {**context, "data": _record(data, "What was said.")},
        },
        {"headers": {"content-type": STRUCTURED}, "payload": orjson.loads(encode(said))},
    )


def _record(properties: Schema, description: str) -> Schema:
    return {"type": "object", "description": description, "required": list(properties), "properties": properties}


def _dead_letters() -> Schema:
    reason = {"type": "string", "description": "Why, in a sentence."}
    attempt = {
        "type": "object",
        "required": ["at", "outcome", "reason"],
        "properties": {
            "at": {"type": "integer", "description": "Milliseconds since the epoch."},
            "outcome": {"type": "string", "description": "failed, unknown or refused."},
            "reason": reason,
        },
    }
    return {
        "unreadable": {
            "summary": "A record that is no event: its own bytes and headers, and what was wrong with it.",
            "headers": {
                "type": "object",
                "required": ["tidings-kind", "tidings-reason", "tidings-position"],
                "properties": {
                    "tidings-kind": {"const": "unreadable"},
                    "tidings-reason": reason,
                    "tidings-position": {"type": "string", "description": "topic/partition@offset"},
                },
            },
            "payload": {"description": "The record's own bytes, whatever they are."},
        },
        "buried": {
            "summary": "A delivery that was given up.",
            "contentType": "application/json",
            "headers": {
                "type": "object",
                "required": ["tidings-kind", "tidings-reason"],
                "properties": {"tidings-kind": {"const": "buried"}, "tidings-reason": reason},
            },
            "payload": {
                "type": "object",
                "required": ["delivery", "destination", "reason", "appended", "attempts", "event"],
                "properties": {
                    "delivery": {"type": "string", "description": "The delivery's id, which a replay keeps."},
                    "destination": {"type": "string", "description": "The id of the place it was for."},
                    "reason": reason,
                    "appended": {"type": "integer", "description": "When it began to wait, in milliseconds."},
                    "attempts": {"type": "array", "items": attempt, "description": "Oldest first."},
                    "event": {"$ref": "#/components/schemas/Event"},
                },
            },
        },
    }
