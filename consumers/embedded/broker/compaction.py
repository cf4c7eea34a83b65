"""Which records a compacted topic keeps: https://kafka.apache.org/documentation/#compaction.

The last record of each key stays. A tombstone (a key without a value) stays for ``delete.retention.ms``, so that a
reader that is behind learns of the deletion, then goes. Records of aborted transactions and records without a key go;
markers stay.
"""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from consumers.embedded.broker.batch import Batch, keeping, read_batch, records


class Aborted(NamedTuple):
    """A transaction that was rolled back: its producer, its first offset, and the offset of its marker."""

    producer_id: int
    first_offset: int
    last_offset: int

    def covers(self, batch: Batch) -> bool:
        """Tell whether a batch is part of it."""
        return (
            batch.transactional
            and batch.producer_id == self.producer_id
            and self.first_offset <= batch.base_offset <= self.last_offset
        )


def latest(batches: Iterator[bytes], aborted: Sequence[Aborted]) -> dict[bytes, int]:
    """Map each key to the offset of its last record that counts."""
    offsets: dict[bytes, int] = {}
    for raw in batches:
        batch = read_batch(raw)
        if batch.control or any(transaction.covers(batch) for transaction in aborted):
            continue
        offsets.update((record.key, record.offset) for record in records(raw) if record.key is not None)
    return offsets


def survivors(
    batches: Iterator[bytes], *, last: dict[bytes, int], aborted: Sequence[Aborted], tombstones_since: int
) -> Iterator[bytes]:
    """Give the batches that stay, whole or with fewer records.

    ``tombstones_since`` is a timestamp in ms: older tombstones go.
    """
    for raw in batches:
        batch = read_batch(raw)
        if batch.control:
            yield raw
        elif not any(transaction.covers(batch) for transaction in aborted):
            kept = [
                record
                for record in records(raw)
                if record.key is not None
                and last.get(record.key) == record.offset
                and not (record.tombstone and record.timestamp < tombstones_since)
            ]
            if len(kept) == batch.record_count:
                yield raw
            elif kept:
                yield keeping(raw, kept)
