"""The port `Summaries` in Redis: see tell.lua for the keys.

Cost: two scripts for each card that is posted or updated. A list costs its rows (some 200 bytes each) for a week.
"""

import secrets
from collections.abc import Callable, Collection, Sequence
from typing import Any, cast

import orjson
from redis.asyncio import Redis

from bot.core.backoff import HOUR, MINUTE
from bot.core.delivery import DeliveryId, Lane
from bot.core.destination import DestinationId
from bot.core.event import Status
from bot.ports.summaries import ListId, Page, Row, Summary
from bot.stores.away import unavailable
from bot.stores.epoch import Epoch
from bot.stores.keys import Keys
from bot.stores.script import Script

IDLE = 15 * MINUTE
"""Milliseconds after which a card that was not told of is left as it is, and the next backlog gets one of its own."""
IDLE_WINDOW = 24 * HOUR
"""The same of a window's card: however late the rest of a window is, it has one."""
LONGEST = 10 * MINUTE
"""Milliseconds after which a new card is begun, however much still comes: people don't look for news so far up."""
KEEP = 7 * 24 * HOUR
"""Milliseconds that a list is kept."""


class RedisSummaries:
    """See the port. `now` gives the scripts another clock than the server's, for tests."""

    def __init__(
        self,
        redis: Redis,
        keys: Keys,
        *,
        epoch: Epoch | None = None,
        now: Callable[[], int] | None = None,
        name: Callable[[], str] = lambda: secrets.token_hex(16),
    ) -> None:
        self._redis = redis
        self._keys = keys
        self._now = now
        self._name = name
        self._tell = Script(redis, "tell", "begin", epoch=epoch)
        self._shown = Script(redis, "shown", epoch=epoch)

    async def tell(
        self, lane: Lane, place: DestinationId, rows: Sequence[Row], *, window: int, aside: Collection[DeliveryId]
    ) -> Summary:
        """Take deliveries in; see tell.lua."""
        told = [(row.delivery, row.status, int(row.delivery in aside), _json(row)) for row in rows]
        answer = await self._tell(
            [],
            [
                *(self._clock(), _idle(window), KEEP if window else LONGEST, KEEP, self._keys.prefix, lane, window),
                *(self._name(), place),
                *(len(told), *(part for each in told for part in each)),
            ],
        )
        name, channel, ts, since, inside, counts, newest, last = answer
        return Summary(
            lane=lane,
            window=window,
            list=ListId(name.decode()),
            channel=channel.decode() or None,
            ts=ts.decode() or None,
            since=int(since),
            counts={Status(status.decode()): many for status, many in zip(counts[::2], counts[1::2], strict=True)},
            newest=tuple(_row(row) for row in newest),
            told=inside,
            last=tuple(DeliveryId(one.decode()) for one in last),
        )

    async def shown(self, summary: Summary, channel: str, ts: str, *, over: bool) -> None:
        """Note what the card shows; see shown.lua."""
        await self._shown(
            [],
            [
                *(_idle(summary.window), self._keys.prefix, summary.lane, summary.list),
                *(channel, ts, summary.told, int(over)),
            ],
        )

    async def living(self, lane: Lane) -> Summary | None:
        """The lane's summary, as far as its own key tells."""
        with unavailable():
            fields = ("list", "window", "channel", "ts")
            found = await cast("Any", self._redis.hmget(self._keys.summary(lane), fields))
        name, window, channel, ts = (None if each is None else each.decode() for each in found)
        if name is None or window is None:
            return None
        return Summary(lane=lane, window=int(window), list=ListId(name), channel=channel, ts=ts, since=0)

    async def surely_told(self, name: ListId, deliveries: Sequence[DeliveryId]) -> frozenset[DeliveryId]:
        """Those below the number that was noted as shown."""
        if not deliveries:
            return frozenset()
        with unavailable():
            async with self._redis.pipeline(transaction=True) as pipe:
                pipe.hget(self._keys.list(name), "told")
                pipe.zmscore(self._keys.list(name, "inside"), list(deliveries))
                told, numbers = await pipe.execute()
        shown = int(told or 0)
        return frozenset(
            one for one, number in zip(deliveries, numbers, strict=True) if number is not None and number < shown
        )

    async def known(self, name: ListId) -> int:
        """How many its card tells."""
        with unavailable():
            many: int = await cast("Any", self._redis.zcard(self._keys.list(name, "inside")))
        return many

    async def page(self, name: ListId, *, begin: int, count: int) -> Page | None:
        """Rows in the order of telling."""
        k = self._keys
        with unavailable():
            async with self._redis.pipeline(transaction=True) as pipe:
                pipe.hmget(k.list(name), "place", "channel")
                pipe.zcard(k.list(name, "order"))
                pipe.zrange(k.list(name, "order"), begin, begin + count - 1)
                (place, channel), total, ids = await pipe.execute()
            rows = await cast("Any", self._redis.hmget(k.list(name, "rows"), ids)) if ids else []
        if place is None:
            return None
        return Page(
            place=DestinationId(place.decode()),
            channel=(channel or b"").decode(),
            rows=tuple(_row(row) for row in rows if row is not None),
            total=total,
        )

    def _clock(self) -> str:
        return "" if self._now is None else str(self._now())


def _idle(window: int) -> int:
    return IDLE_WINDOW if window else IDLE


def _json(row: Row) -> bytes:
    return orjson.dumps([row.delivery, row.status, row.title, row.model, row.link])


def _row(text: bytes) -> Row:
    delivery, status, title, model, link = orjson.loads(text)
    return Row(delivery=DeliveryId(delivery), status=Status(status), title=title, model=model, link=link)
