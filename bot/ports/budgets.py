"""What far sides take of us, shared by all processes: who may call now, and when the others' turns come."""

from dataclasses import dataclass
from typing import Protocol, TypeAlias


@dataclass(frozen=True, slots=True, kw_only=True)
class Expense:
    """A call of `method` in a `channel` of the workspace `team`; a person's id is the direct messages with them."""

    team: str
    channel: str
    method: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Go:
    """Call now: it is counted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Later:
    """Ask again at `until` (milliseconds, Redis's clock): the turn is kept, and lost if nobody comes soon after."""

    until: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Beyond:
    """It would be `until`, later than the caller has patience for; so nothing was reserved."""

    until: int


Turn: TypeAlias = Go | Later | Beyond


class Budgets(Protocol):
    """The budgets of all workspaces. All methods raise UnavailableError."""

    async def reserve(self, expense: Expense, *, holder: str, patience: int | None = None) -> Turn:
        """Ask for a turn, just before calling.

        `holder` tells who asks, the same whenever it asks again: a lane. Turns are given in the order in which
        holders of a channel, and channels of a workspace, began to ask. With `patience`, in milliseconds, nothing is
        reserved that is further away: for a caller who would rather do something else.
        """
        ...

    async def charge(self, expense: Expense) -> None:
        """Count a call that is made without asking; it delays those that ask."""
        ...

    async def cool(self, expense: Expense, *, after: int) -> None:
        """The far side said no (429): for `after` milliseconds nobody gets a turn there, and then fewer do."""
        ...
