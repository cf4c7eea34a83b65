"""The calls that say something in Slack, as values, and how each is made."""

from dataclasses import dataclass
from typing import Any, ClassVar, TypeAlias, assert_never

from bot.core.cards import Card, CardKey
from bot.core.destination import DestinationId
from bot.outlets.slack.threads import Thread
from bot.outlets.slack.web import Reply, SlackWeb
from bot.render.message import Message


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """A card as it is once Slack took the call; of a new message, Slack's answer tells where it is."""

    place: DestinationId
    key: CardKey
    card: Card


@dataclass(frozen=True, slots=True, kw_only=True)
class Post:
    """A new message: in the channel (a user's id stands for the direct messages with them), or in its `thread`."""

    method: ClassVar[str] = "chat.postMessage"

    token: str
    channel: str
    message: Message
    metadata: dict[str, Any]
    thread: str | None = None
    begins: Thread | None = None
    """The thread whose first message it is, where it is posted to the channel."""
    broadcast: bool = False
    """Show a reply in the channel, too; its thread is one that we chose."""
    shows: Draft | None = None
    """The card that it is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Update:
    """Another text for a message of ours, in its place. Nobody is notified."""

    method: ClassVar[str] = "chat.update"

    token: str
    channel: str
    """As Slack named it in its answer to the post: here a user's id is none."""
    ts: str
    message: Message
    metadata: dict[str, Any]
    instead: Post
    """What is posted where the card is gone, or can't be changed soon."""
    shows: Draft | None = None
    """The inference's card that it is; None for a summary's."""


Call: TypeAlias = Post | Update


async def make(web: SlackWeb, call: Call) -> Reply:
    """Make the call, once."""
    match call:
        case Post():
            return await web.ask(
                web.api.chat_postMessage(
                    token=call.token,
                    channel=call.channel,
                    thread_ts=call.thread,
                    reply_broadcast=call.broadcast or None,
                    text=call.message.text,
                    blocks=call.message.blocks or None,
                    metadata=call.metadata,
                    # Slack fetches what it unfurls, and a model may have written the URL:
                    # https://docs.slack.dev/messaging/unfurling-links-in-messages
                    unfurl_links=False,
                    unfurl_media=False,
                )
            )
        case Update():
            # It takes no arguments about unfurling, and reads text by itself in another mode than chat.postMessage
            # unless it is told: https://docs.slack.dev/reference/methods/chat.update
            return await web.ask(
                web.api.chat_update(
                    token=call.token,
                    channel=call.channel,
                    ts=call.ts,
                    parse="none",
                    text=call.message.text,
                    # Without blocks the former ones would stay.
                    blocks=call.message.blocks,
                    metadata=call.metadata,
                )
            )
    assert_never(call)
