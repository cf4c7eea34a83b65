"""Which offset of a partition is read next: pure decisions over what Redis, the group and the log say."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, TypeAlias, TypeVar


class _HasOffset(Protocol):
    @property
    def offset(self) -> int: ...


R = TypeVar("R", bound=_HasOffset)


UNDECIDED = -1
"""The watermark of a partition that halted: it stays so for every member, whatever the new topic grows to."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """What Kafka says of a partition: its first offset, the one after its last, and the group's committed one.

    `renewed`: the group's commit is gone, though it was there in the life of this process. Kafka forgets it with the
    topic, and with nothing else while the group lives.
    """

    beginning: int
    end: int
    committed: int | None
    renewed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Start:
    """Read on from `offset`; nothing is missing."""

    offset: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Lost:
    """Retention (or a person) removed records that were never read: up to `records` before `offset`, the beginning.

    Compaction and transaction markers take offsets too, so it is the most that can be missing.
    """

    offset: int
    records: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Recreated:
    """What was read went to `known`, past the topic's `end`: another topic of that name. Read it from `offset`."""

    offset: int
    known: int
    end: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Halted:
    """As `Recreated`, but a person is to decide. `known` is `UNDECIDED` where that was found before."""

    known: int
    end: int


Taken: TypeAlias = Start | Lost | Recreated | Halted


def take_up(watermark: int | None, bounds: Bounds, *, halt: bool) -> Taken:
    """Decide where to read from. `halt`: a recreated topic waits for a person.

    `watermark` is the outbox's, None where it has none (a new partition, or a Redis that was wiped: then the committed
    offset holds, below which everything is settled). It has to be older than `bounds`, or a record that another
    member entered in between would look like a topic that shrank.
    """
    known = bounds.committed if watermark is None else watermark
    if known is None:
        return Start(offset=bounds.beginning)
    if known > bounds.end or known == UNDECIDED or bounds.renewed:
        if halt:
            return Halted(known=known, end=bounds.end)
        return Recreated(offset=bounds.beginning, known=known, end=bounds.end)
    if known < bounds.beginning:
        return Lost(offset=bounds.beginning, records=bounds.beginning - known)
    return Start(offset=known)


def unread(records: Sequence[R], watermark: int) -> Sequence[R]:
    """The records at or above the watermark. The outbox would skip the others; routing them first would be waste.

    Offsets grow within a batch but need not be next to each other: compaction and transaction markers leave gaps.
    """
    if not records or records[0].offset >= watermark:
        return records
    return [record for record in records if record.offset >= watermark]
