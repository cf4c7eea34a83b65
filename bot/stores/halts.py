"""Places paused because of what is known of them, not because of an attempt; and how much waits for them."""

from dataclasses import dataclass

from redis.asyncio import Redis

from bot.core.destination import DestinationId
from bot.stores.epoch import Epoch
from bot.stores.keys import Keys
from bot.stores.script import Script


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """How many deliveries wait, and when the oldest was appended, in ms since the epoch; None where none waits."""

    deliveries: int
    oldest: int | None


class Halts:
    """Beside the outbox: any number of processes may share it. Every method raises UnavailableError."""

    def __init__(self, redis: Redis, keys: Keys, *, epoch: Epoch | None = None) -> None:
        self._keys = keys
        self._halt = Script(redis, "halt", epoch=epoch)
        self._held = Script(redis, "held", "begin", epoch=epoch)

    async def halt(self, place: DestinationId, why: str, *, over: bool = False) -> bool:
        """Pause it; whether it was not paused before. Another reason is kept, but for `over`. See halt.lua."""
        return bool(await self._halt([self._keys.paused], [self._keys.prefix, place, why, int(over)]))

    async def held(self, place: DestinationId) -> Held:
        """What waits for it, or for an installation's places all together; see held.lua."""
        count, oldest = await self._held([self._keys.due, self._keys.leased], [self._keys.prefix, place])
        return Held(deliveries=count, oldest=int(oldest) if oldest else None)
