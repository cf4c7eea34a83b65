"""For which workspace we act, and with which token."""

import asyncio
from dataclasses import dataclass, field
from typing import Protocol

from bot.core.errors import UnavailableError
from bot.outlets.slack_errors import Answer
from bot.outlets.slack_web import Said, SlackWeb


@dataclass(frozen=True, slots=True, kw_only=True)
class Installation:
    """The app in one workspace: the bot's identity there and its token."""

    team: str
    enterprise: str | None
    bot: str
    bot_user: str
    token: str = field(repr=False)


class Installations(Protocol):
    """Where the app is installed."""

    async def find(self, team: str | None, enterprise: str | None) -> Installation | None:
        """The installation that serves a workspace; None where there is none. Raises UnavailableError."""
        ...


class SingleInstallation:
    """One workspace, by the token from the settings; Slack is asked once whose token it is."""

    def __init__(self, web: SlackWeb, token: str) -> None:
        self._web = web
        self._token = token
        self._known: Installation | None = None
        self._asking = asyncio.Lock()

    async def find(self, team: str | None, enterprise: str | None) -> Installation | None:
        """The one installation, if the workspace or its organisation is ours."""
        found = await self.installation()
        ours = team == found.team or (enterprise is not None and enterprise == found.enterprise)
        return found if ours else None

    async def installation(self) -> Installation:
        """The one installation. Raises UnavailableError, naming what Slack said, until Slack has answered once."""
        async with self._asking:
            if self._known is None:
                self._known = await self._ask()
        return self._known

    async def _ask(self) -> Installation:
        match await self._web.ask(self._web.api.auth_test(token=self._token)):
            case Said(data={"team_id": str(team), "user_id": str(user), "bot_id": str(bot), **more}):
                enterprise = more.get("enterprise_id")
                return Installation(team=team, enterprise=enterprise, bot=bot, bot_user=user, token=self._token)
            case Said():
                raise UnavailableError("TIDINGS_SLACK_BOT_TOKEN is a token, but not a bot's")
            case Answer(error=str(error)):
                raise UnavailableError(f"Slack refuses TIDINGS_SLACK_BOT_TOKEN ({error})")
            case _:
                raise UnavailableError("Slack does not answer")
