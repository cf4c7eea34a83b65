"""A lock for what one process at a time may do, with an expiry in case that process dies."""

import secrets
from contextlib import suppress

from redis.asyncio import Redis

from bot.core.errors import UnavailableError
from bot.stores.away import unavailable
from bot.stores.script import Script


class Lock:
    """One lock of any number, by its key. `milliseconds` is how long it holds by itself."""

    def __init__(self, redis: Redis, milliseconds: int) -> None:
        self._redis = redis
        self._milliseconds = milliseconds
        self._release = Script(redis, "release")

    async def take(self, key: str) -> str | None:
        """A token to give it back with; None where somebody has it. Raises UnavailableError."""
        token = secrets.token_hex(8)
        with unavailable():
            taken = await self._redis.set(key, token, nx=True, px=self._milliseconds)
        return token if taken else None

    async def give_back(self, key: str, token: str) -> None:
        """Let others have it, if it is still ours; where Redis is away it expires."""
        with suppress(UnavailableError):
            await self._release([key], [token])
