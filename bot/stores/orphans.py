"""What people were told about lost places, in Redis, so that they are told once; and whose turn it is to look.

Told again after Redis was wiped: a repeated card is better than a lost place that nobody hears of.
"""

import secrets
from dataclasses import dataclass
from typing import Any, Final, cast

import orjson
import structlog
from redis.asyncio import Redis

from bot.core.destination import DestinationId
from bot.core.notices import Orphanhood
from bot.core.subscription import SubscriptionId
from bot.stores.away import unavailable
from bot.stores.keys import Keys

log = structlog.get_logger()

TURN_SECONDS: Final = 60
"""How long a process that stopped looking keeps others from it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """One occurrence: `users` were told at `at` (ms since the epoch) that `place` is lost, with these subscriptions."""

    place: DestinationId
    what: Orphanhood
    why: str
    at: int
    users: tuple[str, ...]
    subscriptions: tuple[SubscriptionId, ...]


def owner_key(team: str, user: str) -> str:
    """Under which an owner who left is noted."""
    return f"owner/{team}/{user}"


class RedisOrphans:
    """Any number of processes may share it; each method raises UnavailableError."""

    def __init__(self, redis: Redis, keys: Keys) -> None:
        self._redis = redis
        self._keys = keys
        self._name = secrets.token_hex(8)

    async def claim(self, key: str, told: Told) -> bool:
        """Note that it is being told; False where it was before: then there is nothing to tell."""
        with unavailable():
            return bool(await cast("Any", self._redis.hsetnx(self._keys.orphans, key, _written(told))))

    async def all(self) -> dict[str, Told]:
        """All that is lost now and was told, by key."""
        with unavailable():
            found = await cast("Any", self._redis.hgetall(self._keys.orphans))
        known = {}
        for key, text in found.items():
            try:
                known[key.decode()] = _read(text)
            except (ValueError, LookupError, TypeError) as error:
                log.error("orphan_unreadable", key=key.decode(), reason=str(error))  # noqa: TRY400 (says it all)
        return known

    async def forget(self, key: str) -> bool:
        """It is over; whether it was noted. The next time is another occurrence."""
        with unavailable():
            return bool(await cast("Any", self._redis.hdel(self._keys.orphans, key)))

    async def turn(self) -> bool:
        """Whether it is this process's turn; if so it stays so for a minute."""
        key = self._keys.turn("orphans")
        with unavailable():
            if await self._redis.set(key, self._name, nx=True, ex=TURN_SECONDS):
                return True
            # Another one may take it between the two: then both look, and what is told is claimed by one all the same.
            if await self._redis.get(key) != self._name.encode():
                return False
            await self._redis.expire(key, TURN_SECONDS)
        return True

    async def leave(self) -> None:
        """Let another process have the turn."""
        key = self._keys.turn("orphans")
        with unavailable():
            if await self._redis.get(key) == self._name.encode():
                await self._redis.delete(key)


def _written(told: Told) -> bytes:
    return orjson.dumps(
        {
            "place": told.place,
            "what": told.what,
            "why": told.why,
            "at": told.at,
            "users": told.users,
            "subscriptions": told.subscriptions,
        }
    )


def _read(text: bytes) -> Told:
    found = orjson.loads(text)
    return Told(
        place=DestinationId(found["place"]),
        what=Orphanhood(found["what"]),
        why=found["why"],
        at=found["at"],
        users=tuple(found["users"]),
        subscriptions=tuple(map(SubscriptionId, found["subscriptions"])),
    )
