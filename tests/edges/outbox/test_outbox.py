"""The outbox scripts on a real Valkey: one clock in the test's hand, no waiting."""

from dataclasses import replace

import pytest
from redis.asyncio import Redis

from bot.core.delivery import (
    Attempt,
    Bury,
    Cool,
    DeliveryId,
    Done,
    Lane,
    Pause,
    Retry,
    Scope,
    Step,
    delivery_id,
)
from bot.core.destination import Destination, SlackChannel, Webhook, destination_id
from bot.core.errors import UnavailableError
from bot.core.event import EventKey, event_key
from bot.core.routing import Routed
from bot.ports import Arrival, Behind, Entered, Full, Leased, Stale
from bot.stores.keys import Keys
from bot.stores.outbox import Limits, RedisOutbox

T0 = 1_700_000_000_000
FRAUD = SlackChannel(team="T1", channel="C1")
EVALS = SlackChannel(team="T1", channel="C2")
HOOK = Webhook(team="T1", url="https://example.com/hook")
LIMITS = Limits(lease=10_000, remember=60_000, run=3, shards=2)
KINDS = ("slack", "webhook")


@pytest.fixture
def outbox(redis: Redis, keys: Keys) -> RedisOutbox:
    return RedisOutbox(redis, keys, LIMITS, now=T0)


def routed(key: EventKey, destination: Destination, shard: int | None = None) -> Routed:
    place = destination_id(destination)
    lane = Lane(place if shard is None else f"{place}#{shard}")
    return Routed(delivery=delivery_id(key, place), lane=lane, destination=destination, subscriptions=())


def arrival(offset: int, *destinations: Destination, name: str | None = None) -> Arrival:
    key = event_key("test", name or f"e{offset}")
    return Arrival(
        offset=offset, key=key, body=f"body {offset}".encode(), routed=tuple(routed(key, d) for d in destinations)
    )


async def append(
    outbox: RedisOutbox, *arrivals: Arrival, partition: int = 0, version: int = 0, read_from: int | None = None
) -> object:
    return await outbox.append("events", partition, arrivals, version=version, read_from=read_from)


async def lease(outbox: RedisOutbox, lanes: int = 10) -> tuple[Leased, ...]:
    return (await outbox.lease("worker", lanes=lanes, kinds=KINDS)).lanes


async def settle_all(outbox: RedisOutbox, leased: Leased, step: Step, due: int = T0) -> bool:
    steps: dict[DeliveryId, Step | None] = {delivery.id: step for delivery, _ in leased.deliveries}
    return (await outbox.settle(leased, steps, due=due)).held


def bodies(leased: Leased) -> list[str]:
    return [body.decode() for _, body in leased.deliveries]


def attempt(reason: str = "boom") -> Attempt:
    return Attempt(at=T0, outcome="failed", reason=reason)


async def test_a_delivery_is_leased_with_its_events_body(outbox: RedisOutbox) -> None:
    assert await append(outbox, arrival(0, FRAUD)) == Entered(appended=1, known=0, replayed=0)
    (leased,) = await lease(outbox)
    ((delivery, body),) = leased.deliveries
    assert body == b"body 0"
    assert leased.destination == FRAUD
    assert leased.until == T0 + LIMITS.lease
    assert (delivery.appended, delivery.attempts, delivery.doubt, delivery.history) == (T0, 0, None, ())
    assert delivery.id == delivery_id(event_key("test", "e0"), destination_id(FRAUD))


async def test_a_lane_is_held_by_one_worker_at_a_time(outbox: RedisOutbox) -> None:
    await append(outbox, arrival(0, FRAUD), arrival(1, FRAUD))
    assert len(await lease(outbox)) == 1
    assert await lease(outbox) == ()


async def test_deliveries_of_a_lane_come_first_in_first_out_and_as_many_as_a_run_allows(outbox: RedisOutbox) -> None:
    await append(outbox, *(arrival(offset, FRAUD) for offset in range(5)))
    (leased,) = await lease(outbox)
    assert bodies(leased) == ["body 0", "body 1", "body 2"]
    assert await settle_all(outbox, leased, Done(reference="x"))
    (leased,) = await lease(outbox)
    assert bodies(leased) == ["body 3", "body 4"]


async def test_a_webhook_gets_one_delivery_at_a_time(outbox: RedisOutbox) -> None:
    await append(outbox, arrival(0, HOOK), arrival(1, HOOK))
    (leased,) = await lease(outbox)
    assert bodies(leased) == ["body 0"]


async def test_a_worker_that_asks_for_more_keeps_the_lane_and_gets_the_next_begun(outbox: RedisOutbox) -> None:
    await append(outbox, arrival(0, HOOK), arrival(1, HOOK))
    (leased,) = await lease(outbox)
    settled = await outbox.settle(leased, {leased.deliveries[0][0].id: Done(reference="200")}, due=T0, more=True)
    assert (settled.held, settled.until) == (True, T0 + LIMITS.lease)
    assert [body for _, body in settled.next] == [b"body 1"]
    assert await lease(outbox) == ()


async def test_the_last_settled_delivery_gives_the_lane_back_though_more_was_asked(outbox: RedisOutbox) -> None:
    await append(outbox, arrival(0, HOOK))
    (leased,) = await lease(outbox)
    settled = await outbox.settle(leased, {leased.deliveries[0][0].id: Done(reference="200")}, due=T0, more=True)
    assert settled.next == ()
    await append(outbox, arrival(1, HOOK))
    assert [bodies(again) for again in await lease(outbox)] == [["body 1"]]


async def test_records_below_the_watermark_are_skipped(outbox: RedisOutbox) -> None:
    await append(outbox, arrival(0, FRAUD), arrival(4, FRAUD))
    assert await outbox.watermark("events", 0) == 5
    assert await append(outbox, arrival(4, FRAUD), arrival(5, FRAUD)) == Entered(appended=1, known=0, replayed=1)
    assert await outbox.watermark("events", 0) == 6


async def test_the_watermark_moves_past_records_that_nobody_wants(outbox: RedisOutbox) -> None:
    await append(outbox, Arrival(offset=7))
    assert await outbox.watermark("events", 0) == 8
    assert await outbox.watermark("events", 1) is None
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
    assert await outbox.watermark("events", 0) is None
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
    assert await outbox.enter("events", 0, 5, force=False) == 5
    assert await outbox.enter("events", 0, 9, force=False) == 5
    assert await append(outbox, arrival(5, FRAUD), read_from=5) == Entered(appended=1, known=0, replayed=0)
    assert await outbox.enter("events", 0, 2, force=False) == 6
    assert await outbox.enter("events", 0, 2, force=True) == 2
    assert await outbox.watermark("events", 0) == 2
    assert await outbox.watermark("events", 1) is None


async def test_nothing_is_committed_above_the_watermark_nor_of_a_partition_that_waits_for_a_person(
    outbox: RedisOutbox,
) -> None:
    await append(outbox, arrival(7, FRAUD))
    assert await outbox.committable("events", 0) == 7
    await outbox.enter("events", 0, 3, force=True)
    assert await outbox.committable("events", 0) == 3
    await outbox.enter("events", 0, -1, force=True)
    assert await outbox.committable("events", 0) is None
    assert await append(outbox, arrival(4, EVALS), read_from=4) == Behind(watermark=-1)


async def test_only_settled_events_may_be_committed(outbox: RedisOutbox) -> None:
    assert await outbox.committable("events", 0) is None
    await append(outbox, arrival(3, FRAUD), arrival(4, FRAUD, HOOK), Arrival(offset=5))
    assert await outbox.committable("events", 0) == 3
    slack, hook = sorted(await lease(outbox), key=lambda leased: leased.lane)
    await settle_all(outbox, slack, Done(reference="x"))
    assert await outbox.committable("events", 0) == 4
    await settle_all(outbox, hook, Bury(reason="gone", attempt=attempt()))
    assert await outbox.committable("events", 0) == 6


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


async def test_a_full_lane_takes_nothing_more_and_says_which(redis: Redis, keys: Keys) -> None:
    outbox = RedisOutbox(redis, keys, Limits(most=5, most_a_lane=2), now=T0)
    assert await append(outbox, arrival(0, FRAUD), arrival(1, FRAUD, EVALS)) == Entered(appended=3, known=0, replayed=0)
    assert await append(outbox, arrival(2, EVALS, FRAUD)) == Full(lane=Lane(destination_id(FRAUD)))
    assert await outbox.watermark("events", 0) == 2
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


async def test_a_parked_delivery_holds_back_no_commit_and_leaves_the_journal_once_settled(
    outbox: RedisOutbox, redis: Redis, keys: Keys
) -> None:
    await append(outbox, arrival(0, FRAUD), arrival(1, FRAUD))
    outbox.now = T0 + 1_000
    assert await outbox.overdue("events", 0, age=1_001, limit=10) == ()
    overdue = await outbox.overdue("events", 0, age=1_000, limit=1)
    assert [(one.position.offset, one.body, one.destination) for one in overdue] == [(0, b"body 0", FRAUD)]
    identity = overdue[0].delivery.id
    assert await outbox.park([identity]) == ()
    assert await outbox.committable("events", 0) == 1
    assert (await outbox.state()).parked == 1
    (leased,) = await lease(outbox)
    await settle_all(outbox, leased, Done(reference="x"), due=0)
    assert await outbox.unparked(10) == (identity,)
    assert await outbox.park([identity]) == (identity,)
    await outbox.forget_parked([identity])
    assert await redis.exists(keys.parked, keys.unparked) == 0


async def test_settling_again_after_a_lost_answer_changes_nothing_more(outbox: RedisOutbox) -> None:
    await append(outbox, arrival(0, HOOK), arrival(1, HOOK))
    (leased,) = await lease(outbox)
    steps: dict[DeliveryId, Step | None] = {leased.deliveries[0][0].id: Done(reference="x")}
    first = await outbox.settle(leased, steps, due=0, more=True)
    again = await outbox.settle(leased, steps, due=0, more=True)
    assert (first.held, again.held) == (True, True)
    assert [delivery.id for delivery, _ in again.next] == [delivery.id for delivery, _ in first.next]
    assert (await outbox.state()).deliveries == 1


async def test_a_retry_keeps_its_place_and_counts(outbox: RedisOutbox) -> None:
    await append(outbox, arrival(0, HOOK), arrival(1, HOOK))
    (leased,) = await lease(outbox)
    await settle_all(outbox, leased, Retry(at=T0 + 500, attempt=attempt("first")))
    assert await lease(outbox) == ()
    assert await outbox.next_due() == T0 + 500
    outbox.now = T0 + 500
    (leased,) = await lease(outbox)
    ((delivery, body),) = leased.deliveries
    assert (body, delivery.attempts, delivery.doubt) == (b"body 0", 1, None)
    assert delivery.history == (attempt("first"),)
    await settle_all(outbox, leased, Retry(at=T0 + 900, attempt=attempt("second"), doubt=True))
    outbox.now = T0 + 900
    (leased,) = await lease(outbox)
    delivery = leased.deliveries[0][0]
    assert (delivery.attempts, delivery.doubt) == (2, T0 + 500)
    assert delivery.history == (attempt("first"), attempt("second"))


async def test_an_expired_lease_is_taken_over_and_its_attempt_is_in_doubt(outbox: RedisOutbox) -> None:
    await append(outbox, arrival(0, FRAUD))
    (silent,) = await lease(outbox)
    outbox.now = T0 + LIMITS.lease
    taken = await outbox.lease("other", lanes=10, kinds=KINDS)
    assert taken.expired == 1
    (leased,) = taken.lanes
    assert leased.token > silent.token
    assert leased.deliveries[0][0].doubt == T0
    assert await settle_all(outbox, silent, Done(reference="late")) is False
    assert await settle_all(outbox, leased, Done(reference="found")) is True


async def test_a_delivery_that_was_begun_but_not_tried_is_not_in_doubt(outbox: RedisOutbox) -> None:
    await append(outbox, arrival(0, FRAUD), arrival(1, FRAUD))
    (leased,) = await lease(outbox)
    first, second = (delivery.id for delivery, _ in leased.deliveries)
    await outbox.settle(leased, {first: Done(reference="x"), second: None}, due=T0)
    (leased,) = await lease(outbox)
    assert [(delivery.id, delivery.doubt, delivery.attempts) for delivery, _ in leased.deliveries] == [
        (second, None, 0)
    ]


@pytest.mark.parametrize("empty", [True, False])
async def test_a_lane_is_paced_even_while_it_is_empty(outbox: RedisOutbox, *, empty: bool) -> None:
    await append(outbox, *(arrival(offset, FRAUD) for offset in range(3 if empty else 4)))
    (leased,) = await lease(outbox)
    await settle_all(outbox, leased, Done(reference="x"), due=T0 + 1050)
    await append(outbox, arrival(4, FRAUD))
    assert await lease(outbox) == ()
    assert await outbox.next_due() == T0 + 1050
    outbox.now = T0 + 1050
    assert len(await lease(outbox)) == 1


@pytest.mark.parametrize(
    ("scope", "still"),
    [
        (Scope.LANE, {EVALS, HOOK}),
        (Scope.DESTINATION, {EVALS, HOOK}),
        (Scope.METHOD, {HOOK}),
        (Scope.INSTALLATION, {HOOK}),
    ],
)
async def test_a_cool_down_reaches_as_far_as_its_scope(
    outbox: RedisOutbox, scope: Scope, still: set[Destination]
) -> None:
    await append(outbox, arrival(0, FRAUD))
    (leased,) = await lease(outbox)
    await settle_all(outbox, leased, Cool(until=T0 + 30_000, scope=scope, reason="rate limited"))
    await append(outbox, arrival(1, FRAUD, EVALS, HOOK))
    assert {leased.destination for leased in await lease(outbox)} == still
    outbox.now = T0 + 30_000
    (leased, *_) = [leased for leased in await lease(outbox) if leased.destination == FRAUD]
    delivery = leased.deliveries[0][0]
    assert (delivery.attempts, delivery.doubt) == (0, None)


async def test_one_shards_cool_down_of_the_destination_holds_the_other_shards(outbox: RedisOutbox) -> None:
    first, second = event_key("test", "a"), event_key("test", "b")
    await append(outbox, Arrival(offset=0, key=first, body=b"a", routed=(routed(first, HOOK, 0),)))
    (leased,) = await lease(outbox)
    await settle_all(outbox, leased, Cool(until=T0 + 5000, scope=Scope.DESTINATION, reason="slow down"))
    await append(outbox, Arrival(offset=1, key=second, body=b"b", routed=(routed(second, HOOK, 1),)))
    assert await lease(outbox) == ()
    outbox.now = T0 + 5000
    assert {leased.lane[-2:] for leased in await lease(outbox)} == {"#0", "#1"}


async def test_a_paused_destination_holds_what_it_has_and_what_comes_until_resumed(outbox: RedisOutbox) -> None:
    await append(outbox, arrival(0, FRAUD))
    (leased,) = await lease(outbox)
    await settle_all(outbox, leased, Pause(scope=Scope.DESTINATION, attempt=attempt("is_archived")))
    await append(outbox, arrival(1, FRAUD))
    assert await lease(outbox) == ()
    assert await outbox.next_due() is None
    assert await outbox.paused() == {destination_id(FRAUD): "is_archived"}
    assert await outbox.resume(destination_id(FRAUD)) == 1
    (leased,) = await lease(outbox)
    assert bodies(leased) == ["body 0", "body 1"]
    assert await outbox.paused() == {}


async def test_resuming_wakes_every_shard(outbox: RedisOutbox, redis: Redis, keys: Keys) -> None:
    await redis.hset(keys.paused, destination_id(HOOK), "gone")
    for shard in (0, 1):
        key = event_key("test", str(shard))
        await append(outbox, Arrival(offset=shard, key=key, body=b"x", routed=(routed(key, HOOK, shard),)))
    assert await lease(outbox) == ()
    assert await outbox.resume(destination_id(HOOK)) == 2
    assert len(await lease(outbox)) == 2


async def test_a_worker_takes_no_more_lanes_than_it_asked_for(outbox: RedisOutbox) -> None:
    places = [SlackChannel(team="T1", channel=f"C{number}") for number in range(8)]
    await append(outbox, arrival(0, *places))
    first = await lease(outbox, lanes=3)
    second = await lease(outbox, lanes=10)
    assert (len(first), len(second)) == (3, 5)
    assert {leased.destination for leased in (*first, *second)} == set(places)


async def test_lanes_of_other_kinds_are_left_alone(outbox: RedisOutbox) -> None:
    await append(outbox, arrival(0, FRAUD, HOOK))
    assert [leased.destination for leased in (await outbox.lease("w", lanes=9, kinds=["webhook"])).lanes] == [HOOK]
    assert [leased.destination for leased in await lease(outbox)] == [FRAUD]


async def test_the_state_counts_what_waits(outbox: RedisOutbox) -> None:
    await append(outbox, arrival(0, FRAUD, HOOK), arrival(1, FRAUD))
    await lease(outbox, lanes=1)
    state = await outbox.state()
    assert (state.deliveries, state.lanes, state.held, state.paused) == (3, 2, 1, 0)


async def test_an_append_wakes_a_waiting_worker(outbox: RedisOutbox) -> None:
    async with outbox.wakes() as wakes:
        await append(outbox, arrival(0, FRAUD))
        await wakes.wait(60)
        await wakes.wait(0.01)


async def test_the_servers_clock_is_used_where_none_is_given(redis: Redis, keys: Keys) -> None:
    outbox = RedisOutbox(redis, keys, LIMITS)
    offset = await outbox.clock_offset(lambda: 0)
    seconds, _ = await redis.time()
    assert abs(offset - int(seconds) * 1000) < 5_000
    await append(outbox, arrival(0, FRAUD))
    (leased,) = await lease(outbox)
    assert abs(leased.until - LIMITS.lease - offset) < 5_000


async def test_a_redis_that_is_away_is_unavailable() -> None:
    nobody = RedisOutbox(Redis.from_url("redis://127.0.0.1:1"), Keys(), LIMITS)
    with pytest.raises(UnavailableError, match="Redis does not answer"):
        await nobody.watermark("events", 0)


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
