"""Who reads where a message goes, and so how much of each event it may say."""

from collections.abc import Awaitable, Callable, Sequence
from typing import TypeAlias

import structlog

from bot.core.backoff import HOUR, MINUTE
from bot.core.budget import LOOK
from bot.core.destination import DestinationId, SlackPerson, SlackPlace, destination_id
from bot.core.errors import LaterError, UnavailableError
from bot.core.event import Event
from bot.core.showing import Audience, View, asked_of, view
from bot.core.subscription import Subscription
from bot.ports.audiences import Audiences, Known
from bot.ports.budgets import Beyond, Budgets, Expense, Go, Later
from bot.ports.people import ChannelFacts, Channels

log = structlog.get_logger()

ViewsOf: TypeAlias = Callable[[SlackPlace, Sequence[Event]], Awaitable[Sequence[View]]]
"""How much of each event a place may see. Raises UnavailableError where that can't be told for now, LaterError where
Slack's limits say when."""

FRESH = 10 * MINUTE
"""Milliseconds for which a channel's kind is taken as known; conversations.info is of tier 3, 50 calls a minute."""
STALE = 24 * HOUR
"""As long as this it is believed while Slack can't be asked."""
_MOST = 5_000


async def as_members_see(place: SlackPlace, events: Sequence[Event]) -> Sequence[View]:
    """The views of a place where nobody asks for anything and no channel is public or shared."""
    audience = Audience.PERSON if isinstance(place, SlackPerson) else Audience.PRIVATE
    return [view(event, audience, reader=_reader(place)) for event in events]


class Onlookers:
    """Tells what a place may see, by what Slack knows of the channel and by what subscriptions ask.

    `subscriptions_of` gives those that lead to a place; it raises UnavailableError. `audiences` is what other processes
    learned, and `budgets` says when Slack may be asked. `clock` gives milliseconds since the epoch.
    """

    def __init__(
        self,
        channels: Channels,
        subscriptions_of: Callable[[DestinationId], Awaitable[Sequence[Subscription]]],
        *,
        audiences: Audiences | None = None,
        budgets: Budgets | None = None,
        clock: Callable[[], int],
    ) -> None:
        self._channels = channels
        self._subscriptions_of = subscriptions_of
        self._audiences = audiences
        self._budgets = budgets
        self._clock = clock
        self._known: dict[tuple[str, str], Known] = {}

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
        ours = self._known.get((place.team, place.channel))
        if ours is not None and _is_fresh(ours, now):
            return ours.audience
        known = await self._look(place.team, place.channel, ours, now)
        if len(self._known) >= _MOST:
            self._known.clear()
        self._known[place.team, place.channel] = known
        return known.audience

    async def _look(self, team: str, channel: str, ours: Known | None, now: int) -> Known:
        """What some process learned lately; else what Slack says, when it is our turn to ask."""
        theirs = None if self._audiences is None else await self._audiences.get(team, channel)
        known = max(filter(None, (ours, theirs)), key=lambda one: one.at, default=None)
        if known is not None and _is_fresh(known, now):
            return known
        try:
            await self._take_turn(team, channel, patience=None if known is None else 0)
            known = Known(audience=audience_of(await self._channels.find(team, channel)), at=now)
        except UnavailableError as error:
            if known is None or now - known.at >= STALE:
                raise
            log.warning("audience_not_refreshed", channel=channel, why=str(error))
            return known
        if self._audiences is not None:
            await self._audiences.keep(team, channel, known)
        return known

    async def _take_turn(self, team: str, channel: str, *, patience: int | None) -> None:
        if self._budgets is None:
            return
        expense = Expense(team=team, channel=channel, method=LOOK)
        match await self._budgets.reserve(expense, holder=channel, patience=patience):
            case Go():
                return
            case Later(until=until) | Beyond(until=until):
                raise LaterError("Slack is asked about other channels first", until=until)


def audience_of(facts: ChannelFacts | None) -> Audience:
    """Who reads in a channel; of one that the bot can't see it is not known, and the most careful is taken."""
    if facts is None or facts.is_external:
        return Audience.SHARED
    return Audience.PRIVATE if facts.is_private else Audience.PUBLIC


def _is_fresh(known: Known, now: int) -> bool:
    return 0 <= now - known.at < FRESH


def _reader(place: SlackPlace) -> str | None:
    return place.user if isinstance(place, SlackPerson) else None
