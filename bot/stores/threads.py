"""The port `Threads`: what subscriptions ask for, and each thread's first message in Redis, for some hours."""

from collections.abc import Callable, Sequence
from typing import Any, cast

from redis.asyncio import Redis

from bot.core.destination import DestinationId
from bot.core.event import Event
from bot.core.threads import ThreadKey, thread_of
from bot.stores.away import unavailable
from bot.stores.keys import Keys
from bot.stores.leading import Leading


class RedisThreads:
    """See the port. `lasting` and `clock` are in milliseconds."""

    def __init__(self, redis: Redis, keys: Keys, leading: Leading, *, lasting: int, clock: Callable[[], int]) -> None:
        self._redis = redis
        self._keys = keys
        self._leading = leading
        self._lasting = lasting
        self._clock = clock

    @property
    def lasting(self) -> int:
        """How long a thread takes replies."""
        return self._lasting

    async def of(self, place: DestinationId, events: Sequence[Event]) -> list[ThreadKey | None]:
        """For each event the thread it belongs in."""
        now = self._clock()
        subscriptions = await self._leading.to(place)
        return [thread_of(subscriptions, event, now=now) for event in events]

    async def parent(self, place: DestinationId, key: ThreadKey) -> str | None:
        """The ts of the thread's first message."""
        with unavailable():
            ts: bytes | None = await cast("Any", self._redis.get(self._keys.thread(place, key)))
        return None if ts is None else ts.decode()

    async def begin(self, place: DestinationId, key: ThreadKey, ts: str) -> None:
        """Keep it until the thread is too old for replies."""
        with unavailable():
            await self._redis.set(self._keys.thread(place, key), ts, px=self._lasting)
