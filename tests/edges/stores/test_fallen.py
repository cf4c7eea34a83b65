"""Dead letters in short: the newest first, each once, for a week, of one workspace; never in a burial's way."""

from dataclasses import dataclass, field
from typing import Any

from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

from bot.core.cloudevent import encode
from bot.core.delivery import Attempt, Bury, Delivery, DeliveryId, Lane, delivery_id
from bot.core.destination import DestinationId, SlackChannel, destination_id
from bot.core.looks import Fallen
from bot.ports.outlet import Item
from bot.stores.fallen import KEPT, WEEK, NotedLetters, RedisRecentLetters
from bot.stores.keys import Keys
from tests.core.examples import event

NOW = 1_700_000_000_000
CHANNEL = SlackChannel(team="T1", channel="C1")


@dataclass
class Topic:
    """The dead-letter topic."""

    buried_ids: list[DeliveryId] = field(default_factory=list)

    async def unreadable(self, *_: Any, **__: Any) -> None:
        raise NotImplementedError

    async def buried(self, item: Item, *_: Any, **__: Any) -> None:
        self.buried_ids.append(item.delivery.id)

    async def close(self, *_: Any) -> None:
        raise NotImplementedError


def fallen(number: int, *, at: int = NOW, team: str = "T1") -> Fallen:
    return Fallen(
        delivery=DeliveryId(f"{number:032}"), place=DestinationId(f"slack/{team}/C1"), reason="msg_too_long", at=at
    )


def item() -> Item:
    said = event()
    place = destination_id(CHANNEL)
    made = Delivery(id=delivery_id(said.key, place), event=said.key, destination=place, appended=NOW)
    return Item(delivery=made, body=encode(said))


async def test_the_newest_come_first_and_each_once(redis: Redis, keys: Keys) -> None:
    recent = RedisRecentLetters(redis, keys, now=lambda: NOW + 10)
    for one in (fallen(1, at=NOW), fallen(2, at=NOW + 1), fallen(1, at=NOW + 2), fallen(3, team="T2")):
        await recent.note(one)
    assert await recent.newest("T1") == (fallen(1, at=NOW + 2), fallen(2, at=NOW + 1))


async def test_no_more_than_a_hundred_are_kept_and_none_longer_than_a_week(redis: Redis, keys: Keys) -> None:
    for number in range(KEPT + 5):
        await RedisRecentLetters(redis, keys, now=lambda: NOW).note(fallen(number, at=NOW + number))
    found = await RedisRecentLetters(redis, keys, now=lambda: NOW + WEEK + 50).newest("T1")
    assert [one.at - NOW for one in found] == list(range(KEPT + 4, 50, -1))
    assert 0 < await redis.pttl(keys.fallen("T1")) <= WEEK


async def test_a_burial_is_noted_once_kafka_has_it(redis: Redis, keys: Keys) -> None:
    recent, topic = RedisRecentLetters(redis, keys, now=lambda: NOW), Topic()
    one = item()
    why = Bury(reason="msg_too_long", attempt=Attempt(at=NOW, outcome="refused"))
    await NotedLetters(topic, recent, now=lambda: NOW).buried(one, CHANNEL, why, lane=Lane("slack/T1/C1"))
    assert topic.buried_ids == [one.delivery.id]
    (found,) = await recent.newest("T1")
    assert (found.delivery, found.place, found.reason) == (one.delivery.id, "slack/T1/C1", "msg_too_long")


async def test_a_redis_that_is_away_keeps_nobody_from_burying(keys: Keys) -> None:
    topic, one = Topic(), item()
    why = Bury(reason="gone", attempt=Attempt(at=NOW, outcome="refused"))
    async with Redis(unix_socket_path="/nonexistent/redis.sock", retry=Retry(NoBackoff(), 0)) as nowhere:
        noted = NotedLetters(topic, RedisRecentLetters(nowhere, keys, now=lambda: NOW), now=lambda: NOW)
        await noted.buried(one, CHANNEL, why, lane=Lane("slack/T1/C1"))
    assert topic.buried_ids == [one.delivery.id]
