from collections.abc import Callable
from pathlib import Path

import pytest

from consumers.embedded.broker.broker import Broker, BrokerConfig
from consumers.embedded.broker.coordinator import Committed
from consumers.embedded.broker.errors import Code, Refused
from consumers.embedded.broker.partition import Partition
from consumers.embedded.broker.transaction import State, Transactions
from tests.edges.embedded.batches import NOW, transactional

TIMEOUT = 10_000
PLACE = ("t", 0)


@pytest.fixture
def broker(tmp_path: Path) -> Broker:
    made = Broker(BrokerConfig(data_dir=tmp_path))
    made.topics.create("t", 2, {}, now=NOW)
    return made


def again(broker: Broker) -> Broker:
    """Start over from the folder, as after kill -9: nothing was closed."""
    return Broker(broker.config)


def refusal(action: Callable[[], object]) -> Code:
    with pytest.raises(Refused) as caught:
        action()
    return caught.value.code


def begun(broker: Broker, *, now: int = NOW) -> tuple[int, int]:
    producer_id, epoch = broker.transactions.begin_producer("tx", TIMEOUT, now=now)
    broker.transactions.add("tx", producer_id, epoch, [PLACE], now=now)
    return producer_id, epoch


def write(broker: Broker, producer: tuple[int, int], sequence: int = 0) -> Partition:
    partition = broker.topics.partition(*PLACE)
    ((batch, raw),) = partition.check(transactional(sequence, producer_id=producer[0], epoch=producer[1]))
    broker.transactions.admit(*producer, PLACE)
    partition.append(batch, raw)
    return partition


def state(transactions: Transactions) -> State:
    return transactions._known["tx"].state


def test_every_producer_gets_an_id_of_its_own_also_after_a_restart(broker: Broker) -> None:
    given = [broker.transactions.begin_producer(None, 0, now=NOW) for _ in range(1_001)]
    given += [again(broker).transactions.begin_producer(None, 0, now=NOW)]

    assert len({producer_id for producer_id, _ in given}) == 1_002
    assert {epoch for _, epoch in given} == {0}


def test_a_transactional_id_keeps_its_producer_id_and_counts_epochs(broker: Broker) -> None:
    first = broker.transactions.begin_producer("tx", TIMEOUT, now=NOW)
    second = broker.transactions.begin_producer("tx", TIMEOUT, now=NOW)
    third = again(broker).transactions.begin_producer("tx", TIMEOUT, now=NOW)

    assert [second, third] == [(first[0], 1), (first[0], 2)]


def test_after_the_last_epoch_comes_another_producer_id(broker: Broker) -> None:
    first = broker.transactions.begin_producer("tx", TIMEOUT, now=NOW)
    broker.transactions._known["tx"].epoch = 32_766

    second = broker.transactions.begin_producer("tx", TIMEOUT, now=NOW)

    assert second[0] != first[0]
    assert second[1] == 0
    assert refusal(lambda: broker.transactions.admit(*first, PLACE)) is Code.INVALID_PRODUCER_ID_MAPPING


@pytest.mark.parametrize("timeout", [0, 900_001])
def test_a_timeout_that_is_not_possible_is_refused(broker: Broker, timeout: int) -> None:
    assert (
        refusal(lambda: broker.transactions.begin_producer("tx", timeout, now=NOW)) is Code.INVALID_TRANSACTION_TIMEOUT
    )
    assert refusal(lambda: broker.transactions.begin_producer("", TIMEOUT, now=NOW)) is Code.INVALID_REQUEST


def test_records_may_go_only_into_partitions_that_were_added(broker: Broker) -> None:
    producer = broker.transactions.begin_producer("tx", TIMEOUT, now=NOW)
    assert refusal(lambda: write(broker, producer)) is Code.INVALID_TXN_STATE

    broker.transactions.add("tx", *producer, [("t", 1)], now=NOW)
    assert refusal(lambda: write(broker, producer)) is Code.INVALID_TXN_STATE

    broker.transactions.add("tx", *producer, [PLACE], now=NOW)
    assert write(broker, producer).log.end_offset == 1
    assert refusal(lambda: broker.transactions.admit(99, 0, PLACE)) is Code.INVALID_PRODUCER_ID_MAPPING


def test_a_partition_that_does_not_exist_can_not_be_added(broker: Broker) -> None:
    producer = broker.transactions.begin_producer("tx", TIMEOUT, now=NOW)

    assert (
        refusal(lambda: broker.transactions.add("tx", *producer, [("none", 0)], now=NOW))
        is Code.UNKNOWN_TOPIC_OR_PARTITION
    )
    assert state(broker.transactions) is State.EMPTY


@pytest.mark.parametrize("commit", [True, False])
def test_an_end_that_is_asked_for_again_is_answered_again_but_its_opposite_is_not(
    broker: Broker, *, commit: bool
) -> None:
    producer = begun(broker)
    write(broker, producer)
    broker.transactions.end("tx", *producer, commit=commit, now=NOW)
    end = broker.topics.partition(*PLACE).log.end_offset

    broker.transactions.end("tx", *producer, commit=commit, now=NOW)

    assert broker.topics.partition(*PLACE).log.end_offset == end
    opposite = refusal(lambda: broker.transactions.end("tx", *producer, commit=not commit, now=NOW))
    assert opposite is Code.INVALID_TXN_STATE


def test_who_is_not_the_present_producer_is_refused_everything(broker: Broker) -> None:
    old = begun(broker)
    new = broker.transactions.begin_producer("tx", TIMEOUT, now=NOW)
    calls = broker.transactions
    for action in (
        lambda: calls.add("tx", *old, [PLACE], now=NOW),
        lambda: calls.add_offsets("tx", *old, "g", {}, now=NOW),
        lambda: calls.end("tx", *old, commit=True, now=NOW),
        lambda: calls.admit(*old, PLACE),
    ):
        assert refusal(action) is Code.INVALID_PRODUCER_EPOCH
    assert refusal(lambda: calls.end("other", *new, commit=True, now=NOW)) is Code.INVALID_PRODUCER_ID_MAPPING
    assert refusal(lambda: calls.add_offsets("tx", *new, "g", {}, now=NOW)) is Code.INVALID_TXN_STATE


def test_a_producer_that_begins_anew_aborts_what_it_left_open(broker: Broker) -> None:
    partition = write(broker, begun(broker))
    assert partition.stable_offset == 0

    broker.transactions.begin_producer("tx", TIMEOUT, now=NOW)

    assert partition.stable_offset == 2
    assert [one.first_offset for one in partition.producers.aborted] == [0]


def test_an_overdue_transaction_is_aborted_and_its_producer_fenced(broker: Broker) -> None:
    producer = begun(broker)
    partition = write(broker, producer)

    broker.transactions.tick(now=NOW + TIMEOUT)
    assert partition.stable_offset == 0
    broker.transactions.tick(now=NOW + TIMEOUT + 1)

    assert partition.stable_offset == 2
    assert (
        refusal(lambda: broker.transactions.end("tx", *producer, commit=True, now=NOW)) is Code.INVALID_PRODUCER_EPOCH
    )
    assert refusal(lambda: write(broker, producer, 1)) is Code.INVALID_PRODUCER_EPOCH


def test_an_open_transaction_can_be_committed_after_a_restart(broker: Broker) -> None:
    producer = begun(broker)
    write(broker, producer)
    broker.transactions.add_offsets("tx", *producer, "g", {PLACE: Committed(5, -1, "m")}, now=NOW)

    fresh = again(broker)
    partition = fresh.topics.partition(*PLACE)
    assert partition.stable_offset == 0
    fresh.transactions.end("tx", *producer, commit=True, now=NOW)

    assert partition.stable_offset == 2
    assert partition.producers.aborted == []
    assert fresh.coordinator.offsets("g") == {PLACE: Committed(5, -1, "m")}
    assert again(fresh).coordinator.offsets("g") == {PLACE: Committed(5, -1, "m")}


def test_a_decision_to_commit_is_carried_out_by_the_next_start(broker: Broker, monkeypatch: pytest.MonkeyPatch) -> None:
    producer = begun(broker)
    write(broker, producer)
    broker.transactions.add_offsets("tx", *producer, "g", {PLACE: Committed(5)}, now=NOW)

    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(Transactions, "_complete", killed)
        with pytest.raises(KeyboardInterrupt):
            broker.transactions.end("tx", *producer, commit=True, now=NOW)

    fresh = again(broker)

    assert state(fresh.transactions) is State.COMPLETE_COMMIT
    assert fresh.topics.partition(*PLACE).stable_offset == 2
    assert fresh.coordinator.offsets("g") == {PLACE: Committed(5)}


def test_a_topic_deleted_in_the_middle_does_not_keep_a_transaction_open(broker: Broker) -> None:
    producer = begun(broker)
    write(broker, producer)
    broker.topics.delete("t", now=NOW)

    broker.transactions.end("tx", *producer, commit=True, now=NOW)

    assert state(broker.transactions) is State.COMPLETE_COMMIT


def test_a_transaction_may_be_of_offsets_alone_and_several(broker: Broker) -> None:
    producer = broker.transactions.begin_producer("tx", TIMEOUT, now=NOW)
    for offset in (1, 2):
        broker.transactions.add("tx", *producer, [], now=NOW)
        broker.transactions.add_offsets("tx", *producer, "g", {PLACE: Committed(offset)}, now=NOW)
    assert broker.coordinator.offsets("g") == {}

    broker.transactions.end("tx", *producer, commit=True, now=NOW)

    assert broker.coordinator.offsets("g") == {PLACE: Committed(2)}
