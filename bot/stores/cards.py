"""The port `Cards`: each card in Redis, for some hours after its last event.

A wiped Redis has none: the next event of an inference is posted, unless it is in doubt (see outlets/slack/cards.py).
"""

from collections.abc import Sequence
from typing import Any, cast

import orjson
from redis.asyncio import Redis

from bot.core.cards import Card, CardKey, Stage, Told
from bot.core.delivery import DeliveryId
from bot.core.destination import DestinationId
from bot.core.event import EventKey, Status
from bot.stores.away import unavailable
from bot.stores.keys import Keys


class RedisCards:
    """See the port. `lasting` is in milliseconds."""

    def __init__(self, redis: Redis, keys: Keys, *, lasting: int) -> None:
        self._redis = redis
        self._keys = keys
        self._lasting = lasting

    @property
    def lasting(self) -> int:
        """How long a card is changed in place."""
        return self._lasting

    async def get(self, place: DestinationId, key: CardKey) -> Card | None:
        """The card."""
        with unavailable():
            text: bytes | None = await cast("Any", self._redis.get(self._keys.card(place, key)))
        return None if text is None else card_from_json(text)

    async def living(self, place: DestinationId, keys: Sequence[CardKey]) -> frozenset[CardKey]:
        """Which of these have a card."""
        asked = list(dict.fromkeys(keys))
        with unavailable():
            async with self._redis.pipeline(transaction=False) as pipe:
                for key in asked:
                    pipe.exists(self._keys.card(place, key))
                found = await pipe.execute()
        return frozenset(key for key, there in zip(asked, found, strict=True) if there)

    async def keep(self, place: DestinationId, key: CardKey, card: Card) -> None:
        """Keep it, for as long as it is changed in place."""
        with unavailable():
            await self._redis.set(self._keys.card(place, key), card_json(card), px=self._lasting)


def card_json(card: Card) -> bytes:
    """Write a card. Keys may be added, never renamed: processes of two versions share a Redis."""
    return orjson.dumps(
        {
            "channel": card.channel,
            "ts": card.ts,
            "thread": card.thread,
            "stage": None if card.stage is None else (card.stage.status, card.stage.at),
            "way": [(stage.status, stage.at) for stage in card.way],
            "shown": card.shown,
            "said": card.said,
            "changed": card.changed,
            "told": [(one.delivery, one.event) for one in card.told],
        }
    )


def card_from_json(text: bytes) -> Card:
    """Read what `card_json` wrote."""
    data = orjson.loads(text)
    return Card(
        channel=data["channel"],
        ts=data["ts"],
        thread=data["thread"],
        stage=None if data["stage"] is None else _stage(*data["stage"]),
        way=tuple(_stage(*stage) for stage in data["way"]),
        shown=None if data["shown"] is None else EventKey(data["shown"]),
        said=None if data["said"] is None else Status(data["said"]),
        changed=data["changed"],
        told=tuple(Told(delivery=DeliveryId(delivery), event=event) for delivery, event in data["told"]),
    )


def _stage(status: str, at: int) -> Stage:
    return Stage(status=Status(status), at=at)
