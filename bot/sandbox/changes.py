"""What happened in the workspace, as values: the page shows them, the app hears of them as events."""

from dataclasses import dataclass
from typing import Literal

from bot.sandbox.answers import Json
from bot.sandbox.channel import Channel
from bot.sandbox.message import Message
from bot.sandbox.people import Usergroup


@dataclass(frozen=True, slots=True, kw_only=True)
class Posted:
    """A message was stored (``ephemeral`` ones have an audience)."""

    channel: Channel
    message: Message


@dataclass(frozen=True, slots=True, kw_only=True)
class Edited:
    """A message has a new state: other content, or only more replies or reactions."""

    channel: Channel
    message: Message
    content: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Deleted:
    """A message is gone."""

    channel: Channel
    message: Message


@dataclass(frozen=True, slots=True, kw_only=True)
class Moved:
    """Somebody joined or left a channel."""

    channel: Channel
    user: str
    joined: bool
    inviter: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Altered:
    """A channel itself changed. ``former`` is the id that it had, where it has another one now."""

    channel: Channel
    how: Literal[
        "created", "archived", "unarchived", "renamed", "opened", "deleted", "shared", "unshared", "renumbered"
    ]
    user: str
    former: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Regrouped:
    """A user group has other members, or was disabled; ``joined`` and ``left`` are user ids."""

    group: Usergroup
    joined: tuple[str, ...] = ()
    left: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Reacted:
    """Somebody reacted to a message."""

    channel: Channel
    message: Message
    name: str
    user: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ModalMoved:
    """A modal of one person opened, was pushed, changed or closed."""

    user: str
    action: Literal["open", "push", "update", "close"]
    view: Json


@dataclass(frozen=True, slots=True, kw_only=True)
class HomePublished:
    """The app's Home tab of one person has a new view."""

    user: str
    view: Json


Change = Posted | Edited | Deleted | Moved | Altered | Regrouped | Reacted | ModalMoved | HomePublished
