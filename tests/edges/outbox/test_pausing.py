"""Places and whole installations that are paused, and how their lanes go on."""

from redis.asyncio import Redis

from bot.core.delivery import Attempt, Bury, Pause, Retry, Scope
from bot.core.destination import InstallationId, SlackChannel, SlackPerson, SlackThread, destination_id
from bot.core.event import event_key
from bot.ports.outbox import Arrival
from bot.stores.keys import Keys
from bot.stores.outbox import RedisOutbox
from tests.edges.outbox.dealings import (
    EVALS,
    FRAUD,
    HOOK,
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

HALT = Pause(scope=Scope.INSTALLATION, attempt=Attempt(at=T0, outcome="refused", reason="token_revoked"))
THREAD = SlackThread(team="T1", channel="C1", thread="1.2")
ELSEWHERE = SlackChannel(team="T12", channel="C1")


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
