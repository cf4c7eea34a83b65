"""Ingest on a real broker and a real outbox."""

import pytest
from redis.asyncio import Redis

from bot.core.destination import SlackChannel, Webhook
from bot.stores.keys import Keys
from bot.stores.outbox import Limits, RedisOutbox
from tests.walk.parts import cloudevent, eventually, records, subscription
from tests.walk.rig import Rig

CHANNEL = SlackChannel(team="T1", channel="C1")
HOOK = Webhook(team="T1", url="https://example.com/hook")


async def test_a_record_becomes_a_delivery_for_each_place_that_wants_it(rig: Rig) -> None:
    await rig.subscriptions.save(subscription("s1", CHANNEL, "status:failed"))
    await rig.subscriptions.save(subscription("s2", HOOK))
    await rig.publish(cloudevent(1, status="failed"), cloudevent(2))
    async with rig.ingesting():
        await rig.waiting(3)
    assert rig.metrics.records.labels("event")._value.get() == 2
    assert rig.metrics.deliveries_appended._value.get() == 3


async def test_what_was_published_before_the_group_existed_is_not_skipped(rig: Rig) -> None:
    await rig.subscriptions.save(subscription("s1", CHANNEL))
    await rig.publish(*(cloudevent(number) for number in range(5)))
    async with rig.ingesting():
        await rig.waiting(5)


async def test_a_restart_reads_nothing_twice_and_misses_nothing(rig: Rig) -> None:
    await rig.subscriptions.save(subscription("s1", CHANNEL))
    await rig.publish(cloudevent(1))
    async with rig.ingesting():
        await rig.read_to(1)
    await rig.publish(cloudevent(2))
    async with rig.ingesting():
        await rig.read_to(2)
    assert (await rig.outbox.state()).deliveries == 2
    assert rig.metrics.records.labels("replayed")._value.get() == 0


async def test_an_unreadable_record_goes_to_the_dead_letters_with_its_bytes_and_the_stream_goes_on(rig: Rig) -> None:
    await rig.subscriptions.save(subscription("s1", CHANNEL))
    await rig.publish(b"\xff not json", None, cloudevent(1))
    async with rig.ingesting():
        await rig.waiting(1)
    first, second = await records(rig.address, rig.dead, 2)
    headers = dict(first.headers)
    assert first.value == b"\xff not json"
    assert headers["tidings-kind"] == b"unreadable"
    assert headers["tidings-position"] == f"{rig.topic}/0@0".encode()
    assert headers["tidings-reason"]
    assert second.value is None
    assert rig.metrics.records.labels("unreadable")._value.get() == 2


async def test_a_producers_retry_is_delivered_once(rig: Rig) -> None:
    await rig.subscriptions.save(subscription("s1", CHANNEL))
    await rig.publish(cloudevent(1), cloudevent(1))
    await rig.publish(cloudevent(1), partition=1)
    async with rig.ingesting():
        await rig.read_to(2)
        await rig.read_to(1, partition=1)
    assert (await rig.outbox.state()).deliveries == 1
    assert rig.metrics.deliveries_known._value.get() == 2


async def test_a_subscription_takes_effect_with_the_next_event(rig: Rig) -> None:
    await rig.subscriptions.save(subscription("s1", HOOK, "model:other"))
    async with rig.ingesting():
        await rig.publish(cloudevent(1))
        await rig.read_to(1)
        await rig.subscriptions.save(subscription("s2", CHANNEL))
        await rig.publish(cloudevent(2))
        await rig.read_to(2)
        assert (await rig.outbox.state()).deliveries == 1
        await rig.subscriptions.remove(subscription("s2", CHANNEL).id)
        await rig.publish(cloudevent(3))
        await rig.read_to(3)
    assert (await rig.outbox.state()).deliveries == 1


async def test_only_what_is_settled_is_committed_to_kafka(rig: Rig) -> None:
    await rig.subscriptions.save(subscription("s1", CHANNEL))
    await rig.publish(cloudevent(1), cloudevent(2))
    async with rig.ingesting() as ingest:
        await rig.waiting(2)
        await ingest.commit()
        assert await rig.committed() in {None, 0}
        assert len(await rig.drain()) == 2
        await ingest.commit()
        assert await rig.committed() == 2


async def test_an_outbox_that_went_back_in_time_gets_the_gap_again(rig: Rig, redis: Redis, keys: Keys) -> None:
    await rig.subscriptions.save(subscription("s1", CHANNEL))
    await rig.publish(*(cloudevent(number) for number in range(4)))
    async with rig.ingesting():
        await rig.read_to(4)
        former = [key async for key in redis.scan_iter(f"{keys.prefix}*")]
        await redis.delete(*(key for key in former if b"subscriptions" not in key))
        await redis.hset(keys.watermarks, f"{rig.topic}/0", "2")
        await rig.publish(cloudevent(4))
        await rig.read_to(5)
    assert sorted(body[body.index(b'"id":"e') :][6:8] for body in await rig.drain()) == [b"e2", b"e3", b"e4"]


async def test_an_outbox_that_forgot_everything_gets_it_again_though_nothing_new_comes(
    rig: Rig, redis: Redis, keys: Keys
) -> None:
    await rig.subscriptions.save(subscription("s1", CHANNEL))
    async with rig.ingesting():
        await rig.publish(cloudevent(1), cloudevent(2))
        await rig.waiting(2)
        kept = {keys.subscriptions, keys.subscriptions_version}
        gone = [key async for key in redis.scan_iter(f"{keys.prefix}*") if key.decode() not in kept]
        await redis.delete(*gone)
        await rig.waiting(2)
        await rig.read_to(2)


async def test_two_members_share_the_partitions_and_neither_loses_nor_repeats(rig: Rig) -> None:
    await rig.subscriptions.save(subscription("s1", HOOK))
    async with rig.ingesting():
        await rig.publish(*(cloudevent(number) for number in range(10)))
        async with rig.ingesting():
            await rig.publish(*(cloudevent(number) for number in range(10, 20)), partition=1)
            await rig.publish(*(cloudevent(number) for number in range(20, 30)))
            await rig.waiting(30)
        await rig.publish(*(cloudevent(number) for number in range(30, 40)), partition=1)
        await rig.waiting(40)
    assert rig.metrics.deliveries_known._value.get() == 0


@pytest.mark.parametrize(("limits", "why"), [(Limits(most=3), "full"), (Limits(most_a_lane=3), "lane slack/T1/")])
async def test_a_full_outbox_pauses_ingest_until_something_has_left(
    rig: Rig, redis: Redis, keys: Keys, limits: Limits, why: str
) -> None:
    rig.outbox = RedisOutbox(redis, keys, limits)
    await rig.subscriptions.save(subscription("s1", CHANNEL))
    async with rig.ingesting() as ingest:
        await rig.publish(*map(cloudevent, range(3)))
        await rig.waiting(3)
        await rig.publish(cloudevent(3))
        await eventually(lambda: why in (ingest.waiting_for or ""))
        assert rig.metrics.ingest_waiting._value.get() == 1
        assert await rig.outbox.partitions.watermark(rig.topic, 0) == 3
        assert len(await rig.drain()) == 3
        await rig.waiting(1)
        await eventually(lambda: ingest.waiting_for is None)
    assert rig.metrics.ingest_waiting._value.get() == 0


async def test_redis_going_away_pauses_ingest_and_it_says_why(rig: Rig, redis: Redis) -> None:
    await rig.subscriptions.save(subscription("s1", CHANNEL))
    async with rig.ingesting() as ingest:
        await rig.publish(cloudevent(1))
        await rig.read_to(1)
        await redis.config_set("maxmemory", "1")
        try:
            await rig.publish(cloudevent(2))
            await eventually(lambda: ingest.waiting_for is not None)
            assert "Redis" in (ingest.waiting_for or "")
        finally:
            await redis.config_set("maxmemory", "0")
        await rig.read_to(2)
        await eventually(lambda: ingest.waiting_for is None)
    assert (await rig.outbox.state()).deliveries == 2
