from collections.abc import Callable
from pathlib import Path

import pytest

from consumers.embedded.broker.broker import Broker, BrokerConfig
from consumers.embedded.broker.configs import DEFAULTS, TopicConfig
from consumers.embedded.broker.coordinator import Committed
from consumers.embedded.broker.errors import Code, Refused
from consumers.embedded.broker.ledger import Ledger
from consumers.embedded.broker.log import FolderShelf
from consumers.embedded.broker.member import Join
from tests.edges.embedded.batches import NOW, built


def started(folder: Path) -> Broker:
    return Broker(BrokerConfig(data_dir=folder))


def refusal(action: Callable[[], object]) -> Code:
    with pytest.raises(Refused) as caught:
        action()
    return caught.value.code


def write(broker: Broker, topic: str, *values: bytes) -> None:
    partition = broker.topics.partition(topic, 0)
    for value in values:
        ((batch, raw),) = partition.check(built([(b"k", value)]))
        partition.append(batch, raw)


def test_topics_with_their_configuration_and_records_outlive_the_broker(tmp_path: Path) -> None:
    broker = started(tmp_path)
    broker.topics.create("t", 2, {"retention.ms": "5"}, now=NOW)
    broker.topics.grow("t", 3, now=NOW)
    broker.topics.configure("t", {"cleanup.policy": "compact,delete"}, now=NOW)
    broker.topics.configure("t", {"cleanup.policy": "delete"}, now=NOW)
    write(broker, "t", b"1", b"2", b"3")
    broker.topics.delete_records(broker.topics.partition("t", 0), 1, now=NOW)

    again = started(tmp_path)

    assert len(again.topics.partitions("t")) == 3
    assert again.topics.config("t").told == {"cleanup.policy": "delete"}
    log = again.topics.partition("t", 0).log
    assert (log.start_offset, log.end_offset) == (1, 3)


def test_a_deleted_topic_takes_its_files_and_its_offsets_with_it_and_may_come_again(tmp_path: Path) -> None:
    broker = started(tmp_path)
    broker.topics.create("t", 1, {}, now=NOW)
    write(broker, "t", b"1")
    broker.topics.delete_records(broker.topics.partition("t", 0), 1, now=NOW)
    broker.coordinator.commit("g", {("t", 0): Committed(1), ("other", 0): Committed(4)}, now=NOW)

    broker.topics.delete("t", now=NOW)
    broker.coordinator.forget_topic("t", now=NOW)
    broker.topics.create("t", 1, {}, now=NOW)

    log = broker.topics.partition("t", 0).log
    assert (log.start_offset, log.end_offset) == (0, 0)
    assert started(tmp_path).coordinator.offsets("g") == {("other", 0): Committed(4)}


def test_a_start_removes_folders_of_topics_that_are_gone(tmp_path: Path) -> None:
    started(tmp_path).topics.create("t", 1, {}, now=NOW)
    (tmp_path / "topics" / "gone-0").mkdir()

    started(tmp_path)

    assert [path.name for path in (tmp_path / "topics").iterdir()] == ["t-0"]


def test_what_is_not_there_is_told() -> None:
    topics = Broker(BrokerConfig()).topics
    topics.create("t", 1, {}, now=NOW)

    assert refusal(lambda: topics.partition("none", 0)) is Code.UNKNOWN_TOPIC_OR_PARTITION
    assert refusal(lambda: topics.partition("t", 1)) is Code.UNKNOWN_TOPIC_OR_PARTITION
    assert refusal(lambda: topics.partition("t", -1)) is Code.UNKNOWN_TOPIC_OR_PARTITION
    assert refusal(lambda: topics.grow("t", 1, now=NOW)) is Code.INVALID_PARTITIONS
    assert refusal(lambda: topics.delete("none", now=NOW)) is Code.UNKNOWN_TOPIC_OR_PARTITION


@pytest.mark.parametrize("before", [4, -2])
def test_records_that_are_not_there_can_not_be_deleted(before: int) -> None:
    broker = Broker(BrokerConfig())
    broker.topics.create("t", 1, {}, now=NOW)
    write(broker, "t", b"1", b"2", b"3")
    partition = broker.topics.partition("t", 0)

    assert refusal(lambda: broker.topics.delete_records(partition, before, now=NOW)) is Code.OFFSET_OUT_OF_RANGE
    assert broker.topics.delete_records(partition, -1, now=NOW) == 3


def test_a_wrong_value_is_named() -> None:
    for told in ({"retention.ms": "-2"}, {"retention.ms": "x"}, {"cleanup.policy": "shred"}, {"nonsense": "1"}):
        with pytest.raises(Refused, match=next(iter(told))):
            TopicConfig(told=told)
    assert TopicConfig(told={"compression.type": "zstd"}).value("compression.type") == "zstd"
    assert TopicConfig().retention_ms == int(DEFAULTS["retention.ms"])


def test_the_ledger_holds_the_last_value_of_each_key_also_when_it_is_rewritten(tmp_path: Path) -> None:
    ledger = Ledger(FolderShelf(tmp_path))
    for number in range(2_000):
        ledger.write({("a", number % 3): {"n": number, "padding": "x" * 3_000}, ("b",): None}, now=NOW + number)
    ledger.write({("a", 0): None}, now=NOW + 5_000)
    ledger.write({}, now=NOW)
    size = sum(path.stat().st_size for path in tmp_path.iterdir())

    again = Ledger(FolderShelf(tmp_path))

    assert size < 6_000_000  # of 6,000,000 and more that were written
    assert {key: value["n"] for key, value in again.under("a")} == {(1,): 1_999, (2,): 1_998 - 1}
    assert again.get(("a", 0)) is None
    again.compact(NOW + 10_000)
    assert sum(path.stat().st_size for path in tmp_path.iterdir()) < 20_000
    assert Ledger(FolderShelf(tmp_path)).get(("a", 1))["n"] == 1_999


def test_a_group_with_members_can_not_be_deleted_one_without_can(tmp_path: Path) -> None:
    broker = started(tmp_path)
    coordinator = broker.coordinator
    ask = Join(
        member_id="",
        instance_id=None,
        fresh_id="m",
        id_first=False,
        client_id="c",
        client_host="/h",
        session_timeout_ms=6_000,
        rebalance_timeout_ms=6_000,
        protocol_type="consumer",
        protocols={"range": b""},
    )
    coordinator.group("g").join(ask, 0, lambda _: None)
    coordinator.commit("g", {("t", 0): Committed(1)}, now=NOW)

    assert refusal(lambda: coordinator.delete("g", now=NOW)) is Code.NON_EMPTY_GROUP
    assert refusal(lambda: coordinator.delete("none", now=NOW)) is Code.GROUP_ID_NOT_FOUND
    assert refusal(lambda: coordinator.group("")) is Code.INVALID_GROUP_ID
    coordinator.group("g").leave("m", None, 0)
    coordinator.tick(0, now=NOW)
    coordinator = started(tmp_path).coordinator
    assert coordinator.ids() == ["g"]
    coordinator.delete("g", now=NOW)

    assert coordinator.ids() == started(tmp_path).coordinator.ids() == []
