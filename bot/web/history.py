"""The most recent events, so that a browser that comes back misses none, or is told that it may have.

A cursor is `epoch:sequence`. The epoch is drawn anew by each process, the sequence counts the events that it published:
a cursor of another process, or of this one before a restart, is recognised and never guessed at.
"""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice

from bot.core.event import Event


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A published event: its number in the stream and its CloudEvent JSON of `size` bytes, None where too large."""

    sequence: int
    event: Event
    body: bytes | None
    size: int


class History:
    """A ring of entries, bounded in number and in bytes."""

    def __init__(self, epoch: str, *, events: int = 1_000, size: int = 8 << 20) -> None:
        self._epoch = epoch
        self._events = events
        self._size = size
        self._held = 0
        self._entries: deque[Entry] = deque()
        self.head = 0

    @property
    def cursor(self) -> str:
        """The place behind the newest event."""
        return self.cursor_at(self.head)

    def cursor_at(self, sequence: int) -> str:
        """The place behind the event of that number."""
        return f"{self._epoch}:{sequence}"

    def append(self, event: Event, body: bytes | None, *, size: int) -> Entry:
        """Number the event and keep it, letting go of the oldest where there are too many."""
        self.head += 1
        entry = Entry(sequence=self.head, event=event, body=body, size=size)
        self._entries.append(entry)
        self._held += size
        while len(self._entries) > self._events or self._held > self._size:
            self._held -= self._entries.popleft().size
        return entry

    def interrupt(self) -> None:
        """Events may have been missed here: whoever stands before this place can't be resumed."""
        self.head += 1
        self._entries.clear()
        self._held = 0

    def place(self, cursor: str) -> int | str:
        """The number of the event that the cursor stands behind; where it can't be resumed from, the reason."""
        epoch, _, digits = cursor.partition(":")
        if epoch != self._epoch:
            return "the cursor is of another process, or of one that has restarted"
        if (
            not (digits.isascii() and digits.isdecimal())
            or len(digits) > len(str(self.head))
            or int(digits) > self.head
        ):
            return "the cursor was never given out"
        return int(digits)

    def since(self, sequence: int, *, size: int) -> Sequence[Entry] | None:
        """Entries behind that number, oldest first, as many as have `size` bytes or at least one.

        Empty when there is nothing newer; None when some of them were let go of.
        """
        missing = self.head - sequence
        if missing > len(self._entries):
            return None
        taken: list[Entry] = []
        total = 0
        for entry in islice(self._entries, len(self._entries) - missing, None):
            if taken and total + entry.size > size:
                break
            taken.append(entry)
            total += entry.size
        return taken
