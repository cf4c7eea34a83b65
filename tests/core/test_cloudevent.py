"""Records to events and back: both content modes, bare JSON, other names, and every refusal in words."""

import json
from base64 import b64encode
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import pytest
from cloudevents.core.bindings.kafka import KafkaMessage, to_binary, to_structured
from cloudevents.core.formats.json import JSONFormat
from cloudevents.core.v1.event import CloudEvent
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.core.aliases import ALIASES
from bot.core.cloudevent import decode, encode, read
from bot.core.document import MAX_BYTES, MAX_DEPTH
from bot.core.event import (
    Event,
    Failure,
    Image,
    Link,
    Model,
    Position,
    Requester,
    Sensitivity,
    Status,
    Unreadable,
    Usage,
)
from bot.core.payload import Data
from tests.core.examples import event
from tests.core.strategies import EVENTS, JSON

HERE = Position(topic="inference.events", partition=3, offset=42)
NOON = datetime(2026, 7, 1, 12, tzinfo=UTC)
TIMESTAMP = 1_782_907_200_000
LEAST = {"inference_id": "i-1", "status": "completed", "model": "fraud"}
ENVELOPE = {"specversion": "1.0", "id": "e-1", "source": "/s", "type": "ai.inference.completed"}
FULL = {
    "inference_id": "i-1",
    "status": "failed",
    "model": {"name": "fraud", "version": "2.1", "provider": "openai"},
    "session_id": "s-1",
    "requester": {"slack_id": "U1", "email": "ann@example.com"},
    "title": "Order 7",
    "result": {"verdict": ["fraud", 1, None]},
    "confidence": 0.5,
    "latency": 2.5,
    "usage": {"input_tokens": 10, "output_tokens": 20, "cost": 0.1},
    "tags": ["a", "b"],
    "labels": {"team": "risk"},
    "environment": "production",
    "links": [{"url": "https://example.com", "title": "Trace"}],
    "images": [{"url": "https://example.com/i.png", "alt": "Plot"}],
    "error": {"type": "Timeout", "message": "no answer"},
    "sensitivity": "restricted",
    "more": {"deep": [1]},
}
WHOLE = Event(
    source="/s",
    id="e-1",
    type="ai.inference.failed",
    time=NOON,
    inference="i-1",
    status=Status.FAILED,
    model=Model(name="fraud", version="2.1", provider="openai"),
    session="s-1",
    requester=Requester(slack_id="U1", email="ann@example.com"),
    title="Order 7",
    result={"verdict": ["fraud", 1, None]},
    confidence=0.5,
    latency=2.5,
    usage=Usage(input_tokens=10, output_tokens=20, cost=0.1),
    tags=("a", "b"),
    labels={"team": "risk"},
    environment="production",
    links=(Link(url="https://example.com", title="Trace"),),
    images=(Image(url="https://example.com/i.png", alt="Plot"),),
    error=Failure(type="Timeout", message="no answer"),
    sensitivity=Sensitivity.RESTRICTED,
    extra={"more": {"deep": [1]}},
)


def parsed(value: Any, headers: Mapping[str, bytes] | None = None) -> Event | Unreadable:
    text = value if isinstance(value, bytes) else json.dumps(value).encode()
    return read(text, tuple((headers or {}).items()), HERE, timestamp=TIMESTAMP)


def good(value: Any, headers: Mapping[str, bytes] | None = None) -> Event:
    found = parsed(value, headers)
    assert isinstance(found, Event), found
    return found


def bare(**changes: Any) -> Event:
    return good({**LEAST, **changes})


def sdk(**attributes: Any) -> CloudEvent:
    return CloudEvent(
        attributes={
            "id": "e-1",
            "source": "/s",
            "type": "ai.inference.failed",
            "specversion": "1.0",
            "time": NOON,
            "datacontenttype": "application/json",
            **attributes,
        },
        data=FULL,
    )


@pytest.mark.parametrize("write", [to_structured, to_binary])
def test_what_the_cloudevents_sdk_writes_is_read(write: Any) -> None:
    message: KafkaMessage = write(sdk(), JSONFormat())
    assert read(message.value, tuple(message.headers.items()), HERE, timestamp=0) == WHOLE


@pytest.mark.parametrize("write", [to_structured, to_binary])
def test_extension_attributes_are_kept(write: Any) -> None:
    message: KafkaMessage = write(sdk(traceparent="00-ab-cd-01", subject="käse ☃ %41"), JSONFormat())
    found = read(message.value, tuple(message.headers.items()), HERE, timestamp=0)
    assert isinstance(found, Event)
    assert found.extra == {**WHOLE.extra, "traceparent": "00-ab-cd-01", "subject": "käse ☃ %41"}


def test_the_cloudevents_sdk_reads_what_encode_writes() -> None:
    found = JSONFormat().read(None, encode(WHOLE))
    assert (found.get_id(), found.get_source(), found.get_type()) == ("e-1", "/s", "ai.inference.failed")
    assert (found.get_time(), found.get_subject(), found.get_specversion()) == (NOON, "i-1", "1.0")
    assert found.get_data() == FULL


def test_structured_mode_is_known_without_its_header() -> None:
    assert good({**ENVELOPE, "type": "ai.inference.failed", "time": "2026-07-01T12:00:00Z", "data": FULL}) == WHOLE


def test_structured_mode_takes_base64_and_no_data_at_all() -> None:
    data = b64encode(json.dumps(FULL).encode()).decode()
    value = {**ENVELOPE, "type": "ai.inference.failed", "time": "2026-07-01T12:00:00Z", "data_base64": data}
    assert good(value) == WHOLE
    assert good({**ENVELOPE, "subject": "i-9", "model": "m"}).model == Model(name="m")


def test_bare_json_takes_identity_and_time_from_the_record() -> None:
    found = bare()
    assert (found.id, found.source) == ("inference.events/3@42", "inference.events")
    assert (found.type, found.time) == ("ai.inference.completed", NOON)
    named = bare(id="e-1", source="/s", type="x.failed", subject="i-9", time="2026-07-01T14:00:00+02:00")
    assert (named.id, named.source, named.type, named.time) == ("e-1", "/s", "x.failed", NOON)
    assert (named.inference, named.status, named.extra) == ("i-1", Status.COMPLETED, {"subject": "i-9"})


@pytest.mark.parametrize(
    ("kind", "status"),
    [
        ("com.example.inference.completed", Status.COMPLETED),
        ("com.example.needs-review.v2", Status.NEEDS_REVIEW),
        ("FAILED", Status.FAILED),
        ("ai.inference.canceled", Status.CANCELLED),
    ],
)
def test_the_type_ends_with_the_status_where_the_data_has_none(kind: str, status: Status) -> None:
    assert good({"type": kind, "subject": "i-1", "model": "m"}).status is status


def test_the_data_counts_more_than_an_extension_of_the_same_name() -> None:
    found = good({**ENVELOPE, "title": "of the envelope", "mood": "good", "data": {**LEAST, "title": "own"}})
    assert (found.title, found.extra) == ("own", {"mood": "good"})


def test_the_datas_own_status_and_inference_count_more() -> None:
    found = good({**ENVELOPE, "type": "x.failed", "subject": "i-9", "data": LEAST})
    assert (found.status, found.inference, found.extra) == (Status.COMPLETED, "i-1", {"subject": "i-9"})


@pytest.mark.parametrize(
    ("text", "time"),
    [
        ("2026-07-01T12:00:00Z", NOON),
        ("2026-07-01t12:00:00z", NOON),
        ("2026-07-01 12:00:00+00:00", NOON),
        ("2026-07-01T07:00:00-05:00", NOON),
        ("2026-07-01T12:00:00", NOON),
        ("2026-07-01T12:00:00.123456789Z", NOON.replace(microsecond=123456)),
        (None, NOON),
        ("", NOON),
    ],
)
def test_times_are_rfc_3339(text: str | None, time: datetime) -> None:
    assert bare(time=text).time == time


@pytest.mark.parametrize(
    ("timestamp", "year"), [(-1, 1970), (-(2**63), 1970), (2**63 - 1, 9999), (1_782_907_200_000, 2026)]
)
def test_any_record_timestamp_will_do(timestamp: int, year: int) -> None:
    found = read(json.dumps(LEAST).encode(), (), HERE, timestamp=timestamp)
    assert isinstance(found, Event)
    assert found.time.year == year


OPENTELEMETRY = {
    "gen_ai.request.model": "gpt-5",
    "gen_ai.response.model": "gpt-5-2026-01-01",
    "gen_ai.provider.name": "openai",
    "gen_ai.usage.input_tokens": 10,
    "gen_ai.usage.output_tokens": 20,
    "gen_ai.conversation.id": "s-1",
    "gen_ai.response.id": "i-1",
    "gen_ai.client.operation.duration": 1.5,
    "error.type": "Timeout",
    "exception.message": "no answer",
    "deployment.environment.name": "production",
    "user.email": "ann@example.com",
    "status": "failed",
}


def test_opentelemetrys_names_are_understood() -> None:
    found = good(OPENTELEMETRY)
    assert found.model == Model(name="gpt-5", provider="openai")
    assert found.usage == Usage(input_tokens=10, output_tokens=20)
    assert (found.session, found.inference, found.latency) == ("s-1", "i-1", 1.5)
    assert found.error == Failure(type="Timeout", message="no answer")
    assert (found.environment, found.requester) == ("production", Requester(email="ann@example.com"))
    assert found.extra == {"gen_ai.response.model": "gpt-5-2026-01-01"}


def test_a_fields_own_name_counts_more_than_its_aliases() -> None:
    found = bare(**{"gen_ai.request.model": "other", "session_id": "s", "session": "t", "env": "prod"})
    assert (found.model.name, found.session, found.environment) == ("fraud", "s", "prod")
    assert found.extra == {"gen_ai.request.model": "other", "session": "t"}
    assert bare(model={"version": "2"}, **{"gen_ai.request.model": "m"}).model == Model(name="m", version="2")
    assert bare(model="m", **{"gen_ai.system": "azure"}).model == Model(name="m", provider="azure")


@pytest.mark.parametrize(
    ("fields", "requester", "extra"),
    [
        ({"requester": "U024BE7LH"}, Requester(slack_id="U024BE7LH"), {}),
        ({"requester": "W1"}, Requester(slack_id="W1"), {}),
        ({"requester": "ann@example.com"}, Requester(email="ann@example.com"), {}),
        ({"requester": "ann"}, None, {"requester.name": "ann"}),
        ({"requester": 42}, None, {"requester.name": "42"}),
        ({"requester": ""}, None, {}),
        ({"requester": None}, None, {}),
        ({"requester": {"email": "a@b", "team": "x"}}, Requester(email="a@b"), {"requester.team": "x"}),
        (
            {"requester": {"slack_id": "@ann", "email": "nobody"}},
            None,
            {"requester.id": "@ann", "requester.address": "nobody"},
        ),
        ({"requester": {"slack_id": 7, "email": ["x"]}}, None, {"requester.id": 7, "requester.address": ["x"]}),
        ({"user.email": 0.5}, None, {"requester.address": 0.5}),
        ({"user": "U1", "user.email": "a@b"}, Requester(slack_id="U1", email="a@b"), {}),
        ({"user.id": "ann", "enduser.id": "U1"}, Requester(slack_id="U1"), {"requester.name": "ann"}),
        ({"requester": "U1", "user": "U2"}, Requester(slack_id="U1"), {"user": "U2"}),
    ],
)
def test_a_requester_may_be_named_in_many_ways(
    fields: Mapping[str, Any], requester: Requester | None, extra: Mapping[str, Any]
) -> None:
    found = bare(**fields)
    assert (found.requester, found.extra) == (requester, extra)
    assert decode(encode(found)) == found


def test_what_is_safe_to_forgive_is_forgiven() -> None:
    assert bare(status="NEEDS-Review").status is Status.NEEDS_REVIEW
    assert bare(sensitivity="Public").sensitivity is Sensitivity.PUBLIC
    assert bare(model={"name": "m", "version": 2.1}).model.version == "2.1"
    assert bare(confidence="0.5", latency=3).confidence == 0.5
    assert bare(tags="nightly").tags == ("nightly",)
    assert bare(labels={"a": 1, "b": True, "c": None, "d": "x"}).labels == {"a": "1", "b": "true", "d": "x"}
    assert bare(error="boom").error == Failure(message="boom")
    assert bare(links=["https://a.b"]).links == (Link(url="https://a.b"),)
    assert bare(images=["https://a.b/c.png"]).images == (Image(url="https://a.b/c.png"),)
    assert good(b"\xef\xbb\xbf" + json.dumps(LEAST).encode()).inference == "i-1"
    assert good(json.dumps(LEAST).encode(), {"Content-Type": b"application/json; charset=utf-8"}).inference == "i-1"


def test_what_is_empty_or_null_is_absent() -> None:
    empty = dict.fromkeys(Data.model_fields.keys() - LEAST.keys() - {"result"}, None)
    assert bare(**empty) == bare()
    words = ("session_id", "title", "environment", "requester", "error")
    assert bare(**dict.fromkeys(words, "")) == bare()
    assert bare(result="").result == ""


def test_fields_that_are_unknown_are_kept_by_their_path() -> None:
    found = bare(
        mood="good",
        nothing=None,
        model={"name": "m", "size": 7},
        usage={"cached_tokens": 5},
        error={"code": 500},
        links=[{"url": "https://a.b", "rel": "x"}, {"url": "https://a.c", "rel": "y"}],
    )
    assert found.extra == {
        "mood": "good",
        "nothing": None,
        "model.size": 7,
        "usage.cached_tokens": 5,
        "error.code": 500,
        "links.0.rel": "x",
        "links.1.rel": "y",
    }
    assert json.loads(encode(found))["data"]["usage"] == {"cached_tokens": 5}
    assert decode(encode(found)) == found


@given(EVENTS)
@settings(max_examples=40)
def test_an_event_survives_being_written_and_read(one: Event) -> None:
    assert decode(encode(one)) == one
    assert read(encode(one), (), HERE, timestamp=TIMESTAMP) == one


_KEYS = st.sampled_from([*ALIASES, *Data.model_fields, "subject", "model.size", "links.0.rel", "error.type", "usage."])
_VALUES = JSON | st.sampled_from(
    ["U1", "a@b", "failed", 0.5, 3, "", None, ["https://a.b"], {"name": "m"}, {"email": "x"}]
)


@given(st.dictionaries(_KEYS, _VALUES, max_size=8))
def test_whatever_can_be_read_survives_being_written_and_read(fields: dict[str, Any]) -> None:
    found = parsed({**LEAST, **fields})
    if isinstance(found, Event):
        assert decode(encode(found)) == found
    else:
        assert ": " in found.reason


@given(
    st.none() | st.binary(max_size=200) | JSON.map(lambda value: json.dumps(value).encode("utf-8", "surrogatepass")),
    st.lists(
        st.tuples(
            st.sampled_from(["content-type", "ce_id", "ce_specversion", "ce_time", "ce_x"]) | st.text(max_size=9),
            st.sampled_from([b"application/cloudevents+json", b"1.0", b"application/json"]) | st.binary(max_size=9),
        ),
        max_size=5,
    ),
    st.integers(-(2**63), 2**63 - 1),
)
def test_no_bytes_make_it_raise(value: bytes | None, headers: list[tuple[str, bytes]], timestamp: int) -> None:
    found = read(value, headers, HERE, timestamp=timestamp)
    assert isinstance(found, Event | Unreadable)


def nested(levels: int) -> bytes:
    """A record whose JSON is this deep: one object, and lists within."""
    text = json.dumps(LEAST)[:-1] + ', "result": ' + "[" * (levels - 1) + "]" * (levels - 1) + "}"
    return text.encode()


def test_nesting_is_bounded_when_it_comes_and_not_when_it_was_accepted() -> None:
    deepest = good(nested(MAX_DEPTH))
    assert decode(encode(deepest)) == deepest
    for levels in (MAX_DEPTH + 1, 1_000, 100_000):
        found = parsed(nested(levels))
        assert isinstance(found, Unreadable)
        assert "deep" in found.reason or "depth limit" in found.reason
    flat = bare(result=[[] for _ in range(500)])
    assert flat.result == [[]] * 500


def test_size_is_bounded_when_it_comes_and_not_when_it_was_accepted() -> None:
    room = MAX_BYTES - len(json.dumps({**LEAST, "result": ""}))
    largest = bare(result="x" * room)
    assert decode(encode(largest)) == largest
    found = parsed({**LEAST, "result": "x" * (room + 1)})
    assert found == Unreadable(reason="value: has 1,048,577 bytes, at most 1,048,576 are read")


STRUCTURED = {"content-type": b"application/cloudevents+json; charset=utf-8"}
BINARY = {"ce_specversion": b"1.0", "ce_id": b"e", "ce_source": b"/s", "ce_type": b"x.failed"}


@pytest.mark.parametrize(
    ("value", "headers", "reason"),
    [
        (b"", {}, "value: is not JSON: Input is a zero-length, empty document: line 1 column 1 (char 0)"),
        (b"[1]", {}, "value: must be an object, got [1]"),
        (
            b'{"a": NaN}',
            {},
            "value: is not JSON: unexpected character, expected a JSON value: line 1 column 7 (char 6)",
        ),
        (b'{"a": 1e999}', {}, "value: is not JSON: number is infinity when parsed as double: line 1 column 7 (char 6)"),
        (
            b'{"a": "\xff"}',
            {},
            "value: is not JSON: str is not valid UTF-8: surrogates not allowed: line 1 column 1 (char 0)",
        ),
        (b'{"a": "\\ud800"}', {}, "value: is not JSON: no low surrogate in string: line 1 column 8 (char 7)"),
        ({}, {}, "data.model: is missing"),
        ({"model": "m"}, {}, "data.inference_id: is missing, and so is subject"),
        ({"model": "m", "inference_id": ""}, {}, "data.inference_id: is missing, and so is subject"),
        ({"model": "m", "inference_id": "i"}, {}, "data.status: is missing"),
        (
            {"model": "m", "inference_id": "i", "type": "a.b.v1"},
            {},
            "data.status: is missing, and type ends with none: 'a.b.v1'",
        ),
        (
            {"model": "m", "inference_id": "i", "type": "v1"},
            {},
            "data.status: is missing, and type ends with none: 'v1'",
        ),
        (
            {**LEAST, "status": "x"},
            {},
            "data.status: must be 'queued', 'running', 'needs_review', 'completed', 'failed' or 'cancelled', got 'x'",
        ),
        ({**LEAST, "model": {"name": ""}}, {}, "data.model.name: must not be empty, got ''"),
        ({**LEAST, "model": ["m"]}, {}, 'data.model: must be an object, got ["m"]'),
        ({**LEAST, "model": {"name": True}}, {}, "data.model.name: must be text, got true"),
        ({**LEAST, "title": {"a": 1}}, {}, 'data.title: must be text, got {"a":1}'),
        ({**LEAST, "confidence": 7}, {}, "data.confidence: must be between 0 and 1, got 7"),
        ({**LEAST, "confidence": -0.1}, {}, "data.confidence: must be between 0 and 1, got -0.1"),
        ({**LEAST, "confidence": "high"}, {}, "data.confidence: must be a number, got 'high'"),
        ({**LEAST, "confidence": "nan"}, {}, "data.confidence: must be a number, got 'nan'"),
        ({**LEAST, "confidence": True}, {}, "data.confidence: must be a number, got true"),
        ({**LEAST, "latency": -1}, {}, "data.latency: must be at least 0, got -1"),
        ({**LEAST, "latency": "inf"}, {}, "data.latency: must be a number, got 'inf'"),
        ({**LEAST, "usage": {"cost": [1]}}, {}, "data.usage.cost: must be a number, got [1]"),
        ({**LEAST, "usage": {"input_tokens": 1.5}}, {}, "data.usage.input_tokens: must be a whole number, got 1.5"),
        ({**LEAST, "usage": {"input_tokens": "x"}}, {}, "data.usage.input_tokens: must be a whole number, got 'x'"),
        ({**LEAST, "usage": {"output_tokens": False}}, {}, "data.usage.output_tokens: must be a number, got false"),
        (
            {**LEAST, "usage": {"output_tokens": 2**60}},
            {},
            f"data.usage.output_tokens: must be at most {2**53:g}, got {2**60}",
        ),
        ({**LEAST, "usage": 5}, {}, "data.usage: must be an object, got 5"),
        ({**LEAST, "tags": 5}, {}, "data.tags: must be a list, got 5"),
        ({**LEAST, "tags": ["a", None]}, {}, "data.tags.1: must be text, got null"),
        ({**LEAST, "labels": ["a"]}, {}, 'data.labels: must be an object, got ["a"]'),
        ({**LEAST, "labels": {"a": {}}}, {}, "data.labels.a: must be text, got {}"),
        (
            {**LEAST, "links": [{"url": "javascript:alert(1)"}]},
            {},
            "data.links.0.url: must be a link that begins with https:// or http://, got 'javascript:alert(1)'",
        ),
        (
            {**LEAST, "images": ["http://a.b/c.png"]},
            {},
            "data.images.0.url: must be a link that begins with https://, got 'http://a.b/c.png'",
        ),
        ({**LEAST, "requester": [1]}, {}, "data.requester: must be an object, got [1]"),
        (
            {**LEAST, "sensitivity": "secret"},
            {},
            "data.sensitivity: must be 'public', 'internal', 'confidential' or 'restricted', got 'secret'",
        ),
        ({**LEAST, "time": "yesterday"}, {}, "time: must be a time like 2026-07-01T12:00:00Z, got 'yesterday'"),
        ({**LEAST, "time": "2026-02-30T12:00:00Z"}, {}, "time: there is no such time as '2026-02-30T12:00:00Z'"),
        (
            {**LEAST, "time": "0001-01-01T00:00:00+23:00"},
            {},
            "time: there is no such time as '0001-01-01T00:00:00+23:00'",
        ),
        ({**LEAST, "time": 1782907200}, {}, "time: must be a time like 2026-07-01T12:00:00Z, got '1782907200'"),
        ({**LEAST, "id": ["x"]}, {}, 'id: must be text, got ["x"]'),
        (LEAST, STRUCTURED, "specversion: is missing"),
        ({**ENVELOPE, "specversion": "0.3"}, {}, "specversion: must be 1.0, got '0.3'"),
        ({**ENVELOPE, "id": ""}, {}, "id: is missing"),
        ({**ENVELOPE, "source": None}, {}, "source: is missing"),
        ({**ENVELOPE, "type": None}, {}, "type: is missing"),
        ({**ENVELOPE, "data": "text"}, {}, "data: must be an object, got 'text'"),
        ({**ENVELOPE, "data_base64": 5}, {}, "data_base64: must be text, got 5"),
        ({**ENVELOPE, "data_base64": "é"}, {}, "data_base64: is not base64, got 'é'"),
        ({**ENVELOPE, "data_base64": "!"}, {}, "data_base64: is not base64, got '!'"),
        (
            {**ENVELOPE, "data_base64": "AAAA"},
            {},
            "data_base64: is not JSON: unexpected character, expected a JSON value: line 1 column 1 (char 0)",
        ),
        (
            [],
            {"content-type": b"application/cloudevents-batch+json"},
            "content-type: 'application/cloudevents-batch+json' can't be read; publish application/cloudevents+json",
        ),
        (LEAST, BINARY | {"content-type": b"text/plain"}, "content-type: must be application/json, got 'text/plain'"),
        (LEAST, BINARY | {"ce_id": b"\xff"}, "header 'ce_id': is not UTF-8"),
        (LEAST, {"ce_id": b"e"}, "specversion: is missing"),
        (b"\x00", BINARY, "data: is not JSON: unexpected character, expected a JSON value: line 1 column 1 (char 0)"),
        ({**LEAST, "result": "y" * 99, "title": ["x" * 99]}, {}, f'data.title: must be text, got ["{"x" * 57}…'),
    ],
)
def test_a_refusal_names_the_field_and_the_problem(value: Any, headers: Mapping[str, bytes], reason: str) -> None:
    assert parsed(value, headers) == Unreadable(reason=reason)


def test_a_record_without_a_value_is_refused() -> None:
    found = read(None, tuple(BINARY.items()), HERE, timestamp=0)
    assert found == Unreadable(reason="value: is missing; an event is JSON")


def test_decode_says_what_is_wrong_with_a_body_that_encode_did_not_write() -> None:
    with pytest.raises(ValueError, match="specversion: is missing"):
        decode(b"{}")


def test_the_time_is_written_in_utc() -> None:
    assert json.loads(encode(event()))["time"] == "2026-07-01T12:00:00Z"
