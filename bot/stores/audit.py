"""Who changed what, in a Redis stream."""

from typing import Any

from redis.asyncio import Redis

from bot.core.looks import Change
from bot.stores.away import unavailable
from bot.stores.codec import subscription_json
from bot.stores.keys import Keys

KEPT = 100_000
"""How many changes are kept at least; the stream is trimmed in whole blocks."""


class RedisAudit:
    """The port `Audit`."""

    def __init__(self, redis: Redis, keys: Keys) -> None:
        self._redis = redis
        self._keys = keys

    async def record(self, change: Change) -> None:
        """Append it. Raises UnavailableError."""
        fields: dict[Any, Any] = {
            "at": change.at,
            "team": change.actor.team,
            "user": change.actor.user,
            "act": change.act,
            "subject": change.subject,
        }
        for name, value in (("before", change.before), ("after", change.after)):
            if value is not None:
                fields[name] = subscription_json(value)
        with unavailable():
            await self._redis.xadd(self._keys.audit, fields, maxlen=KEPT, approximate=True)
