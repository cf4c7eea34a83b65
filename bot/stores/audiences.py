"""The port `Audiences`: a word and a time in Redis for each channel that is written to."""

from typing import Any, Final, cast

from redis.asyncio import Redis

from bot.core.backoff import HOUR
from bot.core.showing import Audience
from bot.ports.audiences import Known
from bot.stores.away import unavailable
from bot.stores.keys import Keys

BELIEVED: Final = 24 * HOUR
"""Milliseconds after which it is forgotten."""


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
            await self._redis.set(self._keys.audience(team, channel), f"{known.audience} {known.at}", px=BELIEVED)
