"""API keys in the registry, as hashes. There is no cache: a key that was revoked opens nothing from then on, anywhere.

Keys of the JSON are written to disk; a key may be added, never renamed, and a reader ignores those it does not know.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from hmac import compare_digest
from typing import Final, Protocol

import orjson
import structlog

from bot.core.apikey import (
    ID_LENGTH,
    SECRET_BYTES,
    ApiKey,
    KeyId,
    Scope,
    digest_of,
    read_key,
    scopes_of,
    write_key,
)
from bot.core.subscription import ALPHABET
from bot.stores.registry import Kind

log = structlog.get_logger()

HOUR: Final = 3_600_000
_NOBODYS: Final = digest_of("")
"""What an unknown key's secret is compared with, so that unknown and wrong take the same time."""


class Registered(Protocol):
    """What is needed of the registry."""

    async def get(self, kind: Kind, identity: str) -> bytes | None:
        """What is registered under an id."""
        ...

    async def all(self, kind: Kind) -> Mapping[str, bytes]:
        """Everything of a kind, by id."""
        ...

    async def swap(self, kind: Kind, identity: str, former: bytes | None, value: bytes | None) -> bool:
        """Put or remove it, if what is there is still `former`; whether it was."""
        ...

    async def remove(self, kind: Kind, identity: str) -> bool:
        """Forget it; whether it was there."""
        ...


class ApiKeys:
    """Any number of processes may share it; each method raises UnavailableError.

    `now` gives milliseconds since the epoch, `chance(n)` so many random bytes, fit for secrets.
    """

    def __init__(self, registry: Registered, *, now: Callable[[], int], chance: Callable[[int], bytes]) -> None:
        self._registry = registry
        self._now = now
        self._chance = chance

    async def create(
        self, *, name: str, team: str, owner: str, scopes: Iterable[Scope], expires: int | None = None
    ) -> tuple[ApiKey, str]:
        """Make a key; the text is the only copy of its secret."""
        secret = self._chance(SECRET_BYTES).hex()
        while True:
            identity = KeyId("".join(ALPHABET[byte % len(ALPHABET)] for byte in self._chance(ID_LENGTH)))
            made = ApiKey(
                id=identity,
                name=name,
                team=team,
                owner=owner,
                scopes=frozenset(scopes),
                digest=digest_of(secret),
                created=self._now(),
                expires=expires,
            )
            if await self._registry.swap(Kind.KEY, identity, None, _written(made)):
                return made, write_key(identity, secret)

    async def check(self, text: str) -> ApiKey | None:
        """The key, if this is one, and its secret is right, and it has not expired or been revoked."""
        parts = read_key(text)
        if parts is None:
            return None
        identity, secret = parts
        value = await self._registry.get(Kind.KEY, identity)
        found = None if value is None else _read(identity, value)
        right = compare_digest(digest_of(secret), _NOBODYS if found is None else found.digest)
        if value is None or found is None or not right or not found.lives(self._now()):
            return None
        now = self._now()
        if found.used is None or now - found.used >= HOUR:
            found = replace(found, used=now - now % HOUR)
            # A swap: a key that was revoked meanwhile does not come back by being used.
            await self._registry.swap(Kind.KEY, identity, value, _written(found))
        return found

    async def list(self, *, team: str | None = None) -> tuple[ApiKey, ...]:
        """All keys, of one workspace or of all, oldest first."""
        kept = await self._registry.all(Kind.KEY)
        read = (_read(KeyId(identity), value) for identity, value in kept.items())
        known = [one for one in read if one is not None and team in {None, one.team}]
        return tuple(sorted(known, key=lambda one: (one.created, one.id)))

    async def revoke(self, identity: KeyId) -> bool:
        """Forget a key; whether it was there."""
        return await self._registry.remove(Kind.KEY, identity)


def _written(key: ApiKey) -> bytes:
    return orjson.dumps(
        {
            "name": key.name,
            "team": key.team,
            "owner": key.owner,
            "scopes": sorted(key.scopes),
            "sha256": key.digest,
            "created": key.created,
            "used": key.used,
            "expires": key.expires,
        }
    )


def _read(identity: KeyId, value: bytes) -> ApiKey | None:
    """One that is written in words unknown here opens nothing."""
    try:
        found = orjson.loads(value)
        return ApiKey(
            id=identity,
            name=str(found["name"]),
            team=str(found["team"]),
            owner=str(found["owner"]),
            scopes=scopes_of(found["scopes"]),
            digest=str(found["sha256"]),
            created=int(found["created"]),
            used=found.get("used"),
            expires=found.get("expires"),
        )
    except (ValueError, LookupError, TypeError, AttributeError) as error:
        log.error("api_key_unreadable", key=identity, reason=type(error).__name__)  # noqa: TRY400 (says it all)
        return None
