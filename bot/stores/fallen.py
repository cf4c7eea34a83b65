"""The last dead letters of each workspace, in short, for people; the letters themselves are in Kafka.

A note is no promise: where Redis is away none is made, and a wiped Redis has none.
"""

from collections.abc import Callable, Sequence
from typing import Any, Final, cast

import orjson
import structlog
from redis.asyncio import Redis

from bot.core.deadletter import Closing
from bot.core.delivery import Bury, DeliveryId, Lane
from bot.core.destination import Destination, DestinationId, destination_id
from bot.core.errors import UnavailableError
from bot.core.event import Position, Unreadable
from bot.core.looks import Fallen
from bot.ports.letters import DeadLetters
from bot.ports.outlet import Item
from bot.stores.away import unavailable
from bot.stores.keys import Keys

log = structlog.get_logger()

KEPT: Final = 100
WEEK: Final = 7 * 24 * 3_600_000
"""Milliseconds."""


class RedisRecentLetters:
    """The port `RecentLetters`. `now` gives milliseconds since the epoch."""

    def __init__(self, redis: Redis, keys: Keys, *, now: Callable[[], int]) -> None:
        self._redis = redis
        self._keys = keys
        self._now = now

    async def note(self, fallen: Fallen) -> None:
        """Keep it; the oldest make room. Raises UnavailableError."""
        key = self._keys.fallen(fallen.place.split("/")[1])
        text = orjson.dumps([fallen.delivery, fallen.place, fallen.reason, fallen.at])
        with unavailable():
            async with self._redis.pipeline(transaction=True) as pipe:
                pipe.lpush(key, text)
                pipe.ltrim(key, 0, KEPT - 1)
                pipe.pexpire(key, WEEK)
                await pipe.execute()

    async def newest(self, team: str) -> tuple[Fallen, ...]:
        """Each once, though it may have been buried twice."""
        with unavailable():
            texts = await cast("Any", self._redis.lrange(self._keys.fallen(team), 0, -1))
        found = [
            Fallen(delivery=DeliveryId(delivery), place=DestinationId(place), reason=reason, at=at)
            for delivery, place, reason, at in map(orjson.loads, texts)
        ]
        once = {one.delivery: one for one in reversed(found) if one.at > self._now() - WEEK}
        return tuple(sorted(once.values(), key=lambda one: -one.at))


class NotedLetters:
    """Dead letters that are noted, too, once Kafka has them."""

    def __init__(self, letters: DeadLetters, recent: RedisRecentLetters, *, now: Callable[[], int]) -> None:
        self._letters = letters
        self._recent = recent
        self._now = now

    async def unreadable(
        self,
        position: Position,
        value: bytes | None,
        headers: Sequence[tuple[str, bytes]],
        why: Unreadable,
        *,
        key: bytes | None = None,
    ) -> None:
        """Keep a record that is no event; it is no workspace's."""
        await self._letters.unreadable(position, value, headers, why, key=key)

    async def buried(
        self, item: Item, destination: Destination, why: Bury, *, lane: Lane, position: Position | None = None
    ) -> None:
        """Keep a delivery that was given up."""
        await self._letters.buried(item, destination, why, lane=lane, position=position)
        place = destination_id(destination)
        try:
            await self._recent.note(Fallen(delivery=item.delivery.id, place=place, reason=why.reason, at=self._now()))
        except UnavailableError as error:
            log.info("letter_not_noted", delivery=item.delivery.id, why=str(error))

    async def close(self, closings: Sequence[Closing]) -> None:
        """Note that letters were replayed or dropped."""
        await self._letters.close(closings)
