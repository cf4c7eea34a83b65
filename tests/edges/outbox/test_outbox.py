"""Lanes leased and settled on a real Valkey: one clock in the test's hand, no waiting."""

import pytest
from redis.asyncio import Redis

from bot.core.delivery import Continue, Cool, DeliveryId, Done, Retry, Scope, Step, delivery_id
from bot.core.destination import Destination, destination_id
from bot.core.errors import UnavailableError
from bot.core.event import event_key
from bot.core.progress import Progress, Rung
from bot.ports.outbox import Arrival, Entered
from bot.stores.clock import RedisClock
from bot.stores.keys import Keys
from bot.stores.outbox import RedisOutbox
from tests.edges.outbox.dealings import (
    ASK,
    EVALS,
    FRAUD,
    HOOK,
    KINDS,
    LIMITS,
    T0,
    TEAM,
    append,
    arrival,
    attempt,
    bodies,
    lease,
    routed,
    settle_all,
)


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


async def test_what_has_arrived_in_part_stays_at_the_head_and_costs_no_attempt(outbox: RedisOutbox) -> None:
    await append(outbox, arrival(0, FRAUD), arrival(1, FRAUD))
    (silent,) = await lease(outbox)
    outbox.now = T0 + LIMITS.lease
    (leased,) = await lease(outbox)
    assert leased.deliveries[0][0].doubt == T0
    refused = Progress(rung=Rung.PLAIN)
    await outbox.settle(leased, {leased.deliveries[0][0].id: Continue(progress=refused, doubt=True)}, due=0)
    (leased,) = await lease(outbox)
    head = leased.deliveries[0][0]
    assert (head.progress, head.doubt, head.attempts) == (refused, T0, 0)
    told = Progress(reference="C1/1.5", thread="1.5", told=1, rung=Rung.PLAIN, files=False)
    answer = await outbox.settle(leased, {head.id: Continue(progress=told), leased.deliveries[1][0].id: None}, due=0)
    assert answer.held
    (leased,) = await lease(outbox)
    first, second = (one for one, _ in leased.deliveries)
    assert (first.id, first.progress, first.doubt, first.attempts) == (head.id, told, None, 0)
    assert (second.progress, second.doubt) == (None, T0)
    assert not (await outbox.settle(silent, {head.id: Continue(progress=refused)}, due=0)).held


async def test_what_was_asked_about_in_the_middle_goes_on_from_there(outbox: RedisOutbox) -> None:
    await append(outbox, arrival(0, FRAUD))
    (leased,) = await lease(outbox)
    told = Progress(reference="C1/1.5", thread="1.5", told=1)
    await settle_all(outbox, leased, Continue(progress=told))
    (leased,) = await lease(outbox)
    await settle_all(outbox, leased, ASK)
    await outbox.show(TEAM, [leased.deliveries[0][0].id])
    (leased,) = await lease(outbox)
    assert leased.deliveries[0][0].progress == told


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
        (Scope.METHOD, {EVALS, HOOK}),
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


async def test_the_state_counts_what_waits(outbox: RedisOutbox) -> None:
    await append(outbox, arrival(0, FRAUD, HOOK), arrival(1, FRAUD))
    await lease(outbox, lanes=1)
    state = await outbox.state()
    assert (state.deliveries, state.lanes, state.held, state.paused) == (3, 2, 1, 0)


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
        await nobody.partitions.watermark("events", 0)


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
