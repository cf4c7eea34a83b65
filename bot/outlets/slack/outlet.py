"""Slack: a run of deliveries becomes one message in a channel, a thread or a direct message."""

import time
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Self, TypeAlias, assert_never

import structlog

from bot.core import pressure
from bot.core.backoff import SECOND
from bot.core.delivery import Asked, DeliveryId, Failed, Lane, Outcome, Refused, Scope, Sent, Throttled, Unknown
from bot.core.destination import (
    DestinationId,
    SlackChannel,
    SlackPerson,
    SlackPlace,
    SlackThread,
    Webhook,
    destination_id,
)
from bot.core.errors import UnavailableError
from bot.core.event import Event
from bot.core.showing import View
from bot.core.subscription import Doubt
from bot.outlets.deadline import before
from bot.outlets.slack.call import Post
from bot.outlets.slack.cards import Carding, Held
from bot.outlets.slack.history import Blind, Looked
from bot.outlets.slack.onlookers import ViewsOf, as_members_see
from bot.outlets.slack.speaking import Speaker
from bot.outlets.slack.summing import Summarising, not_told
from bot.outlets.slack.threads import Thread, Threading
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
from bot.render.doubt import question, question_metadata, repeated
from bot.render.message import Message, metadata

log = structlog.get_logger()


PolicyOf: TypeAlias = Callable[[DestinationId, Sequence[Event]], Awaitable[Doubt]]
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


@dataclass(frozen=True, slots=True, kw_only=True)
class _Telling:
    """What an attempt has to say: no more of each event than the place may see, and what is known of where to say it.

    `parcel` is what all of it was sent with. `called` are the user and group ids that it mentions, `held` is the card
    that it is about, if it is about one; `window` held the items back until its end.
    """

    place: SlackPlace
    token: str
    parcel: Parcel
    items: tuple[Seen, ...]
    thread: Thread | None
    called: Sequence[str]
    held: Held | None
    window: pressure.Held | None = None


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
        self._policy_of = policy_of
        self._called_in = called_in
        self._threading = Threading(web, threads)
        self._views_of = views_of
        self._link_hosts = link_hosts
        self._clock = clock
        self._summarising = None if summaries is None else Summarising(summaries)
        self._carding = Carding(web, cards, clock=lambda: round(clock() * SECOND))
        self._speaker = Speaker(web, Turns(budgets), self._carding, self._threading)

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
        looked = await self._look(place, parcel.items, token, None, summing.lane)
        if isinstance(looked, Unknown):
            return looked
        missing = tuple(item for item in parcel.items if item.delivery.id not in looked.found)
        if not missing:
            return Sent(reference=looked.found[parcel.items[-1].delivery.id])
        shown = self._as_seen(missing, views)
        loud = [item.event for item in missing if item.event.status in pressure.LOUD]
        called = await self._called_in(destination_id(place), loud) if loud else ()
        telling = _Telling(place=place, token=token, parcel=parcel, items=shown, thread=None, called=called, held=None)
        policy = None
        if isinstance(looked, Blind):
            policy = await self._policy(place, [item.event for item in missing], looked.reason)
        if policy is Doubt.ASK and isinstance(looked, Blind):
            outcome = await self._ask(telling, looked.reason)
        else:
            post = _compose(telling, Message(text="", blocks=()), {})
            aside = self._as_seen(summing.aside, views)
            draft = await by.draft(post, parcel, summing, shown, aside, now=round(self._clock() * SECOND))
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
        looked = await self._look(place, parcel.items, token, thread)
        if isinstance(looked, Unknown):
            return looked
        missing = tuple(item for item in parcel.items if item.delivery.id not in looked.found)
        if not missing:
            return Sent(reference=looked.found[parcel.items[-1].delivery.id])
        try:
            held = await self._carding.of(place, missing, thread, called)
        except UnavailableError as error:
            failed = Failed(reason=f"could not tell its card: {error}")
            return _still_in_doubt(failed) if looked.found else failed
        telling = _Telling(
            place=place,
            token=token,
            parcel=parcel,
            items=self._as_seen(missing, views),
            thread=thread,
            called=called,
            held=held,
            window=parcel.held if parcel.summing is None else None,  # else the window's message is the card beside it
        )
        if isinstance(looked, Blind) and (held is None or held.card is None):
            outcome = await self._send_blindly(telling, [item.event for item in missing], looked.reason)
        else:
            outcome = await self._show(telling, blind=isinstance(looked, Blind))
        return _still_in_doubt(outcome) if looked.found else outcome

    async def _look(
        self, place: SlackPlace, items: tuple[Item, ...], token: str, thread: Thread | None, lane: Lane | None = None
    ) -> Looked | Blind | Unknown:
        """Which of those in doubt arrived, in messages of their own, on cards or in a summary."""
        doubts = {item.delivery.id: item.delivery.doubt for item in items if item.delivery.doubt is not None}
        if not doubts:
            return Looked(found={})
        events = [item.event for item in items if item.delivery.id in doubts]
        now = round(self._clock() * SECOND)
        by = self._summarising
        try:
            since = min(doubts.values()) if by is None else await by.since(min(doubts.values()), lane)
            doubts = {one: min(at, since) for one, at in doubts.items()}
            looked = await self._threading.find(place, token, doubts, events, thread, now=now)
            if isinstance(looked, Looked) and by is not None:
                looked = await by.recall(looked, list(doubts), lane)
        except UnavailableError as error:
            return Unknown(reason=f"could not tell whether it was summed up: {error}")
        if isinstance(looked, Unknown) or lane is not None:
            return looked
        return await self._carding.recall(place, token, items, looked, thread)

    async def _views(self, place: SlackPlace, items: tuple[Item, ...]) -> dict[DeliveryId, View]:
        """How much of each item's event the place may see. Raises UnavailableError."""
        views = await self._views_of(place, [item.event for item in items])
        return {item.delivery.id: one for item, one in zip(items, views, strict=True)}

    def _as_seen(self, items: tuple[Item, ...], views: Mapping[DeliveryId, View]) -> tuple[Seen, ...]:
        return tuple(seen(item, views[item.delivery.id], hosts=self._link_hosts) for item in items)

    async def _send_blindly(self, telling: _Telling, events: Sequence[Event], reason: str) -> Outcome:
        """Send what may be there already, or ask; the policy is asked with the whole `events`."""
        try:
            policy = await self._policy(telling.place, events, reason)
        except UnavailableError as error:
            return Unknown(reason=f"could not tell whether to ask: {error}")
        match policy:
            case Doubt.REPEAT:
                return await self._show(telling, blind=True)
            case Doubt.ASK:
                return await self._ask(telling, reason)

    async def _policy(self, place: SlackPlace, events: Sequence[Event], reason: str) -> Doubt:
        """What becomes of events that may be there already. Raises UnavailableError."""
        policy = await self._policy_of(destination_id(place), events)
        log.warning("slack_may_not_look", channel=_address(place)[0], reason=reason, policy=policy)
        return policy

    async def _ask(self, telling: _Telling, reason: str) -> Outcome:
        outcome = await self._speaker.say(self._question(telling), telling.parcel)
        return Asked(reference=outcome.reference, reason=reason) if isinstance(outcome, Sent) else outcome

    async def _show(self, telling: _Telling, *, blind: bool) -> Outcome:
        """Say the items, on their card if they are one inference's; `blind`: they may have been said already."""
        post = self._result(telling)
        if telling.held is not None:
            say = partial(self._speaker.say, parcel=telling.parcel)
            return await self._carding.tell(telling.held, post, telling.items, say, blind=blind)
        post = replace(post, message=repeated(post.message)) if blind else post
        return await self._speaker.say(post, telling.parcel)

    def _result(self, telling: _Telling) -> Post:
        thread = telling.thread
        newest, now = self._carding.newest(telling.items, thread), round(self._clock() * SECOND)
        message = merge(newest, now=now, held=telling.window)
        post = _compose(telling, calling(message, telling.called), metadata(telling.items))
        if thread is None:
            return post
        return replace(post, thread=thread.parent, begins=thread, metadata=thread.mark(post.metadata))

    def _question(self, telling: _Telling) -> Post:
        return _compose(telling, question(telling.items), question_metadata(telling.items))


def _compose(telling: _Telling, message: Message, metadata: dict[str, Any]) -> Post:
    channel, thread = _address(telling.place)
    return Post(token=telling.token, channel=channel, thread=thread, message=message, metadata=metadata)


def _address(place: SlackPlace) -> tuple[str, str | None]:
    """Channel and thread for chat.postMessage; a user's id as channel means the direct messages with them."""
    match place:
        case SlackChannel(channel=channel):
            return channel, None
        case SlackThread(channel=channel, thread=thread):
            return channel, thread
        case SlackPerson(user=user):
            return user, None
    assert_never(place)


def _still_in_doubt(outcome: Outcome) -> Outcome:
    match outcome:
        case Failed(reason=reason, after=after) | Throttled(reason=reason, after=after):
            return Unknown(reason=f"part of the run arrived earlier; the rest: {reason}", after=after)
        case _:
            return outcome
