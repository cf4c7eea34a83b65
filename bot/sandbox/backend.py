"""Everything behind the Web API, in one record, and the few things that need several parts of it."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace

from bot.sandbox.answers import Json, Refusal, throttled
from bot.sandbox.blocks import with_ids
from bot.sandbox.channel import Channel
from bot.sandbox.faults import Faults
from bot.sandbox.files import Files
from bot.sandbox.grants import Grants
from bot.sandbox.limits import Limits
from bot.sandbox.manifest import SlackApp
from bot.sandbox.message import Content, Message
from bot.sandbox.socket_mode import SocketMode
from bot.sandbox.stats import Stats
from bot.sandbox.tickets import ResponseUrls, Triggers
from bot.sandbox.validation.surfaces import check_message
from bot.sandbox.views import Views
from bot.sandbox.workspace import Workspace


@dataclass(slots=True, kw_only=True)
class Backend:
    """The parts of one sandbox.

    Attributes:
        url: where the sandbox listens, without a slash at the end; known once it does.
    """

    app: SlackApp
    workspace: Workspace
    views: Views
    grants: Grants
    triggers: Triggers
    response_urls: ResponseUrls
    limits: Limits
    faults: Faults
    files: Files
    stats: Stats
    socket_mode: SocketMode
    clock: Callable[[], float]
    url: str = ""
    on_throttle: list[Callable[[str, str | None, int], None]] = field(default_factory=list)
    on_revoke: list[Callable[[str], None]] = field(default_factory=list)

    def spend(self, method: str, *, channel: str | None = None) -> None:
        """Take one call, or one message to a channel, out of the budget; 429 when it is empty."""
        wait = (
            self.limits.call(method, self.clock())
            if channel is None
            else self.limits.message(channel, self.clock())
        )
        if wait:
            raise throttled(wait)

    def content(self, arguments: Json) -> Content:
        """Checked content of a message with ids for every block."""
        checked = check_message(arguments)
        ids = self.workspace.ids
        attachments = [
            {**each, "blocks": with_ids(each["blocks"], ids)} if each.get("blocks") else each
            for each in checked.attachments
        ]
        return replace(checked, blocks=with_ids(checked.blocks, ids), attachments=attachments)

    def response_url(self, kind: str, secret: str) -> str:
        """The URL of a response secret."""
        return f"{self.url}/{kind}/{self.workspace.team_id}/{secret}"

    def answer_url(self, secret: str, answer: Json) -> Message | None:
        """Do what was posted to a response URL, or came with a command's ack.

        Answers are ephemeral unless ``response_type`` says ``in_channel``.
        Source: docs.slack.dev/interactivity/handling-user-interaction#message_responses.
        """
        place = self.response_urls.spend(secret, self.clock())
        channel = self.workspace.channel(place.channel)
        original = self._original(channel, place.message_ts)
        if answer.get("delete_original"):
            if original is None:
                raise Refusal("message_not_found", status=404)
            self.workspace.erase(channel, original)
            return None
        content = self.content(answer)
        if answer.get("replace_original") and original is not None:
            return self.workspace.edit(channel, original, content)
        thread_ts = answer.get("thread_ts") or place.thread_ts
        if answer.get("response_type") == "in_channel":
            message = self.workspace.post(
                channel, self.workspace.bot, content, thread_ts=thread_ts, app_id=self.app.id
            )
        else:
            message = self.workspace.whisper(
                channel, place.user, content, thread_ts=thread_ts, app_id=self.app.id
            )
        if place.message_ts is None:
            self.response_urls.point(secret, message.ts)
        return message

    def _original(self, channel: Channel, ts: str | None) -> Message | None:
        if ts is None:
            return None
        return self.workspace.ephemerals.get(ts) or channel.messages.get(ts)
