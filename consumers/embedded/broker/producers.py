"""What one partition knows of its producers: sequences (KIP-98, idempotence) and transactions that are still open.

All of it is derived from the batches themselves, so a replay of the log restores it.
"""

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

from consumers.embedded.broker.batch import NO_PRODUCER, Batch
from consumers.embedded.broker.compaction import Aborted
from consumers.embedded.broker.errors import Code, Refused

_REMEMBERED: Final = 5
"""Batches per producer in which a repeat is recognised; a client has at most as many in flight (KIP-98)."""
_IDLE_MS: Final = 86_400_000
"""``producer.id.expiration.ms`` of Kafka."""
_SEQUENCES: Final = 1 << 31
"""Sequence numbers start again at 0 after 2³¹ - 1."""


@dataclass(slots=True)
class _Producer:
    epoch: int
    next_sequence: int | None = None
    """None: not known yet, any number may come (KIP-360)."""
    recent: deque[tuple[int, int, int]] = field(default_factory=lambda: deque(maxlen=_REMEMBERED))
    """First sequence, number of records, base offset."""
    idle_since: int | None = None
    """When the cleaner first found that nothing came since its last round; ms since the epoch."""


class Producers:
    """Sequences and open transactions of one partition."""

    def __init__(self) -> None:
        self._known: dict[int, _Producer] = {}
        self._open: dict[int, int] = {}
        """Producer id → first offset of its open transaction."""
        self.aborted: list[Aborted] = []

    def check(self, batch: Batch) -> int | None:
        """Decide about a producer's batch: None to append it, or the offset at which it was appended before.

        Raises:
            Refused: its epoch was superseded, or a batch before it is missing.
        """
        known = self._known.get(batch.producer_id) if batch.producer_id != NO_PRODUCER else None
        if known is None:
            return None
        if batch.producer_epoch < known.epoch:
            raise Refused(Code.INVALID_PRODUCER_EPOCH)
        if batch.producer_epoch > known.epoch:
            if batch.base_sequence != 0:
                raise Refused(Code.OUT_OF_ORDER_SEQUENCE_NUMBER, "a new epoch starts at sequence 0")
            return None
        for sequence, count, base_offset in known.recent:
            if (sequence, count) == (batch.base_sequence, batch.last_offset_delta + 1):
                return base_offset
        if known.next_sequence not in {None, batch.base_sequence}:
            raise Refused(Code.OUT_OF_ORDER_SEQUENCE_NUMBER, f"{batch.base_sequence}, not {known.next_sequence}")
        return None

    def note(self, batch: Batch, base_offset: int, *, commits: bool = False) -> None:
        """Take in a batch that is in the log; ``commits`` tells of a marker which kind it is."""
        if batch.producer_id == NO_PRODUCER:
            return
        known = self._known.get(batch.producer_id)
        if known is None or batch.producer_epoch > known.epoch:
            known = self._known[batch.producer_id] = _Producer(batch.producer_epoch)
        known.idle_since = None
        if batch.control:
            first = self._open.pop(batch.producer_id, None)
            if first is not None and not commits:
                self.aborted.append(Aborted(batch.producer_id, first, base_offset))
            return
        known.next_sequence = (batch.base_sequence + batch.last_offset_delta + 1) % _SEQUENCES
        known.recent.append((batch.base_sequence, batch.last_offset_delta + 1, base_offset))
        if batch.transactional:
            self._open.setdefault(batch.producer_id, base_offset)

    def stable(self, end_offset: int) -> int:
        """Give the last stable offset: what is before it belongs to no open transaction."""
        return min(self._open.values(), default=end_offset)

    def has_open(self, producer_id: int) -> bool:
        """Tell whether a producer has records here whose transaction has not ended."""
        return producer_id in self._open

    def aborted_between(self, start: int, end: int) -> Iterable[Aborted]:
        """List the rolled back transactions that a reader of these offsets has to leave out."""
        return [one for one in self.aborted if one.last_offset >= start and one.first_offset < end]

    def forget(self, *, before_offset: int, now: int) -> None:
        """Let go of transactions whose records are gone, and of producers that were idle for a day.

        Kafka goes by the records' timestamps, which the producer sets; a producer of old events would be forgotten at
        work.
        """
        self.aborted = [one for one in self.aborted if one.last_offset >= before_offset]
        for producer_id, known in list(self._known.items()):
            if known.idle_since is None:
                known.idle_since = now
            elif now - known.idle_since > _IDLE_MS and producer_id not in self._open:
                del self._known[producer_id]
