"""The subscriptions that lead to a place, remembered for a moment: one message asks for them several times."""

from collections import OrderedDict
from collections.abc import Callable, Sequence

from bot.core.destination import DestinationId
from bot.core.event import Event
from bot.core.mentions import called
from bot.core.subscription import Subscription
from bot.ports.people import Subscriptions

CACHED = 2_000
"""Milliseconds for which an answer is remembered."""
KEPT = 5_000


class Leading:
    """Asks `subscriptions`. `clock` gives milliseconds since the epoch."""

    def __init__(self, subscriptions: Subscriptions, *, clock: Callable[[], int]) -> None:
        self._subscriptions = subscriptions
        self._clock = clock
        self._known: OrderedDict[DestinationId, tuple[int, Sequence[Subscription]]] = OrderedDict()

    async def to(self, place: DestinationId) -> Sequence[Subscription]:
        """Those that lead to the place. Raises UnavailableError."""
        now = self._clock()
        at, known = self._known.get(place, (None, ()))
        if at is None or not at <= now < at + CACHED:
            known = await self._subscriptions.of_destination(place)
            self._known[place] = (now, known)
            self._known.move_to_end(place)
            if len(self._known) > KEPT:
                self._known.popitem(last=False)
        return known

    async def called(self, place: DestinationId, events: Sequence[Event]) -> tuple[str, ...]:
        """Whom a message to the place calls that tells of these events. Raises UnavailableError."""
        return called(await self.to(place), events, now=self._clock())
