"""Who reads in a workspace's channels, as Slack said lately; shared by all processes."""

from dataclasses import dataclass
from typing import Protocol

from bot.core.showing import Audience


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """Who read in a channel `at` a time, in milliseconds since the epoch."""

    audience: Audience
    at: int


class Audiences(Protocol):
    """Each method raises UnavailableError."""

    async def get(self, team: str, channel: str) -> Known | None:
        """What was known last, a day ago at most."""
        ...

    async def keep(self, team: str, channel: str, known: Known) -> None:
        """Tell the other processes."""
        ...
