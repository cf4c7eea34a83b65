"""What the outbox knows of each Kafka partition: how far it was read, what may be committed, what the journal holds."""

from collections.abc import Callable, Sequence
from typing import Any, cast

from redis.asyncio import Redis

from bot.core.delivery import DeliveryId, Lane
from bot.core.event import Position
from bot.ports.outbox import Parked
from bot.stores.away import unavailable
from bot.stores.codec import destination_from_json
from bot.stores.epoch import Epoch
from bot.stores.keys import Keys
from bot.stores.script import Script
from bot.stores.values import delivery_of


class RedisPartitions:
    """The outbox's side towards Kafka. `clock` gives the scripts another time than the server's, if it is not empty."""

    def __init__(self, redis: Redis, keys: Keys, *, clock: Callable[[], str], epoch: Epoch | None) -> None:
        self._redis = redis
        self._keys = keys
        self._clock = clock
        self._enter = Script(redis, "enter", epoch=epoch)
        self._overdue = Script(redis, "overdue", "begin", epoch=epoch)
        self._park = Script(redis, "park", "begin", epoch=epoch)

    async def watermark(self, topic: str, partition: int) -> int | None:
        """The next offset to read, or None where nothing was read yet."""
        return (await self.watermarks([(topic, partition)]))[topic, partition]

    async def watermarks(self, places: Sequence[tuple[str, int]]) -> dict[tuple[str, int], int | None]:
        """The same of several partitions, by topic and partition."""
        if not places:
            return {}
        fields = [f"{topic}/{partition}" for topic, partition in places]
        with unavailable():
            found = await cast("Any", self._redis.hmget(self._keys.watermarks, fields))
        return {place: None if offset is None else int(offset) for place, offset in zip(places, found, strict=True)}

    async def enter(self, topic: str, partition: int, offset: int, *, force: bool) -> int:
        """Set the watermark where there is none, or with `force`; see enter.lua."""
        field = f"{topic}/{partition}"
        return int(await self._enter([self._keys.watermarks], [field, offset, int(force)]))

    async def committable(self, topic: str, partition: int) -> int | None:
        """The lowest offset with an unsettled delivery, else the watermark; None where nothing was read yet.

        Never above the watermark: deliveries of a topic that was recreated have offsets that the new one lacks.
        A negative watermark waits for a person, and nothing is committed.
        """
        with unavailable():
            async with self._redis.pipeline(transaction=True) as pipe:
                pipe.zrange(self._keys.unsettled(topic, partition), 0, 0, withscores=True)
                pipe.hget(self._keys.watermarks, f"{topic}/{partition}")
                oldest, watermark = await pipe.execute()
        known = [int(offset) for offset in (watermark, oldest[0][1] if oldest else None) if offset is not None]
        lowest = min(known, default=None)
        return None if lowest is None or lowest < 0 else lowest

    async def overdue(self, topic: str, partition: int, *, age: int, limit: int) -> tuple[Parked, ...]:
        """What of a partition has waited longer than `age` milliseconds; see overdue.lua."""
        k = self._keys
        answer = await self._overdue(
            [k.unsettled(topic, partition), k.destinations, k.parked],
            [self._clock(), age, k.prefix, f"{topic}/{partition}", limit],
        )
        return tuple(
            Parked(
                delivery=delivery_of(Lane(lane.decode()), *fields),
                lane=Lane(lane.decode()),
                destination=destination_from_json(place.decode()),
                body=body,
                position=Position(topic=topic, partition=partition, offset=int(offset)),
            )
            for *fields, lane, offset, place, body in answer
        )

    async def park(self, deliveries: Sequence[DeliveryId]) -> tuple[DeliveryId, ...]:
        """Note that the journal has them; see park.lua."""
        settled = await self._park([self._keys.parked], [self._keys.prefix, *deliveries])
        return tuple(DeliveryId(delivery.decode()) for delivery in settled)

    async def unparked(self, limit: int) -> tuple[DeliveryId, ...]:
        """Some of the settled deliveries that the journal still has."""
        with unavailable():
            found = await cast("Any", self._redis.srandmember(self._keys.unparked, limit))
        return tuple(DeliveryId(delivery.decode()) for delivery in found or ())

    async def forget_parked(self, deliveries: Sequence[DeliveryId]) -> None:
        """Note that they have left the journal."""
        with unavailable():
            await cast("Any", self._redis.srem(self._keys.unparked, *deliveries))
