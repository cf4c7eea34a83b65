"""Under which message of a channel the others of its session or inference are shown."""

from collections.abc import Sequence
from typing import Protocol

from bot.core.destination import DestinationId
from bot.core.event import Event
from bot.core.threads import ThreadKey


class Threads(Protocol):
    """The threads that a place's subscriptions ask for. Each method raises UnavailableError."""

    @property
    def lasting(self) -> int:
        """How long a thread takes replies, in milliseconds."""
        ...

    async def of(self, place: DestinationId, events: Sequence[Event]) -> list[ThreadKey | None]:
        """For each event the thread it belongs in; None: it is a message of its own."""
        ...

    async def parent(self, place: DestinationId, key: ThreadKey) -> str | None:
        """The ts of the thread's first message; None: the next one begins it."""
        ...

    async def begin(self, place: DestinationId, key: ThreadKey, ts: str) -> None:
        """From now on replies go under this message."""
        ...
