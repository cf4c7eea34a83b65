"""The port `Audiences`: a word and a time in Redis for each channel that is written to."""

from collections.abc import Mapping
from typing import Any, Final, cast

from redis.asyncio import Redis

from bot.core.backoff import HOUR, MINUTE, SECOND
from bot.core.showing import Audience
from bot.ports.audiences import Known, Listing
from bot.stores.away import unavailable
from bot.stores.keys import Keys

BELIEVED: Final = 24 * HOUR
"""Milliseconds after which it is forgotten."""
READING: Final = 15 * SECOND
"""How long a list may take: after it another process tries."""
LISTED: Final = 2 * MINUTE
"""How long a list keeps others from being read."""


class RedisAudiences:
    """See the port. A wiped Redis knows none: Slack is asked again."""

    def __init__(self, redis: Redis, keys: Keys) -> None:
        self._redis = redis
        self._keys = keys

    async def get(self, team: str, channel: str) -> Known | None:
        """What was known last."""
        with unavailable():
            text: bytes | None = await cast("Any", self._redis.get(self._keys.audience(team, channel)))
        if text is None:
            return None
        audience, _, at = text.decode().partition(" ")
        return Known(audience=Audience(audience), at=int(at))

    async def keep(self, team: str, channel: str, known: Known) -> None:
        """Write it."""
        with unavailable():
            await self._redis.set(self._keys.audience(team, channel), _text(known), px=BELIEVED)

    async def begin_list(self, team: str) -> Listing:
        """Whose list it is."""
        key = self._keys.listing(team)
        with unavailable():
            if await self._redis.set(key, Listing.BEGUN, nx=True, px=READING):
                return Listing.OURS
            found: bytes | None = await cast("Any", self._redis.get(key))
        return Listing.DONE if found == Listing.DONE.encode() else Listing.BEGUN

    async def end_list(self, team: str, known: Mapping[str, Known]) -> None:
        """Write all of it, and then that it is there."""
        with unavailable():
            async with self._redis.pipeline(transaction=False) as pipe:
                for channel, one in known.items():
                    pipe.set(self._keys.audience(team, channel), _text(one), px=BELIEVED)
                pipe.set(self._keys.listing(team), Listing.DONE, px=LISTED)
                await pipe.execute()


def _text(known: Known) -> str:
    return f"{known.audience} {known.at}"
