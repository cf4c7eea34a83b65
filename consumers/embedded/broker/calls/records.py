"""Produce, Fetch, ListOffsets, DeleteRecords."""

import asyncio
from collections.abc import Callable, Sequence
from typing import Final, NamedTuple

from aiokafka.protocol.types import Array

from consumers.embedded.broker.calls.family import Caller, Table, each_partition
from consumers.embedded.broker.errors import Code, Refused
from consumers.embedded.broker.partition import Partition
from consumers.embedded.broker.shape import BYTES, INT8, INT16, INT32, INT64, STRING, Body, field, throttle
from consumers.embedded.broker.topics import Topics
from consumers.embedded.broker.transaction import Transactions
from consumers.embedded.broker.wire import Api

PRODUCE: Final = Api(
    key=0,
    versions=(3, 8),
    advertised=0,  # librdkafka compresses only where version 0 is listed; Kafka 4 lists it, too (KAFKA-18659)
    request=(
        field("transactional_id", STRING, nullable=True),
        field("acks", INT16),
        field("timeout_ms", INT32),
        field(
            "topics",
            (
                field("name", STRING),
                field("partitions", (field("index", INT32), field("records", BYTES, nullable=True))),
            ),
        ),
    ),
    response=(
        field(
            "topics",
            (
                field("name", STRING),
                field(
                    "partitions",
                    (
                        field("index", INT32),
                        field("error_code", INT16, default=Code.NONE),
                        field("base_offset", INT64, default=-1),
                        field("log_append_time_ms", INT64, default=-1),
                        field("log_start_offset", INT64, 5, default=-1),
                        field("record_errors", (field("batch_index", INT32), field("message", STRING)), 8, default=()),
                        field("error_message", STRING, 8, default=None),
                    ),
                ),
            ),
        ),
        throttle(1),
    ),
)

FETCH: Final = Api(
    key=1,
    versions=(4, 11),
    request=(
        field("replica_id", INT32),
        field("max_wait_ms", INT32),
        field("min_bytes", INT32),
        field("max_bytes", INT32),
        field("isolation_level", INT8),
        field("session_id", INT32, 7),
        field("session_epoch", INT32, 7),
        field(
            "topics",
            (
                field("name", STRING),
                field(
                    "partitions",
                    (
                        field("index", INT32),
                        field("current_leader_epoch", INT32, 9),
                        field("fetch_offset", INT64),
                        field("log_start_offset", INT64, 5),
                        field("max_bytes", INT32),
                    ),
                ),
            ),
        ),
        field("forgotten", (field("name", STRING), field("indexes", Array(INT32))), 7),
        field("rack_id", STRING, 11),
    ),
    response=(
        throttle(1),
        field("error_code", INT16, 7, default=Code.NONE),
        field("session_id", INT32, 7, default=0),  # 0: no fetch session is kept (KIP-227)
        field(
            "topics",
            (
                field("name", STRING),
                field(
                    "partitions",
                    (
                        field("index", INT32),
                        field("error_code", INT16, default=Code.NONE),
                        field("high_watermark", INT64, default=-1),
                        field("last_stable_offset", INT64, default=-1),
                        field("log_start_offset", INT64, 5, default=-1),
                        field("aborted", (field("producer_id", INT64), field("first_offset", INT64)), default=None),
                        field("preferred_read_replica", INT32, 11, default=-1),
                        field("records", BYTES, default=b""),
                    ),
                ),
            ),
        ),
    ),
)

LIST_OFFSETS: Final = Api(
    key=2,
    versions=(1, 5),
    request=(
        field("replica_id", INT32),
        field("isolation_level", INT8, 2, default=0),
        field(
            "topics",
            (
                field("name", STRING),
                field(
                    "partitions",
                    (
                        field("index", INT32),
                        field("current_leader_epoch", INT32, 4),
                        field("timestamp", INT64),
                    ),
                ),
            ),
        ),
    ),
    response=(
        throttle(2),
        field(
            "topics",
            (
                field("name", STRING),
                field(
                    "partitions",
                    (
                        field("index", INT32),
                        field("error_code", INT16, default=Code.NONE),
                        field("timestamp", INT64, default=-1),
                        field("offset", INT64, default=-1),
                        field("leader_epoch", INT32, 4, default=-1),
                    ),
                ),
            ),
        ),
    ),
)

DELETE_RECORDS: Final = Api(
    key=21,
    versions=(0, 1),
    request=(
        field(
            "topics",
            (field("name", STRING), field("partitions", (field("index", INT32), field("offset", INT64)))),
        ),
        field("timeout_ms", INT32),
    ),
    response=(
        throttle(0),
        field(
            "topics",
            (
                field("name", STRING),
                field(
                    "partitions",
                    (
                        field("index", INT32),
                        field("low_watermark", INT64, default=-1),
                        field("error_code", INT16, default=Code.NONE),
                    ),
                ),
            ),
        ),
    ),
)

_LATEST, _EARLIEST = -1, -2
"""Special timestamps of ListOffsets."""
_READ_COMMITTED: Final = 1
_MOST_BYTES: Final = 16_777_216
"""In one fetch answer, whatever the client would take."""


class _Found(NamedTuple):
    """What a fetch can be answered with now."""

    topics: list[Body]
    size: int
    failed: bool
    watched: Sequence[Partition]


def _failed(asked: Body, refusal: Refused) -> Body:
    return {"index": asked["index"], "error_code": refusal.code}


class RecordCalls:
    """Records in and out."""

    def __init__(self, topics: Topics, transactions: Transactions, *, clock: Callable[[], int]) -> None:
        self._topics = topics
        self._transactions = transactions
        self._clock = clock

    def table(self) -> Table:
        """List what is answered here."""
        return {
            PRODUCE: self.produce,
            FETCH: self.fetch,
            LIST_OFFSETS: self.list_offsets,
            DELETE_RECORDS: self.delete_records,
        }

    async def produce(self, body: Body, _: Caller) -> Body | None:
        """Append batches; acks=1 and acks=all are one thing without replicas, acks=0 gets no answer."""

        def append(topic: str, asked: Body) -> Body:
            partition = self._topics.partition(topic, asked["index"])
            parts = partition.check(asked["records"] or b"")
            for batch, _ in parts:
                if batch.transactional:
                    self._transactions.admit(batch.producer_id, batch.producer_epoch, (topic, asked["index"]))
            offsets = [partition.append(batch, raw) for batch, raw in parts]
            return {
                "index": asked["index"],
                "base_offset": offsets[0],
                "log_start_offset": partition.log.start_offset,
            }

        answer = {"topics": each_partition(body["topics"], "partitions", append, failed=_failed)}
        return answer if body["acks"] else None

    async def fetch(self, body: Body, _: Caller) -> Body:
        """Read records; with less than ``min_bytes`` there, wait for more until ``max_wait_ms`` have passed."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + body["max_wait_ms"] / 1000
        while True:
            found = self._find(body)
            if found.failed or found.size >= body["min_bytes"] or loop.time() >= deadline:
                return {"topics": found.topics}
            await _next_record(found.watched, loop, deadline)

    def _find(self, body: Body) -> _Found:
        committed_only = body["isolation_level"] == _READ_COMMITTED
        room = min(body["max_bytes"], _MOST_BYTES)
        size, failed, watched = 0, False, []

        def read(topic: str, asked: Body) -> Body:
            nonlocal size
            partition = self._topics.partition(topic, asked["index"])
            watched.append(partition)
            answer = _read(partition, asked, room - size, first=not size, committed_only=committed_only)
            size += len(answer["records"])
            return answer

        def refused(asked: Body, refusal: Refused) -> Body:
            nonlocal failed
            failed = True
            return _failed(asked, refusal)

        topics = each_partition(body["topics"], "partitions", read, failed=refused)
        return _Found(topics, size, failed, watched)

    async def list_offsets(self, body: Body, _: Caller) -> Body:
        """Find the first, the last, or the first offset at or after a time (KIP-79)."""

        def find(topic: str, asked: Body) -> Body:
            partition = self._topics.partition(topic, asked["index"])
            end = partition.stable_offset if body["isolation_level"] == _READ_COMMITTED else partition.log.end_offset
            match asked["timestamp"]:
                case -1:
                    return {"index": asked["index"], "offset": end}
                case -2:
                    return {"index": asked["index"], "offset": partition.log.start_offset}
                case timestamp:
                    offset, found = partition.log.at(timestamp, end) or (-1, -1)
                    return {"index": asked["index"], "offset": offset, "timestamp": found}

        return {"topics": each_partition(body["topics"], "partitions", find, failed=_failed)}

    async def delete_records(self, body: Body, _: Caller) -> Body:
        """Make the records before an offset unreadable (KIP-107)."""

        def delete(topic: str, asked: Body) -> Body:
            partition = self._topics.partition(topic, asked["index"])
            left = self._topics.delete_records(partition, asked["offset"], now=self._clock())
            return {"index": asked["index"], "low_watermark": left}

        return {"topics": each_partition(body["topics"], "partitions", delete, failed=_failed)}


def _read(partition: Partition, asked: Body, room: int, *, first: bool, committed_only: bool) -> Body:
    """Read one partition, ``room`` being what the answer may still grow by; the first records fit always (KIP-74).

    Raises:
        Refused: the offset is before the first or behind the last.
    """
    log, offset, stable = partition.log, asked["fetch_offset"], partition.stable_offset
    if not log.start_offset <= offset <= log.end_offset:
        raise Refused(Code.OFFSET_OUT_OF_RANGE)
    below = stable if committed_only else log.end_offset
    records = log.read(offset, below, min(asked["max_bytes"], room)) if offset < below and room > 0 else b""
    aborted = partition.producers.aborted_between(offset, below) if committed_only and records else ()
    if room < len(records) and not first:
        records = b""
    return {
        "index": asked["index"],
        "high_watermark": log.end_offset,
        "last_stable_offset": stable,
        "log_start_offset": log.start_offset,
        "aborted": [one._asdict() for one in aborted] if committed_only else None,
        "records": records,
    }


async def _next_record(partitions: Sequence[Partition], loop: asyncio.AbstractEventLoop, deadline: float) -> None:
    """Wait for a record in one of some partitions, or for a time of the loop; records elsewhere wake nobody here."""
    waiter = loop.create_future()

    def give_up() -> None:
        if not waiter.done():
            waiter.set_result(None)

    alarm = loop.call_at(deadline, give_up)
    for partition in partitions:
        partition.watch(waiter)
    try:
        await waiter
    finally:
        alarm.cancel()
        for partition in partitions:
            partition.unwatch(waiter)
