"""What `tidings keys` does: API keys made, listed and revoked, straight in the registry."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final

from bot.core.advice import got
from bot.core.apikey import ApiKey, KeyId, Scope
from bot.core.errors import TidingsError
from bot.core.timing import read_length
from bot.settings import Settings
from bot.wiring.answering import api_keys
from bot.wiring.installing import team_of
from bot.wiring.stores import now_ms
from consumers.keeper import at_hand

_TEAM: Final = re.compile(r"[TE][A-Z0-9]+")
_USER: Final = re.compile(r"[UW][A-Z0-9]+")
NAME_LENGTH: Final = 80


class KeyringError(TidingsError):
    """A key that can't be made; the text says what to type instead."""


async def create(
    settings: Settings, *, name: str, owner: str, scope: str, expires: str | None, team: str | None
) -> tuple[ApiKey, str]:
    """Make a key; the text is its only copy. Raises TidingsError."""
    if not name.strip() or len(name) > NAME_LENGTH or not name.isprintable():
        raise KeyringError(f"a key's name is 1 to {NAME_LENGTH} printable characters, e.g. terraform")
    if scope not in tuple(Scope):
        raise KeyringError(f"there is no scope {got(scope)}; there are {', '.join(Scope)}")
    if _USER.fullmatch(owner) is None:
        raise KeyringError(f"{got(owner)} is no Slack user ID (U024BE7LR; profile > Copy member ID)")
    if team is not None and _TEAM.fullmatch(team) is None:
        raise KeyringError(f"{got(team)} is no workspace's ID (T024BE7LR)")
    until = None if expires is None else now_ms() + read_length(expires)
    team = team or await _only(settings)
    async with at_hand(settings) as kept:
        return await api_keys(kept).create(
            name=name.strip(),
            team=team,
            owner=owner,
            scopes=[Scope(scope)],
            expires=until,
        )


async def rows(settings: Settings, team: str | None) -> list[dict[str, Any]]:
    """All keys as JSON has them, without a trace of their secrets. Raises UnavailableError."""
    async with at_hand(settings) as kept:
        found = await api_keys(kept).list(team=team)
    return [
        {
            "id": one.id,
            "name": one.name,
            "team": one.team,
            "owner": one.owner,
            "scopes": sorted(one.scopes),
            "created": _written(one.created),
            "used": _written(one.used),
            "expires": _written(one.expires),
        }
        for one in found
    ]


def row(one: Mapping[str, Any]) -> list[str]:
    """One of `rows` as a table has it."""
    times = [str(one[name] or missing) for name, missing in (("created", ""), ("used", "never"), ("expires", "never"))]
    return [one["id"], one["name"], one["team"], one["owner"], ", ".join(one["scopes"]), *times]


async def find(settings: Settings, identity: str) -> ApiKey | None:
    """One by its id. Raises UnavailableError."""
    async with at_hand(settings) as kept:
        return next((one for one in await api_keys(kept).list() if one.id == identity), None)


async def revoke(settings: Settings, identity: KeyId) -> bool:
    """Revoke it; whether it was there. Raises UnavailableError."""
    async with at_hand(settings) as kept:
        return await api_keys(kept).revoke(identity)


async def _only(settings: Settings) -> str:
    if not settings.slack_bot_token.get_secret_value():
        raise KeyringError("there may be many workspaces: add --team T…")
    return await team_of(settings)


def _written(at: int | None) -> str | None:
    return None if at is None else datetime.fromtimestamp(at // 1000, tz=UTC).strftime("%Y-%m-%d %H:%M")
