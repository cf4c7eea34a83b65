"""The last events that passed in Kafka, in this process's memory: the port `Recent`.

Records are kept as they came and read only when somebody asks; what was read stays read. So a record costs an append,
and the first question after a while some milliseconds.
"""

from collections import Counter, deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from bot.core.cloudevent import read
from bot.core.event import Event, EventKey, Position, Unreadable
from bot.core.looks import Tokens

MOST: Final = 500
MOST_BYTES: Final = 16 * 1024 * 1024


class Record(Protocol):
    """A record as it lies in Kafka. `timestamp` is in milliseconds since the epoch."""

    @property
    def topic(self) -> str:
        """The topic's name."""
        ...

    @property
    def partition(self) -> int:
        """Its number."""
        ...

    @property
    def offset(self) -> int:
        """Where the record lies in it."""
        ...

    @property
    def timestamp(self) -> int:
        """When the producer made it, or the broker took it."""
        ...

    @property
    def value(self) -> bytes | None:
        """What it says."""
        ...

    @property
    def headers(self) -> tuple[tuple[str, bytes], ...]:
        """What is said beside it."""
        ...


class RecentEvents:
    """Keeps the last `most` records, and of those no more than `most_bytes` bytes."""

    def __init__(self, *, most: int = MOST, most_bytes: int = MOST_BYTES) -> None:
        self._most = most
        self._most_bytes = most_bytes
        self._bytes = 0
        self._kept: deque[Record | _Read] = deque()
        self._events: tuple[Event, ...] | None = ()
        self._tokens: Tokens | None = None

    def see(self, record: Record) -> None:
        """Take note of a record; the oldest make room."""
        kept = self._kept
        kept.append(record)
        self._bytes += len(record.value or b"")
        self._events = None
        while len(kept) > self._most or self._bytes > self._most_bytes:
            self._bytes -= _size(kept.popleft())

    def events(self) -> Sequence[Event]:
        """Those that are events, the newest last, by the records' own times."""
        if self._events is None:
            self._kept = deque(map(_read, self._kept))
            ordered = sorted(self._kept, key=_time)
            self._events = tuple(one.event for one in ordered if isinstance(one, _Read) and one.event is not None)
            self._tokens = None
        return self._events

    def find(self, key: EventKey) -> tuple[Event, Position] | None:
        """The newest record of this event, and where it lies."""
        if self._events is None:
            self.events()
        for one in reversed(self._kept):
            if isinstance(one, _Read) and one.event is not None and one.event.key == key:
                return one.event, one.position
        return None

    def tokens(self) -> Tokens:
        """Models and tags among them, the most frequent first; of those equally frequent the one seen last."""
        events = self.events()
        if self._tokens is None:
            newest_first = events[::-1]
            self._tokens = Tokens(
                models=_by_frequency(event.model.name for event in newest_first),
                tags=_by_frequency(tag for event in newest_first for tag in event.tags),
            )
        return self._tokens


@dataclass(frozen=True, slots=True)
class _Read:
    """What is left of a record that was read; no event where it could not be."""

    event: Event | None
    timestamp: int
    size: int
    position: Position


def _read(kept: Record | _Read) -> _Read:
    if isinstance(kept, _Read):
        return kept
    position = Position(topic=kept.topic, partition=kept.partition, offset=kept.offset)
    match read(kept.value, kept.headers, position, timestamp=kept.timestamp):
        case Unreadable():
            return _Read(None, kept.timestamp, _size(kept), position)
        case event:
            return _Read(event, kept.timestamp, _size(kept), position)


def _size(kept: Record | _Read) -> int:
    return kept.size if isinstance(kept, _Read) else len(kept.value or b"")


def _time(kept: Record | _Read) -> int:
    return kept.timestamp


def _by_frequency(words: Iterable[str]) -> tuple[str, ...]:
    return tuple(word for word, _ in Counter(words).most_common())
