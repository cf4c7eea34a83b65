"""What has waited too long for a lost place is given up: to the dead-letter topic first, and out of its lane then.

Whoever is killed in between leaves both, and the letter is written again: it has the same id.
"""

from typing import Final

import structlog
from redis.asyncio import Redis

from bot.core.backoff import HOUR
from bot.core.delivery import EXPIRED, Attempt, Bury, Lane
from bot.core.destination import DestinationId
from bot.core.event import read_position
from bot.ports.letters import DeadLetters
from bot.ports.outlet import Item
from bot.stores.codec import destination_from_json
from bot.stores.epoch import Epoch
from bot.stores.keys import Keys
from bot.stores.script import Script
from bot.stores.values import delivery_of

AT_ONCE: Final = 100

log = structlog.get_logger()


class Overheld:
    """`hold` is how long a delivery may wait for a lost place, `remember` how long it is known after; both in ms."""

    def __init__(
        self,
        redis: Redis,
        keys: Keys,
        letters: DeadLetters,
        *,
        hold: int,
        remember: int,
        epoch: Epoch | None = None,
    ) -> None:
        self._keys = keys
        self._letters = letters
        self._hold = hold
        self._remember = remember
        self._overheld = Script(redis, "overheld", "begin", epoch=epoch)
        self._left = Script(redis, "left", "begin", epoch=epoch)

    async def give_up(self, place: DestinationId, why: str, *, now: int) -> int:
        """Give up some of what has waited longest; how many. Raises UnavailableError."""
        k = self._keys
        found = await self._overheld([k.due, k.destinations], [k.prefix, place, now - self._hold, AT_ONCE])
        reason = f"expired: nobody decided within {self._hold / HOUR:g} h about a place that is lost: {why}"
        for *fields, name, position, to, body in found:
            lane = Lane(name.decode())
            await self._letters.buried(
                Item(delivery=delivery_of(lane, *fields), body=body),
                destination_from_json(to),
                Bury(reason=reason, attempt=Attempt(at=now, outcome=EXPIRED)),
                lane=lane,
                position=read_position(position.decode()) if position else None,
            )
        if not found:
            return 0
        left = await self._left(
            [k.due, k.waiting, k.parked, k.unparked],
            [k.prefix, self._remember, *(part for one in found for part in (one[0], one[6]))],
        )
        log.warning("given_up", place=place, reason=why, deliveries=left)
        return int(left)
