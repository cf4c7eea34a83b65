"""Deliveries that wait beside their lane until somebody asks for them with a click."""

import asyncio

from redis.asyncio import Redis

from bot.core.delivery import Bury, DeliveryId, Done
from bot.core.destination import InstallationId
from bot.core.event import event_key
from bot.ports.outbox import Entered, Recalled
from bot.stores.keys import Keys
from bot.stores.outbox import RedisOutbox
from tests.edges.outbox.dealings import ASK, FRAUD, T0, TEAM, append, arrival, asked, attempt, bodies, lease, settle_all


async def test_the_lane_goes_on_while_a_delivery_waits_for_a_click(outbox: RedisOutbox) -> None:
    await asked(outbox, arrival(0, FRAUD))
    assert (await outbox.state()).deliveries == 0
    assert await outbox.partitions.committable("events", 0) == 1
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
