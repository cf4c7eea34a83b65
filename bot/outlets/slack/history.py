"""Looks for deliveries in a Slack conversation: what an attempt whose answer was lost came to."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, assert_never

from bot.core.backoff import SECOND
from bot.core.cards import CardKey, Told
from bot.core.delivery import Asked, DeliveryId, Failed, Partly, Refused, Sent, Throttled, Unknown
from bot.core.destination import SlackChannel, SlackPerson, SlackPlace, SlackThread
from bot.core.progress import Rung
from bot.outlets.slack.errors import Answer, Kind, kind_of
from bot.outlets.slack.web import Reply, Said, SlackWeb, outcome_of_reply
from bot.render.message import (
    USUAL,
    Summed,
    card_marked,
    carried,
    carries,
    how_begun,
    part_of,
    summed_up,
    thread_marked,
    told_again,
)

_BEFORE = 5 * SECOND
"""How far our clock may be ahead of Slack's."""
_PAGE, _PAGES = 200, 10
"""Slack recommends pages of up to 200, and allows some fifty a minute, shared by all of a workspace's channels."""
_SHORT_PAGE = 15
"""What an app that is sold outside the Marketplace gets, once a minute: the next page never comes (docs.slack.dev, rate
limits, changes for non-Marketplace apps)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """A card in a conversation: where it is, the ts of the message that it is a reply to, and whom it told."""

    channel: str
    ts: str
    thread: str | None
    told: tuple[Told, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Looked:
    """The history was read: these arrived, each with the `channel/ts` of its message, and the others did not.

    `cards` are those of their messages that are cards; `summed` the summaries that were met, by the `channel/ts` of
    their messages. Where one tells of deliveries that it has no marks of, it takes Redis to know which those are.
    """

    found: Mapping[DeliveryId, str]
    cards: Mapping[CardKey, Seen] = field(default_factory=dict)
    summed: Mapping[str, Summed] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Blind:
    """We may not look, or not far enough: these arrived, and of the others nobody can tell. `reason` says why."""

    reason: str
    found: Mapping[DeliveryId, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Continued:
    """What was seen of a delivery's posts in `thread`: the numbers of its parts, whether its file, how it began."""

    thread: str
    parts: frozenset[int] = frozenset()
    filed: bool = False
    begun: tuple[Rung, bool] = USUAL


async def find(
    web: SlackWeb, place: SlackPlace, token: str, doubts: Mapping[DeliveryId, int]
) -> Looked | Blind | Unknown:
    """Which of the deliveries arrived.

    `doubts` says when each one's first attempt in doubt began, in milliseconds; the last may have been just now. Where
    the history may not be read that is Blind, and so it is where the message would lie behind the last 2,000. Where
    Slack can't answer now, that is Unknown.
    """
    found: dict[DeliveryId, str] = {}
    cards: dict[CardKey, Seen] = {}
    summed: dict[str, Summed] = {}
    channel = await _conversation(web, place, token)
    if not isinstance(channel, str):
        return channel
    cursor = ""
    short = False
    for _ in range(_PAGES):
        reply = await _page(web, place, channel, token, cursor, min(doubts.values()) - _BEFORE)
        if short and isinstance(reply, Answer) and kind_of(reply) is Kind.LIMITED:
            return Blind(reason=f"Slack lets us read {_SHORT_PAGE} messages a minute", found=found)
        if isinstance(reply, Answer) and kind_of(reply) is Kind.THREAD_GONE:
            return Looked(found=found)  # nothing can be in it
        if not isinstance(reply, Said):
            return _unanswered(reply, found)
        messages = reply.data.get("messages", ())
        short = len(messages) <= _SHORT_PAGE
        for message in messages:
            reference, metadata = f"{channel}/{message.get('ts', '')}", message.get("metadata")
            arrived = carries(metadata, doubts)
            found |= dict.fromkeys(arrived, reference)
            if (card := summed_up(metadata)) is not None:
                summed[reference] = card
            if arrived:
                cards |= _card(channel, message)
        cursor = _next(reply.data)
        if not cursor or len(found) == len(doubts):
            return Looked(found=found, cards=cards, summed=summed)
    return Blind(reason=f"more than {_PAGE * _PAGES:,} messages since", found=found)


async def find_parent(
    web: SlackWeb, place: SlackChannel, token: str, thread: str, *, since: int
) -> str | Blind | Unknown | None:
    """The ts of the message that a thread began with last, by the mark in its metadata; `since` is in milliseconds."""
    cursor = ""
    for _ in range(_PAGES):
        reply = await _page(web, place, place.channel, token, cursor, since)
        if not isinstance(reply, Said):
            return _unanswered(reply, {})
        for message in reply.data.get("messages", ()):
            if thread_marked(message.get("metadata")) == thread:
                return str(message.get("ts", ""))
        cursor = _next(reply.data)
        if not cursor:
            return None
    return Blind(reason=f"more than {_PAGE * _PAGES:,} messages since")


async def find_cards(
    web: SlackWeb, place: SlackPlace, token: str, keys: Collection[CardKey], *, since: int
) -> dict[CardKey, Seen] | Unknown:
    """The newest cards of these inferences among the conversation's last 2,000 messages, by the mark in their metadata.

    `since` is in milliseconds. Of a history that may not be read nothing is known: there are none.
    """
    found: dict[CardKey, Seen] = {}
    channel = await _conversation(web, place, token)
    if not isinstance(channel, str):
        return channel if isinstance(channel, Unknown) else found
    cursor = ""
    for _ in range(_PAGES):
        reply = await _page(web, place, channel, token, cursor, since)
        if not isinstance(reply, Said):
            unanswered = _unanswered(reply, {})
            return unanswered if isinstance(unanswered, Unknown) else found
        for message in reply.data.get("messages", ()):
            for key, seen in _card(channel, message).items():
                if key in keys and (key not in found or _number(seen.ts) > _number(found[key].ts)):
                    found[key] = seen
        cursor = _next(reply.data)
        if not cursor or (len(found) == len(keys) and not isinstance(place, SlackThread)):
            break  # a thread is told from its beginning, a conversation from its end
    return found


def _card(channel: str, message: Mapping[str, Any]) -> dict[CardKey, Seen]:
    """The card that a message is, if it is one."""
    key = card_marked(message.get("metadata"))
    if key is None:
        return {}
    ts, thread = str(message.get("ts", "")), message.get("thread_ts")
    under = None if thread in {None, ts} else str(thread)
    return {CardKey(key): Seen(channel=channel, ts=ts, thread=under, told=told_again(message.get("metadata")))}


def _number(ts: str) -> tuple[int, ...]:
    return tuple(int(part) for part in ts.split(".") if part.isdecimal())


async def find_parts(
    web: SlackWeb, place: SlackThread, token: str, delivery: DeliveryId, *, card: CardKey, since: int
) -> Continued | Blind | Unknown:
    """Which posts of a delivery there are in a thread, or where that is gone, in its channel.

    `place` may name any message of the thread. `since` is when the first of them can have been made, in milliseconds.
    """
    found = await _gather(web, place, token, since)
    if isinstance(found, Blind | Unknown):
        return found
    if found is None:
        channel = SlackChannel(team=place.team, channel=place.channel)
        found = await _gather(web, channel, token, since)
        if isinstance(found, Blind | Unknown):
            return found
    messages = found or []
    parent = next(
        (str(one["thread_ts"]) for one in messages if one.get("ts") == place.thread and "thread_ts" in one), ""
    )
    if parent not in {"", place.thread}:
        parents = SlackThread(team=place.team, channel=place.channel, thread=parent)
        return await find_parts(web, parents, token, delivery, card=card, since=since)
    return _continued(place.thread, messages, delivery, card)


async def _gather(
    web: SlackWeb, place: SlackChannel | SlackThread, token: str, since: int
) -> list[Mapping[str, Any]] | Blind | Unknown | None:
    """The messages of the place since then; None where there is no such thread."""
    kept: list[Mapping[str, Any]] = []
    cursor = ""
    for _ in range(_PAGES):
        reply = await _page(web, place, place.channel, token, cursor, since - _BEFORE)
        if isinstance(reply, Answer) and kind_of(reply) is Kind.THREAD_GONE:
            return None
        if not isinstance(reply, Said):
            return _unanswered(reply, {})
        kept += reply.data.get("messages", ())
        cursor = _next(reply.data)
        if not cursor:
            return kept
    return Blind(reason=f"more than {_PAGE * _PAGES:,} messages since")


def _continued(thread: str, messages: Sequence[Mapping[str, Any]], delivery: DeliveryId, card: CardKey) -> Continued:
    made = Continued(thread=thread)
    for message in messages:
        data = message.get("metadata")
        if card_marked(data) == card or delivery in carried(data):
            # of a card that people were called to, the call carries the delivery, and the card tells how it was said
            made = replace(made, begun=made.begun if how_begun(data) == USUAL else how_begun(data))
        elif (number := part_of(data, delivery)) is not None:
            apart = message.get("thread_ts") in {None, message.get("ts")}  # its thread was gone: others follow below it
            made = replace(
                made, parts=made.parts | {number}, thread=str(message.get("ts", "")) if apart else made.thread
            )
        elif any(delivery in str(file.get("name", "")) for file in message.get("files", ())):
            made = replace(made, filed=True)
    return made


async def _conversation(web: SlackWeb, place: SlackPlace, token: str) -> str | Blind | Unknown:
    """The id of the conversation. A person's is that of the direct messages with us."""
    match place:
        case SlackChannel(channel=channel) | SlackThread(channel=channel):
            return channel
        case SlackPerson(user=user):
            match await web.ask(web.api.conversations_open(users=user, token=token)):
                case Said(data={"channel": {"id": str(channel)}}):
                    return channel
                case Said():
                    return Blind(reason="Slack: no conversation was opened")
                case reply:
                    return _unanswered(reply, {})
    assert_never(place)


async def _page(web: SlackWeb, place: SlackPlace, channel: str, token: str, cursor: str, since: int) -> Reply:
    span: dict[str, Any] = {
        "oldest": f"{since / SECOND:.6f}",
        "limit": _PAGE,
        "include_all_metadata": True,
        "inclusive": True,
        "cursor": cursor or None,
        "token": token,
    }
    if isinstance(place, SlackThread):
        return await web.ask(web.api.conversations_replies(channel=channel, ts=place.thread, **span))
    return await web.ask(web.api.conversations_history(channel=channel, **span))


def _unanswered(reply: Answer | Failed | Unknown, found: Mapping[DeliveryId, str]) -> Blind | Unknown:
    """Unknown if looking again later can help; Blind if this history is closed to us."""
    outcome = outcome_of_reply(reply)
    match outcome:
        case Throttled(after=after, reason=reason) | Unknown(after=after, reason=reason):
            return Unknown(reason=f"could not look whether it arrived: {reason}", after=after)
        case Failed(after=after, reason=reason) if not (
            isinstance(reply, Answer) and kind_of(reply) is Kind.UNDESCRIBED
        ):
            return Unknown(reason=f"could not look whether it arrived: {reason}", after=after)
        case Failed(reason=reason) | Refused(reason=reason):
            return Blind(reason=reason, found=found)
        case Sent() | Partly() | Asked():
            raise AssertionError(outcome)


def _next(data: Mapping[str, Any]) -> str:
    match data:
        case {"response_metadata": {"next_cursor": str(cursor)}}:
            return cursor
        case _:
            return ""
