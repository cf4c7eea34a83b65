"""Tokens and what they may do. Decisions are functions of the token and the time."""

import secrets
from dataclasses import dataclass, replace
from typing import Literal

from bot.sandbox.answers import Refusal
from bot.sandbox.manifest import SlackApp

ROTATION_SECONDS = 43_200  # docs.slack.dev/authentication/using-token-rotation
CODE_SECONDS = 600  # docs.slack.dev/authentication/installing-with-oauth


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """What one token stands for.

    Attributes:
        expires_at: seconds since the epoch; None for a token that lasts.
        org: for the whole organisation, and not for one workspace.
        user: the person who installed the app.
    """

    token: str
    kind: Literal["bot", "app"]
    scopes: tuple[str, ...]
    user: str
    revoked: bool = False
    expires_at: float | None = None
    org: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Code:
    """An authorization code: good once, for ten minutes, with the redirect it was asked for."""

    user: str
    scopes: tuple[str, ...]
    redirect_uri: str
    expires_at: float
    org: bool = False


class Grants:
    """Every token, code and refresh token of the app in this workspace."""

    def __init__(self, app: SlackApp, installer: str) -> None:
        self._app = app
        self._grants = {
            app.bot_token: Grant(token=app.bot_token, kind="bot", scopes=app.scopes, user=installer),
            app.app_token: Grant(token=app.app_token, kind="app", scopes=("connections:write",), user=installer),
        }
        self._codes: dict[str, Code] = {}
        self._refreshers: dict[str, str] = {}

    def check(self, token: str | None, *, kind: Literal["bot", "app"], now: float) -> Grant:
        """The grant of a token that is good for this kind of method, or Slack's reason why not."""
        if not token:
            raise Refusal("not_authed")
        grant = self._grants.get(token)
        if grant is None:
            raise Refusal("invalid_auth")
        if grant.kind != kind:
            raise Refusal("not_allowed_token_type")
        if grant.revoked:
            raise Refusal("token_revoked")
        if grant.expires_at is not None and now >= grant.expires_at:
            raise Refusal("token_expired")
        return grant

    def revoke(self, token: str) -> None:
        """Make a token useless from now on."""
        self._grants[token] = replace(self._grants[token], revoked=True)

    def restore(self, token: str) -> None:
        """Take a revocation back."""
        self._grants[token] = replace(self._grants[token], revoked=False)

    def expire(self, token: str, at: float) -> None:
        """Let a token expire at a time."""
        self._grants[token] = replace(self._grants[token], expires_at=at)

    def authorize(self, *, user: str, scopes: tuple[str, ...], redirect_uri: str, now: float, org: bool = False) -> str:
        """The code of a consent that was just given."""
        code = f"sandbox-code-{secrets.token_hex(8)}"
        expires_at = now + CODE_SECONDS
        self._codes[code] = Code(user=user, scopes=scopes, redirect_uri=redirect_uri, expires_at=expires_at, org=org)
        return code

    def redeem(self, code: str, *, redirect_uri: str | None, now: float) -> tuple[Grant, str | None]:
        """Exchange a code for a bot token and, with rotation, a refresh token. Codes work once."""
        found = self._codes.pop(code, None)
        if found is None or now >= found.expires_at:
            raise Refusal("invalid_code")
        if redirect_uri is not None and redirect_uri != found.redirect_uri:
            raise Refusal("bad_redirect_uri")
        return self._issue(user=found.user, scopes=found.scopes, now=now, org=found.org)

    def refresh(self, refresh_token: str, *, now: float) -> tuple[Grant, str | None]:
        """Exchange a refresh token for a new pair; each works once."""
        token = self._refreshers.pop(refresh_token, None)
        if token is None:
            raise Refusal("invalid_refresh_token")
        old = self._grants[token]
        return self._issue(user=old.user, scopes=old.scopes, now=now, org=old.org)

    def _issue(self, *, user: str, scopes: tuple[str, ...], now: float, org: bool) -> tuple[Grant, str | None]:
        rotates = self._app.token_rotation_enabled
        token = f"{'xoxe.' if rotates else ''}xoxb-sandbox-{secrets.token_hex(12)}"
        expires_at = now + ROTATION_SECONDS if rotates else None
        grant = Grant(token=token, kind="bot", scopes=scopes, user=user, expires_at=expires_at, org=org)
        self._grants[token] = grant
        if not rotates:
            return grant, None
        refresh_token = f"xoxe-1-sandbox-{secrets.token_hex(12)}"
        self._refreshers[refresh_token] = token
        return grant, refresh_token
