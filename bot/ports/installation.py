"""The app in a workspace, or in a whole organisation: who it is there, and with which token it acts."""

from dataclasses import dataclass, field
from typing import Protocol


@dataclass(frozen=True, slots=True, kw_only=True)
class Installation:
    """The app in one workspace: the bot's identity there and its token.

    `team` is the workspace that it serves; of an org-wide installation the one that was asked for, and '' as it is
    kept. `scopes` are those granted, `installer` the person who did. Times are milliseconds since the epoch. A token
    that rotates has a `refresh_token`, which works once, and expires. `broken` says why it no longer works: it is kept,
    so that a new installation finds what it replaces.
    """

    team: str
    enterprise: str | None
    bot: str
    bot_user: str
    token: str = field(repr=False)
    is_org_wide: bool = False
    scopes: tuple[str, ...] = ()
    refresh_token: str | None = field(default=None, repr=False)
    expires_at: int | None = None
    installed_at: int = 0
    installer: str = ""
    broken: str = ""

    @property
    def key(self) -> str:
        """What it is kept under: the organisation's id where it is org-wide, else the workspace's."""
        return (self.enterprise or "") if self.is_org_wide else self.team


class Installations(Protocol):
    """Where the app is installed."""

    async def find(self, team: str | None, enterprise: str | None) -> Installation | None:
        """The installation that serves a workspace; None where there is none. Raises UnavailableError."""
        ...
