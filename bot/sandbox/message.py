"""A message as the workspace remembers it."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from bot.sandbox.answers import Json


@dataclass(frozen=True, slots=True, kw_only=True)
class Content:
    """What a message says; the part that an edit replaces."""

    text: str = ""
    blocks: list[Json] = field(default_factory=list)
    attachments: list[Json] = field(default_factory=list)
    metadata: Json | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """One message of a channel, thread or person's ephemeral view.

    Attributes:
        ts: seconds and microseconds as Slack writes them; unique in the workspace and ever growing.
        thread_ts: the parent's ts for a reply, its own ts for a parent with replies.
        audience: the one person who sees an ephemeral message.
        replies: the ts of each reply, on a parent.
    """

    ts: str
    channel: str
    user: str
    content: Content
    bot_id: str | None = None
    app_id: str | None = None
    username: str | None = None
    icons: Json | None = None
    subtype: str | None = None
    thread_ts: str | None = None
    client_msg_id: str | None = None
    audience: str | None = None
    edited_ts: str | None = None
    files: tuple[Json, ...] = ()
    replies: tuple[str, ...] = ()
    reply_users: tuple[str, ...] = ()
    reactions: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    @property
    def is_reply(self) -> bool:
        """Whether this belongs inside a thread rather than in the channel."""
        return self.thread_ts is not None and self.thread_ts != self.ts

    def to_slack(self, *, with_metadata: bool) -> Json:
        """The message object; without ``with_metadata`` only the event type is shown.

        Source: docs.slack.dev/messaging/message-metadata.
        """
        content = self.content
        message: Json = {"type": "message", "user": self.user, "text": content.text, "ts": self.ts}
        if content.blocks:
            message["blocks"] = content.blocks
        if content.attachments:
            message["attachments"] = content.attachments
        if content.metadata is not None:
            event_type = content.metadata.get("event_type")
            message["metadata"] = content.metadata if with_metadata else {"event_type": event_type}
        optional = {
            "bot_id": self.bot_id,
            "app_id": self.app_id,
            "username": self.username,
            "icons": self.icons,
            "subtype": self.subtype,
            "thread_ts": self.thread_ts,
            "client_msg_id": self.client_msg_id,
        }
        message.update({key: value for key, value in optional.items() if value is not None})
        if self.replies:
            message["reply_count"] = len(self.replies)
            message["reply_users"] = list(self.reply_users)
            message["reply_users_count"] = len(self.reply_users)
            message["latest_reply"] = self.replies[-1]
        if self.edited_ts is not None:
            message["edited"] = {"user": self.user, "ts": self.edited_ts}
        if self.files:
            message["files"] = list(self.files)
        if self.reactions:
            message["reactions"] = [
                {"name": name, "users": list(users), "count": len(users)} for name, users in self.reactions.items()
            ]
        return message

    def to_page(self) -> Json:
        """The message object with what the page needs to place it."""
        message = self.to_slack(with_metadata=True) | {"channel": self.channel}
        if self.audience is not None:
            message["ephemeral"] = True
        return message
