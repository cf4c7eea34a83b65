"""How an inference's events are shown as one message: posted, then changed in its place; and cards that Redis forgot.

A delivery is named by the metadata of one message only: of the card that shows it, or of the reply that calls people to
it. So a look into the conversation tells which of both was said, and the change itself may be made again at no harm.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeAlias, TypeVar, assert_never

import structlog

from bot.core.backoff import SECOND
from bot.core.cards import (
    Anew,
    Calling,
    Card,
    CardKey,
    Change,
    Due,
    Hold,
    Known,
    Told,
    card_key,
    choose,
    newest,
    stage_of,
    told_by,
    way_of,
)
from bot.core.delivery import DeliveryId, Outcome, Scope, Sent, Throttled, Unknown
from bot.core.destination import DestinationId, SlackChannel, SlackPerson, SlackPlace, SlackThread, destination_id
from bot.core.errors import UnavailableError
from bot.core.event import Event
from bot.core.threads import threads_of
from bot.outlets.slack.call import Call, Draft, Post, Update, Upload
from bot.outlets.slack.errors import Answer, Kind, kind_of, outcome_of
from bot.outlets.slack.history import Blind, Looked, Seen, find_cards
from bot.outlets.slack.threads import Thread
from bot.outlets.slack.web import Said, SlackWeb
from bot.ports.cards import Cards
from bot.render.calling import call_to, calling
from bot.render.doubt import repeated
from bot.render.message import Item, marked, metadata, metadata_of, told
from bot.render.way import with_way

log = structlog.get_logger()

PATIENCE = 3 * SECOND
"""Milliseconds that a change of a card waits for Slack's limit; where it is longer, the state is posted instead."""
_GONE = (
    Kind.CARD_GONE,
    Kind.DESTINATION,
    Kind.MEMBERSHIP,
    Kind.THREAD,
    Kind.THREAD_GONE,
)
"""Refusals of a change that do not tell what would become of a post."""

NONE = Card(channel="", ts="")

Kept = TypeVar("Kept", bound=Item)
Say: TypeAlias = Callable[[Call], Awaitable[Outcome]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """One inference in one place, about which a message is; `card` is where it is shown, None if nowhere.

    `called` are the user and group ids that the message mentions.
    """

    place: DestinationId
    key: CardKey
    calling: Calling
    called: Sequence[str]
    card: Card | None


class Carding:
    """Chooses what becomes of a card; without `cards` every message is one of its own.

    `clock` gives milliseconds since the epoch.
    """

    def __init__(self, web: SlackWeb, cards: Cards | None, *, clock: Callable[[], int]) -> None:
        self._web = web
        self._cards = cards
        self._clock = clock

    def newest(self, items: Sequence[Kept], thread: Thread | None) -> tuple[Kept, ...]:
        """Those to show: of each inference the last, unless people want to see each event."""
        if not self._applies(items, thread):
            return tuple(items)
        return tuple(items[number] for number in newest([item.event for item in items]))

    def _applies(self, items: Sequence[Item], thread: Thread | None) -> bool:
        """A thread of the inference's own has each of its events as a reply: that is what it was asked for."""
        return self._cards is not None and (thread is None or thread.key != threads_of(items[0].event)[-1])

    async def of(
        self, place: SlackPlace, items: Sequence[Item], thread: Thread | None, called: Sequence[str]
    ) -> Held | None:
        """The card that a message about the items is; None where it is none. Raises UnavailableError."""
        keys = {card_key(item.event) for item in items}
        if self._cards is None or not self._applies(items, thread) or len(keys) != 1:
            return None
        where, key = destination_id(place), keys.pop()
        card = await self._cards.get(where, key)
        calling = Calling.ENDS if called or isinstance(place, SlackPerson) else Calling.URGENT
        return Held(place=where, key=key, calling=calling, called=called, card=card)

    async def recall(
        self,
        place: SlackPlace,
        token: str,
        items: Sequence[Item],
        looked: Looked | Blind,
        thread: Thread | None,
    ) -> Looked | Blind | Unknown:
        """What a look found, and what it can't have found: a change of a card that is older than the doubt.

        Of those, Redis knows the card, and the change is made again. Where it knows none, the card is looked for by its
        mark. Cards that were found are known from then on.
        """
        doubtful = [item for item in items if item.delivery.doubt is not None]
        if self._cards is None or not doubtful or not self._applies(items, thread):
            return looked
        where = destination_id(place)
        seen: dict[CardKey, Seen] = {}
        missing = {card_key(item.event) for item in doubtful if item.delivery.id not in looked.found}
        try:
            forgotten = missing - await self._cards.living(where, list(missing)) if missing else set()
            if forgotten and isinstance(looked, Looked):
                since = self._clock() - self._cards.lasting
                again = await find_cards(self._web, _within(place, thread), token, forgotten, since=since)
                if isinstance(again, Unknown):
                    return again
                seen = again
            arrived = _carried(seen, doubtful)
            for key, one in {**(looked.cards if isinstance(looked, Looked) else {}), **seen}.items():
                await self._take_up(where, key, one, doubtful)
        except UnavailableError as error:
            return Unknown(reason=f"could not tell what its card shows: {error}")
        return replace(looked, found={**looked.found, **arrived}) if arrived else looked

    async def _take_up(self, place: DestinationId, key: CardKey, seen: Seen, items: Sequence[Item]) -> None:
        """Know a card that was found; what it shows is known if it is one of these events."""
        if self._cards is None:
            return
        former = await self._cards.get(place, key)
        ids = {one.delivery for one in seen.told}
        shown = [item.event for item in items if card_key(item.event) == key and item.delivery.id in ids]
        card = former if former is not None and former.ts == seen.ts else Card(channel=seen.channel, ts=seen.ts)
        card = replace(card, thread=seen.thread, told=told_by(card.told, seen.told))
        if shown:
            card = _gone_on(card, shown, now=self._clock())
            card = replace(card, said=shown[newest(shown)[0]].status)
        await self._cards.keep(place, key, card)

    async def tell(self, held: Held, post: Post, items: Sequence[Item], say: Say, *, blind: bool = False) -> Outcome:
        """Show the items on their card, and call people where they have to know; `post` is what a new card says.

        `blind`: it may have been said before and nobody can tell. Then the card is changed, and nobody is called.
        """
        shown = items[newest([item.event for item in items])[0]]
        now, card = self._clock(), held.card
        choice = choose(card, shown.event, shown.delivery, calling=held.calling, now=now)
        if card is None or isinstance(choice, Anew):
            return await say(self._fresh(held, post, items, blind=blind))
        match choice:
            case Hold(until=until):
                return Throttled(after=until - now, scope=Scope.LANE, reason="its card was changed just now")
            case Change(calls=calls):
                update = self._change(held, card, post, items, calls=calls and not blind, blind=blind)
                outcome = await say(update)
                in_place = outcome == Sent(reference=f"{card.channel}/{card.ts}")
                if not calls or blind or not in_place:
                    return outcome
                changed = card if update.shows is None else update.shows.card
                return await self._call(held, changed, post, items, say)
            case Due() if not blind:
                return await self._call(held, card, post, items, say)
            case Known() | Due():
                way = way_of(card.way, [stage_of(item.event) for item in items], card.stage or stage_of(shown.event))
                await self._keep(held.place, held.key, replace(card, way=way, told=told_by(card.told, told(items))))
                return Sent(reference=f"{card.channel}/{card.ts}")
        assert_never(choice)

    def _fresh(self, held: Held, post: Post, items: Sequence[Item], *, blind: bool, before: Card = NONE) -> Post:
        """A new card; `before` is the one in whose place it comes."""
        card = _gone_on(replace(before, told=()), [item.event for item in items], now=self._clock())
        card = replace(card, told=told(items))
        message = with_way(post.message, card.way)
        return replace(
            post,
            message=repeated(message) if blind else message,
            metadata=marked(post.metadata, "card", held.key),
            shows=Draft(place=held.place, key=held.key, card=card),
        )

    def _change(
        self, held: Held, before: Card, post: Post, items: Sequence[Item], *, calls: bool, blind: bool
    ) -> Update:
        """The card in its new state. Where people are called the call tells the deliveries, and the card does not."""
        card = _gone_on(before, [item.event for item in items], now=self._clock())
        card = replace(card, said=before.said) if calls else replace(card, told=told_by(before.told, told(items)))
        return Update(
            token=post.token,
            channel=before.channel,
            ts=before.ts,
            message=with_way(post.message, card.way),
            metadata=marked(_renamed(post.metadata, card.told), "card", held.key),
            shows=Draft(place=held.place, key=held.key, card=card),
            instead=self._fresh(held, post, items, blind=blind, before=before),
        )

    async def _call(self, held: Held, card: Card, post: Post, items: Sequence[Item], say: Say) -> Outcome:
        """Call people to the card, by a reply that the channel sees, too, unless all of it goes on in a thread."""
        shown = items[newest([item.event for item in items])[0]]
        message = calling(call_to(shown), held.called)
        reply = replace(post, message=message, metadata=metadata(items), channel=card.channel)
        outcome = await say(under(reply, card))
        if isinstance(outcome, Sent):
            await self._keep(held.place, held.key, replace(card, said=shown.event.status))
        return outcome

    async def shows(self, held: Held, item: Item) -> bool:
        """Whether the card shows this event, and not a newer one. Raises UnavailableError."""
        card = None if self._cards is None else await self._cards.get(held.place, held.key)
        return card is None or card.shown == item.event.key

    async def shown(self, call: Call, reply: Said) -> None:
        """Know the card that a call made or changed."""
        if isinstance(call, Upload) or call.shows is None:
            return
        card = call.shows.card
        if isinstance(call, Post):
            channel, ts = str(reply.data.get("channel", call.channel)), str(reply.data.get("ts", ""))
            card = replace(card, channel=channel, ts=ts, thread=call.thread)
        await self._keep(call.shows.place, call.shows.key, card)

    async def _keep(self, place: DestinationId, key: CardKey, card: Card) -> None:
        """It is said: what fails here costs a second card."""
        if self._cards is not None:
            try:
                await self._cards.keep(place, key, card)
            except UnavailableError as error:
                log.warning("card_not_kept", place=place, why=str(error))


def instead(call: Update, answer: Answer) -> Post | Throttled | None:
    """What follows where Slack refused a change: a post, a wait, or None: what follows for any call.

    A summary waits however long it takes: posted anew it would tell all that it told once more.
    """
    kind = kind_of(answer)
    if kind in _GONE:
        return call.instead
    if kind is not Kind.LIMITED:
        return None
    outcome = outcome_of(answer)
    if isinstance(outcome, Throttled) and (call.shows is None or outcome.after <= PATIENCE):
        return replace(outcome, scope=Scope.LANE)  # posts have a limit of their own
    return posted(call)


def posted(call: Update) -> Post:
    """What is posted where a message can't be changed soon: of a card a reply to it."""
    return call.instead if call.shows is None else under(call.instead, call.shows.card)


def under(post: Post, card: Card) -> Post:
    """The post as a reply to a card; the channel sees it, too, unless what is said there goes on in a thread."""
    return replace(post, thread=card.thread or card.ts, broadcast=post.thread is None and post.begins is None)


def _gone_on(card: Card, events: Sequence[Event], *, now: int) -> Card:
    """The card after these events of its inference."""
    shown = events[newest(events)[0]]
    stage = stage_of(shown)
    way = way_of(card.way, [stage_of(event) for event in events], stage)
    return replace(card, stage=stage, way=way, shown=shown.key, said=shown.status, changed=now)


def _renamed(before: Mapping[str, Any], tell: Sequence[Told]) -> dict[str, Any]:
    """The same metadata with other deliveries."""
    names = metadata_of(tell)
    return {**names, "event_payload": {**before["event_payload"], **names["event_payload"]}}


def _carried(seen: Mapping[CardKey, Seen], items: Sequence[Item]) -> dict[DeliveryId, str]:
    """Which deliveries the cards name, each with the `channel/ts` of its card."""
    told = {one.delivery: f"{card.channel}/{card.ts}" for card in seen.values() for one in card.told}
    return {item.delivery.id: told[item.delivery.id] for item in items if item.delivery.id in told}


def _within(place: SlackPlace, thread: Thread | None) -> SlackPlace:
    """Where a card would be: in the thread that its inference's session has."""
    if isinstance(place, SlackChannel) and thread is not None and thread.parent is not None:
        return SlackThread(team=place.team, channel=place.channel, thread=thread.parent)
    return place
