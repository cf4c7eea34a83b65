"""InitProducerId, AddPartitionsToTxn, AddOffsetsToTxn, TxnOffsetCommit, EndTxn (KIP-98)."""

from collections.abc import Callable
from typing import Final

from aiokafka.protocol.types import Array

from consumers.embedded.broker.calls.family import Caller, Table, code_of, each_partition
from consumers.embedded.broker.calls.offsets import committed, failed
from consumers.embedded.broker.coordinator import Committed, Position
from consumers.embedded.broker.errors import Code, Refused
from consumers.embedded.broker.shape import BOOL, INT16, INT32, INT64, STRING, Body, field, throttle
from consumers.embedded.broker.topics import Topics
from consumers.embedded.broker.transaction import Transactions
from consumers.embedded.broker.wire import Api

_PRODUCER = (field("producer_id", INT64), field("producer_epoch", INT16))
_CODES = field(
    "topics",
    (
        field("name", STRING),
        field("partitions", (field("index", INT32), field("error_code", INT16, default=Code.NONE))),
    ),
)

INIT_PRODUCER_ID: Final = Api(
    key=22,
    versions=(0, 1),
    request=(field("transactional_id", STRING, nullable=True), field("transaction_timeout_ms", INT32)),
    response=(
        throttle(0),
        field("error_code", INT16, default=Code.NONE),
        field("producer_id", INT64, default=-1),
        field("producer_epoch", INT16, default=-1),
    ),
)

ADD_PARTITIONS_TO_TXN: Final = Api(
    key=24,
    versions=(0, 1),
    request=(
        field("transactional_id", STRING, nullable=True),
        *_PRODUCER,
        field("topics", (field("name", STRING), field("partitions", Array(INT32)))),
    ),
    response=(throttle(0), _CODES),
)

ADD_OFFSETS_TO_TXN: Final = Api(
    key=25,
    versions=(0, 1),
    request=(field("transactional_id", STRING, nullable=True), *_PRODUCER, field("group_id", STRING)),
    response=(throttle(0), field("error_code", INT16)),
)

END_TXN: Final = Api(
    key=26,
    versions=(0, 1),
    request=(field("transactional_id", STRING, nullable=True), *_PRODUCER, field("committed", BOOL)),
    response=(throttle(0), field("error_code", INT16)),
)

TXN_OFFSET_COMMIT: Final = Api(
    key=28,
    versions=(0, 2),
    request=(
        field("transactional_id", STRING, nullable=True),
        field("group_id", STRING),
        *_PRODUCER,
        field(
            "topics",
            (
                field("name", STRING),
                field(
                    "partitions",
                    (
                        field("index", INT32),
                        field("offset", INT64),
                        field("leader_epoch", INT32, 2, default=-1),
                        field("metadata", STRING, nullable=True),
                    ),
                ),
            ),
        ),
    ),
    response=(throttle(0), _CODES),
)


class TransactionCalls:
    """Producer ids and transactions."""

    def __init__(self, topics: Topics, transactions: Transactions, *, clock: Callable[[], int]) -> None:
        self._topics = topics
        self._transactions = transactions
        self._clock = clock

    def table(self) -> Table:
        """List what is answered here."""
        return {
            INIT_PRODUCER_ID: self.init_producer_id,
            ADD_PARTITIONS_TO_TXN: self.add_partitions,
            ADD_OFFSETS_TO_TXN: self.add_offsets,
            TXN_OFFSET_COMMIT: self.commit_offsets,
            END_TXN: self.end,
        }

    async def init_producer_id(self, body: Body, _: Caller) -> Body:
        """Give a producer its id and epoch."""
        try:
            producer_id, epoch = self._transactions.begin_producer(
                body["transactional_id"], body["transaction_timeout_ms"], now=self._clock()
            )
        except Refused as refusal:
            return {"error_code": refusal.code}
        return {"producer_id": producer_id, "producer_epoch": epoch}

    async def add_partitions(self, body: Body, _: Caller) -> Body:
        """Make partitions part of a transaction: all of them or none."""
        positions = [(topic["name"], index) for topic in body["topics"] for index in topic["partitions"]]
        code = code_of(lambda: self._transactions.add(*_owner(body), positions, now=self._clock()))
        return {
            "topics": [
                {
                    "name": topic["name"],
                    "partitions": [{"index": index, "error_code": code} for index in topic["partitions"]],
                }
                for topic in body["topics"]
            ]
        }

    async def add_offsets(self, body: Body, _: Caller) -> Body:
        """Announce that a group's offsets will be committed; they begin a transaction like a partition does."""
        return {"error_code": code_of(lambda: self._transactions.add(*_owner(body), [], now=self._clock()))}

    async def commit_offsets(self, body: Body, _: Caller) -> Body:
        """Take offsets that count once the transaction commits."""
        offsets: dict[Position, Committed] = {}

        def check(topic: str, asked: Body) -> Body:
            offsets[topic, asked["index"]] = committed(self._topics, topic, asked)
            return {"index": asked["index"]}

        topics = each_partition(body["topics"], "partitions", check, failed=failed)
        code = code_of(
            lambda: self._transactions.add_offsets(*_owner(body), body["group_id"], offsets, now=self._clock())
        )
        if code:
            topics = each_partition(
                body["topics"],
                "partitions",
                lambda _, asked: {"index": asked["index"], "error_code": code},
                failed=failed,
            )
        return {"topics": topics}

    async def end(self, body: Body, _: Caller) -> Body:
        """Commit or abort."""
        code = code_of(lambda: self._transactions.end(*_owner(body), commit=body["committed"], now=self._clock()))
        return {"error_code": code}


def _owner(body: Body) -> tuple[str, int, int]:
    return body["transactional_id"], body["producer_id"], body["producer_epoch"]
