"""For which workspace we act, and with which token: one workspace, by a token from the settings."""

import asyncio

from bot.core.errors import UnavailableError
from bot.outlets.slack.errors import Answer
from bot.outlets.slack.web import Said, SlackWeb
from bot.ports.installation import Installation, Installations

__all__ = ["Installation", "Installations", "SingleInstallation"]


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

    async def token_of(self, team: str) -> str | None:  # noqa: ARG002 (there is one for all)
        """The one token, whether Slack answers or not."""
        return self._token

    async def renew(self, team: str, refused: str) -> str | None:  # noqa: ARG002 (as above)
        """There is no other."""
        return None

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
