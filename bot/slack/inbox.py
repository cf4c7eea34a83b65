"""Which of Slack's requests were taken up already: Slack delivers at least once, to any replica."""

from collections.abc import Mapping
from typing import Any

from redis.asyncio import Redis

from bot.stores.away import unavailable
from bot.stores.keys import Keys

REMEMBER_SECONDS = 2 * 3_600
"""Slack repeats an event up to an hour later (docs.slack.dev, Events API, delayed events come hourly)."""


class Inbox:
    """Remembers requests in Redis, for all replicas."""

    def __init__(self, redis: Redis, keys: Keys) -> None:
        self._redis = redis
        self._keys = keys

    async def first(self, request: str) -> bool:
        """Whether nobody has taken this request up before; it is taken up now. Raises UnavailableError."""
        with unavailable():
            return bool(await self._redis.set(self._keys.seen(request), 1, nx=True, ex=REMEMBER_SECONDS))


def identity(body: Mapping[str, Any]) -> str | None:
    """What stays the same when Slack sends a request again: an event's id, or the id of a person's act."""
    match body:
        case {"event_id": str(event)}:
            return f"event/{event}"
        case {"trigger_id": str(trigger)}:
            return f"trigger/{trigger}"
        case _:
            return None
