"""What summaries count: each living card, and the list behind its button."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NewType, Protocol

from bot.core.delivery import DeliveryId, Lane
from bot.core.destination import DestinationId
from bot.core.event import Status

ListId = NewType("ListId", str)
"""The name of a list: random, 32 hexadecimal digits."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """What a list tells of a delivery: as much as whoever reads the conversation may read of it."""

    delivery: DeliveryId
    status: Status
    title: str
    model: str = ""
    link: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """A lane's summary as its card is to show it now. Times are in milliseconds since the epoch.

    `channel` and `ts` are the card's, None before it was posted. Of the deliveries that the card itself tells there are
    `told`; `newest` are the last few rows and `last` the last ids, the newest first.
    """

    lane: Lane
    window: int
    list: ListId
    channel: str | None
    ts: str | None
    since: int
    counts: Mapping[Status, int] = field(default_factory=dict)
    newest: tuple[Row, ...] = ()
    told: int = 0
    last: tuple[DeliveryId, ...] = ()

    @property
    def total(self) -> int:
        """How many deliveries it counts."""
        return sum(self.counts.values())


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """A part of a list, in the order of telling. `place` and `channel` are where its card is."""

    place: DestinationId
    channel: str
    rows: tuple[Row, ...]
    total: int


class Summaries(Protocol):
    """The summaries of all lanes, shared by all processes. Each method raises UnavailableError."""

    async def tell(
        self, lane: Lane, place: DestinationId, rows: Sequence[Row], *, window: int, aside: Collection[DeliveryId]
    ) -> Summary:
        """Take deliveries into the lane's living summary, each once; begin one where none of that window lives.

        Those `aside` are counted, and told by messages of their own.
        """
        ...

    async def shown(self, summary: Summary, channel: str, ts: str, *, over: bool) -> None:
        """Note that the card shows this much; `over`: and that nothing more is taken into it."""
        ...

    async def living(self, lane: Lane) -> Summary | None:
        """The lane's living summary; without counts, rows and ids."""
        ...

    async def surely_told(self, name: ListId, deliveries: Sequence[DeliveryId]) -> frozenset[DeliveryId]:
        """Those that a list's card surely tells."""
        ...

    async def known(self, name: ListId) -> int:
        """How many deliveries are known that a list's card tells: 0 where it was forgotten."""
        ...

    async def page(self, name: ListId, *, begin: int, count: int) -> Page | None:
        """A part of a list; None where it is no longer kept."""
        ...
