"""How much of each event a place of Slack's may see: by who reads there, and by what its subscriptions ask."""

from collections.abc import Awaitable, Callable, Sequence
from typing import TypeAlias

from bot.core.destination import DestinationId, SlackPerson, SlackPlace, destination_id
from bot.core.event import Event
from bot.core.showing import Audience, View, asked_of, view
from bot.core.subscription import Subscription
from bot.outlets.slack.readers import Readers

ViewsOf: TypeAlias = Callable[[SlackPlace, Sequence[Event]], Awaitable[Sequence[View]]]
"""How much of each event a place may see. Raises UnavailableError where that can't be told for now, LaterError where
Slack's limits say when."""


async def as_members_see(place: SlackPlace, events: Sequence[Event]) -> Sequence[View]:
    """The views of a place where nobody asks for anything and no channel is public or shared."""
    audience = Audience.PERSON if isinstance(place, SlackPerson) else Audience.PRIVATE
    return [view(event, audience, reader=_reader(place)) for event in events]


class Onlookers:
    """Tells what a place may see.

    `subscriptions_of` gives those that lead to a place; it raises UnavailableError. `clock` gives milliseconds since
    the epoch.
    """

    def __init__(
        self,
        readers: Readers,
        subscriptions_of: Callable[[DestinationId], Awaitable[Sequence[Subscription]]],
        *,
        clock: Callable[[], int],
    ) -> None:
        self._readers = readers
        self._subscriptions_of = subscriptions_of
        self._clock = clock

    async def views_of(self, place: SlackPlace, events: Sequence[Event]) -> Sequence[View]:
        """See `ViewsOf`."""
        audience = await self._readers.of(place)
        subscriptions = await self._subscriptions_of(destination_id(place))
        now, reader = self._clock(), _reader(place)
        return [view(event, audience, reader=reader, asked=asked_of(subscriptions, event, now=now)) for event in events]


def _reader(place: SlackPlace) -> str | None:
    return place.user if isinstance(place, SlackPerson) else None
