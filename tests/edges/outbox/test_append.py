"""Batches of records enter the outbox: each delivery once, and none without room for it."""

from dataclasses import replace

import pytest
from redis.asyncio import Redis

from bot.core.delivery import Done, Lane
from bot.core.destination import destination_id
from bot.core.event import event_key
from bot.ports.outbox import Arrival, Behind, Entered, Full, Stale
from bot.stores.keys import Keys
from bot.stores.outbox import Limits, RedisOutbox
from tests.edges.outbox.dealings import EVALS, FRAUD, HOOK, T0, append, arrival, lease, settle_all


async def test_records_below_the_watermark_are_skipped(outbox: RedisOutbox) -> None:
    await append(outbox, arrival(0, FRAUD), arrival(4, FRAUD))
    assert await outbox.partitions.watermark("events", 0) == 5
    assert await append(outbox, arrival(4, FRAUD), arrival(5, FRAUD)) == Entered(appended=1, known=0, replayed=1)
    assert await outbox.partitions.watermark("events", 0) == 6


async def test_the_watermark_moves_past_records_that_nobody_wants(outbox: RedisOutbox) -> None:
    await append(outbox, Arrival(offset=7))
    assert await outbox.partitions.watermark("events", 0) == 8
    assert await outbox.partitions.watermark("events", 1) is None
    assert await lease(outbox) == ()


async def test_a_delivery_that_is_known_is_not_made_again_waiting_or_done(outbox: RedisOutbox) -> None:
    await append(outbox, arrival(0, FRAUD, name="same"))
    assert await append(outbox, arrival(1, FRAUD, name="same")) == Entered(appended=0, known=1, replayed=0)
    (leased,) = await lease(outbox)
    await settle_all(outbox, leased, Done(reference="x"))
    again = await append(outbox, arrival(0, FRAUD, EVALS, name="same"), partition=1)
    assert again == Entered(appended=1, known=1, replayed=0)
    assert [leased.destination for leased in await lease(outbox)] == [EVALS]


async def test_old_subscriptions_append_nothing(outbox: RedisOutbox, redis: Redis, keys: Keys) -> None:
    await redis.set(keys.subscriptions_version, 3)
    assert await append(outbox, arrival(0, FRAUD), version=2) == Stale()
    assert await outbox.partitions.watermark("events", 0) is None
    assert await append(outbox, arrival(0, FRAUD), version=3) == Entered(appended=1, known=0, replayed=0)


@pytest.mark.parametrize(("stored", "found"), [(3, 3), (None, None)])
async def test_an_outbox_that_went_back_in_time_leaves_no_gap(
    outbox: RedisOutbox, redis: Redis, keys: Keys, stored: int | None, found: int | None
) -> None:
    if stored is not None:
        await redis.hset(keys.watermarks, "events/0", str(stored))
    assert await append(outbox, arrival(10, FRAUD), read_from=10) == Behind(watermark=found)
    assert await lease(outbox) == ()


async def test_a_partition_is_entered_once_unless_it_is_forced(outbox: RedisOutbox) -> None:
    assert await outbox.partitions.enter("events", 0, 5, force=False) == 5
    assert await outbox.partitions.enter("events", 0, 9, force=False) == 5
    assert await append(outbox, arrival(5, FRAUD), read_from=5) == Entered(appended=1, known=0, replayed=0)
    assert await outbox.partitions.enter("events", 0, 2, force=False) == 6
    assert await outbox.partitions.enter("events", 0, 2, force=True) == 2
    assert await outbox.partitions.watermark("events", 0) == 2
    assert await outbox.partitions.watermark("events", 1) is None


async def test_a_full_lane_takes_nothing_more_and_says_which(redis: Redis, keys: Keys) -> None:
    outbox = RedisOutbox(redis, keys, Limits(most=5, most_a_lane=2), now=T0)
    assert await append(outbox, arrival(0, FRAUD), arrival(1, FRAUD, EVALS)) == Entered(appended=3, known=0, replayed=0)
    assert await append(outbox, arrival(2, EVALS, FRAUD)) == Full(lane=Lane(destination_id(FRAUD)))
    assert await outbox.partitions.watermark("events", 0) == 2
    assert await append(outbox, arrival(1, FRAUD, EVALS)) == Entered(appended=0, known=0, replayed=1)
    assert await append(outbox, arrival(2, EVALS, HOOK)) == Entered(appended=2, known=0, replayed=0)
    assert await append(outbox, arrival(3, HOOK)) == Full(lane=None)


async def test_what_was_read_before_redis_forgot_it_starts_in_doubt(
    outbox: RedisOutbox, redis: Redis, keys: Keys
) -> None:
    await redis.hset(keys.reread, "events/0", f"2:{T0 - 5_000}")
    early, late = (replace(arrival(offset, FRAUD), timestamp=T0 + 1_000) for offset in (1, 2))
    await append(outbox, early, late)
    (leased,) = await lease(outbox)
    assert [delivery.doubt for delivery, _ in leased.deliveries] == [T0 - 5_000, None]
    assert await redis.exists(keys.reread) == 0


async def test_a_large_body_is_kept_once_for_all_its_deliveries_and_goes_with_the_last(
    outbox: RedisOutbox, redis: Redis, keys: Keys
) -> None:
    large = replace(arrival(0, FRAUD, EVALS, HOOK), body=b"x" * 300 * 1024)
    assert await append(outbox, large) == Entered(appended=3, known=0, replayed=0)
    sizes = [await redis.memory_usage(key) or 0 async for key in redis.scan_iter(f"{keys.prefix}*")]
    assert len(large.body) < sum(sizes) < 1.5 * len(large.body)
    assert large.key is not None
    leases = await lease(outbox)
    for number, leased in enumerate(leases, start=1):
        assert leased.deliveries[0][1] == large.body
        await settle_all(outbox, leased, Done(reference="x"), due=0)
        assert bool(await redis.exists(keys.event(large.key))) is (number < len(leases))


async def test_an_append_wakes_a_waiting_worker(outbox: RedisOutbox) -> None:
    async with outbox.wakes() as wakes:
        await append(outbox, arrival(0, FRAUD))
        await wakes.wait(60)
        await wakes.wait(0.01)


async def test_two_events_with_one_body_share_it_and_forget_it_together(
    outbox: RedisOutbox, redis: Redis, keys: Keys
) -> None:
    await append(outbox, arrival(0, FRAUD, HOOK))
    key = keys.event(event_key("test", "e0"))
    assert await redis.hgetall(key) == {b"refs": b"2", b"body": b"body 0"}
    slack, hook = sorted(await lease(outbox), key=lambda leased: leased.lane)
    await settle_all(outbox, slack, Done(reference="x"))
    assert await redis.hget(key, "refs") == b"1"
    await settle_all(outbox, hook, Done(reference="x"))
    assert await redis.exists(key) == 0
