"""Slack: a run of deliveries becomes one message in a channel, a thread or a direct message."""

import time
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Self, TypeAlias

import structlog

from bot.core import pressure
from bot.core.backoff import SECOND
from bot.core.delivery import DeliveryId, Failed, Outcome, Paced, Partly, Refused, Scope, Sent, Throttled, Unknown
from bot.core.destination import (
    DestinationId,
    SlackPlace,
    Webhook,
    destination_id,
)
from bot.core.errors import LaterError, UnavailableError
from bot.core.event import Event
from bot.core.progress import Progress
from bot.core.showing import View
from bot.core.subscription import Doubt
from bot.outlets.deadline import before
from bot.outlets.slack.call import Post
from bot.outlets.slack.cards import Carding, Held
from bot.outlets.slack.doubts import Doubts, PolicyOf
from bot.outlets.slack.history import Blind, Looked
from bot.outlets.slack.onlookers import ViewsOf, as_members_see
from bot.outlets.slack.speaking import Speaker
from bot.outlets.slack.summing import Summarising, not_told
from bot.outlets.slack.telling import Teller, Way, begun_at
from bot.outlets.slack.threads import Threading
from bot.outlets.slack.turns import Turns
from bot.outlets.slack.web import SlackWeb
from bot.ports.budgets import Budgets
from bot.ports.cards import Cards
from bot.ports.outlet import Item, Parcel
from bot.ports.summaries import Summaries
from bot.ports.threads import Threads
from bot.render.calling import calling
from bot.render.digest import merge
from bot.render.discretion import Seen, seen
from bot.render.doubt import repeated
from bot.render.message import Message, metadata

log = structlog.get_logger()


CalledIn: TypeAlias = Callable[[DestinationId, Sequence[Event]], Awaitable[Sequence[str]]]
Renew: TypeAlias = Callable[[str, str], Awaitable[str | None]]
NO_TOKEN_WAIT = 30 * SECOND
"""Milliseconds that a workspace waits whose token can't be had."""


async def _no_other(_team: str, _refused: str) -> str | None:
    return None


async def _nobody(_place: DestinationId, _events: Sequence[Event]) -> Sequence[str]:
    return ()


async def _always_repeat(_place: DestinationId, _events: Sequence[Event]) -> Doubt:
    return Doubt.REPEAT


class SlackOutlet:
    """Posts to Slack, one message for a whole parcel.

    `token_of` gives a workspace's bot token, or None where the app is not installed; `renew` gives another in place of
    one that Slack refused, or None where there is none. Both may raise UnavailableError. `policy_of` says what becomes
    of events that may have arrived in a place where we may not look. `called_in` says whom a message to a place calls
    that tells of these events, `threads` which of a channel's messages are replies, `views_of` how much of each event a
    place may see, `link_hosts` where links in results may lead, `cards` where an inference is shown already and
    `summaries` what is summed up, and `budgets` whose turn it is. `clock` gives seconds since the epoch. Enter it as an
    async context manager: it opens `web` and closes it.
    """

    def __init__(
        self,
        web: SlackWeb,
        token_of: Callable[[str], Awaitable[str | None]],
        *,
        renew: Renew = _no_other,
        policy_of: PolicyOf = _always_repeat,
        called_in: CalledIn = _nobody,
        threads: Threads | None = None,
        views_of: ViewsOf = as_members_see,
        link_hosts: Collection[str] = (),
        cards: Cards | None = None,
        summaries: Summaries | None = None,
        budgets: Budgets | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._web = web
        self._token_of = token_of
        self._renew = renew
        self._called_in = called_in
        self._threading = Threading(web, threads)
        self._views_of = views_of
        self._link_hosts = link_hosts
        self._clock = clock
        self._summarising = None if summaries is None else Summarising(summaries)
        self._carding = Carding(web, cards, clock=self._now)
        self._speaker = Speaker(web, Turns(budgets), self._carding, self._threading)
        self._doubts = Doubts(
            self._threading,
            self._carding,
            self._summarising,
            self._speaker,
            policy_of=policy_of,
            clock=self._now,
        )
        self._teller = Teller(web, say=self._speaker.say, ask=self._doubts.ask, clock=self._now)

    async def __aenter__(self) -> Self:
        """Open the connection pool."""
        await self._web.__aenter__()
        return self

    async def __aexit__(self, *_: object) -> None:
        """Close it."""
        await self._web.__aexit__()

    async def send(self, parcel: Parcel) -> Outcome:
        """Post the parcel as one message, of those items that did not arrive in an earlier attempt.

        Of each event no more is rendered than the place may see.

        Items in doubt are looked for in the conversation first. If some of a run are found, the others are sent
        alone, and only when they have arrived, too, the parcel is Sent; any lesser end of it is Unknown, so that the
        next attempt looks again. Where we may not look, the policy decides: they are sent and say so, or a card asks
        for them and the parcel is Asked.
        """
        with before(parcel.deadline):
            return await self._send(parcel)

    async def _send(self, parcel: Parcel) -> Outcome:
        place = parcel.destination
        if isinstance(place, Webhook):
            raise TypeError("not a Slack parcel")
        token = await self._token(self._token_of(place.team))
        if token is None:
            return Refused(reason=f"Slack: the app is not installed in {place.team}", scope=Scope.INSTALLATION)
        if isinstance(token, Throttled):
            return token
        outcome = await self._send_as(token, place, parcel)
        if isinstance(outcome, Refused) and outcome.scope is Scope.INSTALLATION:
            other = await self._token(self._renew(place.team, token))
            if isinstance(other, Throttled):
                return other
            if other is not None:
                log.info("slack_token_replaced", team=place.team)
                outcome = await self._send_as(other, place, parcel)
        return outcome

    async def _token(self, asked: Awaitable[str | None]) -> str | Throttled | None:
        try:
            return await asked
        except UnavailableError as error:
            return Throttled(after=NO_TOKEN_WAIT, scope=Scope.INSTALLATION, reason=f"no token to send with: {error}")

    async def _send_as(self, token: str, place: SlackPlace, parcel: Parcel) -> Outcome:
        try:
            views = await self._views(place, (*parcel.items, *(parcel.summing.aside if parcel.summing else ())))
        except LaterError as error:
            return Paced(until=error.until)
        except UnavailableError as error:
            return Failed(reason=f"could not tell who reads there: {error}")
        summing, by = parcel.summing, self._summarising
        if summing is None or by is None:
            return await self._tell(token, place, parcel, views)
        if summing.whole:
            try:
                return await self._sum_up(token, place, parcel, views, by)
            except UnavailableError as error:
                return not_told(error)
        outcome = await self._tell(token, place, parcel, views)
        if isinstance(outcome, Sent):
            await by.beside(parcel, summing, self._as_seen(parcel.items, views))
        return outcome

    async def _sum_up(
        self, token: str, place: SlackPlace, parcel: Parcel, views: Mapping[DeliveryId, View], by: Summarising
    ) -> Outcome:
        """Have the card of the lane's summary tell the parcel. Raises UnavailableError before anything is sent."""
        summing = parcel.summing
        if summing is None:
            raise TypeError("not a summary's parcel")
        looked = await self._doubts.look(place, parcel.items, token, None, summing.lane)
        if isinstance(looked, Unknown):
            return looked
        missing = tuple(item for item in parcel.items if item.delivery.id not in looked.found)
        if not missing:
            return Sent(reference=looked.found[parcel.items[-1].delivery.id])
        shown = self._as_seen(missing, views)
        loud = [item.event for item in missing if item.event.status in pressure.LOUD]
        called = await self._called_in(destination_id(place), loud) if loud else ()
        way = Way(token=token, parcel=parcel, place=place, thread=None, called=called)
        policy = None
        if isinstance(looked, Blind):
            policy = await self._doubts.policy(way, missing, looked.reason)
        if policy is Doubt.ASK and isinstance(looked, Blind):
            outcome = await self._doubts.question(way, shown, looked.reason)
        else:
            post = way.first(Message(text="", blocks=()), {})
            aside = self._as_seen(summing.aside, views)
            draft = await by.draft(post, parcel, summing, shown, aside, now=self._now())
            message = calling(draft.call.message, called)
            call = replace(draft.call, message=repeated(message) if policy is Doubt.REPEAT else message)
            outcome = await self._speaker.say(call, parcel)
            await by.shown(draft, summing, outcome)
        return _still_in_doubt(outcome) if looked.found else outcome

    async def _tell(self, token: str, place: SlackPlace, parcel: Parcel, views: Mapping[DeliveryId, View]) -> Outcome:
        """Say the parcel in a message of its own, or on its inference's card."""
        try:
            events = [item.event for item in parcel.items]
            thread = await self._threading.choose(place, events)
            called = await self._called_in(destination_id(place), events)
        except UnavailableError as error:
            return Failed(reason=f"could not tell its thread, or whom it calls: {error}")
        way = Way(token=token, parcel=parcel, place=place, thread=thread, called=called)
        first = parcel.items[0]
        if (progress := first.delivery.progress) is not None and progress.told:
            return await self._teller.go_on(way, first, self._as_seen((first,), views)[0], progress)
        looked = await self._doubts.look(place, parcel.items, token, thread)
        if isinstance(looked, Unknown):
            return looked
        missing = tuple(item for item in parcel.items if item.delivery.id not in looked.found)
        if not missing:
            reference = looked.found[parcel.items[-1].delivery.id]
            if len(parcel.items) > 1 or _window(parcel) is not None:
                return Sent(reference=reference)
            return await self._teller.found(way, first, self._as_seen((first,), views)[0], begun_at(reference))
        outcome = await self._tell_those(way, missing, self._as_seen(missing, views), looked)
        return _still_in_doubt(outcome) if looked.found else outcome

    async def _tell_those(
        self, way: Way, items: tuple[Item, ...], shown: tuple[Seen, ...], looked: Looked | Blind
    ) -> Outcome:
        """Say what is missing, or ask for it."""
        try:
            # What a window held back is said together: it is nothing that a card shows by itself.
            held = await self._carding.of(way.place, items, way.thread, way.called) if way.parcel.held is None else None
        except UnavailableError as error:
            return Failed(reason=f"could not tell its card: {error}")
        if isinstance(looked, Blind) and (held is None or held.card is None):
            asked = await self._doubts.ask(way, items, shown, looked.reason)
            if asked is not None:
                return asked
        return await self._show(way, items, shown, held, blind=isinstance(looked, Blind))

    async def _views(self, place: SlackPlace, items: tuple[Item, ...]) -> dict[DeliveryId, View]:
        """How much of each item's event the place may see. Raises UnavailableError."""
        views = await self._views_of(place, [item.event for item in items])
        return {item.delivery.id: one for item, one in zip(items, views, strict=True)}

    def _as_seen(self, items: tuple[Item, ...], views: Mapping[DeliveryId, View]) -> tuple[Seen, ...]:
        return tuple(seen(item, views[item.delivery.id], hosts=self._link_hosts) for item in items)

    async def _show(
        self, way: Way, items: tuple[Item, ...], shown: tuple[Seen, ...], held: Held | None, *, blind: bool
    ) -> Outcome:
        """Say the items, on their card if they are one inference's; `blind`: they may have been said already."""

        async def say(post: Post) -> Outcome:
            post = replace(post, message=calling(post.message, way.called))
            if held is not None:
                make = partial(self._speaker.say, parcel=way.parcel)
                return await self._carding.tell(held, post, shown, make, blind=blind)
            post = replace(post, message=repeated(post.message)) if blind else post
            return await self._speaker.say(post, way.parcel)

        window = _window(way.parcel)
        if len(shown) > 1 or window is not None:
            message = merge(self._carding.newest(shown, way.thread), now=self._now(), held=window)
            return await say(way.first(message, metadata(shown)))
        outcome = await self._teller.begin(way, shown[0], say)
        if held is None or held.card is None or not isinstance(outcome, Partly) or not outcome.progress.told:
            return outcome
        return await self._on_its_card(way, items[0], shown[0], held, outcome.progress, blind=blind)

    async def _on_its_card(
        self, way: Way, item: Item, shown: Seen, held: Held, progress: Progress, *, blind: bool
    ) -> Outcome:
        """Whether there is more to say of what a card that was there before shows now."""
        try:
            if not await self._carding.shows(held, item):
                return Sent(reference=progress.reference)
        except UnavailableError as error:
            return Unknown(reason=f"could not tell what its card shows: {error}")
        # A change that was made before is made again; its parts are not.
        again = item.delivery.doubt is not None and not blind
        return await self._teller.found(way, item, shown, progress) if again else Partly(progress=progress)

    def _now(self) -> int:
        return round(self._clock() * SECOND)


def _window(parcel: Parcel) -> pressure.Held | None:
    """The window that names the parcel's message; with a summary that is the card beside it."""
    return parcel.held if parcel.summing is None else None


def _still_in_doubt(outcome: Outcome) -> Outcome:
    match outcome:
        case Failed(reason=reason, after=after) | Throttled(reason=reason, after=after):
            return Unknown(reason=f"part of the run arrived earlier; the rest: {reason}", after=after)
        case _:
            return outcome
