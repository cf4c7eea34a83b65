"""The transaction coordinator: producer ids, epochs, and commit or abort across partitions (KIP-98).

===================  ==========================================================  ====================
state                what happens                                                to
===================  ==========================================================  ====================
EMPTY, COMPLETE_*    a partition or group is added                               ONGOING
ONGOING              the producer commits                                        PREPARE_COMMIT
ONGOING              it aborts, begins anew, or ``timeout_ms`` passes            PREPARE_ABORT
PREPARE_COMMIT       markers and offsets are written                             COMPLETE_COMMIT
PREPARE_ABORT        markers are written                                         COMPLETE_ABORT
===================  ==========================================================  ====================

Preparing and completing happen in one step here; PREPARE_* is seen only by a start after a kill in between, which
completes it.
"""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Final

from consumers.embedded.broker.coordinator import Committed, Coordinator, Position
from consumers.embedded.broker.errors import Code, Refused
from consumers.embedded.broker.ledger import Ledger
from consumers.embedded.broker.topics import Topics

_LONGEST_TIMEOUT_MS: Final = 900_000
"""``transaction.max.timeout.ms`` of Kafka."""
_LAST_EPOCH: Final = 32_766
_BLOCK: Final = 1_000
"""Producer ids taken from the ledger at once; those not used before a restart are skipped, none is given twice."""


class State(StrEnum):
    """Where a transactional id is."""

    EMPTY = "Empty"
    ONGOING = "Ongoing"
    PREPARE_COMMIT = "PrepareCommit"
    PREPARE_ABORT = "PrepareAbort"
    COMPLETE_COMMIT = "CompleteCommit"
    COMPLETE_ABORT = "CompleteAbort"


_COMPLETED: Final = {State.PREPARE_COMMIT: State.COMPLETE_COMMIT, State.PREPARE_ABORT: State.COMPLETE_ABORT}


@dataclass(slots=True, kw_only=True)
class Transaction:
    """A transactional id and its current transaction; times in ms since the epoch."""

    id: str
    producer_id: int
    epoch: int
    timeout_ms: int
    state: State = State.EMPTY
    started: int = 0
    partitions: list[Position] = field(default_factory=list)
    offsets: list[tuple[str, str, int, Committed]] = field(default_factory=list)
    """Group, topic, partition, offset: committed with the transaction or not at all."""


class Transactions:
    """All transactional ids, and the source of producer ids."""

    def __init__(self, ledger: Ledger, topics: Topics, coordinator: Coordinator, *, now: int) -> None:
        self._ledger = ledger
        self._topics = topics
        self._coordinator = coordinator
        self._known: dict[str, Transaction] = {}
        self._owners: dict[int, str] = {}
        self._reserved: int = ledger.get(("producer ids",), 1)
        self._next_id: int = self._reserved
        for (transactional_id,), kept in ledger.under("transaction"):
            transaction = Transaction(
                **{
                    **kept,
                    "state": State(kept["state"]),
                    "partitions": [(topic, index) for topic, index in kept["partitions"]],
                    "offsets": [(group, topic, index, Committed(*one)) for group, topic, index, one in kept["offsets"]],
                }
            )
            self._known[transactional_id] = transaction
            self._owners[transaction.producer_id] = transactional_id
            if transaction.state in _COMPLETED:
                self._complete(transaction, now)

    def begin_producer(self, transactional_id: str | None, timeout_ms: int, *, now: int) -> tuple[int, int]:
        """Give a producer its id and epoch; an earlier one of the same name is fenced, its transaction aborted.

        Raises:
            Refused: the timeout is not possible, or the id is empty.
        """
        if transactional_id is None:
            return self._fresh_id(now), 0
        if not transactional_id:
            raise Refused(Code.INVALID_REQUEST)
        if not 0 < timeout_ms <= _LONGEST_TIMEOUT_MS:
            raise Refused(Code.INVALID_TRANSACTION_TIMEOUT)
        transaction = self._known.get(transactional_id)
        if transaction is None:
            transaction = Transaction(
                id=transactional_id, producer_id=self._fresh_id(now), epoch=-1, timeout_ms=timeout_ms
            )
            self._known[transactional_id] = transaction
        self._raise_epoch(transaction, now)
        transaction.timeout_ms = timeout_ms
        self._save(transaction, now)
        return transaction.producer_id, transaction.epoch

    def _fresh_id(self, now: int) -> int:
        if self._next_id == self._reserved:
            self._reserved += _BLOCK
            self._ledger.write({("producer ids",): self._reserved}, now=now)
        self._next_id += 1
        return self._next_id - 1

    def _raise_epoch(self, transaction: Transaction, now: int) -> None:
        """Fence whoever holds the present epoch; what it left open is aborted under the new one."""
        transaction.epoch += 1
        if transaction.state is State.ONGOING:
            self._end(transaction, State.PREPARE_ABORT, now)
        if transaction.epoch > _LAST_EPOCH:
            transaction.producer_id, transaction.epoch = self._fresh_id(now), 0
        self._owners[transaction.producer_id] = transaction.id
        transaction.state = State.EMPTY

    def _held(self, transactional_id: str, producer_id: int, epoch: int) -> Transaction:
        """Find the transaction that a producer speaks for.

        Raises:
            Refused: there is none, or a later epoch has it.
        """
        transaction = self._known.get(transactional_id)
        if transaction is None or transaction.producer_id != producer_id:
            raise Refused(Code.INVALID_PRODUCER_ID_MAPPING)
        if transaction.epoch != epoch:
            raise Refused(Code.INVALID_PRODUCER_EPOCH)
        return transaction

    def add(
        self, transactional_id: str, producer_id: int, epoch: int, partitions: Iterable[Position], *, now: int
    ) -> None:
        """Make partitions part of the transaction, which begins with the first (none: only a group's offsets).

        Raises:
            Refused: the producer is fenced, or a partition does not exist.
        """
        transaction = self._held(transactional_id, producer_id, epoch)
        added = [position for position in partitions if position not in transaction.partitions]
        for topic, index in added:
            self._topics.partition(topic, index)
        if transaction.state is not State.ONGOING:
            transaction.state, transaction.started = State.ONGOING, now
        elif not added:
            return
        transaction.partitions.extend(added)
        self._save(transaction, now)

    def add_offsets(
        self,
        transactional_id: str,
        producer_id: int,
        epoch: int,
        group_id: str,
        offsets: Mapping[Position, Committed],
        *,
        now: int,
    ) -> None:
        """Have a group's offsets committed with the transaction.

        Raises:
            Refused: the producer is fenced, or has begun no transaction.
        """
        transaction = self._held(transactional_id, producer_id, epoch)
        if transaction.state is not State.ONGOING:
            raise Refused(Code.INVALID_TXN_STATE)
        transaction.offsets.extend((group_id, topic, index, one) for (topic, index), one in offsets.items())
        self._save(transaction, now)

    def admit(self, producer_id: int, epoch: int, position: Position) -> None:
        """Check that transactional records may go into a partition (KIP-890: it must have been added).

        Raises:
            Refused: the producer is fenced, or the partition is no part of its transaction.
        """
        transaction = self._known.get(self._owners.get(producer_id, ""))
        if transaction is None or transaction.producer_id != producer_id:
            raise Refused(Code.INVALID_PRODUCER_ID_MAPPING)
        if transaction.epoch != epoch:
            raise Refused(Code.INVALID_PRODUCER_EPOCH)
        if transaction.state is not State.ONGOING or position not in transaction.partitions:
            raise Refused(Code.INVALID_TXN_STATE)

    def end(self, transactional_id: str, producer_id: int, epoch: int, *, commit: bool, now: int) -> None:
        """Commit or abort; asked again after it happened, it is answered in the same way.

        Raises:
            Refused: the producer is fenced, or there is nothing to end.
        """
        transaction = self._held(transactional_id, producer_id, epoch)
        wanted = State.PREPARE_COMMIT if commit else State.PREPARE_ABORT
        if transaction.state is _COMPLETED[wanted]:
            return
        if transaction.state is not State.ONGOING:
            raise Refused(Code.INVALID_TXN_STATE)
        self._end(transaction, wanted, now)

    def tick(self, *, now: int) -> None:
        """Abort transactions that are open for longer than their producer said, and fence it."""
        for transaction in self._known.values():
            if transaction.state is State.ONGOING and transaction.started + transaction.timeout_ms < now:
                self._raise_epoch(transaction, now)
                self._save(transaction, now)

    def _end(self, transaction: Transaction, preparing: State, now: int) -> None:
        transaction.state = preparing
        self._save(transaction, now)  # the decision holds from here on, whatever is killed
        self._complete(transaction, now)

    def _complete(self, transaction: Transaction, now: int) -> None:
        commit = transaction.state is State.PREPARE_COMMIT
        for topic, index in transaction.partitions:
            try:
                partition = self._topics.partition(topic, index)
            except Refused:
                continue  # deleted meanwhile
            partition.end_transaction(
                producer_id=transaction.producer_id, producer_epoch=transaction.epoch, commit=commit, now=now
            )
        if commit:
            for group_id, topic, index, one in transaction.offsets:
                self._coordinator.commit(group_id, {(topic, index): one}, now=now)
        transaction.partitions.clear()
        transaction.offsets.clear()
        transaction.state = _COMPLETED[transaction.state]
        self._save(transaction, now)

    def _save(self, transaction: Transaction, now: int) -> None:
        self._ledger.write({("transaction", transaction.id): asdict(transaction)}, now=now)
