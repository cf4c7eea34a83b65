"""The port `Gate` over subscriptions and people's preferences.

Cost: nothing for an ordinary lane to a channel or a webhook; for one to a person a look at their preferences, which are
remembered for CACHED ms; for a subscription's own lane two looks at the subscriptions of its place.
"""

from collections import OrderedDict
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, tzinfo
from itertools import takewhile
from typing import TypeAlias
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import structlog

from bot.core.delivery import Lane
from bot.core.destination import Destination, SlackPerson, destination_id
from bot.core.facts import Facts
from bot.core.person import Person
from bot.core.pressure import Held
from bot.core.release import Rest, held_in, release
from bot.core.routing import waiting_for
from bot.core.subscription import Holding, Subscription, SubscriptionId
from bot.ports.gate import Ended, Let, Verdict, Wait
from bot.ports.outlet import Item
from bot.ports.people import Persons, Subscriptions

log = structlog.get_logger()

CACHED = 2_000
"""Milliseconds for which a person's preferences are remembered."""
KEPT = 10_000

ZoneOf: TypeAlias = Callable[[str, str], Awaitable[str]]
"""A team's user to the IANA name of the time zone that Slack knows."""


async def _everywhere(_team: str, _user: str) -> str:
    return "UTC"


class Gatekeeper:
    """Asks whoever wants a delivery when it may be sent: the least patient decides.

    Without `persons` nobody has said anything; `zone_of` is asked where somebody named no zone of their own.
    """

    def __init__(
        self, subscriptions: Subscriptions, *, persons: Persons | None = None, zone_of: ZoneOf = _everywhere
    ) -> None:
        self._subscriptions = subscriptions
        self._persons = persons
        self._zone_of = zone_of
        self._known: OrderedDict[tuple[str, str], tuple[int, Person]] = OrderedDict()

    async def ask(self, lane: Lane, destination: Destination, items: Sequence[Item], *, now: int) -> Verdict:
        """See the port. A person's quiet hours hold for everything that leads to them."""
        theirs = await self._theirs(destination, now)
        own = waiting_for(lane)
        if own is None:
            if not theirs:
                return Let(count=len(items))
            return _verdict([[_wish(None, UTC, theirs, item.delivery.appended, now)] for item in items], now)
        askers = await self._askers(own, destination, items, now)
        zones: dict[SubscriptionId, tzinfo] = {}
        for one in (one for asking in askers for one in asking):
            if one.id not in zones:
                zones[one.id] = await self._zone(one, now)
        return _verdict(
            [
                [_wish(one, zones[one.id], theirs, item.delivery.appended, now) for one in asking]
                for item, asking in zip(items, askers, strict=True)
            ],
            now,
        )

    async def _askers(
        self, own: SubscriptionId, destination: Destination, items: Sequence[Item], now: int
    ) -> list[list[Subscription]]:
        """Who wants each: the subscription whose lane it is, and those to the same place that wanted it by then."""
        mine = await self._subscriptions.get(own)
        others = [
            one
            for one in await self._subscriptions.of_destination(destination_id(destination))
            if one.id != own and not (one.hold is not None and one.hold.kind is Holding.MUTED and one.hold.holds(now))
        ]
        ours = [mine] if mine is not None else []
        return [
            [
                *ours,
                *(
                    one
                    for one in others
                    if one.created <= item.delivery.appended and one.filter.accepts(Facts(item.event))
                ),
            ]
            for item in items
        ]

    async def _theirs(self, destination: Destination, now: int) -> list[Rest]:
        """The quiet hours of the person behind a direct message."""
        if not isinstance(destination, SlackPerson):
            return []
        person = await self._person(destination.team, destination.user, now)
        return [Rest(quiet=person.quiet, zone=await self._zone_of_person(person))] if person.quiet else []

    async def _zone(self, one: Subscription, now: int) -> tzinfo:
        """The owner's; a prompt subscription needs none."""
        return UTC if one.style.prompt else await self._zone_of_person(await self._person(one.team, one.owner, now))

    async def _zone_of_person(self, person: Person) -> tzinfo:
        name = person.zone or await self._zone_of(person.team, person.user)
        try:
            return ZoneInfo(name)
        except (ZoneInfoNotFoundError, ValueError, OSError):
            log.warning("zone_unknown", zone=name, team=person.team, user=person.user)
            return UTC

    async def _person(self, team: str, user: str, now: int) -> Person:
        if self._persons is None:
            return Person(team=team, user=user)
        at, person = self._known.get((team, user), (None, None))
        if at is None or person is None or not at <= now < at + CACHED:
            person = await self._persons.get(team, user)
            self._known[team, user] = (now, person)
            self._known.move_to_end((team, user))
            if len(self._known) > KEPT:
                self._known.popitem(last=False)
        return person


@dataclass(frozen=True, slots=True, kw_only=True)
class _Wish:
    """When a delivery may go as somebody wants it, in milliseconds; and the window that held it back until then."""

    at: int | None
    held: Held | None


def _wish(one: Subscription | None, zone: tzinfo, theirs: Sequence[Rest], since: int, now: int) -> _Wish:
    """What a subscription wants, or, without one, the person behind a direct message."""
    digest = one.style.digest if one is not None else None
    own = one.style.quiet if one is not None else None
    rests = [*theirs, *([Rest(quiet=own, zone=zone)] if own else ())]
    hold = one.hold if one is not None else None
    at = release(digest=digest, zone=zone, rests=rests, hold=hold, since=since, now=now)
    free = at is not None and at <= now
    return _Wish(at=at, held=held_in(digest=digest, zone=zone, rests=rests, since=since) if free else None)


def _verdict(wishes: Sequence[Sequence[_Wish]], now: int) -> Verdict:
    """What is said of the head, and of how many more; for each item what those who want it wish.

    What was held back in another window, or in none, is let go by itself.
    """
    if not wishes[0]:
        return Ended(count=len(list(takewhile(lambda asked: not asked, wishes))))
    let = [_let(asked, now) for asked in takewhile(lambda asked: any(map(_is_let(now), asked)), wishes)]
    if let:
        return Let(count=len(list(takewhile(lambda held: held == let[0], let))), held=let[0])
    return Wait(until=min((wish.at for wish in wishes[0] if wish.at is not None), default=None))


def _let(asked: Sequence[_Wish], now: int) -> Held | None:
    """The window of a delivery that may go: that of the first whom it need not wait for any more."""
    return next(wish.held for wish in asked if _is_let(now)(wish))


def _is_let(now: int) -> Callable[[_Wish], bool]:
    return lambda wish: wish.at is not None and wish.at <= now
