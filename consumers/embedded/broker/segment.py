"""A stretch of a partition's log: bytes in a file or in memory, and the index of its batches.

Files are named and filled as Kafka's are (twenty digits of the first offset, batches one after another), so Kafka's own
``kafka-dump-log`` reads them. The index lives in memory and is read anew from the batches at start.
"""

import os
from array import array
from bisect import bisect_left
from collections.abc import Iterator
from pathlib import Path
from typing import Final, Protocol

from consumers.embedded.broker.batch import Batch, CorruptError, read_batch

SUFFIX: Final = ".log"


class Storage(Protocol):
    """Bytes that grow at their end."""

    def append(self, data: bytes) -> None:
        """Add bytes; they outlive the process (where there is a file at all) once this returns."""

    def size(self) -> int:
        """Count the bytes."""

    def read(self, position: int, size: int) -> bytes:
        """Read some bytes."""

    def cut(self, size: int) -> None:
        """Forget what is behind ``size``."""

    def close(self) -> None:
        """Let go of the file; the bytes stay."""

    def delete(self) -> None:
        """Remove the bytes."""

    def replace(self, content: bytes) -> None:
        """Put other bytes in the place of all: the old ones or the new ones survive a kill, never a mixture."""


class MemoryStorage:
    """Bytes that end with the process."""

    def __init__(self) -> None:
        self._bytes = bytearray()

    def append(self, data: bytes) -> None:
        """Add bytes."""
        self._bytes += data

    def size(self) -> int:
        """Count the bytes."""
        return len(self._bytes)

    def read(self, position: int, size: int) -> bytes:
        """Read some bytes."""
        return bytes(memoryview(self._bytes)[position : position + size])

    def cut(self, size: int) -> None:
        """Forget what is behind ``size``."""
        del self._bytes[size:]

    def close(self) -> None:
        """Do nothing: a closed broker's memory goes with it."""

    def delete(self) -> None:
        """Free the bytes."""
        self._bytes = bytearray()

    def replace(self, content: bytes) -> None:
        """Put other bytes in the place of all."""
        self._bytes = bytearray(content)


class FileStorage:
    """Bytes in a file. Written without a buffer of ours, so a killed process loses nothing that was acknowledged."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)

    def append(self, data: bytes) -> None:
        """Add bytes to the file.

        Raises:
            OSError: the disk is full; some of them may have been written.
        """
        view = memoryview(data)
        while view:
            view = view[os.write(self._file, view) :]

    def size(self) -> int:
        """Ask the file for its size in bytes."""
        return os.fstat(self._file).st_size

    def read(self, position: int, size: int) -> bytes:
        """Read some bytes of the file."""
        return os.pread(self._file, size, position)

    def cut(self, size: int) -> None:
        """Shorten the file."""
        os.ftruncate(self._file, size)

    def close(self) -> None:
        """Close the file."""
        os.close(self._file)

    def delete(self) -> None:
        """Remove the file."""
        self.close()
        self.path.unlink()

    def replace(self, content: bytes) -> None:
        """Write a new file beside the old one and rename it over."""
        fresh = self.path.with_suffix(".cleaned")
        with fresh.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(self.path)
        os.close(self._file)
        self._file = os.open(self.path, os.O_RDWR | os.O_APPEND)


class Segment:
    """Batches one after another, found by offset or by time."""

    def __init__(self, base_offset: int, storage: Storage) -> None:
        self.base_offset = base_offset
        self.storage = storage
        self._clear()

    def _clear(self) -> None:
        self.size = 0
        self.max_timestamp = -1
        self._lasts = array("q")
        """Last offset of each batch, ascending."""
        self._ends = array("q")
        """Position behind each batch."""
        self._times = array("q")
        """Latest timestamp of each batch, in no order."""

    @property
    def last_offset(self) -> int:
        """The last offset in it, or the one before its first if it is empty."""
        return self._lasts[-1] if self._lasts else self.base_offset - 1

    def append(self, batch: Batch, raw: bytes) -> None:
        """Add a batch whose offsets are already in place.

        Raises:
            OSError: it could not be written; nothing of it stays.
        """
        try:
            self.storage.append(raw)
        except OSError:
            self.storage.cut(self.size)
            raise
        self._note(batch)

    def _note(self, batch: Batch) -> None:
        self.size += batch.size
        self._lasts.append(batch.last_offset)
        self._ends.append(self.size)
        self._times.append(batch.max_timestamp)
        self.max_timestamp = max(self.max_timestamp, batch.max_timestamp)

    def replay(self) -> Iterator[tuple[Batch, bytes]]:
        """Read the index anew from the bytes; a tail that a crash cut off or damaged is removed."""
        self._clear()
        content = self.storage.read(0, self.storage.size())
        try:
            while self.size < len(content):
                batch = read_batch(content, self.size)
                if batch.base_offset <= self.last_offset and self._lasts:
                    raise CorruptError(f"offset {batch.base_offset} after {self.last_offset}")
                start = self.size
                self._note(batch)
                yield batch, content[start : self.size]
        except CorruptError:
            self.storage.cut(self.size)

    def batches(self) -> Iterator[bytes]:
        """Give each batch's bytes."""
        start = 0
        for end in self._ends:
            yield self.storage.read(start, end - start)
            start = end

    def read(self, offset: int, below: int, max_bytes: int) -> bytes:
        """Read whole batches from the one that holds ``offset``, none that reaches ``below``, at least one if any."""
        first = bisect_left(self._lasts, offset)
        stop = bisect_left(self._lasts, below, lo=first)
        if first == stop:
            return b""
        start = self._ends[first - 1] if first else 0
        fitting = bisect_left(self._ends, start + max_bytes + 1, lo=first, hi=stop)
        return self.storage.read(start, self._ends[max(fitting, first + 1) - 1] - start)

    def since(self, timestamp: int, offset: int) -> Iterator[bytes]:
        """Give the batches with a record at or after ``timestamp`` that end at or behind ``offset``."""
        if self.max_timestamp < timestamp:
            return
        for index, latest in enumerate(self._times):
            if latest >= timestamp and self._lasts[index] >= offset:
                start = self._ends[index - 1] if index else 0
                yield self.storage.read(start, self._ends[index] - start)

    def rewrite(self, content: bytes) -> None:
        """Put compacted batches in the place of all."""
        self.storage.replace(content)
        for _ in self.replay():
            pass
