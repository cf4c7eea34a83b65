"""Record batches as aiokafka's producer would build them: an encoder that is not the broker's own."""

from collections.abc import Iterable, Sequence
from typing import Any

from aiokafka.record.default_records import DefaultRecordBatchBuilder
from aiokafka.record.memory_records import MemoryRecords

NOW = 1_700_000_000_000


def built(
    values: Sequence[tuple[bytes | None, bytes | None]],
    *,
    producer_id: int = -1,
    epoch: int = -1,
    sequence: int = -1,
    transactional: bool = False,
    codec: int = 0,
    timestamp: int = NOW,
) -> bytes:
    builder = DefaultRecordBatchBuilder(2, codec, transactional, producer_id, epoch, sequence, 1 << 20)
    for offset, (key, value) in enumerate(values):
        assert builder.append(offset, timestamp + offset, key, value, []) is not None
    return bytes(builder.build())


def idempotent(sequence: int, count: int = 1, *, producer_id: int = 7, epoch: int = 0) -> bytes:
    values = [(b"k", b"%d" % number) for number in range(sequence, sequence + count)]
    return built(values, producer_id=producer_id, epoch=epoch, sequence=sequence)


def transactional(
    sequence: int, value: bytes = b"v", *, producer_id: int = 7, epoch: int = 0, key: bytes = b"k"
) -> bytes:
    return built([(key, value)], producer_id=producer_id, epoch=epoch, sequence=sequence, transactional=True)


def read(data: bytes) -> list[tuple[int, Any, bytes | None, bytes | None]]:
    """Decode with aiokafka's consumer code: offset, timestamp, key, value of each record."""
    found: list[tuple[int, Any, bytes | None, bytes | None]] = []
    batches = MemoryRecords(data)
    while batches.has_next():
        batch = batches.next_batch()
        assert batch is not None
        assert batch.validate_crc()
        found.extend((record.offset, record.timestamp, record.key, record.value) for record in batch)
    return found


def values(data: bytes) -> list[bytes | None]:
    return [value for _, _, _, value in read(data)]


def keyed(pairs: Iterable[tuple[str, str | None]]) -> list[tuple[bytes | None, bytes | None]]:
    return [(key.encode(), None if value is None else value.encode()) for key, value in pairs]
