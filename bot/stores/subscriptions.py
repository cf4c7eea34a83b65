"""Everyone's subscriptions, in Redis: one hash, two kinds of index sets, and a version that every change moves.

A change is done when the journal has it, too (unwritten.py).

Cost: a change is one script; `of_owner` and `of_destination` read only what they return. `snapshot` reads everything
(10,000 subscriptions are about 3 MB) but parses only what changed since the last one.
"""

import asyncio
from collections.abc import Iterable
from typing import Any, cast

import structlog
from redis.asyncio import Redis

from bot.core.destination import DestinationId
from bot.core.errors import TidingsError
from bot.core.subscription import Subscription, SubscriptionId
from bot.stores.away import unavailable
from bot.stores.codec import subscription_from_json, subscription_json
from bot.stores.epoch import Epoch
from bot.stores.journal import Entry, KafkaJournal
from bot.stores.keys import Keys
from bot.stores.script import Script
from bot.stores.unwritten import Unwritten

PARSED_AT_ONCE = 200

log = structlog.get_logger()


class RedisSubscriptions:
    """The port `Subscriptions`. Any number of processes may share it; each method raises UnavailableError."""

    def __init__(
        self, redis: Redis, keys: Keys, *, epoch: Epoch | None = None, journal: KafkaJournal | None = None
    ) -> None:
        self._redis = redis
        self._keys = keys
        self._parsed: dict[bytes, Subscription | None] = {}
        self._subscribe = Script(redis, "subscribe", epoch=epoch)
        self._unsubscribe = Script(redis, "unsubscribe", epoch=epoch)
        self._unwritten = Unwritten(
            redis,
            version=keys.subscriptions_version,
            notes=keys.subscriptions_unwritten,
            place_of=lambda subscription: (keys.subscriptions, subscription),
            epoch=epoch,
            journal=journal,
        )

    async def version(self) -> int:
        """Grows with every change; 0 before the first."""
        return await self._unwritten.version()

    async def snapshot(self) -> tuple[int, tuple[Subscription, ...]]:
        """All subscriptions, oldest first, and the version they are of."""
        with unavailable():
            async with self._redis.pipeline(transaction=True) as pipe:
                pipe.get(self._keys.subscriptions_version)
                pipe.hvals(self._keys.subscriptions)
                version, texts = await pipe.execute()
        parsed: dict[bytes, Subscription | None] = {}
        for number, text in enumerate(texts):
            if number % PARSED_AT_ONCE == PARSED_AT_ONCE - 1:
                await asyncio.sleep(0)  # thousands of filters take long enough for others to need the loop
            parsed[text] = self._parsed[text] if text in self._parsed else _read(text)
        self._parsed = parsed
        return int(version or 0), _oldest_first(parsed.values())

    async def get(self, subscription: SubscriptionId) -> Subscription | None:
        """One by id."""
        with unavailable():
            text: bytes | None = await cast("Any", self._redis.hget(self._keys.subscriptions, subscription))
        return None if text is None else _read(text)

    async def of_owner(self, team: str, user: str) -> tuple[Subscription, ...]:
        """Those that a person owns, oldest first."""
        return await self._listed(self._keys.subscriptions_of(team, user))

    async def of_destination(self, destination: DestinationId) -> tuple[Subscription, ...]:
        """Those that lead to a place, oldest first."""
        return await self._listed(self._keys.subscriptions_at(destination))

    async def add(self, subscription: Subscription) -> Subscription | None:
        """Add it unless there is an equal one; see the port."""
        answer = await self._write(subscription, new=True)
        return None if answer[0] == b"taken" else subscription_from_json(answer[1])

    async def save(self, subscription: Subscription) -> None:
        """Add it, or replace the one with its id."""
        await self._write(subscription, new=False)

    async def remove(self, subscription: SubscriptionId) -> bool:
        """Forget it; whether it was there."""
        was_there = bool(await self._unsubscribe(self._changed(), [self._keys.prefix, subscription]))
        await self._unwritten.tell(subscription)
        return was_there

    async def flush(self) -> None:
        """Write to the journal what it has not seen yet, of changes whose writer died."""
        await self._unwritten.flush()

    async def restore(self, entries: Iterable[Entry]) -> int:
        """Take over what the journal knows better; returns how many. For a recovery: nobody else changes anything."""
        return await self._unwritten.restore(entries, self._take_over)

    async def _take_over(self, entry: Entry) -> None:
        if entry.value is None:
            await self._unsubscribe(self._changed(), [self._keys.prefix, entry.key])
        else:
            await self._subscribe(self._changed(), [self._keys.prefix, entry.key, entry.value, 0])

    async def _write(self, subscription: Subscription, *, new: bool) -> Any:
        values: list[str | int] = [self._keys.prefix, subscription.id, subscription_json(subscription), int(new)]
        answer = await self._subscribe(self._changed(), values)
        await self._unwritten.tell(subscription.id)
        return answer

    async def _listed(self, index: str) -> tuple[Subscription, ...]:
        with unavailable():
            ids = await cast("Any", self._redis.smembers(index))
            texts = await cast("Any", self._redis.hmget(self._keys.subscriptions, list(ids))) if ids else []
        return _oldest_first(_read(text) for text in texts if text is not None)

    def _changed(self) -> list[str]:
        k = self._keys
        return [k.subscriptions, k.subscriptions_version, k.subscriptions_unwritten]


def _read(text: bytes) -> Subscription | None:
    """One that a newer version wrote in words unknown here must not keep the others from working."""
    try:
        return subscription_from_json(text)
    except (ValueError, LookupError, TypeError, TidingsError) as error:
        log.error("subscription_unreadable", beginning=text[:16], reason=str(error))  # noqa: TRY400 (says it all)
        return None


def _oldest_first(subscriptions: Iterable[Subscription | None]) -> tuple[Subscription, ...]:
    known = (one for one in subscriptions if one is not None)
    return tuple(sorted(known, key=lambda one: (one.created, one.id)))
