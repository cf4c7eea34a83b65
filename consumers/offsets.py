"""Which offsets of a batch are still to be read: pure."""

from collections.abc import Sequence
from typing import Protocol, TypeVar


class _HasOffset(Protocol):
    @property
    def offset(self) -> int: ...


R = TypeVar("R", bound=_HasOffset)


def unread(records: Sequence[R], watermark: int | None) -> Sequence[R]:
    """The records at or above the watermark. The outbox would skip the others; routing them first would be waste.

    Offsets grow within a batch but need not be next to each other: compaction and transaction markers leave gaps.
    """
    if watermark is None or not records or records[0].offset >= watermark:
        return records
    return [record for record in records if record.offset >= watermark]
