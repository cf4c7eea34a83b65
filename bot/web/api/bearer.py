"""Who calls: a key in the Authorization header (RFC 6750, section 2.1), nothing else. No cookie is ever looked at."""

from typing import Final, Protocol

from aiohttp import hdrs, web

from bot.core.answers import Actor
from bot.core.apikey import ApiKey, Scope
from bot.core.permission import Rank
from bot.web.problem import Problem

REALM: Final = 'Bearer realm="tidings"'


class Keys(Protocol):
    """Where keys are known."""

    async def check(self, text: str) -> ApiKey | None:
        """The key, if it opens anything. Raises UnavailableError."""
        ...


async def authenticate(request: web.Request, keys: Keys) -> ApiKey:
    """The caller's key. Raises Problem 401, which tells nothing of why a key does not open."""
    given = request.headers.getall(hdrs.AUTHORIZATION, [])
    if len(given) != 1:
        raise Problem(401, "Send an API key: Authorization: Bearer tdk_…", headers={hdrs.WWW_AUTHENTICATE: REALM})
    scheme, _, text = given[0].partition(" ")
    key = await keys.check(text.strip()) if scheme.lower() == "bearer" else None
    if key is None:
        raise Problem(
            401,
            "This key opens nothing: it is unknown, revoked or expired.",
            headers={hdrs.WWW_AUTHENTICATE: f'{REALM}, error="invalid_token"'},
            code="invalid_key",
        )
    return key


def require(key: ApiKey, scope: Scope) -> None:
    """Raise Problem 403 where the key lacks the scope (RFC 6750, section 3.1)."""
    if not key.opens(scope):
        raise lacking(scope, f"This takes the scope {scope}.")


def lacking(scope: Scope, title: str, **more: str) -> Problem:
    """The problem of a key that would need another scope."""
    challenge = f'{REALM}, error="insufficient_scope", scope="{scope}"'
    return Problem(
        403, title, headers={hdrs.WWW_AUTHENTICATE: challenge}, code="insufficient_scope", scope=str(scope), **more
    )


def actor_of(key: ApiKey) -> Actor:
    """In whose name it acts, and as what: Slack is not asked for the rank."""
    rank = Rank.ADMIN if key.opens(Scope.ADMIN) else Rank.MEMBER
    return Actor(team=key.team, user=key.owner, via="api", rank=rank)
