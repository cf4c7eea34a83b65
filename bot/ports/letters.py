"""What is kept in Kafka beside the events: deliveries that wait long, and those that were given up."""

from collections.abc import Sequence
from typing import Protocol

from bot.core.deadletter import Closing
from bot.core.delivery import Bury, DeliveryId, Lane
from bot.core.destination import Destination
from bot.core.event import Position, Unreadable
from bot.core.looks import Fallen
from bot.ports.outbox import Parked
from bot.ports.outlet import Item


class ParkedDeliveries(Protocol):
    """The journal of deliveries that have to wait long."""

    async def keep(self, deliveries: Sequence[Parked]) -> None:
        """Write them, in order; returns when Kafka has them (acks=all). Raises UnavailableError."""
        ...

    async def forget(self, deliveries: Sequence[DeliveryId]) -> None:
        """Write that they are settled. Raises UnavailableError."""
        ...


class RecentLetters(Protocol):
    """The last dead letters of each workspace, in short."""

    async def newest(self, team: str) -> tuple[Fallen, ...]:
        """Those of the last week, the newest first; a hundred at most. Raises UnavailableError."""
        ...


class DeadLetters(Protocol):
    """The dead-letter topic."""

    async def unreadable(
        self,
        position: Position,
        value: bytes | None,
        headers: Sequence[tuple[str, bytes]],
        why: Unreadable,
        *,
        key: bytes | None = None,
    ) -> None:
        """Keep a record that is no event: all of it, position and reason. Returns when Kafka has it (acks=all)."""
        ...

    async def buried(
        self, item: Item, destination: Destination, why: Bury, *, lane: Lane, position: Position | None = None
    ) -> None:
        """Keep a delivery that was given up; `position` is its event's. Returns when Kafka has it (acks=all)."""
        ...

    async def close(self, closings: Sequence[Closing]) -> None:
        """Note that letters were replayed or dropped. Returns when Kafka has it (acks=all)."""
        ...
