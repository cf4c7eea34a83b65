"""Deliveries that wait for a place are made to wait for another one instead: the channel was archived, or got a new id.

The other place's deliveries are others, by id. So each is written to the journal and entered there first, and leaves
its old lane after that: whoever is killed in between leaves both, and doing it again finds the new one known.
"""

from typing import Any, Final

from redis.asyncio import Redis

from bot.core.cloudevent import decode
from bot.core.delivery import Delivery, Lane, delivery_id
from bot.core.destination import Destination, DestinationId, destination_id
from bot.core.errors import UnavailableError
from bot.core.event import EventKey, Position, read_position
from bot.core.routing import lane_of, own_lane, waiting_for
from bot.ports.outbox import Full, Parked
from bot.stores.epoch import Epoch
from bot.stores.keys import Keys
from bot.stores.outbox import RedisOutbox
from bot.stores.parked import ParkedJournal
from bot.stores.script import Script

AT_ONCE: Final = 100
NOWHERE: Final = Position(topic="", partition=0, offset=0)
"""The position of a delivery whose record is not known any more."""


class Removal:
    """Moves what waits. `shards` is into how many lanes a webhook is spread, `remember` in milliseconds."""

    def __init__(
        self,
        redis: Redis,
        keys: Keys,
        outbox: RedisOutbox,
        parked: ParkedJournal,
        *,
        shards: int,
        remember: int,
        epoch: Epoch | None = None,
    ) -> None:
        self._keys = keys
        self._outbox = outbox
        self._parked = parked
        self._shards = shards
        self._remember = remember
        self._waiting = Script(redis, "waiting", "begin", epoch=epoch)
        self._left = Script(redis, "left", "begin", epoch=epoch)

    async def __call__(self, place: DestinationId, to: Destination) -> int:
        """Move everything but what a worker just holds; how many moved. Raises UnavailableError."""
        moved = 0
        while found := await self._waiting([self._keys.due], [self._keys.prefix, place, AT_ONCE]):
            there = [self._there(one, to) for one in found]
            await self._parked.keep(there)
            if isinstance(await self._outbox.enqueue(there), Full):
                raise UnavailableError("The outbox is full; what waits could not be moved yet")
            k = self._keys
            left = await self._left(
                [k.due, k.waiting, k.parked, k.unparked],
                [k.prefix, self._remember, *(part for one in found for part in (one[0], one[2]))],
            )
            if not left:
                break
            moved += left
        return moved

    def _there(self, found: list[Any], to: Destination) -> Parked:
        _, event, lane, position, body = found
        key, place = EventKey(event.decode()), destination_id(to)
        own = waiting_for(Lane(lane.decode()))
        delivery = Delivery(id=delivery_id(key, place), event=key, destination=place, appended=0)
        return Parked(
            delivery=delivery,
            lane=own_lane(place, own) if own else lane_of(to, decode(body).inference, shards=self._shards),
            destination=to,
            body=body,
            position=read_position(position.decode()) if position else NOWHERE,
        )
