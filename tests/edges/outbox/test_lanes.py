"""Which lanes a worker gets, and what those cost that wait."""

from collections import Counter
from dataclasses import replace

from redis.asyncio import Redis

from bot.core.delivery import Done
from bot.core.destination import DestinationId, SlackChannel, Webhook, destination_id
from bot.core.event import event_key
from bot.ports.outbox import Arrival
from bot.stores.keys import Keys
from bot.stores.outbox import RedisOutbox
from tests.edges.outbox.dealings import FRAUD, HOOK, KINDS, LIMITS, T0, append, arrival, lease, routed, settle_all


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


async def test_settling_costs_the_same_however_many_wait_behind(redis: Redis, keys: Keys) -> None:
    outbox = RedisOutbox(redis, keys, replace(LIMITS, long=LIMITS.run), now=T0)

    async def cost_of_a_settle() -> Counter[str]:
        (leased,) = await lease(outbox)
        before = await commands(redis)
        await settle_all(outbox, leased, Done(reference="x"))
        return await commands(redis) - before

    await append(outbox, *(arrival(offset, FRAUD) for offset in range(9)))
    await cost_of_a_settle()  # the first loads the script
    first = await cost_of_a_settle()
    await append(outbox, *(arrival(offset, FRAUD) for offset in range(9, 3_000)))
    assert await cost_of_a_settle() == first
