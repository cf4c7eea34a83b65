"""Events after they were settled, and what people say of them."""

from dataclasses import dataclass
from typing import Protocol

from bot.core.event import Event, Position
from bot.core.feedback import Feedback
from bot.core.marks import Mark
from bot.ports.outbox import Parked


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """An event and where it lies in Kafka."""

    event: Event
    position: Position


class Archive(Protocol):
    """Kafka's events, for as long as it retains them."""

    async def find(self, mark: Mark) -> Found | None:
        """The event that is marked; None where it is not kept any more. Raises UnavailableError."""
        ...


class Opinions(Protocol):
    """What people say of results."""

    async def keep(self, said: Feedback) -> bool:
        """Keep it; False where it is what they have said last. Returns when Kafka has it. Raises UnavailableError."""
        ...


class Afresh(Protocol):
    """The outbox's door for what somebody wants once more."""

    async def enter(self, delivery: Parked) -> bool:
        """Enter it once, however often it is called; False where it was before. Raises UnavailableError."""
        ...
