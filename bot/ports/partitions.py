"""The outbox's side towards Kafka."""

from collections.abc import Sequence
from typing import Protocol

from bot.core.delivery import DeliveryId
from bot.ports.outbox import Parked


class Partitions(Protocol):
    """How far each partition was read, what of it may be committed, and what of it the journal holds."""

    async def watermark(self, topic: str, partition: int) -> int | None:
        """The next offset to read, or None where nothing was read yet."""
        ...

    async def watermarks(self, places: Sequence[tuple[str, int]]) -> dict[tuple[str, int], int | None]:
        """The same of several partitions, by topic and partition."""
        ...

    async def enter(self, topic: str, partition: int, offset: int, *, force: bool) -> int:
        """Set the watermark where there is none, or in any case with `force`; returns the one that holds."""
        ...

    async def committable(self, topic: str, partition: int) -> int | None:
        """The offset below which every event is settled: what may be committed to Kafka."""
        ...

    async def overdue(self, topic: str, partition: int, *, age: int, limit: int) -> tuple[Parked, ...]:
        """Unsettled deliveries of the partition that have waited longer than `age` ms, lowest offset first, for `park`.

        The journal will be told when they are settled, whether or not the caller lives to `park` them.
        """
        ...

    async def park(self, deliveries: Sequence[DeliveryId]) -> tuple[DeliveryId, ...]:
        """Note that the journal has them: they hold back no commit. Returns those that are settled by now."""
        ...

    async def unparked(self, limit: int) -> tuple[DeliveryId, ...]:
        """Settled deliveries that the journal still has."""
        ...

    async def forget_parked(self, deliveries: Sequence[DeliveryId]) -> None:
        """Note that they have left the journal."""
        ...
