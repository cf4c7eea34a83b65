"""One call of a Web API method, and what a method is."""

import base64
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeVar

from bot.sandbox.answers import Json, Refusal
from bot.sandbox.arguments import number
from bot.sandbox.backend import Backend
from bot.sandbox.channel import Channel
from bot.sandbox.grants import Grant
from bot.sandbox.workspace import Workspace

Item = TypeVar("Item")


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """A request that passed the door: its arguments, its token's grant, and the sandbox behind it.

    Attributes:
        grant: None only for methods that need no token.
        basic: client id and secret of an HTTP Basic header (oauth.v2.access).
    """

    method: str
    arguments: Json
    grant: Grant | None
    backend: Backend
    basic: tuple[str, str] | None = None

    @property
    def workspace(self) -> Workspace:
        """Shorthand for the backend's workspace."""
        return self.backend.workspace

    @property
    def scopes(self) -> tuple[str, ...]:
        """What the token may do."""
        return self.grant.scopes if self.grant is not None else ()

    def need(self, *scopes: str) -> None:
        """Refuse with ``missing_scope`` unless the token has one of these."""
        if not set(scopes) & set(self.scopes):
            raise Refusal("missing_scope", needed=",".join(scopes), provided=",".join(self.scopes))

    def channel(self, name: str = "channel") -> Channel:
        """The channel of an argument, as far as the bot may know of it."""
        given = self.arguments.get(name)
        if not given:
            raise Refusal("channel_not_found" if name in self.arguments else "invalid_arguments")
        return self.workspace.channel_for(str(given), self.workspace.bot.id)

    def page(self, items: Sequence[Item], *, default: int = 100, most: int = 999) -> tuple[list[Item], Json]:
        """One page of a list and the ``response_metadata`` that leads to the next."""
        limit = number(self.arguments, "limit", default=default, most=most)
        start = decode_cursor(self.arguments.get("cursor"))
        following = encode_cursor(start + limit) if start + limit < len(items) else ""
        return list(items[start : start + limit]), {"next_cursor": following}


def encode_cursor(position: int | str) -> str:
    """An opaque cursor."""
    return base64.b64encode(f"next:{position}".encode()).decode()


def decode_cursor(cursor: Any) -> int:
    """The position within a list; 0 without a cursor."""
    text = decode_cursor_text(cursor)
    if text is None:
        return 0
    if not text.isdecimal():
        raise Refusal("invalid_cursor")
    return int(text)


def decode_cursor_text(cursor: Any) -> str | None:
    """What a cursor points at; None without one."""
    if not cursor:
        return None
    try:
        prefix, _, position = base64.b64decode(str(cursor), validate=True).decode().partition(":")
    except ValueError as error:
        raise Refusal("invalid_cursor") from error
    if prefix != "next" or not position:
        raise Refusal("invalid_cursor")
    return position


Handler = Callable[[Call], Json]


@dataclass(frozen=True, slots=True, kw_only=True)
class Method:
    """A Web API method.

    Attributes:
        tier: 1 to 4 of the published rate tiers; None for a special limit.
        scopes: the token needs one of them; empty for none.
        token: the kind of token; None for methods that need none.
    """

    handler: Handler
    tier: int | None
    scopes: tuple[str, ...] = ()
    token: Literal["bot", "app"] | None = "bot"  # noqa: S105 - a kind, not a secret
