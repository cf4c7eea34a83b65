"""The outbox scripts on a real Valkey: one clock in the test's hand, no waiting."""

import asyncio
from collections import Counter
from dataclasses import replace

import pytest
from redis.asyncio import Redis

from bot.core.delivery import (
    Ask,
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
from bot.core.destination import (
    Destination,
    DestinationId,
    InstallationId,
    SlackChannel,
    SlackPerson,
    SlackThread,
    Webhook,
    destination_id,
)
from bot.core.errors import UnavailableError
from bot.core.event import EventKey, event_key
from bot.core.routing import Routed
from bot.ports.outbox import Arrival, Behind, Entered, Full, Leased, Recalled, Stale
from bot.stores.clock import RedisClock
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
    assert await outbox.next_due() == T0 + LIMITS.age + 1
    assert await outbox.paused() == {destination_id(FRAUD): "is_archived"}
    assert await outbox.resume(destination_id(FRAUD)) == 1
    (leased,) = await lease(outbox)
    assert bodies(leased) == ["body 0", "body 1"]
    assert await outbox.paused() == {}


async def test_what_grows_too_old_in_a_paused_lane_is_handed_out_to_be_given_up(outbox: RedisOutbox) -> None:
    await append(outbox, arrival(0, FRAUD))
    (leased,) = await lease(outbox)
    await settle_all(outbox, leased, Pause(scope=Scope.DESTINATION, attempt=attempt("is_archived")))
    outbox.now = T0 + 1_000
    await append(outbox, arrival(1, FRAUD))
    outbox.now = T0 + LIMITS.age
    assert await lease(outbox) == ()
    outbox.now = T0 + LIMITS.age + 1
    (leased,) = await lease(outbox)
    assert bodies(leased) == ["body 0", "body 1"]
    first = leased.deliveries[0][0].id
    await outbox.settle(leased, {first: Bury(reason="expired", attempt=attempt())}, due=0, more=True)
    assert await lease(outbox) == ()
    assert await outbox.next_due() == T0 + 1_000 + LIMITS.age + 1


async def test_resuming_wakes_every_shard(outbox: RedisOutbox, redis: Redis, keys: Keys) -> None:
    await redis.hset(keys.paused, destination_id(HOOK), "gone")
    for shard in (0, 1):
        key = event_key("test", str(shard))
        await append(outbox, Arrival(offset=shard, key=key, body=b"x", routed=(routed(key, HOOK, shard),)))
    assert await lease(outbox) == ()
    assert await outbox.resume(destination_id(HOOK)) == 2
    assert len(await lease(outbox)) == 2


ASK = Ask(until=T0 + 60_000, reason="closed", attempt=Attempt(at=T0, outcome="asked", reason="closed"))


async def asked(outbox: RedisOutbox, *arrivals: Arrival) -> list[DeliveryId]:
    """Deliveries that were asked about, by id."""
    await append(outbox, *arrivals)
    found = []
    for leased in await lease(outbox):
        assert await settle_all(outbox, leased, ASK)
        found += [delivery.id for delivery, _ in leased.deliveries]
    return found


async def test_the_lane_goes_on_while_a_delivery_waits_for_a_click(outbox: RedisOutbox) -> None:
    await asked(outbox, arrival(0, FRAUD))
    assert (await outbox.state()).deliveries == 0
    assert await outbox.committable("events", 0) == 1
    assert await append(outbox, arrival(1, FRAUD), arrival(2, FRAUD, name="e0")) == Entered(
        appended=1, known=1, replayed=0
    )
    (leased,) = await lease(outbox)
    assert bodies(leased) == ["body 1"]


async def test_a_click_puts_it_back_into_its_lane_once(outbox: RedisOutbox, redis: Redis, keys: Keys) -> None:
    (one,) = await asked(outbox, arrival(0, FRAUD))
    outbox.now = T0 + 500
    assert await outbox.show(TEAM, [one]) == Recalled(shown=1, known=0, gone=0)
    assert await outbox.show(TEAM, [one]) == Recalled(shown=0, known=1, gone=0)
    assert (await outbox.state()).deliveries == 1
    (leased,) = await lease(outbox)
    ((delivery, body),) = leased.deliveries
    assert (delivery.id, body, delivery.doubt, delivery.attempts, delivery.appended) == (
        one,
        b"body 0",
        None,
        0,
        T0 + 500,
    )
    await settle_all(outbox, leased, Done(reference="x"))
    assert await outbox.show(TEAM, [one]) == Recalled(shown=0, known=1, gone=0)
    assert await lease(outbox) == ()
    assert await redis.exists(keys.asked(one), keys.event(event_key("test", "e0"))) == 0


async def test_many_clicks_at_once_show_it_once(outbox: RedisOutbox) -> None:
    both = await asked(outbox, arrival(0, FRAUD), arrival(1, FRAUD))
    answers = await asyncio.gather(*(outbox.show(TEAM, both) for _ in range(20)))
    assert sum(answer.shown for answer in answers) == 2
    (leased,) = await lease(outbox)
    assert bodies(leased) == ["body 0", "body 1"]


async def test_a_button_of_another_workspace_shows_nothing(outbox: RedisOutbox) -> None:
    (one,) = await asked(outbox, arrival(0, FRAUD))
    assert await outbox.show(InstallationId("slack/T12"), [one]) == Recalled(shown=0, known=0, gone=1)
    assert await outbox.show(TEAM, [one, DeliveryId("unheard of")]) == Recalled(shown=1, known=0, gone=1)


async def test_a_buried_delivery_is_no_longer_kept(outbox: RedisOutbox) -> None:
    await append(outbox, arrival(0, FRAUD))
    (leased,) = await lease(outbox)
    await settle_all(outbox, leased, Bury(reason="x", attempt=attempt()))
    assert await outbox.show(TEAM, [leased.deliveries[0][0].id]) == Recalled(shown=0, known=0, gone=1)


async def test_what_was_made_anew_from_a_producers_retry_is_not_put_into_the_lane_twice(
    outbox: RedisOutbox, redis: Redis, keys: Keys
) -> None:
    (one,) = await asked(outbox, arrival(0, FRAUD))
    await redis.delete(keys.delivery(one))
    await append(outbox, arrival(1, FRAUD, name="e0"))
    assert await outbox.show(TEAM, [one]) == Recalled(shown=0, known=1, gone=0)
    (leased,) = await lease(outbox)
    assert len(leased.deliveries) == 1


async def test_a_click_wakes_nobody_while_the_place_is_paused_or_paced(
    outbox: RedisOutbox, redis: Redis, keys: Keys
) -> None:
    (one,) = await asked(outbox, arrival(0, FRAUD))
    await redis.hset(keys.paused, TEAM, "token_revoked")
    await outbox.show(TEAM, [one])
    assert await lease(outbox) == ()
    assert await outbox.resume(TEAM) == 1
    (leased,) = await lease(outbox)
    await settle_all(outbox, leased, ASK, due=T0 + 1_050)
    await outbox.show(TEAM, [one])
    assert await outbox.next_due() == T0 + 1_050


async def test_what_is_asked_about_is_kept_as_long_as_the_step_says(
    outbox: RedisOutbox, redis: Redis, keys: Keys
) -> None:
    (one,) = await asked(outbox, arrival(0, FRAUD))
    assert 59_000 < await redis.pttl(keys.asked(one)) <= 60_000
    assert 59_000 < await redis.pttl(keys.delivery(one)) <= 60_000


HALT = Pause(scope=Scope.INSTALLATION, attempt=Attempt(at=T0, outcome="refused", reason="token_revoked"))
TEAM = InstallationId("slack/T1")
THREAD = SlackThread(team="T1", channel="C1", thread="1.2")
ELSEWHERE = SlackChannel(team="T12", channel="C1")


async def test_a_halt_holds_every_destination_of_the_installation_and_no_other(outbox: RedisOutbox) -> None:
    await append(outbox, arrival(0, FRAUD), arrival(1, EVALS))
    (fraud, evals) = await lease(outbox)
    await settle_all(outbox, fraud, HALT)
    await settle_all(outbox, evals, Retry(at=T0, attempt=attempt()))
    await append(outbox, arrival(2, FRAUD, EVALS, THREAD, HOOK, ELSEWHERE))
    assert {leased.destination for leased in await lease(outbox)} == {HOOK, ELSEWHERE}
    assert await outbox.paused() == {TEAM: "token_revoked"}
    state = await outbox.state()
    assert (state.paused, state.halted) == (0, 1)


async def test_lanes_that_were_due_when_the_halt_came_are_not_taken(outbox: RedisOutbox) -> None:
    await append(outbox, arrival(0, FRAUD))
    (leased,) = await lease(outbox)
    await append(outbox, arrival(1, EVALS))
    await settle_all(outbox, leased, HALT)
    assert await lease(outbox) == ()
    assert await outbox.next_due() == T0 + LIMITS.age + 1


async def test_resuming_an_installation_wakes_all_its_lanes_but_those_paused_for_themselves(
    outbox: RedisOutbox, redis: Redis, keys: Keys
) -> None:
    await append(outbox, arrival(0, FRAUD))
    (leased,) = await lease(outbox)
    await settle_all(outbox, leased, HALT)
    await redis.hset(keys.paused, destination_id(EVALS), "is_archived")
    await append(outbox, arrival(1, EVALS, THREAD, ELSEWHERE, SlackPerson(team="T1", user="U1")))
    await lease(outbox)
    assert await outbox.resume(TEAM) == 3
    assert {leased.lane for leased in await lease(outbox)} == {"slack/T1/C1", "slack/T1/C1/1.2", "slack/T1/@U1"}
    assert await outbox.paused() == {destination_id(EVALS): "is_archived"}


async def test_a_destination_resumed_within_a_halted_installation_waits_for_that(
    outbox: RedisOutbox, redis: Redis, keys: Keys
) -> None:
    await redis.hset(keys.paused, mapping={TEAM: "token_revoked", destination_id(FRAUD): "is_archived"})
    await append(outbox, arrival(0, FRAUD))
    assert await outbox.resume(destination_id(FRAUD)) == 0
    assert await lease(outbox) == ()
    assert await outbox.resume(TEAM) == 1
    assert len(await lease(outbox)) == 1


async def test_a_channel_that_is_resumed_leaves_its_threads_as_they_are(
    outbox: RedisOutbox, redis: Redis, keys: Keys
) -> None:
    await redis.hset(keys.paused, mapping={destination_id(FRAUD): "x", destination_id(THREAD): "locked"})
    await append(outbox, arrival(0, FRAUD, THREAD))
    assert await outbox.resume(destination_id(FRAUD)) == 1
    assert [leased.destination for leased in await lease(outbox)] == [FRAUD]


async def test_an_installation_of_webhooks_wakes_every_shard(outbox: RedisOutbox, redis: Redis, keys: Keys) -> None:
    await redis.hset(keys.paused, "webhook/T1", "closed")
    for shard in (0, 1):
        key = event_key("test", str(shard))
        await append(outbox, Arrival(offset=shard, key=key, body=b"x", routed=(routed(key, HOOK, shard),)))
    assert await lease(outbox) == ()
    assert await outbox.resume(InstallationId("webhook/T1")) == 2


async def shards(outbox: RedisOutbox, *hooks: Webhook, each: int = 32) -> None:
    """Fill so many shards of each webhook with one delivery."""
    arrivals = []
    for shard in range(each):
        key = event_key("test", f"shard {shard}")
        arrivals.append(
            Arrival(offset=shard, key=key, body=b"x", routed=tuple(routed(key, hook, shard) for hook in hooks))
        )
    await append(outbox, *arrivals)


async def test_no_more_lanes_of_a_destination_are_taken_than_it_has_room_for(outbox: RedisOutbox) -> None:
    hooks = [Webhook(team="T1", url=f"https://example.com/{number}") for number in range(3)]
    await shards(outbox, *hooks)
    first, second, third = map(destination_id, hooks)
    taken = await outbox.lease("w", lanes=50, kinds=KINDS, rooms={first: 0, second: 5})
    counts = Counter(DestinationId(leased.lane.partition("#")[0]) for leased in taken.lanes)
    assert counts == {second: 5, third: 1}


async def test_lanes_without_room_do_not_hide_those_behind_them(outbox: RedisOutbox) -> None:
    hanging = [Webhook(team="T1", url=f"https://example.com/{number}") for number in range(10)]
    await shards(outbox, *hanging)
    outbox.now = T0 + 1
    await append(outbox, arrival(100, FRAUD))
    rooms = {destination_id(hook): 0 for hook in hanging}
    (leased,) = (await outbox.lease("w", lanes=1, kinds=KINDS, rooms=rooms)).lanes
    assert leased.destination == FRAUD
    assert await outbox.next_due() == T0 + 50
    assert (await outbox.lease("w", lanes=1, kinds=KINDS, rooms=rooms)).lanes == ()
    outbox.now = T0 + 100
    assert len((await outbox.lease("w", lanes=50, kinds=KINDS)).lanes) == 50


async def test_lanes_left_in_their_places_do_not_hide_those_behind_them(outbox: RedisOutbox) -> None:
    many = [Webhook(team="T1", url=f"https://example.com/{number}") for number in range(10)]
    await shards(outbox, *many)
    outbox.now = T0 + 1
    await append(outbox, arrival(100, FRAUD))
    taken = await outbox.lease("w", lanes=11, kinds=KINDS, rooms={})
    assert {leased.destination for leased in taken.lanes} == {*many, FRAUD}
    assert await outbox.next_due() == T0


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


async def commands(redis: Redis) -> Counter[str]:
    """How often the server ran each command so far, those of scripts included."""
    stats = await redis.info("commandstats")
    return Counter({name: one["calls"] for name, one in stats.items() if name != "cmdstat_info"})


async def test_a_lane_that_waits_costs_no_command(outbox: RedisOutbox, redis: Redis, keys: Keys) -> None:
    async def cost_of_a_look() -> Counter[str]:
        before = await commands(redis)
        assert await lease(outbox) == ()
        return await commands(redis) - before

    await cost_of_a_look()  # the first loads the script
    without = await cost_of_a_look()
    places = [SlackChannel(team="T1", channel=f"C{number}") for number in range(200)]
    for offset in range(10):
        await append(outbox, arrival(offset, *places))
    for place in places:
        await redis.zadd(keys.due, {destination_id(place): T0 + 60_000})
    assert (await outbox.state()).deliveries == 2_000
    assert await cost_of_a_look() == without
    assert sum(without.values()) <= 4


async def test_settling_costs_the_same_however_many_wait_behind(outbox: RedisOutbox, redis: Redis) -> None:
    async def cost_of_a_settle() -> Counter[str]:
        (leased,) = await lease(outbox)
        before = await commands(redis)
        await settle_all(outbox, leased, Done(reference="x"))
        return await commands(redis) - before

    await append(outbox, *(arrival(offset, FRAUD) for offset in range(6)))
    first = await cost_of_a_settle()
    await append(outbox, *(arrival(offset, FRAUD) for offset in range(6, 3_000)))
    assert await cost_of_a_settle() == first


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
    outbox, clock = RedisOutbox(redis, keys, LIMITS), RedisClock(redis, lambda: 7)
    assert clock() == 7
    await clock.look()
    seconds, _ = await redis.time()
    assert abs(clock() - int(seconds) * 1000) < 5_000
    await append(outbox, arrival(0, FRAUD))
    (leased,) = await lease(outbox)
    assert abs(leased.until - LIMITS.lease - clock()) < 5_000


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


async def test_a_worker_that_asks_for_more_gets_nothing_where_another_lane_met_a_limit(outbox: RedisOutbox) -> None:
    events = [event_key("test", name) for name in "abc"]
    lanes = [(events[0], 0), (events[1], 0), (events[2], 1)]
    await append(
        outbox,
        *(
            Arrival(offset=offset, key=key, body=b"x", routed=(routed(key, HOOK, shard),))
            for offset, (key, shard) in enumerate(lanes)
        ),
    )
    first, second = sorted(await lease(outbox), key=lambda leased: leased.lane)
    await settle_all(outbox, second, Cool(until=T0 + 5000, scope=Scope.DESTINATION, reason="slow down"))
    settled = await outbox.settle(first, {first.deliveries[0][0].id: Done(reference="200")}, due=T0, more=True)
    assert (settled.held, settled.next) == (True, ())
    assert await lease(outbox) == ()


@pytest.mark.parametrize("doubt", [False, True])
async def test_what_redis_forgot_while_it_was_tried_leaves_no_trace_that_would_keep_it_out(
    outbox: RedisOutbox, redis: Redis, keys: Keys, *, doubt: bool
) -> None:
    await append(outbox, arrival(0, FRAUD), arrival(1, FRAUD))
    (leased,) = await lease(outbox)
    forgotten = leased.deliveries[1][0].id
    await redis.lrem(keys.lane(leased.lane), 1, forgotten)
    await redis.delete(keys.delivery(forgotten))
    await settle_all(outbox, leased, Retry(at=T0, attempt=attempt(), doubt=doubt))
    await append(outbox, arrival(2, FRAUD, name="e1"))
    (leased,) = await lease(outbox)
    assert [delivery.attempts for delivery, _ in leased.deliveries] == [1, 0]


async def test_an_attempt_whose_beginning_redis_forgot_may_still_have_arrived(
    outbox: RedisOutbox, redis: Redis, keys: Keys
) -> None:
    await append(outbox, arrival(0, FRAUD))
    (leased,) = await lease(outbox)
    await redis.hdel(keys.delivery(leased.deliveries[0][0].id), "b")
    await settle_all(outbox, leased, Retry(at=T0, attempt=attempt(), doubt=True))
    (leased,) = await lease(outbox)
    assert leased.deliveries[0][0].doubt == T0
