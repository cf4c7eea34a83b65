"""A partition's append-only log: segments in order, one of them open for writing.

Offsets are dense when written and may have gaps after compaction. Everything here is about bytes and offsets;
who may write what is ``partition``'s business.
"""

from bisect import bisect_right
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Protocol

from consumers.embedded.broker.batch import Batch, placed, records
from consumers.embedded.broker.segment import SUFFIX, FileStorage, MemoryStorage, Segment, Storage


class Shelf(Protocol):
    """Where a log's segments are."""

    def found(self) -> list[tuple[int, Storage]]:
        """List the segments there are, by their first offset, ascending."""

    def make(self, base_offset: int) -> Storage:
        """Make an empty segment."""


class MemoryShelf:
    """Segments in memory."""

    def found(self) -> list[tuple[int, Storage]]:
        """Find nothing: memory starts empty."""
        return []

    def make(self, base_offset: int) -> Storage:  # noqa: ARG002 - memory needs no name
        """Make an empty segment."""
        return MemoryStorage()


class FolderShelf:
    """Segments in files of one folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        folder.mkdir(parents=True, exist_ok=True)

    def found(self) -> list[tuple[int, Storage]]:
        """List the files, after removing what an interrupted compaction left."""
        for leftover in self._folder.glob("*.cleaned"):
            leftover.unlink()
        return [(int(path.stem), FileStorage(path)) for path in sorted(self._folder.glob(f"*{SUFFIX}"))]

    def make(self, base_offset: int) -> Storage:
        """Make an empty file."""
        return FileStorage(self._folder / f"{base_offset:020}{SUFFIX}")


class Log:
    """The batches of one partition."""

    def __init__(self, shelf: Shelf, *, start_offset: int = 0) -> None:
        self._shelf = shelf
        self._segments: list[Segment] = []
        self.start_offset = start_offset
        """The first offset that may be read; deleted records are before it."""
        self.end_offset = 0
        """The offset the next record gets. With one replica this is the high watermark, too."""

    def replay(self) -> Iterator[tuple[Batch, bytes]]:
        """Open what is on the shelf, giving every batch once; must run to its end before anything else.

        A torn tail is cut off. A segment that overlaps the one before was compacted into that one just before a
        crash, and goes.
        """
        for base_offset, storage in self._shelf.found():
            if self._segments and base_offset < self.end_offset:
                storage.delete()
                continue
            segment = Segment(base_offset, storage)
            yield from segment.replay()
            self._segments.append(segment)
            self.end_offset = segment.last_offset + 1
        if not self._segments:
            self._roll()
        self.start_offset = max(self.start_offset, self._segments[0].base_offset)

    def _roll(self) -> None:
        self._segments.append(Segment(self.end_offset, self._shelf.make(self.end_offset)))

    @property
    def size(self) -> int:
        """All bytes in it."""
        return sum(segment.size for segment in self._segments)

    def append(self, batch: Batch, raw: bytes, *, segment_bytes: int) -> int:
        """Give a batch the next offset and write it; a full segment is closed first.

        Raises:
            OSError: it could not be written, and was not.
        """
        if self._segments[-1].size and self._segments[-1].size + len(raw) > segment_bytes:
            self._roll()
        base = self.end_offset
        self._segments[-1].append(batch._replace(base_offset=base), placed(raw, base))
        self.end_offset = base + batch.last_offset_delta + 1
        return base

    def read(self, offset: int, below: int, max_bytes: int) -> bytes:
        """Read whole batches from ``offset`` on, none that reaches ``below``, at least one if there is one."""
        index = max(bisect_right(self._segments, offset, key=lambda segment: segment.base_offset) - 1, 0)
        for segment in self._segments[index:]:
            if data := segment.read(offset, below, max_bytes):
                return data
        return b""

    def at(self, timestamp: int, below: int) -> tuple[int, int] | None:
        """Find offset and timestamp of the first readable record at or after a timestamp (ListOffsets, KIP-79)."""
        for segment in self._segments:
            for raw in segment.since(timestamp, self.start_offset):
                for record in records(raw):
                    if record.offset >= below:
                        return None
                    if record.timestamp >= timestamp and record.offset >= self.start_offset:
                        return record.offset, record.timestamp
        return None

    def batches(self) -> Iterator[bytes]:
        """Give every batch, in order."""
        for segment in self._segments:
            yield from segment.batches()

    def drop_before(self, offset: int) -> None:
        """Make records before ``offset`` unreadable; segments that hold nothing else go."""
        self.start_offset = max(self.start_offset, offset)
        while self._segments[0].last_offset < self.start_offset and len(self._segments) > 1:
            self._segments.pop(0).storage.delete()

    def retain(self, *, not_before: int | None, max_bytes: int | None, below: int) -> None:
        """Remove the oldest segments: those with nothing from ``not_before`` on, and those beyond ``max_bytes``.

        Whole segments only, and none that holds an offset from ``below`` on, as in Kafka.
        """
        while self._segments[0].last_offset < below and self._segments[0].size:
            oldest = self._segments[0]
            stale = not_before is not None and oldest.max_timestamp < not_before
            beyond = max_bytes is not None and self.size - oldest.size >= max_bytes
            if not (stale or beyond):
                return
            if len(self._segments) == 1:
                self._roll()
            self.drop_before(oldest.last_offset + 1)

    def compact(self, survivors: Callable[[Iterator[bytes]], Iterator[bytes]], *, below: int) -> None:
        """Replace all batches that end before ``below`` by those that survive, in one segment.

        A kill in the middle leaves the old batches, the new ones, or the new ones and a few old ones again.
        """
        if self._segments[-1].size:
            self._roll()
        old = [segment for segment in self._segments[:-1] if segment.last_offset < below]
        if not old:
            return
        content = b"".join(survivors(raw for segment in old for raw in segment.batches()))
        old[0].rewrite(content)
        for segment in old[1:]:
            segment.storage.delete()
        self._segments = [old[0], *self._segments[len(old) :]]

    def close(self) -> None:
        """Close the files."""
        for segment in self._segments:
            segment.storage.close()

    def delete(self) -> None:
        """Remove everything."""
        for segment in self._segments:
            segment.storage.delete()
        self._segments.clear()
