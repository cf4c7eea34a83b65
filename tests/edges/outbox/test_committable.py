"""What may be committed to Kafka, and what stays in Redis once all is settled."""

from redis.asyncio import Redis

from bot.core.delivery import Bury, Done, delivery_id
from bot.core.destination import destination_id
from bot.core.event import event_key
from bot.ports.outbox import Arrival, Behind
from bot.stores.keys import Keys
from bot.stores.outbox import RedisOutbox
from tests.edges.outbox.dealings import EVALS, FRAUD, HOOK, LIMITS, T0, append, arrival, attempt, lease, settle_all


async def test_nothing_is_committed_above_the_watermark_nor_of_a_partition_that_waits_for_a_person(
    outbox: RedisOutbox,
) -> None:
    await append(outbox, arrival(7, FRAUD))
    assert await outbox.partitions.committable("events", 0) == 7
    await outbox.partitions.enter("events", 0, 3, force=True)
    assert await outbox.partitions.committable("events", 0) == 3
    await outbox.partitions.enter("events", 0, -1, force=True)
    assert await outbox.partitions.committable("events", 0) is None
    assert await append(outbox, arrival(4, EVALS), read_from=4) == Behind(watermark=-1)


async def test_only_settled_events_may_be_committed(outbox: RedisOutbox) -> None:
    assert await outbox.partitions.committable("events", 0) is None
    await append(outbox, arrival(3, FRAUD), arrival(4, FRAUD, HOOK), Arrival(offset=5))
    assert await outbox.partitions.committable("events", 0) == 3
    slack, hook = sorted(await lease(outbox), key=lambda leased: leased.lane)
    await settle_all(outbox, slack, Done(reference="x"))
    assert await outbox.partitions.committable("events", 0) == 4
    await settle_all(outbox, hook, Bury(reason="gone", attempt=attempt()))
    assert await outbox.partitions.committable("events", 0) == 6


async def test_nothing_but_the_memory_of_ids_stays_once_all_is_settled(
    outbox: RedisOutbox, redis: Redis, keys: Keys
) -> None:
    await append(outbox, arrival(0, FRAUD, HOOK), arrival(1, FRAUD))
    for leased in await lease(outbox):
        await settle_all(outbox, leased, Done(reference="x"), due=0)
    left = {
        key.decode().removeprefix(keys.prefix).partition(":")[0] async for key in redis.scan_iter(f"{keys.prefix}*")
    }
    assert left == {"watermarks", "destinations", "waiting", "fence", "pulse", "delivery"}
    assert await redis.get(keys.waiting) == b"0"
    key = keys.delivery(delivery_id(event_key("test", "e0"), destination_id(FRAUD)))
    assert 0 < await redis.pttl(key) <= LIMITS.remember


async def test_a_parked_delivery_holds_back_no_commit_and_leaves_the_journal_once_settled(
    outbox: RedisOutbox, redis: Redis, keys: Keys
) -> None:
    await append(outbox, arrival(0, FRAUD), arrival(1, FRAUD))
    outbox.now = T0 + 1_000
    assert await outbox.partitions.overdue("events", 0, age=1_001, limit=10) == ()
    overdue = await outbox.partitions.overdue("events", 0, age=1_000, limit=1)
    assert [(one.position.offset, one.body, one.destination) for one in overdue] == [(0, b"body 0", FRAUD)]
    identity = overdue[0].delivery.id
    assert await outbox.partitions.park([identity]) == ()
    assert await outbox.partitions.committable("events", 0) == 1
    assert (await outbox.state()).parked == 1
    (leased,) = await lease(outbox)
    await settle_all(outbox, leased, Done(reference="x"), due=0)
    assert await outbox.partitions.unparked(10) == (identity,)
    assert await outbox.partitions.park([identity]) == (identity,)
    await outbox.partitions.forget_parked([identity])
    assert await redis.exists(keys.parked, keys.unparked) == 0
