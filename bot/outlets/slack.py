"""Slack: a run of deliveries becomes one message in a channel, a thread or a direct message."""

import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from typing import Any, Self, assert_never

import structlog

from bot.core.backoff import SECOND
from bot.core.delivery import Failed, Outcome, Refused, Scope, Sent, Throttled, Unknown
from bot.core.destination import SlackChannel, SlackPerson, SlackPlace, SlackThread, Webhook
from bot.outlets.slack_errors import Answer, Kind, kind_of
from bot.outlets.slack_history import find
from bot.outlets.slack_web import Said, SlackWeb, outcome_of_reply
from bot.ports import Item, Parcel
from bot.render.digest import merge
from bot.render.message import Block, metadata

log = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Post:
    """The arguments of one chat.postMessage."""

    token: str
    channel: str
    thread: str | None
    text: str
    blocks: tuple[Block, ...]
    metadata: dict[str, Any]


class SlackOutlet:
    """Posts to Slack, one message for a whole parcel.

    `token_of` gives a workspace's bot token, or None where the app is not installed. `clock` gives seconds since the
    epoch. Enter it as an async context manager: it opens `web` and closes it.
    """

    def __init__(
        self, web: SlackWeb, token_of: Callable[[str], Awaitable[str | None]], *, clock: Callable[[], float] = time.time
    ) -> None:
        self._web = web
        self._token_of = token_of
        self._clock = clock

    async def __aenter__(self) -> Self:
        """Open the connection pool."""
        await self._web.__aenter__()
        return self

    async def __aexit__(self, *_: object) -> None:
        """Close it."""
        await self._web.__aexit__()

    async def send(self, parcel: Parcel) -> Outcome:
        """Post the parcel as one message, of those items that did not arrive in an earlier attempt.

        Items in doubt are looked for in the conversation first. If some of a run are found, the others are sent
        alone, and only when they have arrived, too, the parcel is Sent; any lesser end of it is Unknown, so that the
        next attempt looks again.
        """
        place = parcel.destination
        if isinstance(place, Webhook):
            raise TypeError("not a Slack parcel")
        token = await self._token_of(place.team)
        if token is None:
            return Refused(reason=f"Slack: the app is not installed in {place.team}", scope=Scope.INSTALLATION)
        doubts = {item.delivery.id: item.delivery.doubt for item in parcel.items if item.delivery.doubt is not None}
        found = await find(self._web, place, token, doubts) if doubts else {}
        if isinstance(found, Unknown):
            return found
        missing = tuple(item for item in parcel.items if item.delivery.id not in found)
        if not missing:
            return Sent(reference=found[parcel.items[-1].delivery.id])
        outcome = await self._send(place, missing, token)
        return _still_in_doubt(outcome) if found else outcome

    async def _send(self, place: SlackPlace, items: tuple[Item, ...], token: str) -> Outcome:
        reader = place.user if isinstance(place, SlackPerson) else None
        message = merge(items, now=round(self._clock() * SECOND), reader=reader)
        channel, thread = _address(place)
        return await self._post(
            _Post(
                token=token,
                channel=channel,
                thread=thread,
                text=message.text,
                blocks=message.blocks,
                metadata=metadata(items),
            )
        )

    async def _post(self, post: _Post) -> Outcome:
        """Post, and mend what can be mended: each thing once, so that this ends."""
        mended: set[Kind] = set()
        while True:
            reply = await self._call(post)
            if isinstance(reply, Said):
                return Sent(reference=f"{reply.data.get('channel', post.channel)}/{reply.data.get('ts', '')}")
            kind = kind_of(reply) if isinstance(reply, Answer) else None
            other = await self._mend(kind, post) if kind is not None and kind not in mended else None
            if kind is None or other is None:
                return outcome_of_reply(reply)
            log.info("slack_post_mended", kind=kind.name.lower(), channel=post.channel)
            mended.add(kind)
            post = other

    async def _call(self, post: _Post) -> Said | Answer | Failed | Unknown:
        return await self._web.ask(
            self._web.api.chat_postMessage(
                token=post.token,
                channel=post.channel,
                thread_ts=post.thread,
                text=post.text,
                blocks=post.blocks or None,
                metadata=post.metadata,
                # Slack fetches what it unfurls, and a model may have written the URL:
                # https://docs.slack.dev/messaging/unfurling-links-in-messages
                unfurl_links=False,
                unfurl_media=False,
            )
        )

    async def _mend(self, kind: Kind, post: _Post) -> _Post | None:
        """What may be taken instead, or None."""
        match kind:
            case Kind.PAYLOAD if post.blocks:
                return replace(post, blocks=())
            case Kind.THREAD if post.thread is not None:
                return replace(post, thread=None)
            case Kind.MEMBERSHIP:
                joined = await self._web.ask(self._web.api.conversations_join(channel=post.channel, token=post.token))
                return post if isinstance(joined, Said) else None
            case _:
                return None


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
