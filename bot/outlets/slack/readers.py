"""Who reads in a channel: what this process knows of it, what the others learned, and what Slack says.

Slack tells of 50 channels a minute one by one (conversations.info, tier 3), and a thousand at once of those that the
bot is in (users.conversations). So those are listed, and only the others are asked for: public ones that it writes to
without being a member.
"""

import asyncio
from collections.abc import Callable, Mapping

import structlog

from bot.core.backoff import HOUR, MINUTE
from bot.core.budget import LOOK
from bot.core.destination import SlackPerson, SlackPlace
from bot.core.errors import LaterError, UnavailableError
from bot.core.showing import Audience
from bot.ports.audiences import Audiences, Known, Listing
from bot.ports.budgets import Beyond, Budgets, Expense, Go, Later
from bot.ports.people import ChannelFacts, ListedChannels

log = structlog.get_logger()

FRESH = 10 * MINUTE
"""Milliseconds for which a channel's kind is taken as known."""
STALE = 24 * HOUR
"""As long as this it is believed while Slack can't be asked."""
LISTING = 500
"""Milliseconds after which to look what a list said that another process is just reading."""
LIST_SECONDS = 5.0
"""How long a list may take: it is read on the way of a delivery, whose lease runs."""
_MOST = 5_000


class Readers:
    """Tells who reads in a place.

    `audiences` is what all processes know; without it each asks for itself, about one channel at a time. `budgets` says
    when Slack may be asked. `clock` gives milliseconds since the epoch.
    """

    def __init__(
        self,
        channels: ListedChannels,
        *,
        audiences: Audiences | None = None,
        budgets: Budgets | None = None,
        clock: Callable[[], int],
    ) -> None:
        self._channels = channels
        self._audiences = audiences
        self._budgets = budgets
        self._clock = clock
        self._known: dict[tuple[str, str], Known] = {}

    async def of(self, place: SlackPlace) -> Audience:
        """Who reads there. Raises UnavailableError; LaterError where Slack's limits say when that can be told."""
        if isinstance(place, SlackPerson):
            return Audience.PERSON
        now, ours = self._clock(), self._known.get((place.team, place.channel))
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
            listed = await self._list(team, now)
            if channel in listed:
                return listed[channel]
            return await self._ask(team, channel, now, patience=None if known is None else 0)
        except UnavailableError as error:
            if known is None or now - known.at >= STALE:
                raise
            if not isinstance(error, LaterError):
                log.warning("audience_not_refreshed", channel=channel, why=str(error))
            return known

    async def _list(self, team: str, now: int) -> Mapping[str, Known]:
        """Learn about all channels that the bot is in, for everybody, unless that was done lately.

        Raises LaterError while another does it, UnavailableError.
        """
        if self._audiences is None:
            return {}
        match await self._audiences.begin_list(team):
            case Listing.DONE:
                return {}
            case Listing.BEGUN:
                raise LaterError("Slack is just asked about all channels", until=now + LISTING)
            case Listing.OURS:
                known: dict[str, Known] = {}
                try:
                    async with asyncio.timeout(LIST_SECONDS):
                        for facts in await self._channels.joined(team):
                            known[facts.channel] = Known(audience=audience_of(facts), at=now)
                except (UnavailableError, TimeoutError) as error:
                    log.warning("channels_not_listed", team=team, why=str(error) or f"no end in {LIST_SECONDS:g} s")
                await self._audiences.end_list(team, known)
                return known

    async def _ask(self, team: str, channel: str, now: int, *, patience: int | None) -> Known:
        """Ask Slack about one channel, when it is our turn: at once, if `patience` is 0, or never."""
        if self._budgets is not None:
            expense = Expense(team=team, channel=channel, method=LOOK)
            match await self._budgets.reserve(expense, holder=channel, patience=patience):
                case Go():
                    pass
                case Later(until=until) | Beyond(until=until):
                    raise LaterError("Slack is asked about other channels first", until=until)
        known = Known(audience=audience_of(await self._channels.find(team, channel)), at=now)
        if self._audiences is not None:
            await self._audiences.keep(team, channel, known)
        return known


def audience_of(facts: ChannelFacts | None) -> Audience:
    """Who reads in a channel; of one that the bot can't see it is not known, and the most careful is taken."""
    if facts is None or facts.is_external:
        return Audience.SHARED
    return Audience.PRIVATE if facts.is_private else Audience.PUBLIC


def _is_fresh(known: Known, now: int) -> bool:
    return 0 <= now - known.at < FRESH
