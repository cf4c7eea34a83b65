"""What is known of the cards of a place: where each inference is shown, and how far."""

from collections.abc import Sequence
from typing import Protocol

from bot.core.cards import Card, CardKey
from bot.core.destination import DestinationId


class Cards(Protocol):
    """Cards by place and inference. Each method raises UnavailableError."""

    @property
    def lasting(self) -> int:
        """How long after its last event a card is changed in place, in milliseconds; then the next event is posted."""
        ...

    async def get(self, place: DestinationId, key: CardKey) -> Card | None:
        """The card; None: the next event is posted."""
        ...

    async def living(self, place: DestinationId, keys: Sequence[CardKey]) -> frozenset[CardKey]:
        """Which of these have a card."""
        ...

    async def keep(self, place: DestinationId, key: CardKey, card: Card) -> None:
        """From now on this is the inference's card."""
        ...
