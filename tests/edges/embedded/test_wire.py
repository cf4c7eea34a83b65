"""The field tables beside aiokafka's own structs: two descriptions of the protocol guide, written independently."""

import inspect
from io import BytesIO
from typing import Any

import pytest
from aiokafka.protocol import admin, commit, coordination, fetch, group, metadata, offset, produce, transaction
from aiokafka.protocol.api import RequestStruct, Response
from aiokafka.protocol.types import Array, Schema

from consumers.embedded.broker.broker import Broker, BrokerConfig
from consumers.embedded.broker.calls.cluster import METADATA
from consumers.embedded.broker.calls.groups import LEAVE_GROUP
from consumers.embedded.broker.shape import Field
from consumers.embedded.broker.wire import API_VERSIONS, Api, WireError, read_body, read_header

MODULES = (admin, commit, coordination, fetch, group, metadata, offset, produce, transaction)
APIS = {api.key: api for api in (API_VERSIONS, *Broker(BrokerConfig()).table())}
WRONG_UPSTREAM = {
    ("DescribeGroupsRequest_v3", "has the answer of version 2"),
    ("ListGroupsRequest_v2", "has the number of version 1"),
    ("OffsetRequest_v4", "has a leader epoch of eight bytes; it is not used by the client"),
    ("OffsetRequest_v5", "as version 4"),
}


def structs() -> list[type[RequestStruct]]:
    found = {
        one
        for module in MODULES
        for _, one in inspect.getmembers(module, inspect.isclass)
        if issubclass(one, RequestStruct) and one is not RequestStruct and one.API_KEY in APIS
    }
    spoken = [one for one in found if APIS[one.API_KEY].speaks(one.API_VERSION)]
    wrong = {name for name, _ in WRONG_UPSTREAM}
    spoken = [one for one in spoken if one.__name__ not in wrong]
    return sorted(spoken, key=lambda one: (one.API_KEY, one.API_VERSION, one.__name__))


def theirs(kind: Any) -> list[str]:
    match kind:
        case Array():
            return ["[", *theirs(kind.array_of), "]"]
        case Schema():
            return [name for one in kind.fields for name in theirs(one)]
        case _:
            return [kind.__name__ if inspect.isclass(kind) else type(kind).__name__]


def ours(fields: tuple[Field, ...], version: int) -> list[str]:
    found: list[str] = []
    for one in fields:
        if one.since <= version <= one.until:
            found += ["[", *ours(one.kind, version), "]"] if isinstance(one.kind, tuple) else theirs(one.kind)
    return found


@pytest.mark.parametrize("struct", structs(), ids=lambda struct: struct.__name__)
def test_fields_are_those_that_aiokafka_knows(struct: type[RequestStruct]) -> None:
    api = APIS[struct.API_KEY]
    answer: type[Response] = struct.RESPONSE_TYPE

    assert ours(api.request, struct.API_VERSION) == theirs(struct.SCHEMA)
    assert ours(api.response, struct.API_VERSION) == theirs(answer.SCHEMA)


def test_the_comparison_sees_most_of_what_is_spoken() -> None:
    assert len(structs()) >= 50
    assert {struct.API_KEY for struct in structs()} >= set(APIS) - {44}  # IncrementalAlterConfigs: aiokafka has none


@pytest.mark.parametrize("api", APIS.values(), ids=lambda api: str(api.key))
def test_every_version_can_be_read_back(api: Api) -> None:
    for version in range(api.versions[0], api.versions[1] + 1):
        for shape in api.coders(version):
            content = shape.encode(filled(shape))
            stream = BytesIO(content)
            body = shape.decode(stream)
            assert stream.read() == b""
            assert shape.encode(body) == content


def filled(shape: Any) -> dict[str, Any]:
    """Make a body with something in every field."""
    body: dict[str, Any] = {}
    for part in shape._parts:
        if hasattr(part, "_names"):
            body |= dict.fromkeys(part._names, 1)
        else:
            body[part._field.name] = example(part._coder)
    return body


def example(coder: Any) -> Any:
    if isinstance(coder, Array):
        inner = coder.array_of
        return [filled(inner) if isinstance(inner, Schema) else example(inner)]
    return {"String": "text", "CompactString": "text", "Bytes": b"bytes"}.get(
        coder.__name__ if inspect.isclass(coder) else type(coder).__name__, 1
    )


def test_a_field_that_a_version_lacks_has_its_default() -> None:
    old = read_body(METADATA, 1, BytesIO(METADATA.coders(1)[0].encode({"topics": None})))

    assert old["allow_auto_topic_creation"] is True
    single = read_body(LEAVE_GROUP, 0, BytesIO(LEAVE_GROUP.coders(0)[0].encode({"group_id": "g", "member_id": "m"})))
    assert (single["member_id"], single["members"]) == ("m", None)


def test_an_answer_that_lacks_a_required_field_is_a_fault_not_a_default() -> None:
    with pytest.raises(KeyError):
        METADATA.coders(1)[1].encode({"controller_id": 1, "topics": []})


@pytest.mark.parametrize(
    "frame", [b"\0\x03\0\x01\0\0\0\x01\0\x50abc", b"\0\x03\0\x01\0\0\0\x01\0\x02\xff\xfe"], ids=["too long", "no text"]
)
def test_a_header_that_does_not_fit_is_refused(frame: bytes) -> None:
    with pytest.raises(WireError, match="client id"):
        read_header(frame)
