"""Answers that no client library asks for in the contract: refusals, old versions, several at once."""

import asyncio
from typing import Any

import pytest
import structlog

from consumers.embedded.broker.broker import Broker, BrokerConfig, serve
from consumers.embedded.broker.calls import admin, cluster, groups, offsets, transactions
from consumers.embedded.broker.calls.family import Caller
from consumers.embedded.broker.errors import Code
from consumers.embedded.broker.wire import Api
from tests.edges.embedded.batches import built

TOPIC, NODE, LOGGER = 2, 4, 8


@pytest.fixture
def broker() -> Broker:
    made = Broker(BrokerConfig())
    made.topics.create("t", 1, {}, now=0)
    return made


async def ask(broker: Broker, api: Api, body: dict[str, Any], *, version: int | None = None) -> Any:
    caller = Caller(client_id="c", host="/h", version=api.versions[1] if version is None else version)
    return await broker.table()[api](body, caller)


async def test_what_is_only_validated_is_not_done(broker: Broker) -> None:
    wanted = {"name": "new", "num_partitions": 1, "replication_factor": 1, "assignments": [], "configs": []}
    assert await ask(broker, admin.CREATE_TOPICS, {"topics": [wanted], "validate_only": True}) == {
        "topics": [{"name": "new"}]
    }
    grown = {"name": "t", "count": 5}
    assert await ask(broker, admin.CREATE_PARTITIONS, {"topics": [grown], "validate_only": True}) == {
        "topics": [{"name": "t"}]
    }
    change = {"type": TOPIC, "name": "t", "configs": [{"name": "retention.ms", "value": "1"}]}
    await ask(broker, admin.ALTER_CONFIGS, {"resources": [change], "validate_only": True})

    assert broker.topics.names() == ["t"]
    assert len(broker.topics.partitions("t")) == 1
    assert broker.topics.config("t").told == {}


async def test_a_topic_may_be_made_by_listing_where_its_partitions_go(broker: Broker) -> None:
    assignments = [{"index": 0, "brokers": [1]}, {"index": 1, "brokers": [1]}]
    wanted = {"name": "a", "num_partitions": -1, "replication_factor": -1, "assignments": assignments, "configs": []}

    await ask(broker, admin.CREATE_TOPICS, {"topics": [wanted], "validate_only": False})

    assert len(broker.topics.partitions("a")) == 2


async def test_a_topic_that_is_not_there_can_not_be_deleted(broker: Broker) -> None:
    answer = await ask(broker, admin.DELETE_TOPICS, {"names": ["none", "t"]})

    assert [one["error_code"] for one in answer["topics"]] == [Code.UNKNOWN_TOPIC_OR_PARTITION, Code.NONE]


@pytest.mark.parametrize(
    ("kind", "name", "code"),
    [(TOPIC, "none", Code.UNKNOWN_TOPIC_OR_PARTITION), (NODE, "1", None), (NODE, "7", 42), (LOGGER, "1", 42)],
)
async def test_only_topics_and_this_node_have_a_configuration(
    broker: Broker, kind: int, name: str, code: Code | None
) -> None:
    asked = {"type": kind, "name": name, "keys": None}

    answer = await ask(broker, admin.DESCRIBE_CONFIGS, {"resources": [asked]})

    assert answer["resources"][0].get("error_code") == code


async def test_single_settings_can_be_asked_for(broker: Broker) -> None:
    asked = {"type": TOPIC, "name": "t", "keys": ["retention.ms"]}

    answer = await ask(broker, admin.DESCRIBE_CONFIGS, {"resources": [asked]})

    assert [one["name"] for one in answer["resources"][0]["configs"]] == ["retention.ms"]


async def test_a_change_that_can_not_be_is_refused(broker: Broker) -> None:
    changes = [
        ({"type": NODE, "name": "1", "configs": []}, Code.INVALID_REQUEST),
        ({"type": TOPIC, "name": "t", "configs": [{"name": "x", "operation": 9, "value": "1"}]}, Code.INVALID_REQUEST),
        ({"type": TOPIC, "name": "t", "configs": [{"name": "x", "operation": 0, "value": "1"}]}, Code.INVALID_CONFIG),
    ]
    for change, code in changes:
        body = {"resources": [change], "validate_only": False}
        answer = await ask(broker, admin.INCREMENTAL_ALTER_CONFIGS, body)
        assert answer["resources"][0]["error_code"] == code


async def test_groups_that_are_not_there_are_told_as_such(broker: Broker) -> None:
    member = {"group_id": "none", "generation_id": 1, "member_id": "m", "group_instance_id": None, "assignments": []}

    assert (await ask(broker, groups.HEARTBEAT, member))["error_code"] == Code.UNKNOWN_MEMBER_ID
    assert (await ask(broker, groups.SYNC_GROUP, member))["error_code"] == Code.UNKNOWN_MEMBER_ID
    assert (await ask(broker, groups.DESCRIBE_GROUPS, {"groups": ["none"]}))["groups"] == [{"group_id": "none"}]
    deleted = await ask(broker, groups.DELETE_GROUPS, {"groups": ["none"]})
    assert deleted["results"][0]["error_code"] == Code.GROUP_ID_NOT_FOUND
    leaving = {"group_id": "none", "member_id": "m", "members": None}
    assert (await ask(broker, groups.LEAVE_GROUP, leaving, version=2))["error_code"] == Code.UNKNOWN_MEMBER_ID


async def test_several_static_members_can_be_removed_at_once(broker: Broker) -> None:
    leaving = [{"member_id": "", "group_instance_id": name} for name in ("one", "two")]

    answer = await ask(broker, groups.LEAVE_GROUP, {"group_id": "g", "member_id": None, "members": leaving})

    assert [one["error_code"] for one in answer["members"]] == [Code.UNKNOWN_MEMBER_ID] * 2


async def test_a_group_needs_a_name(broker: Broker) -> None:
    joining = {
        "group_id": "",
        "session_timeout_ms": 6_000,
        "rebalance_timeout_ms": None,
        "member_id": "",
        "group_instance_id": None,
        "protocol_type": "consumer",
        "protocols": [],
    }
    assert (await ask(broker, groups.JOIN_GROUP, joining, version=0))["error_code"] == Code.INVALID_GROUP_ID
    body = {
        "group_id": "",
        "generation_id": -1,
        "member_id": "",
        "group_instance_id": None,
        "topics": commit_of("t", 0),
    }
    answer = await ask(broker, offsets.OFFSET_COMMIT, body)
    assert answer["topics"][0]["partitions"] == [{"index": 0, "error_code": Code.INVALID_GROUP_ID}]


def commit_of(topic: str, index: int) -> list[dict[str, Any]]:
    return [{"name": topic, "partitions": [{"index": index, "offset": 1, "leader_epoch": -1, "metadata": None}]}]


async def test_a_commit_for_a_partition_that_is_not_there_is_refused(broker: Broker) -> None:
    body = {"group_id": "g", "generation_id": -1, "member_id": "", "group_instance_id": None}

    answer = await ask(broker, offsets.OFFSET_COMMIT, {**body, "topics": [*commit_of("t", 9), *commit_of("t", 0)]})

    codes = [one.get("error_code") for topic in answer["topics"] for one in topic["partitions"]]
    assert codes == [Code.UNKNOWN_TOPIC_OR_PARTITION, None]
    assert list(broker.coordinator.offsets("g")) == [("t", 0)]


async def test_a_transaction_of_nobody_is_refused(broker: Broker) -> None:
    owner = {"transactional_id": "x", "producer_id": 1, "producer_epoch": 0, "group_id": "g"}
    code = Code.INVALID_PRODUCER_ID_MAPPING

    answer = await ask(broker, transactions.TXN_OFFSET_COMMIT, {**owner, "topics": commit_of("t", 0)})
    assert answer["topics"][0]["partitions"] == [{"index": 0, "error_code": code}]
    added = await ask(
        broker, transactions.ADD_PARTITIONS_TO_TXN, {**owner, "topics": [{"name": "t", "partitions": [0]}]}
    )
    assert added["topics"][0]["partitions"] == [{"index": 0, "error_code": code}]
    assert (await ask(broker, transactions.END_TXN, {**owner, "committed": True}))["error_code"] == code
    begun = {"transactional_id": "x", "transaction_timeout_ms": -1}
    answer = await ask(broker, transactions.INIT_PRODUCER_ID, begun)
    assert answer["error_code"] == Code.INVALID_TRANSACTION_TIMEOUT


@pytest.mark.parametrize(
    ("version", "named", "told"), [(0, [], ["t"]), (1, None, ["t"]), (1, [], []), (4, ["u"], ["u"])]
)
async def test_all_topics_or_some_are_told(
    broker: Broker, version: int, named: list[str] | None, told: list[str]
) -> None:
    body = {"topics": named, "allow_auto_topic_creation": False}

    answer = await ask(broker, cluster.METADATA, body, version=version)

    assert [one["name"] for one in answer["topics"]] == told
    assert [one.get("error_code") for one in answer["topics"]] == [3 if name == "u" else None for name in told]
    assert broker.topics.names() == ["t"]


async def test_a_full_disk_does_not_end_the_broker_when_it_cleans(monkeypatch: pytest.MonkeyPatch) -> None:
    tried = asyncio.Semaphore(0)

    def full(_: Broker) -> None:
        tried.release()
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Broker, "clean", full)
    with structlog.testing.capture_logs() as logged:
        async with asyncio.timeout(10), serve(BrokerConfig(clean_every_seconds=0)):
            await tried.acquire()
            await tried.acquire()
    assert {one["event"] for one in logged} == {"broker_started", "clean_failed"}


async def test_retention_and_compaction_are_applied_as_time_passes() -> None:
    async with asyncio.timeout(10), serve(BrokerConfig(clean_every_seconds=0)) as broker:
        broker.topics.create("t", 1, {"cleanup.policy": "compact"}, now=0)
        partition = broker.topics.partition("t", 0)
        for value in (b"1", b"2"):
            ((batch, raw),) = partition.check(built([(b"k", value)]))
            partition.append(batch, raw)
        while len(list(partition.log.batches())) > 1:  # noqa: ASYNC110 - a log tells nobody when it is compacted
            await asyncio.sleep(0.02)
