"""What Slack grants for a code or a refresh token (docs.slack.dev/reference/methods/oauth.v2.access)."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from bot.core.delivery import Failed, Unknown
from bot.outlets.slack.errors import Answer
from bot.outlets.slack.web import Said, SlackWeb


@dataclass(frozen=True, slots=True, kw_only=True)
class Granted:
    """A bot's token and where it works. `team` is None for an org-wide installation; `expires_in` is in seconds."""

    token: str = field(repr=False)
    team: str | None
    enterprise: str | None
    is_org_wide: bool
    bot_user: str
    scopes: tuple[str, ...]
    installer: str
    app: str
    name: str
    refresh_token: str | None = field(default=None, repr=False)
    expires_in: int | None = None


class Granting:
    """Asks for tokens, as the app that `client_id` and `client_secret` prove us to be."""

    def __init__(self, web: SlackWeb, client_id: str, client_secret: str) -> None:
        self._web = web
        self._client_id = client_id
        self._client_secret = client_secret

    async def redeem(self, code: str, *, redirect_uri: str) -> Granted | Answer | Failed | Unknown:
        """Exchange a code, which works once."""
        return await self._ask(code=code, redirect_uri=redirect_uri)

    async def refresh(self, refresh_token: str) -> Granted | Answer | Failed | Unknown:
        """Exchange a refresh token, which works once, for the next pair."""
        return await self._ask(grant_type="refresh_token", refresh_token=refresh_token)

    async def _ask(self, **arguments: str) -> Granted | Answer | Failed | Unknown:
        # The SDK's own method proves the client by a way of aiohttp's that is deprecated; Slack takes both.
        proof = {"client_id": self._client_id, "client_secret": self._client_secret}
        reply = await self._web.ask(self._web.api.api_call("oauth.v2.access", data={**proof, **arguments}))
        if not isinstance(reply, Said):
            return reply
        return read(reply.data) or Answer(status=200, error="not_a_bot_token")


def read(data: Mapping[str, Any]) -> Granted | None:
    """Slack's answer; None where it holds no bot's token or no place where that works."""
    match data:
        case {"token_type": "bot", "access_token": str(token), "bot_user_id": str(bot_user)}:
            team, enterprise = _of(data, "team"), _of(data, "enterprise")
            is_org_wide = data.get("is_enterprise_install") is True
            if (enterprise if is_org_wide else team) is None:
                return None
            place = data.get("enterprise" if is_org_wide else "team") or {}
            expires_in = data.get("expires_in")
            return Granted(
                token=token,
                team=None if is_org_wide else team,
                enterprise=enterprise,
                is_org_wide=is_org_wide,
                bot_user=bot_user,
                scopes=tuple(scope for scope in str(data.get("scope", "")).split(",") if scope),
                installer=_of(data, "authed_user") or "",
                app=str(data.get("app_id", "")),
                name=str(place.get("name", "")),
                refresh_token=data.get("refresh_token"),
                expires_in=None if expires_in is None else int(expires_in),
            )
        case _:
            return None


def _of(data: Mapping[str, Any], what: str) -> str | None:
    match data.get(what):
        case {"id": str(identity)}:
            return identity
        case _:
            return None
