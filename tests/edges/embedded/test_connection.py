"""Clients that are broken, hostile or gone."""

import asyncio
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from io import BytesIO

import pytest
import structlog
from aiokafka.admin import AIOKafkaAdminClient

from consumers.embedded.broker.broker import Broker, BrokerConfig, serve
from consumers.embedded.broker.calls.cluster import METADATA
from consumers.embedded.broker.calls.groups import JOIN_GROUP
from consumers.embedded.broker.calls.records import FETCH
from consumers.embedded.broker.errors import Code
from consumers.embedded.broker.wire import API_VERSIONS, Api
from tests.edges.embedded.batches import built


@pytest.fixture
async def broker() -> AsyncIterator[Broker]:
    async with serve(BrokerConfig(longest_request=100_000)) as running:
        yield running


Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]


@asynccontextmanager
async def connected(broker: Broker) -> AsyncIterator[Streams]:
    reader, writer = await asyncio.open_connection("127.0.0.1", broker.port)
    try:
        yield reader, writer
    finally:
        writer.close()


def frame(key: int, version: int, body: bytes = b"", *, client: bytes = b"t") -> bytes:
    content = struct.pack(">hhih", key, version, 9, len(client)) + client + body
    return struct.pack(">i", len(content)) + content


async def answer(streams: Streams) -> bytes:
    size = struct.unpack(">i", await asyncio.wait_for(streams[0].readexactly(4), 5))[0]
    content = await asyncio.wait_for(streams[0].readexactly(size), 5)
    assert content[:4] == struct.pack(">i", 9)
    return content[4:]


async def ask(streams: Streams, api: Api, version: int, body: dict[str, object]) -> dict[str, object]:
    request, response = api.coders(version)
    streams[1].write(frame(api.key, version, request.encode(body)))
    return response.decode(BytesIO(await answer(streams)))


async def assert_well(broker: Broker) -> None:
    """A proper client is served as if nothing had happened."""
    admin = AIOKafkaAdminClient(bootstrap_servers=broker.address)
    await admin.start()
    await admin.list_topics()
    await admin.close()


@pytest.mark.parametrize(
    "sent",
    [
        pytest.param(struct.pack(">i", 0x7FFFFFFF), id="a huge length"),
        pytest.param(struct.pack(">i", 100_001), id="a length just above the limit"),
        pytest.param(struct.pack(">i", -5), id="a negative length"),
        pytest.param(struct.pack(">i", 3) + b"abc", id="a frame too short for a header"),
        pytest.param(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", id="another protocol"),
        pytest.param(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", id="TLS"),
        pytest.param(frame(999, 0), id="an unknown request"),
        pytest.param(frame(METADATA.key, 99), id="an unknown version"),
        pytest.param(frame(0, 0, b"\0\0"), id="produce in a version that is only listed"),
        pytest.param(frame(METADATA.key, 1, b"\0\0"), id="a body that ends too early"),
        pytest.param(frame(METADATA.key, 1, b"\0\0\0\x01\0\x02\xff\xfe"), id="a text that is none"),
        pytest.param(frame(METADATA.key, 1, b"\x7f\xff\xff\xff"), id="an array of two thousand million"),
        pytest.param(frame(FETCH.key, 11, b"\xff" * 60), id="numbers that mean nothing"),
    ],
)
async def test_what_is_not_the_protocol_ends_its_connection_and_nothing_else(broker: Broker, sent: bytes) -> None:
    async with connected(broker) as (reader, writer):
        writer.write(sent)
        assert await asyncio.wait_for(reader.read(), 5) == b""
    await assert_well(broker)


async def test_a_fault_of_ours_ends_one_connection_and_is_logged(
    broker: Broker, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_: object) -> list[str]:
        raise RuntimeError("a fault")

    with monkeypatch.context() as patch, structlog.testing.capture_logs() as logged:
        patch.setattr(type(broker.topics), "names", fail)
        async with connected(broker) as (reader, writer):
            writer.write(frame(METADATA.key, 1, b"\xff\xff\xff\xff"))
            assert await asyncio.wait_for(reader.read(), 5) == b""
    assert [(one["event"], one["log_level"]) for one in logged] == [("connection_failed", "error")]
    await assert_well(broker)


async def test_a_client_that_goes_in_the_middle_of_a_frame_leaves_nothing_behind(broker: Broker) -> None:
    async with connected(broker) as (_, writer):
        writer.write(struct.pack(">i", 5_000) + b"half")
        await writer.drain()
    await assert_well(broker)


async def test_a_version_of_api_versions_that_is_not_known_is_answered_in_version_0(broker: Broker) -> None:
    async with connected(broker) as streams:
        streams[1].write(frame(API_VERSIONS.key, 4, b"\0\x02a\x02b\0"))
        content = await answer(streams)
        code, count = struct.unpack(">hi", content[:6])
        assert code == Code.UNSUPPORTED_VERSION
        assert (18, 0, 3) in [struct.unpack_from(">hhh", content, 6 + 6 * index) for index in range(count)]
        # the connection goes on, as the client now asks anew
        streams[1].write(frame(API_VERSIONS.key, 0))
        assert (await answer(streams))[:2] == b"\0\0"


async def test_a_flexible_request_for_versions_is_read(broker: Broker) -> None:
    async with connected(broker) as streams:
        streams[1].write(frame(API_VERSIONS.key, 3, b"\0\x05name\x041.0\0"))
        content = await answer(streams)
        assert content[:2] == b"\0\0"
        assert content[2] == len(broker.table()) + 2  # a compact array: one more than its length, itself included


async def test_requests_sent_at_once_are_answered_in_order(broker: Broker) -> None:
    async with connected(broker) as streams:
        streams[1].write(frame(API_VERSIONS.key, 0) + frame(METADATA.key, 0, b"\0\0\0\0") + frame(API_VERSIONS.key, 0))
        sizes = [len(await answer(streams)) for _ in range(3)]
        assert sizes[0] == sizes[2] != sizes[1]


async def test_a_member_whose_connection_broke_while_it_waited_does_not_hold_up_the_group(broker: Broker) -> None:
    body = {
        "group_id": "g",
        "session_timeout_ms": 200,
        "rebalance_timeout_ms": 300,
        "member_id": "",
        "protocol_type": "consumer",
        "protocols": [{"name": "range", "metadata": b""}],
    }
    async with connected(broker) as (_, writer):
        writer.write(frame(JOIN_GROUP.key, 1, JOIN_GROUP.coders(1)[0].encode(body)))
        await writer.drain()
    async with connected(broker) as streams:
        joined = await ask(streams, JOIN_GROUP, 1, body)
        assert joined["error_code"] == Code.NONE


async def test_stopping_the_broker_lets_go_of_clients_that_wait() -> None:
    async with serve(BrokerConfig()) as broker:
        reader, writer = await asyncio.open_connection("127.0.0.1", broker.port)
        body = {
            "replica_id": -1,
            "max_wait_ms": 60_000,
            "min_bytes": 1,
            "max_bytes": 1,
            "isolation_level": 0,
            "topics": [],
        }
        writer.write(frame(FETCH.key, 4, FETCH.coders(4)[0].encode(body)))
        await assert_well(broker)
    assert await asyncio.wait_for(reader.read(), 5) == b""
    writer.close()


async def test_an_answer_above_the_clients_bytes_is_kept_small() -> None:
    async with serve(BrokerConfig(default_partitions=2)) as broker, connected(broker) as streams:
        await ask(streams, METADATA, 4, {"topics": ["t"], "allow_auto_topic_creation": True})
        for partition in broker.topics.partitions("t"):
            for _ in range(3):
                ((batch, raw),) = partition.check(built([(b"k", b"v" * 1_000)]))
                partition.append(batch, raw)
        asked = [{"index": index, "fetch_offset": 0, "max_bytes": 100_000} for index in (0, 1)]
        body = {"replica_id": -1, "max_wait_ms": 0, "min_bytes": 0, "isolation_level": 0}
        sizes = {}
        for limit in (1, 1_500, 4_000, 100_000):
            found = await ask(
                streams, FETCH, 4, {**body, "max_bytes": limit, "topics": [{"name": "t", "partitions": asked}]}
            )
            sizes[limit] = [len(one["records"]) // 1_000 for one in found["topics"][0]["partitions"]]  # type: ignore[index]
        assert sizes == {1: [1, 0], 1_500: [1, 0], 4_000: [3, 0], 100_000: [3, 3]}
