"""One partition: its log, what is known of its producers, and who waits for its next record."""

import asyncio
from collections.abc import Iterator

from consumers.embedded.broker import batch as batches
from consumers.embedded.broker.batch import Batch, CorruptError, OldFormatError
from consumers.embedded.broker.compaction import latest, survivors
from consumers.embedded.broker.configs import TopicConfig
from consumers.embedded.broker.errors import Code, Refused
from consumers.embedded.broker.log import Log, Shelf
from consumers.embedded.broker.producers import Producers


class Partition:
    """Where the records of one partition go in and come out."""

    def __init__(self, topic: str, index: int, config: TopicConfig, shelf: Shelf, *, start_offset: int = 0) -> None:
        self.topic = topic
        self.index = index
        self.config = config
        self.log = Log(shelf, start_offset=start_offset)
        self.producers = Producers()
        self._waiting: set[asyncio.Future[None]] = set()
        for batch, raw in self.log.replay():
            self.producers.note(batch, batch.base_offset, commits=batch.control and batches.commits(raw))

    @property
    def stable_offset(self) -> int:
        """The offset up to which a reader of committed records may read (KIP-98)."""
        return self.producers.stable(self.log.end_offset)

    def check(self, data: bytes) -> list[tuple[Batch, bytes]]:
        """Take a producer's bytes apart and check what needs no knowledge of other batches.

        Raises:
            Refused: they are damaged, too large, of an old format, or lack keys in a compacted topic.
        """
        try:
            parts = list(batches.split(data))
            for batch, raw in parts:
                if len(raw) > self.config.max_message_bytes:
                    raise Refused(Code.MESSAGE_TOO_LARGE)
                if batch.control:
                    raise Refused(Code.INVALID_RECORD, "only the broker writes markers")
                if self.config.compacted and any(record.key is None for record in batches.records(raw)):
                    raise Refused(Code.INVALID_RECORD, "a compacted topic takes no record without a key")
        except OldFormatError as error:
            raise Refused(Code.UNSUPPORTED_FOR_MESSAGE_FORMAT) from error
        except CorruptError as error:
            raise Refused(Code.CORRUPT_MESSAGE) from error
        if not parts:
            raise Refused(Code.INVALID_RECORD, "no batch")
        return parts

    def append(self, batch: Batch, raw: bytes) -> int:
        """Append a checked batch and give its offset; a batch that came before gets the offset it has.

        Raises:
            Refused: idempotence forbids it, or it could not be written (and was not).
        """
        before = self.producers.check(batch)
        if before is not None:
            return before
        try:
            base_offset = self.log.append(batch, raw, segment_bytes=self.config.segment_bytes)
        except OSError as error:
            raise Refused(Code.KAFKA_STORAGE_ERROR, str(error)) from error
        self.producers.note(batch, base_offset)
        self._wake()
        return base_offset

    def end_transaction(self, *, producer_id: int, producer_epoch: int, commit: bool, now: int) -> None:
        """Write the marker that makes a producer's open records visible, or void."""
        raw = batches.marker(producer_id=producer_id, producer_epoch=producer_epoch, commit=commit, timestamp=now)
        batch = batches.read_batch(raw)
        base_offset = self.log.append(batch, raw, segment_bytes=self.config.segment_bytes)
        self.producers.note(batch, base_offset, commits=commit)
        self._wake()

    def watch(self, waiter: asyncio.Future[None]) -> None:
        """Have a future done at the next record or marker."""
        self._waiting.add(waiter)

    def unwatch(self, waiter: asyncio.Future[None]) -> None:
        """Stop that."""
        self._waiting.discard(waiter)

    def _wake(self) -> None:
        for waiter in self._waiting:
            if not waiter.done():
                waiter.set_result(None)
        self._waiting.clear()

    def delete(self) -> None:
        """Remove everything; who waits is woken, and learns that the partition is gone."""
        self.log.delete()
        self._wake()

    def clean(self, now: int) -> None:
        """Apply retention and compaction as the topic's configuration says; ``now`` in ms since the epoch."""
        stable = self.stable_offset
        if self.config.deleted:
            self.log.retain(
                not_before=None if self.config.retention_ms < 0 else now - self.config.retention_ms,
                max_bytes=None if self.config.retention_bytes < 0 else self.config.retention_bytes,
                below=stable,
            )
        if self.config.compacted:
            self._compact(now, stable)
        self.producers.forget(before_offset=self.log.start_offset, now=now)

    def _compact(self, now: int, stable: int) -> None:
        aborted = self.producers.aborted
        readable = (raw for raw in self.log.batches() if batches.read_batch(raw).last_offset < stable)
        last = latest(readable, aborted)

        def kept(old: Iterator[bytes]) -> Iterator[bytes]:
            return survivors(old, last=last, aborted=aborted, tombstones_since=now - self.config.delete_retention_ms)

        self.log.compact(kept, below=stable)
