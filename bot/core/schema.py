"""What a producer needs to know, for machines: the JSON Schema of an event's data.

It is generated from `payload`; `tidings docs` writes it to `docs/`, and a test keeps that true.
"""

import json
from collections.abc import Mapping
from typing import Any, Final

from pydantic.json_schema import GenerateJsonSchema

from bot.core.payload import Data

EXAMPLE: Final[Mapping[str, Any]] = {
    "inference_id": "inf-4711",
    "status": "completed",
    "model": {"name": "fraud-detector", "version": "2.1", "provider": "in-house"},
    "session_id": "case-118",
    "requester": {"email": "ann@example.com"},
    "title": "Card payment over 2,000 EUR",
    "result": "**Score 0.93: hold.** The device was first seen four minutes ago.",
    "confidence": 0.93,
    "latency": 2.5,
    "usage": {"input_tokens": 1200, "output_tokens": 340, "cost": 0.0087},
    "tags": ["eu", "nightly"],
    "labels": {"team": "risk"},
    "environment": "production",
    "links": [{"url": "https://traces.example.com/inf-4711", "title": "Trace"}],
    "sensitivity": "internal",
}
"""The data of one event."""


class Untitled(GenerateJsonSchema):
    """Leaves out the titles that repeat the fields' names."""

    def field_title_should_be_set(self, schema: Any) -> bool:
        """Never."""
        del schema
        return False


def event_schema() -> str:
    """The JSON Schema (2020-12) of an event's data, as `docs/event.schema.json` has it."""
    schema = {
        "$schema": GenerateJsonSchema.schema_dialect,
        **Data.model_json_schema(schema_generator=Untitled),
        "title": "The data of an inference event",
        "examples": [EXAMPLE],
    }
    return json.dumps(schema, indent=2, ensure_ascii=False) + "\n"
