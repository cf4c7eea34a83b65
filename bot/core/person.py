"""What a person has told Tidings about themselves; it holds for every direct message to them."""

from dataclasses import dataclass

from bot.core.timing import Quiet


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """A person's preferences. `zone` is an IANA time zone, None for the one that Slack knows."""

    team: str
    user: str
    quiet: Quiet | None = None
    zone: str | None = None
