"""Who reads where a message goes, and so how much of each event it may say."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import structlog

from bot.core.backoff import HOUR, MINUTE
from bot.core.destination import DestinationId, SlackPerson, SlackPlace, destination_id
from bot.core.errors import UnavailableError
from bot.core.event import Event
from bot.core.showing import Audience, View, asked_of, view
from bot.core.subscription import Subscription
from bot.ports.people import ChannelFacts, Channels

log = structlog.get_logger()

ViewsOf: TypeAlias = Callable[[SlackPlace, Sequence[Event]], Awaitable[Sequence[View]]]
"""How much of each event a place may see. Raises UnavailableError where that can't be told for now."""

FRESH = 10 * MINUTE
"""Milliseconds for which a channel's kind is taken as known; conversations.info is of tier 3, 50 calls a minute."""
STALE = 24 * HOUR
"""As long as this it is believed while Slack can't be asked."""
_MOST = 5_000


async def as_members_see(place: SlackPlace, events: Sequence[Event]) -> Sequence[View]:
    """The views of a place where nobody asks for anything and no channel is public or shared."""
    audience = Audience.PERSON if isinstance(place, SlackPerson) else Audience.PRIVATE
    return [view(event, audience, reader=_reader(place)) for event in events]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Known:
    audience: Audience
    at: int


class Onlookers:
    """Tells what a place may see, by what Slack knows of the channel and by what subscriptions ask.

    `subscriptions_of` gives those that lead to a place; it raises UnavailableError. `clock` gives milliseconds since
    the epoch.
    """

    def __init__(
        self,
        channels: Channels,
        subscriptions_of: Callable[[DestinationId], Awaitable[Sequence[Subscription]]],
        *,
        clock: Callable[[], int],
    ) -> None:
        self._channels = channels
        self._subscriptions_of = subscriptions_of
        self._clock = clock
        self._known: dict[tuple[str, str], _Known] = {}

    async def views_of(self, place: SlackPlace, events: Sequence[Event]) -> Sequence[View]:
        """See `ViewsOf`."""
        now = self._clock()
        audience = await self._audience(place, now)
        subscriptions = await self._subscriptions_of(destination_id(place))
        reader = _reader(place)
        return [view(event, audience, reader=reader, asked=asked_of(subscriptions, event, now=now)) for event in events]

    async def _audience(self, place: SlackPlace, now: int) -> Audience:
        if isinstance(place, SlackPerson):
            return Audience.PERSON
        key = (place.team, place.channel)
        known = self._known.get(key)
        if known is not None and 0 <= now - known.at < FRESH:
            return known.audience
        try:
            facts = await self._channels.find(*key)
        except UnavailableError as error:
            if known is None or now - known.at >= STALE:
                raise
            log.warning("audience_not_refreshed", channel=place.channel, why=str(error))
            return known.audience
        if len(self._known) >= _MOST:
            self._known.clear()
        self._known[key] = _Known(audience=audience_of(facts), at=now)
        return self._known[key].audience


def audience_of(facts: ChannelFacts | None) -> Audience:
    """Who reads in a channel; of one that the bot can't see it is not known, and the most careful is taken."""
    if facts is None or facts.is_external:
        return Audience.SHARED
    return Audience.PRIVATE if facts.is_private else Audience.PUBLIC


def _reader(place: SlackPlace) -> str | None:
    return place.user if isinstance(place, SlackPerson) else None
