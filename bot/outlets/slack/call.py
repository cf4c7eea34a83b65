"""The calls that say something in Slack, as values, and how each is made."""

from dataclasses import dataclass
from typing import Any, ClassVar, TypeAlias, assert_never

from bot.core.cards import Card, CardKey
from bot.core.delivery import Failed, Unknown
from bot.core.destination import DestinationId
from bot.outlets.slack.errors import Answer, Kind, kind_of
from bot.outlets.slack.threads import Thread
from bot.outlets.slack.web import Reply, Said, SlackWeb
from bot.render.ladder import File
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
    plainer: bool = False
    """Where Slack won't take it, its sender knows what to say instead: more than its text alone."""
    floats: bool = False
    """A reply that goes to the channel where its thread is gone."""


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Upload:
    """A file for the `thread`, or for the channel. Slack shows it a moment later, and does not say under which ts.

    https://docs.slack.dev/messaging/working-with-files#uploading_files
    """

    method: ClassVar[str] = "files.completeUploadExternal"

    token: str
    channel: str
    """As Slack named it: here a user's id is none."""
    file: File
    comment: str = ""
    thread: str | None = None
    floats: bool = False
    """As for a Post."""


Call: TypeAlias = Post | Update | Upload


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
        case Upload():
            return await _upload(web, call)
    assert_never(call)


async def announce(web: SlackWeb, file: File, token: str) -> Reply:
    """Ask where the file's bytes may go; nothing is shown of it yet."""
    return await web.ask(web.api.files_getUploadURLExternal(filename=file.name, length=len(file.body), token=token))


async def _upload(web: SlackWeb, call: Upload) -> Reply:
    """Send the bytes, then share the file; before the last step nobody sees anything of it."""
    announced = await announce(web, call.file, call.token)
    match announced:
        case Said(data={"upload_url": str(url), "file_id": str(identity)}):
            taken = await web.ask(web.put(url, call.file.body))
        case _:
            return _not_shared(announced)
    if not isinstance(taken, Said):
        return _not_shared(taken)
    return await web.ask(
        web.api.files_completeUploadExternal(
            files=[{"id": identity, "title": call.file.title}],
            channel_id=call.channel,
            thread_ts=call.thread,
            initial_comment=call.comment or None,
            token=call.token,
        )
    )


def _not_shared(reply: Reply) -> Reply:
    """A step before the last whose outcome is unknown has surely shown nothing."""
    match reply:
        case Unknown(reason=reason, after=after):
            return Failed(reason=reason, after=after)
        case Answer() if kind_of(reply) is Kind.IN_DOUBT:
            return Failed(reason=f"Slack: {reply.error or reply.status} for a file", after=reply.retry_after or 0)
        case Said():
            return Failed(reason="Slack: no place for a file")
        case _:
            return reply
