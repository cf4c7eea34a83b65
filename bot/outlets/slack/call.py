"""The calls that say something in Slack, as values, and how each is made."""

from dataclasses import dataclass
from typing import Any, ClassVar, TypeAlias, assert_never

from bot.outlets.slack.threads import Thread
from bot.outlets.slack.web import Reply, SlackWeb
from bot.render.message import Message


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
    instead: Post | None = None
    """What is posted where the message is gone, or can't be changed any more."""


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
            # It takes no arguments about unfurling: https://docs.slack.dev/reference/methods/chat.update
            return await web.ask(
                web.api.chat_update(
                    token=call.token,
                    channel=call.channel,
                    ts=call.ts,
                    text=call.message.text,
                    # Without blocks the former ones would stay.
                    blocks=call.message.blocks,
                    metadata=call.metadata,
                )
            )
    assert_never(call)
