"""Links to messages: which events a message of ours tells of."""

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final
from urllib.parse import parse_qs, unquote, urlsplit

from bot.core.answers import Listing
from bot.core.destination import SlackChannel
from bot.outlets.slack.web import Said
from bot.slack.desk import Desk, Request

_PATH: Final = re.compile(r"/archives/(?P<channel>[CDG][A-Z0-9]+)/p(?P<seconds>\d{10})(?P<rest>\d{6})")
_TS: Final = re.compile(r"\d+\.\d+")


def is_link(text: str) -> bool:
    """Whether the text is a link to a message."""
    return text.startswith(("http://", "https://")) and _PATH.fullmatch(urlsplit(text).path) is not None


async def events_behind(desk: Desk, request: Request, link: str) -> Sequence[str]:
    """The ids of the events that the message behind a link tells of; none where it is not ours.

    Nor are there any where the person may not read the conversation: what is said in it is not told to others.
    """
    address = urlsplit(link)
    found = _PATH.fullmatch(address.path)
    if found is None or not await _may_read(desk, request, found["channel"]):
        return ()
    ts = f"{found['seconds']}.{found['rest']}"
    span: dict[str, Any] = {
        "channel": found["channel"],
        "oldest": ts,
        "latest": ts,
        "inclusive": True,
        "limit": 1,
        "include_all_metadata": True,
        "token": request.token,
    }
    (thread,) = parse_qs(address.query).get("thread_ts", [""])[:1]
    if _TS.fullmatch(thread) and thread != ts:
        reply = await desk.web.ask(desk.web.api.conversations_replies(ts=thread, **span))
    else:
        reply = await desk.web.ask(desk.web.api.conversations_history(**span))
    if not isinstance(reply, Said):
        return ()
    for message in reply.data.get("messages", ()):
        if message.get("ts") == ts:
            return _events(message.get("metadata"))
    return ()


def _events(metadata: Mapping[str, Any] | None) -> Sequence[str]:
    match metadata:
        case {"event_payload": {"events": str(ids)}}:
            return tuple(unquote(event) for event in ids.split(",") if event)
        case _:
            return ()


async def _may_read(desk: Desk, request: Request, channel: str) -> bool:
    """Whether the person is in the conversation: a channel that they may list, or their direct messages with us."""
    actor = request.actor
    if not channel.startswith("D"):
        found = await desk.actions.list_place(actor, SlackChannel(team=actor.team, channel=channel))
        return isinstance(found, Listing)
    match await desk.web.ask(desk.web.api.conversations_open(users=actor.user, token=request.token)):
        case Said(data={"channel": {"id": str(own)}}):
            return own == channel
        case _:
            return False
