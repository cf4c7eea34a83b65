"""A conversation: public channel, private channel or direct message, with its messages."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal

from bot.sandbox.answers import Json, Refusal
from bot.sandbox.message import Message

Kind = Literal["channel", "private", "im"]


@dataclass(slots=True, kw_only=True)
class Channel:
    """One conversation and what was said in it, oldest first.

    Attributes:
        members: user ids; for a direct message the two who talk.
        user: the human of a direct message with the app.
        bound: how many messages are kept; the oldest are forgotten.
    """

    id: str
    name: str
    kind: Kind
    creator: str
    created: int
    topic: str = ""
    purpose: str = ""
    is_archived: bool = False
    is_general: bool = False
    is_ext_shared: bool = False
    user: str | None = None
    members: list[str] = field(default_factory=list)
    messages: dict[str, Message] = field(default_factory=dict)
    bound: int = 5_000

    def keep(self, message: Message) -> None:
        """Remember a new message or the new state of an old one."""
        self.messages[message.ts] = message
        while len(self.messages) > self.bound:
            del self.messages[next(iter(self.messages))]

    def message(self, ts: str) -> Message:
        """The message of that ts, or ``message_not_found``."""
        found = self.messages.get(ts)
        if found is None:
            raise Refusal("message_not_found")
        return found

    def timeline(self) -> Iterator[Message]:
        """What the channel itself shows, newest first: no replies unless broadcast."""
        for message in reversed(self.messages.values()):
            if not message.is_reply or message.subtype == "thread_broadcast":
                yield message

    def thread(self, thread_ts: str) -> list[Message]:
        """A parent and its replies, oldest first; empty when there is no such message."""
        parent = self.messages.get(thread_ts)
        if parent is None:
            return []
        if parent.is_reply:
            return [parent]
        return [parent, *(self.messages[ts] for ts in parent.replies if ts in self.messages)]

    @property
    def last_ts(self) -> str | None:
        """When something was last said here."""
        return next(reversed(self.messages), None)

    def to_page(self, *, viewer: str, bot: str) -> Json:
        """The channel as the page of one person shows it."""
        channel: Json = {
            "id": self.id,
            "name": self.name,
            "kind": self.kind,
            "topic": self.topic,
            "is_archived": self.is_archived,
            "is_member": viewer in self.members,
            "app_is_member": bot in self.members,
            "last_ts": self.last_ts,
        }
        if self.kind == "im":
            channel["user"] = next((member for member in self.members if member != viewer), viewer)
        return channel

    def to_slack(self, *, viewer: str) -> Json:
        """The conversation object of conversations.info."""
        common: Json = {
            "id": self.id,
            "created": self.created,
            "creator": self.creator,
            "is_archived": self.is_archived,
            "is_im": self.kind == "im",
            "is_mpim": False,
            "is_org_shared": False,
            "is_shared": self.is_ext_shared,
            "is_ext_shared": self.is_ext_shared,
        }
        if self.kind == "im":
            return common | {"user": self.user, "is_user_deleted": False, "is_open": True, "priority": 0}
        return common | {
            "name": self.name,
            "name_normalized": self.name,
            "is_channel": self.kind == "channel",
            "is_group": self.kind == "private",
            "is_private": self.kind == "private",
            "is_general": self.is_general,
            "is_member": viewer in self.members,
            "topic": {"value": self.topic, "creator": self.creator, "last_set": self.created},
            "purpose": {"value": self.purpose, "creator": self.creator, "last_set": self.created},
            "num_members": len(self.members),
            "previous_names": [],
        }
