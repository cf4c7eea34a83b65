"""Slack: a run of deliveries becomes one message in a channel, a thread or a direct message."""

import time
from collections.abc import Awaitable, Callable, Collection, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Self, TypeAlias, assert_never

import structlog

from bot.core.backoff import SECOND
from bot.core.delivery import Asked, DeliveryId, Failed, Outcome, Paced, Refused, Scope, Sent, Throttled, Unknown
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
from bot.outlets.slack.call import Call, Post, Update, make
from bot.outlets.slack.cards import Carding, Held, instead
from bot.outlets.slack.errors import Answer, Kind, kind_of
from bot.outlets.slack.history import Blind, Looked
from bot.outlets.slack.mending import mended
from bot.outlets.slack.onlookers import ViewsOf, as_members_see
from bot.outlets.slack.threads import Thread, Threading
from bot.outlets.slack.turns import Turns
from bot.outlets.slack.web import Said, SlackWeb, outcome_of_reply
from bot.ports.budgets import Budgets
from bot.ports.cards import Cards
from bot.ports.outlet import Item, Parcel
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
    that it is about, if it is about one.
    """

    place: SlackPlace
    token: str
    parcel: Parcel
    items: tuple[Seen, ...]
    thread: Thread | None
    called: Sequence[str]
    held: Held | None


class SlackOutlet:
    """Posts to Slack, one message for a whole parcel.

    `token_of` gives a workspace's bot token, or None where the app is not installed; `renew` gives another in place of
    one that Slack refused, or None where there is none. Both may raise UnavailableError. `policy_of` says what becomes
    of events that may have arrived in a place where we may not look. `called_in` says whom a message to a place calls
    that tells of these events, `threads` which of a channel's messages are replies, `views_of` how much of each event a
    place may see, `link_hosts` where links in results may lead, `cards` where an inference is shown already, and
    `budgets` whose turn it is. `clock` gives seconds since the epoch. Enter it as an async context manager: it opens
    `web` and closes it.
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
        self._turns = Turns(budgets)
        self._link_hosts = link_hosts
        self._clock = clock
        self._carding = Carding(web, cards, clock=lambda: round(clock() * SECOND))

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
            events = [item.event for item in parcel.items]
            thread = await self._threading.choose(place, events)
            called = await self._called_in(destination_id(place), events)
        except UnavailableError as error:
            return Failed(reason=f"could not tell its thread, or whom it calls: {error}")
        try:
            views = await self._views(place, parcel.items)
        except UnavailableError as error:
            return Failed(reason=f"could not tell who reads there: {error}")
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
        shown = tuple(seen(item, views[item.delivery.id], hosts=self._link_hosts) for item in missing)
        telling = _Telling(
            place=place, token=token, parcel=parcel, items=shown, thread=thread, called=called, held=held
        )
        if isinstance(looked, Blind) and (held is None or held.card is None):
            outcome = await self._send_blindly(telling, [item.event for item in missing], looked.reason)
        else:
            outcome = await self._show(telling, blind=isinstance(looked, Blind))
        return _still_in_doubt(outcome) if looked.found else outcome

    async def _look(
        self, place: SlackPlace, items: tuple[Item, ...], token: str, thread: Thread | None
    ) -> Looked | Blind | Unknown:
        """Which of those in doubt arrived."""
        doubts = {item.delivery.id: item.delivery.doubt for item in items if item.delivery.doubt is not None}
        if not doubts:
            return Looked(found={})
        events = [item.event for item in items if item.delivery.id in doubts]
        now = round(self._clock() * SECOND)
        looked = await self._threading.find(place, token, doubts, events, thread, now=now)
        if isinstance(looked, Unknown):
            return looked
        return await self._carding.recall(place, token, items, looked, thread)

    async def _views(self, place: SlackPlace, items: tuple[Item, ...]) -> dict[DeliveryId, View]:
        """How much of each item's event the place may see. Raises UnavailableError."""
        views = await self._views_of(place, [item.event for item in items])
        return {item.delivery.id: one for item, one in zip(items, views, strict=True)}

    async def _send_blindly(self, telling: _Telling, events: Sequence[Event], reason: str) -> Outcome:
        """Send what may be there already, or ask; the policy is asked with the whole `events`."""
        try:
            policy = await self._policy_of(destination_id(telling.place), events)
        except UnavailableError as error:
            return Unknown(reason=f"could not tell whether to ask: {error}")
        log.warning("slack_may_not_look", channel=_address(telling.place)[0], reason=reason, policy=policy)
        match policy:
            case Doubt.REPEAT:
                return await self._show(telling, blind=True)
            case Doubt.ASK:
                outcome = await self._say(self._question(telling), telling.parcel)
                return Asked(reference=outcome.reference, reason=reason) if isinstance(outcome, Sent) else outcome

    async def _show(self, telling: _Telling, *, blind: bool) -> Outcome:
        """Say the items, on their card if they are one inference's; `blind`: they may have been said already."""
        post = self._result(telling)
        if telling.held is not None:
            say = partial(self._say, parcel=telling.parcel)
            return await self._carding.tell(telling.held, post, telling.items, say, blind=blind)
        return await self._say(replace(post, message=repeated(post.message)) if blind else post, telling.parcel)

    def _result(self, telling: _Telling) -> Post:
        thread = telling.thread
        message = merge(self._carding.newest(telling.items, thread), now=round(self._clock() * SECOND))
        post = _compose(telling, calling(message, telling.called), metadata(telling.items))
        if thread is None:
            return post
        return replace(post, thread=thread.parent, begins=thread, metadata=thread.mark(post.metadata))

    def _question(self, telling: _Telling) -> Post:
        return _compose(telling, question(telling.items), question_metadata(telling.items))

    async def _say(self, call: Call, parcel: Parcel) -> Outcome:
        """Make the call when it is its turn, and mend what can be mended: each thing once, so that this ends."""
        turn = await self._turns.ask(call, parcel)
        if isinstance(turn, Paced | Failed):
            return turn
        call, tried = turn, set[Kind]()
        while True:
            reply = await make(self._web, call)
            if isinstance(reply, Said):
                return await self._said(call, reply)
            outcome = outcome_of_reply(reply)
            await self._turns.learn(call, parcel, outcome)
            if isinstance(call, Update) and isinstance(reply, Answer) and (follows := instead(call, reply)) is not None:
                log.info("card_not_changed", channel=call.channel, error=reply.error)
                return follows if isinstance(follows, Throttled) else await self._say(follows, parcel)
            kind = kind_of(reply) if isinstance(reply, Answer) else None
            other = await mended(self._web, kind, call) if kind is not None and kind not in tried else None
            if kind is None or other is None:
                return outcome
            log.info("slack_call_mended", kind=kind.name.lower(), channel=call.channel)
            tried.add(kind)
            call = other
            await self._turns.count(call, parcel)

    async def _said(self, call: Call, reply: Said) -> Sent:
        """Note what later messages need to know of this one."""
        ts = str(reply.data.get("ts", ""))
        if isinstance(call, Post) and call.begins is not None and call.thread is None and ts:
            await self._threading.begin(call.begins, ts)
        await self._carding.shown(call, reply)
        return Sent(reference=f"{reply.data.get('channel', call.channel)}/{ts}")


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
