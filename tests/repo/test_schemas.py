"""The generated documents for producers: current, valid, and true of what is read."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator, FormatChecker

from bot.core.asyncapi import asyncapi
from bot.core.cloudevent import encode, read
from bot.core.event import Event, Position
from bot.core.feedback import Feedback, Rating
from bot.core.feedback import encode as encode_feedback
from bot.core.schema import EXAMPLE, event_schema
from bot.settings import Settings
from tests.core.strategies import EVENTS

DOCS = Path(__file__).resolve().parents[2] / "docs"
HERE = Position(topic="inference.events", partition=0, offset=0)
SCHEMA = json.loads(event_schema())
DATA = Draft202012Validator(SCHEMA)
DOCUMENT = yaml.safe_load(asyncapi())
MESSAGES = DOCUMENT["components"]["messages"]
LEAST = {"inference_id": "i-1", "status": "completed", "model": "m"}


def readable(data: dict[str, Any]) -> bool:
    return isinstance(read(json.dumps(data).encode(), (), HERE, timestamp=0), Event)


def test_the_files_are_current() -> None:
    stale = "run `tidings docs`"
    assert (DOCS / "event.schema.json").read_text(encoding="utf-8") == event_schema(), stale
    assert (DOCS / "asyncapi.yaml").read_text(encoding="utf-8") == asyncapi(), stale


def test_the_schema_is_json_schema() -> None:
    assert SCHEMA["$schema"] == Draft202012Validator.META_SCHEMA["$id"]
    Draft202012Validator.check_schema(SCHEMA)


def test_every_keyword_of_the_schema_is_one_of_json_schemas() -> None:
    known = {"$schema", "$defs", "$ref", "additionalProperties", "anyOf", "default", "description", "enum", "examples"}
    known |= {"items", "maximum", "minLength", "minimum", "pattern", "properties", "required", "title", "type"}
    assert set(_keywords(SCHEMA)) <= known


def _keywords(schema: Any) -> Iterator[str]:
    """The keywords of a schema and its subschemas, leaving out names of fields and values."""
    match schema:
        case dict():
            for name, value in schema.items():
                yield name
                if name in {"properties", "$defs"}:
                    for inner in value.values():
                        yield from _keywords(inner)
                elif name not in {"default", "examples", "enum"}:
                    yield from _keywords(value)
        case list():
            for inner in schema:
                yield from _keywords(inner)


@given(EVENTS)
@settings(max_examples=40)
def test_whatever_is_written_is_valid(one: Event) -> None:
    DATA.validate(json.loads(encode(one))["data"])


@pytest.mark.parametrize(
    "fields",
    [
        {},
        EXAMPLE,
        {"model": {"name": "m", "size": 7}, "unknown": [1]},
        {"requester": "U1", "error": "boom", "links": ["https://a.b"], "images": ["https://a.b/c.png"], "tags": "a"},
        {"labels": {"a": 1, "b": True, "c": None}, "result": [1], "confidence": None},
    ],
)
def test_what_the_schema_allows_is_read(fields: dict[str, Any]) -> None:
    data = LEAST | fields
    DATA.validate(data)
    assert readable(data)


@pytest.mark.parametrize(
    "fields",
    [
        {"model": None},
        {"model": {"name": ""}},
        {"status": "x"},
        {"confidence": 7},
        {"confidence": True},
        {"latency": -1},
        {"usage": {"input_tokens": 1.5}},
        {"usage": {"input_tokens": -1}},
        {"usage": {"input_tokens": 2**60}},
        {"tags": [1, None]},
        {"labels": {"a": {}}},
        {"links": ["x"], "title": {}},
        {"images": [{"url": "http://a.b"}]},
        {"sensitivity": "secret"},
    ],
)
def test_what_is_refused_the_schema_forbids(fields: dict[str, Any]) -> None:
    assert not DATA.is_valid(LEAST | fields)
    assert not readable(LEAST | fields)


def test_the_topics_are_those_of_the_settings() -> None:
    addresses = {name: channel["address"] for name, channel in DOCUMENT["channels"].items()}
    assert addresses == {
        "events": Settings.model_fields["topic"].default,
        "dead": Settings.model_fields["dead_topic"].default,
        "feedback": Settings.model_fields["feedback_topic"].default,
    }


def test_every_reference_leads_somewhere_and_every_part_is_used() -> None:
    references = set(_references(DOCUMENT))
    for reference in references:
        assert _resolve(reference) is not None
    for kind in ("messages", "schemas"):
        for name in DOCUMENT["components"][kind]:
            assert f"#/components/{kind}/{name}" in references
    for operation in DOCUMENT["operations"].values():
        assert operation["action"] in {"send", "receive"}
        assert operation["channel"]["$ref"].startswith("#/channels/")


def _references(part: Any) -> Iterator[str]:
    match part:
        case {"$ref": str(reference)}:
            yield reference
        case dict():
            for inner in part.values():
                yield from _references(inner)
        case list():
            for inner in part:
                yield from _references(inner)


def _resolve(reference: str) -> Any:
    found = DOCUMENT
    for step in reference.removeprefix("#/").split("/"):
        found = found[step]
    return found


@pytest.mark.parametrize("name", ["structured", "binary", "bare"])
def test_the_examples_are_valid_and_readable(name: str) -> None:
    (example,) = MESSAGES[name]["examples"]
    for part in ("headers", "payload"):
        schema = {**MESSAGES[name][part], "components": DOCUMENT["components"]}
        Draft202012Validator(schema, format_checker=FormatChecker()).validate(example[part])
    headers = [(key, value.encode()) for key, value in example["headers"].items()]
    one = read(json.dumps(example["payload"]).encode(), headers, HERE, timestamp=0)
    assert isinstance(one, Event), one
    assert (one.id, one.inference, one.extra) == ("inf-4711-2", "inf-4711", {})


@given(EVENTS, st.sampled_from(Rating), st.integers(0, 2**41))
def test_whatever_is_said_of_any_result_is_as_the_schema_says(of: Event, rating: Rating, at: int) -> None:
    schema = {**MESSAGES["feedback"]["payload"], "components": DOCUMENT["components"]}
    validator = Draft202012Validator(schema, format_checker=FormatChecker())
    validator.validate(json.loads(encode_feedback(Feedback(event=of, rating=rating, team="T1", user="U1", at=at))))
    (example,) = MESSAGES["feedback"]["examples"]
    validator.validate(example["payload"])


def test_a_buried_deliverys_event_is_valid() -> None:
    schema = {"$ref": "#/components/schemas/Event", "components": DOCUMENT["components"]}
    (example,) = MESSAGES["structured"]["examples"]
    one = read(json.dumps(example["payload"]).encode(), (), HERE, timestamp=0)
    assert isinstance(one, Event)
    Draft202012Validator(schema, format_checker=FormatChecker()).validate(json.loads(encode(one)))
