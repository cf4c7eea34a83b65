"""The outbox's second door, on a real Valkey: what is replayed gets in once, and holds no commit back."""

import asyncio

import pytest
from redis.asyncio import Redis

from bot.core.delivery import Attempt, Bury, Delivery, DeliveryId, Done, Lane, Retry, Step, delivery_id
from bot.core.destination import Destination, SlackChannel, Webhook, destination_id
from bot.core.event import EventKey, Position, event_key
from bot.core.routing import Routed
from bot.ports.outbox import Arrival, Enqueued, Entered, Full, Leased, Parked, Standing
from bot.stores.keys import Keys
from bot.stores.outbox import Limits, RedisOutbox

T0 = 1_700_000_000_000
CHANNEL = SlackChannel(team="T1", channel="C1")
HOOK = Webhook(team="T1", url="https://example.com/hook")
LIMITS = Limits(lease=10_000, remember=60_000, run=3, shards=2)
GAVE_UP = Bury(reason="gone", attempt=Attempt(at=T0, outcome="refused"))


@pytest.fixture
def outbox(redis: Redis, keys: Keys) -> RedisOutbox:
    return RedisOutbox(redis, keys, LIMITS, now=T0)


def key_of(name: str) -> EventKey:
    return event_key("test", name)


def entry(name: str, destination: Destination = CHANNEL, doubt: int | None = None) -> Parked:
    place = destination_id(destination)
    key = key_of(name)
    return Parked(
        delivery=Delivery(id=delivery_id(key, place), event=key, destination=place, appended=1, doubt=doubt),
        lane=Lane(place),
        destination=destination,
        body=name.encode(),
        position=Position(topic="old", partition=1, offset=3),
    )


async def append(outbox: RedisOutbox, offset: int, name: str, destination: Destination = CHANNEL) -> Entered:
    made = entry(name, destination)
    routed = Routed(delivery=made.delivery.id, lane=made.lane, destination=destination, subscriptions=())
    arrival = Arrival(offset=offset, key=made.delivery.event, body=made.body, routed=(routed,))
    answer = await outbox.append("events", 0, [arrival], version=0, read_from=None)
    assert isinstance(answer, Entered)
    return answer


async def lease(outbox: RedisOutbox) -> tuple[Leased, ...]:
    return (await outbox.lease("worker", lanes=10, kinds=("slack", "webhook"))).lanes


async def settle_all(outbox: RedisOutbox, step: Step) -> list[bytes]:
    bodies = []
    for leased in await lease(outbox):
        steps: dict[DeliveryId, Step | None] = {delivery.id: step for delivery, _ in leased.deliveries}
        assert (await outbox.settle(leased, steps, due=0)).held
        bodies += [body for _, body in leased.deliveries]
    return bodies


async def test_what_is_enqueued_is_leased_in_order_as_if_it_were_new(outbox: RedisOutbox) -> None:
    assert await outbox.enqueue([entry("a"), entry("b"), entry("c", HOOK)]) == Enqueued(entered=3)
    slack, hook = sorted(await lease(outbox), key=lambda leased: leased.lane)
    assert [body for _, body in slack.deliveries] == [b"a", b"b"]
    assert (hook.destination, hook.deliveries[0][1]) == (HOOK, b"c")
    first = slack.deliveries[0][0]
    assert (first.appended, first.attempts, first.doubt, first.history) == (T0, 0, None, ())


async def test_doubt_is_kept_so_that_the_outlet_looks_first(outbox: RedisOutbox) -> None:
    await outbox.enqueue([entry("a", doubt=T0 - 5_000)])
    (leased,) = await lease(outbox)
    assert leased.deliveries[0][0].doubt == T0 - 5_000


async def test_it_waits_its_turn_behind_what_waits_already(outbox: RedisOutbox) -> None:
    await append(outbox, 0, "a")
    await outbox.enqueue([entry("b")])
    await append(outbox, 1, "c")
    assert await settle_all(outbox, Done(reference="x")) == [b"a", b"b", b"c"]


async def test_what_waits_is_left_where_it_is_whichever_door_it_came_by(outbox: RedisOutbox) -> None:
    await append(outbox, 0, "a")
    assert await outbox.enqueue([entry("a"), entry("b")]) == Enqueued(entered=1, waiting=1)
    assert await outbox.enqueue([entry("b")], again=True) == Enqueued(waiting=1)
    assert await append(outbox, 1, "b") == Entered(appended=0, known=1, replayed=0)
    assert await settle_all(outbox, Done(reference="x")) == [b"a", b"b"]


async def test_the_same_delivery_twice_in_one_call_enters_once(outbox: RedisOutbox) -> None:
    assert await outbox.enqueue([entry("a"), entry("a")]) == Enqueued(entered=1, waiting=1)
    assert (await outbox.state()).deliveries == 1


async def test_what_was_delivered_is_left_out_unless_it_is_asked_for_again(outbox: RedisOutbox) -> None:
    await append(outbox, 0, "a")
    await settle_all(outbox, Done(reference="x"))
    assert await outbox.enqueue([entry("a")]) == Enqueued(delivered=1)
    assert await settle_all(outbox, Done(reference="x")) == []
    assert await outbox.enqueue([entry("a")], again=True) == Enqueued(entered=1)
    assert await settle_all(outbox, Done(reference="x")) == [b"a"]


async def test_what_was_buried_is_entered_though_it_is_remembered(outbox: RedisOutbox) -> None:
    await append(outbox, 0, "a")
    await settle_all(outbox, GAVE_UP)
    assert await append(outbox, 1, "a") == Entered(appended=0, known=1, replayed=0)
    assert await outbox.enqueue([entry("a")]) == Enqueued(entered=1)
    assert await settle_all(outbox, Done(reference="x")) == [b"a"]


async def test_it_holds_no_commit_back_and_settles_without_a_partition(outbox: RedisOutbox) -> None:
    await append(outbox, 4, "a", HOOK)
    await outbox.enqueue([entry("b", HOOK), entry("a")])
    assert await outbox.partitions.committable("events", 0) == 4
    (hook,) = (leased for leased in await lease(outbox) if leased.destination == HOOK)
    await outbox.settle(hook, {hook.deliveries[0][0].id: Done(reference="x")}, due=0)
    assert await outbox.partitions.committable("events", 0) == 5
    assert (await outbox.state()).deliveries == 2


async def test_nothing_but_the_memory_of_ids_stays_once_all_is_settled(
    outbox: RedisOutbox, redis: Redis, keys: Keys
) -> None:
    await append(outbox, 0, "a")
    await outbox.enqueue([entry("a", HOOK), entry("b")])
    await settle_all(outbox, Done(reference="x"))
    left = {
        key.decode().removeprefix(keys.prefix).partition(":")[0] async for key in redis.scan_iter(f"{keys.prefix}*")
    }
    assert left == {"watermarks", "destinations", "waiting", "fence", "delivery", "pulse", "unparked"}
    assert await redis.get(keys.waiting) == b"0"


async def test_a_retry_of_what_was_enqueued_keeps_its_place(outbox: RedisOutbox) -> None:
    await outbox.enqueue([entry("a", HOOK), entry("b", HOOK)])
    await settle_all(outbox, Retry(at=T0, attempt=Attempt(at=T0, outcome="failed")))
    assert await settle_all(outbox, Done(reference="x")) == [b"a"]


async def test_a_paused_destination_stays_paused_and_a_paced_lane_paced(
    outbox: RedisOutbox, redis: Redis, keys: Keys
) -> None:
    await redis.hset(keys.paused, destination_id(HOOK), "is gone")
    await redis.set(keys.pace(destination_id(CHANNEL)), T0 + 500)
    await outbox.enqueue([entry("a"), entry("b", HOOK)])
    assert await lease(outbox) == ()
    assert await outbox.next_due() == T0 + 500
    assert await outbox.resume(destination_id(HOOK)) == 1
    assert await settle_all(outbox, Done(reference="x")) == [b"b"]


async def test_a_paused_installation_stays_paused(outbox: RedisOutbox, redis: Redis, keys: Keys) -> None:
    await redis.hset(keys.paused, "slack/T1", "token_revoked")
    await outbox.enqueue([entry("a"), entry("b", HOOK)])
    assert await settle_all(outbox, Done(reference="x")) == [b"b"]


async def test_an_idle_worker_is_woken(outbox: RedisOutbox) -> None:
    async with outbox.wakes() as wakes:
        await outbox.enqueue([entry("a")])
        async with asyncio.timeout(10):
            await wakes.wait(60)
    assert len(await lease(outbox)) == 1


async def test_a_held_lane_is_left_to_its_holder(outbox: RedisOutbox) -> None:
    await append(outbox, 0, "a")
    (held,) = await lease(outbox)
    await outbox.enqueue([entry("b")])
    assert await lease(outbox) == ()
    await outbox.settle(held, {held.deliveries[0][0].id: Done(reference="x")}, due=0)
    assert await settle_all(outbox, Done(reference="x")) == [b"b"]


async def test_the_outbox_tells_what_it_knows_of_a_delivery(outbox: RedisOutbox) -> None:
    for offset, name in enumerate(("done", "buried")):
        await append(outbox, offset, name)
        await settle_all(outbox, Done(reference="x") if name == "done" else GAVE_UP)
    await append(outbox, 2, "waiting")
    names = ("done", "buried", "waiting", "never seen")
    assert await outbox.standing([entry(name).delivery.id for name in names]) == [
        Standing.DELIVERED,
        Standing.BURIED,
        Standing.WAITING,
        Standing.UNKNOWN,
    ]
    assert await outbox.standing([]) == []


async def test_the_outbox_tells_where_an_event_lies_while_its_delivery_waits(outbox: RedisOutbox) -> None:
    await append(outbox, 7, "a")
    await outbox.partitions.park([entry("a").delivery.id])
    await outbox.enqueue([entry("b")])
    assert await outbox.position(entry("a").delivery.id) == Position(topic="events", partition=0, offset=7)
    assert await outbox.position(entry("b").delivery.id) == entry("b").position
    assert await outbox.position(entry("c").delivery.id) is None


async def test_it_is_parked_from_the_start_and_leaves_the_journal_once_it_is_settled(outbox: RedisOutbox) -> None:
    await outbox.enqueue([entry("a"), entry("b")])
    assert (await outbox.state()).parked == 2
    assert await outbox.partitions.unparked(9) == ()
    await settle_all(outbox, Done(reference="x"))
    assert (await outbox.state()).parked == 0
    assert set(await outbox.partitions.unparked(9)) == {entry("a").delivery.id, entry("b").delivery.id}
    await outbox.enqueue([entry("a")], again=True)
    assert await outbox.partitions.unparked(9) == (entry("b").delivery.id,)


async def test_what_was_settled_or_waits_is_told_to_the_journal_that_was_given_it(outbox: RedisOutbox) -> None:
    """The journal has all that is enqueued: a delivery that was made twice must not stay there for ever."""
    await append(outbox, 0, "done")
    await settle_all(outbox, Done(reference="x"))
    await append(outbox, 1, "waits")
    assert await outbox.enqueue([entry("done"), entry("waits")]) == Enqueued(waiting=1, delivered=1)
    assert await outbox.partitions.unparked(9) == (entry("done").delivery.id,)
    assert (await outbox.state()).parked == 1
    assert await outbox.partitions.committable("events", 0) == 2
    await settle_all(outbox, Done(reference="x"))
    assert set(await outbox.partitions.unparked(9)) == {entry("done").delivery.id, entry("waits").delivery.id}


@pytest.mark.parametrize(
    ("limits", "full"),
    [
        (Limits(most=2), Full(lane=None)),
        (Limits(most_a_lane=2), Full(lane=Lane(destination_id(CHANNEL)))),
    ],
)
async def test_a_full_outbox_takes_nothing_and_says_which_lane(
    redis: Redis, keys: Keys, limits: Limits, full: Full
) -> None:
    outbox = RedisOutbox(redis, keys, limits, now=T0)
    assert await outbox.enqueue([entry("a"), entry("b"), entry("c")]) == Enqueued(entered=3)
    assert await outbox.enqueue([entry("d", HOOK), entry("e")]) == full
    assert (await outbox.state()).deliveries == 3
    await settle_all(outbox, Done(reference="x"))
    assert await outbox.enqueue([entry("d", HOOK), entry("e")]) == Enqueued(entered=2)
