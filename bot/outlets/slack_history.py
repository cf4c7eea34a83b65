"""Looks for deliveries in a Slack conversation: what an attempt whose answer was lost came to."""

from collections.abc import Mapping
from typing import Any

import structlog

from bot.core.backoff import SECOND
from bot.core.delivery import DeliveryId, Throttled, Unknown
from bot.core.destination import SlackChannel, SlackPerson, SlackPlace, SlackThread
from bot.outlets.slack_errors import Answer
from bot.outlets.slack_web import Reply, Said, SlackWeb, outcome_of_reply
from bot.render.message import carried

log = structlog.get_logger()

_BEFORE = 5 * SECOND
"""How far our clock may be ahead of Slack's."""
_PAGE, _PAGES = 200, 10
"""Slack recommends pages of up to 200, and allows some fifty a minute, shared by all of a workspace's channels."""


async def find(
    web: SlackWeb, place: SlackPlace, token: str, doubts: Mapping[DeliveryId, int]
) -> Mapping[DeliveryId, str] | Unknown:
    """Which of the deliveries arrived: their ids, each with the `channel/ts` of its message.

    `doubts` says when each one's first attempt in doubt began, in milliseconds; the last may have been just now. Where
    the history may not be read, nothing is found and the delivery is sent again: a repeat is better than a loss. So it
    is where its message lies behind the last 2,000. Where Slack can't answer now, that is Unknown.
    """
    found: dict[DeliveryId, str] = {}
    channel = await _conversation(web, place, token)
    if isinstance(channel, Unknown):
        return channel
    cursor = ""
    if not channel:
        return found
    for _ in range(_PAGES):
        reply = await _page(web, place, channel, token, cursor, doubts)
        if not isinstance(reply, Said):
            return _unanswered(reply) or found
        for message in reply.data.get("messages", ()):
            for delivery in doubts.keys() & carried(message.get("metadata")):
                found[delivery] = f"{channel}/{message.get('ts', '')}"
        cursor = _next(reply.data)
        if not cursor or len(found) == len(doubts):
            return found
    log.info("slack_history_too_long", channel=channel, read=_PAGE * _PAGES)
    return found


async def _conversation(web: SlackWeb, place: SlackPlace, token: str) -> str | Unknown:
    """The id of the conversation; empty where it can't be known. A person's is that of the direct messages with us."""
    match place:
        case SlackChannel(channel=channel) | SlackThread(channel=channel):
            return channel
        case SlackPerson(user=user):
            reply = await web.ask(web.api.conversations_open(users=user, token=token))
            if isinstance(reply, Said):
                return str(reply.data.get("channel", {}).get("id", ""))
            return _unanswered(reply) or ""


async def _page(
    web: SlackWeb, place: SlackPlace, channel: str, token: str, cursor: str, doubts: Mapping[DeliveryId, int]
) -> Reply:
    span: dict[str, Any] = {
        "oldest": f"{(min(doubts.values()) - _BEFORE) / SECOND:.6f}",
        "limit": _PAGE,
        "include_all_metadata": True,
        "inclusive": True,
        "cursor": cursor or None,
        "token": token,
    }
    if isinstance(place, SlackThread):
        return await web.ask(web.api.conversations_replies(channel=channel, ts=place.thread, **span))
    return await web.ask(web.api.conversations_history(channel=channel, **span))


def _unanswered(reply: Reply) -> Unknown | None:
    """Unknown if looking again later can help; None if this history is closed to us."""
    if isinstance(reply, Said):
        return None
    outcome = outcome_of_reply(reply)
    match outcome:
        case Throttled(after=after, reason=reason):
            return Unknown(reason=f"could not look whether it arrived: {reason}", after=after)
        case Unknown(reason=reason):
            return Unknown(reason=f"could not look whether it arrived: {reason}")
    if not isinstance(reply, Answer):
        return Unknown(reason=f"could not look whether it arrived: {reply.reason}")
    log.info("slack_history_unreadable", error=reply.error, status=reply.status)
    return None


def _next(data: Mapping[str, Any]) -> str:
    match data:
        case {"response_metadata": {"next_cursor": str(cursor)}}:
            return cursor
        case _:
            return ""
