"""Redis's clock, as far as this machine can tell it: all processes go by it, whatever their own clocks say."""

from collections.abc import Callable
from typing import Any, cast

from redis.asyncio import Redis

from bot.stores.away import unavailable


class RedisClock:
    """Call it for the time, in milliseconds since the epoch: the `local` clock and what it was off at the last look."""

    def __init__(self, redis: Redis, local: Callable[[], int]) -> None:
        self._redis = redis
        self._local = local
        self._offset = 0

    def __call__(self) -> int:
        """Tell the time."""
        return self._local() + self._offset

    async def look(self) -> None:
        """Ask Redis, which may be another server by now. Half a round trip is the error. Raises UnavailableError."""
        before = self._local()
        with unavailable():
            seconds, microseconds = await cast("Any", self._redis.time())
        now = int(seconds) * 1000 + int(microseconds) // 1000
        self._offset = now - (before + self._local()) // 2
