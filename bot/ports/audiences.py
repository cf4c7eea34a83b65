"""Who reads in a workspace's channels, as Slack said lately; shared by all processes."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from bot.core.showing import Audience


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """Who read in a channel `at` a time, in milliseconds since the epoch."""

    audience: Audience
    at: int


class Listing(StrEnum):
    """Where a list of all channels stands that the bot is in."""

    OURS = "ours"
    """Nobody has asked for it lately, and nobody but the caller may now."""
    BEGUN = "begun"
    """Another process is asking."""
    DONE = "done"
    """It was read a moment ago, or could not be: what is not in it is not known."""


class Audiences(Protocol):
    """Each method raises UnavailableError."""

    async def get(self, team: str, channel: str) -> Known | None:
        """What was known last, a day ago at most."""
        ...

    async def keep(self, team: str, channel: str, known: Known) -> None:
        """Tell the other processes."""
        ...

    async def begin_list(self, team: str) -> Listing:
        """Ask for leave to list a workspace's channels; it is another's after a while if that comes to nothing."""
        ...

    async def end_list(self, team: str, known: Mapping[str, Known]) -> None:
        """Tell what was learned by a list, by channel; for some minutes there will be no other."""
        ...
