"""Whether what waits in a lane may be sent yet."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, TypeAlias

from bot.core.delivery import Lane
from bot.core.destination import Destination
from bot.core.pressure import Held
from bot.ports.outlet import Item


@dataclass(frozen=True, slots=True, kw_only=True)
class Let:
    """The first `count` may be sent now. `held` is the window that held them back, if one did: all of them the same."""

    count: int
    held: Held | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Wait:
    """None may be sent before `until`, in milliseconds since the epoch; None: before somebody resumes it."""

    until: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """Nobody wants the first `count` any more: the subscription that they waited for was ended."""

    count: int


Verdict: TypeAlias = Let | Wait | Ended


class Gate(Protocol):
    """Knows what people asked to be held back."""

    async def ask(self, lane: Lane, destination: Destination, items: Sequence[Item], *, now: int) -> Verdict:
        """What becomes of the items at a lane's head, at least one. Raises UnavailableError."""
        ...
