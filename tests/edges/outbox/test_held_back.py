"""Several lanes of one place, and what people ask of them: on a real Valkey with the clock in the test's hand."""

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

import pytest
from redis.asyncio import Redis

from bot.core.delivery import Attempt, Bury, DeliveryId, Done, Lane, Pause, Retry, Scope, Step, delivery_id
from bot.core.destination import (
    Destination,
    SlackChannel,
    SlackGroup,
    SlackPerson,
    Webhook,
    destination_id,
    slack_installation,
)
from bot.core.errors import UnavailableError
from bot.core.event import event_key
from bot.core.filters import parse
from bot.core.looks import Trace
from bot.core.routing import Routed, own_lane
from bot.core.subscription import Hold, Holding, Style, Subscription, SubscriptionId
from bot.core.timing import read_digest
from bot.ports.outbox import Arrival, Leased, Standing
from bot.stores.keys import Keys
from bot.stores.outbox import Limits, RedisOutbox
from tests.core.examples import event

T0 = 1_700_000_000_000
HOUR = 3_600_000
CHANNEL = SlackChannel(team="T1", channel="C1")
OTHER = SlackChannel(team="T1", channel="C2")
HOOK = Webhook(team="T1", url="https://example.com/hook")
PLACE = destination_id(CHANNEL)
MINE, YOURS = SubscriptionId("m1ne00"), SubscriptionId("yaurs0")
LIMITS = Limits(lease=10_000, remember=60_000, run=3, long=3, shards=2)


@pytest.fixture
def outbox(redis: Redis, keys: Keys) -> RedisOutbox:
    return RedisOutbox(redis, keys, LIMITS, now=T0)


async def append(outbox: RedisOutbox, *wanted: tuple[str, Destination, SubscriptionId | None]) -> list[DeliveryId]:
    """Events by name, each for one place: in the ordinary lane or in a subscription's own."""
    arrivals: list[Arrival] = []
    ids: list[DeliveryId] = []
    for name, place, own in wanted:
        key, where = event_key("test", name), destination_id(place)
        ids.append(delivery_id(key, where))
        lane = Lane(where) if own is None else own_lane(where, own)
        routed = Routed(delivery=ids[-1], lane=lane, destination=place, subscriptions=())
        offset = (await outbox.partitions.watermark("events", 0) or 0) + len(arrivals)
        arrivals.append(Arrival(offset=offset, key=key, body=name.encode(), routed=(routed,)))
    await outbox.append("events", 0, arrivals, version=0, read_from=None)
    return ids


async def lease(outbox: RedisOutbox) -> Sequence[Leased]:
    return (await outbox.lease("worker", lanes=10, kinds=("slack", "webhook"))).lanes


async def settle(outbox: RedisOutbox, leased: Leased, step: Step | None, *, due: int = 0, wait: int = 0) -> None:
    steps = {delivery.id: step for delivery, _ in leased.deliveries}
    assert (await outbox.settle(leased, steps, due=due, wait=wait)).held


def bodies(lanes: Sequence[Leased]) -> list[list[str]]:
    return [[body.decode() for _, body in one.deliveries] for one in lanes]


async def test_a_channels_lanes_are_held_one_at_a_time(outbox: RedisOutbox) -> None:
    await append(outbox, ("a", CHANNEL, None), ("b", CHANNEL, MINE), ("c", CHANNEL, YOURS), ("d", OTHER, None))
    first = await lease(outbox)
    assert bodies(first) == [["a"], ["d"]]
    outbox.now = T0 + 49
    assert await lease(outbox) == ()
    await settle(outbox, first[0], Done(reference="x"))
    assert await lease(outbox) == (), "looked at again at the next full 50 ms"
    outbox.now = T0 + 50
    (second,) = await lease(outbox)
    assert bodies([second]) == [["b"]]


async def test_a_channels_lanes_keep_to_its_pace_together(outbox: RedisOutbox) -> None:
    """About a message a second and channel, however many lanes: Slack counts channels."""
    await append(outbox, *((f"{lane}{number}", CHANNEL, lane) for number in range(9) for lane in (None, MINE, YOURS)))
    sent = []
    while (await outbox.state()).deliveries:
        due = await outbox.next_due()
        assert due is not None
        outbox.now = max(outbox.now or 0, due)
        for leased in await lease(outbox):
            sent.append(outbox.now)
            await settle(outbox, leased, Done(reference="x"), due=outbox.now + 1_050)
    assert len(sent) == 9
    assert all(later - earlier >= 1_050 for earlier, later in pairwise(sent))
    assert sent[-1] - sent[0] < 9 * 1_150, "and no slower than that"


@pytest.mark.parametrize("took", [0, 30, 400])
async def test_a_channels_lanes_take_turns_in_the_order_in_which_they_began_to_wait(
    outbox: RedisOutbox, redis: Redis, keys: Keys, took: int
) -> None:
    """However long each message takes, a long backlog in one lane delays the others by no more than one turn."""
    own = [SubscriptionId(f"own{number}00") for number in range(4)]
    await append(outbox, *((f"{number}{lane}", CHANNEL, lane) for number in range(12) for lane in (None, *own)))
    turns: list[str] = []
    while len(turns) < 15:
        due = await outbox.next_due()
        assert due is not None
        outbox.now = max(outbox.now or 0, due)
        for leased in await lease(outbox):
            turns.append(leased.lane)
            for _ in range(took // 50):
                outbox.now += 50
                assert await lease(outbox) == ()
            outbox.now += took % 50
            await settle(outbox, leased, Done(reference="x"), due=outbox.now + 1_050)
    assert all(len(set(turns[at : at + 5])) == 5 for at in range(len(turns) - 4))
    assert await redis.zcard(keys.line(PLACE)) <= 5


async def test_a_lane_that_comes_new_keeps_to_its_destinations_pace(outbox: RedisOutbox) -> None:
    await append(outbox, ("a", CHANNEL, None))
    (leased,) = await lease(outbox)
    await settle(outbox, leased, Done(reference="x"), due=T0 + 1_050)
    await append(outbox, ("b", CHANNEL, MINE))
    assert await outbox.next_due() == T0 + 1_050


async def test_a_webhooks_lanes_are_held_together(outbox: RedisOutbox) -> None:
    await append(outbox, ("a", HOOK, MINE), ("b", HOOK, YOURS))
    assert len(await lease(outbox)) == 2


async def test_a_worker_that_died_does_not_keep_the_turn(outbox: RedisOutbox) -> None:
    await append(outbox, ("a", CHANNEL, MINE), ("b", CHANNEL, YOURS))
    assert bodies(await lease(outbox)) == [["a"]]
    outbox.now = T0 + LIMITS.lease
    assert bodies(await lease(outbox)) in ([["a"]], [["b"]])


async def test_what_only_waits_is_untouched_and_uses_up_no_pace(outbox: RedisOutbox) -> None:
    (waits, _) = await append(outbox, ("a", CHANNEL, MINE), ("b", CHANNEL, None))
    held = await lease(outbox)
    (leased,) = held
    await settle(outbox, leased, None, due=T0, wait=T0 + HOUR)
    outbox.now = T0 + 50
    (other,) = await lease(outbox)
    assert {bodies([leased])[0][0], bodies([other])[0][0]} == {"a", "b"}
    assert other.deliveries[0][0].doubt is None
    (known,) = await outbox.trace([leased.deliveries[0][0].id])
    assert (known.due, known.attempts, known.standing) == (T0 + HOUR, (), Standing.WAITING)
    outbox.now = T0 + 2 * HOUR
    (again,) = [one for one in await lease(outbox) if one.lane == leased.lane]
    assert (again.deliveries[0][0].doubt, again.deliveries[0][0].attempts) == (None, 0)
    assert waits


async def test_a_nudge_makes_a_subscriptions_lanes_due_and_no_others(outbox: RedisOutbox) -> None:
    await append(outbox, ("a", CHANNEL, MINE), ("b", OTHER, MINE), ("c", HOOK, YOURS))
    for leased in await lease(outbox):
        await settle(outbox, leased, None, wait=T0 + HOUR)
    async with outbox.wakes() as wakes:
        await outbox.nudge(MINE, [PLACE, destination_id(OTHER), destination_id(HOOK)])
        await wakes.wait(5)
    assert bodies(await lease(outbox)) == [["a"], ["b"]]


async def test_what_everybody_sends_a_place_is_nudged_by_no_ones_name(outbox: RedisOutbox) -> None:
    await append(outbox, ("a", CHANNEL, None), ("b", CHANNEL, MINE))
    for turn in range(2):
        outbox.now = T0 + 100 * turn
        (leased,) = await lease(outbox)
        await settle(outbox, leased, None, wait=T0 + HOUR)
    outbox.now = T0 + 1_000
    assert await lease(outbox) == ()
    await outbox.nudge(None, [PLACE])
    assert bodies(await lease(outbox)) == [["a"]]


async def test_a_nudge_overrules_a_holder_that_looked_before(outbox: RedisOutbox) -> None:
    await append(outbox, ("a", CHANNEL, MINE))
    (leased,) = await lease(outbox)
    await outbox.nudge(MINE, [PLACE])
    await settle(outbox, leased, None, due=T0, wait=T0 + HOUR)
    (again,) = await lease(outbox)
    await settle(outbox, again, None, due=T0, wait=T0 + HOUR)
    assert await lease(outbox) == (), "once"


async def test_a_nudge_does_not_overrule_the_far_side(outbox: RedisOutbox) -> None:
    await append(outbox, ("a", CHANNEL, MINE))
    (leased,) = await lease(outbox)
    await outbox.nudge(MINE, [PLACE])
    failed = Attempt(at=T0, outcome="failed")
    await settle(outbox, leased, Retry(at=T0 + 7_000, attempt=failed), due=T0 + 1_050, wait=T0 + HOUR)
    assert await outbox.next_due() == T0 + 7_000


async def test_resuming_a_place_wakes_its_subscriptions_own_lanes_too(outbox: RedisOutbox) -> None:
    await append(outbox, ("a", CHANNEL, None), ("b", CHANNEL, MINE), ("c", OTHER, MINE))
    leased = next(one for one in await lease(outbox) if one.destination == CHANNEL)
    await settle(outbox, leased, Pause(scope=Scope.INSTALLATION, attempt=Attempt(at=T0, outcome="refused", reason="x")))
    outbox.now = T0 + 60
    await lease(outbox)
    outbox.now = T0 + LIMITS.lease + 60
    await lease(outbox)
    assert await outbox.resume(slack_installation("T1")) == 3


def subscription(place: Destination | SlackGroup, **more: object) -> Subscription:
    made = Subscription(id=MINE, team="T1", owner="U1", filter=parse("status:failed"), destination=place)
    return replace(made, **more)  # type: ignore[arg-type] # fields by name


async def test_a_made_up_event_comes_at_once_whatever_the_subscription_wants(outbox: RedisOutbox) -> None:
    patient = subscription(
        CHANNEL,
        style=Style(digest=read_digest("daily")),
        hold=Hold(kind=Holding.MUTED, at=0),
    )
    await outbox.test(patient, event())
    (leased,) = await lease(outbox)
    assert leased.lane == Lane(PLACE)
    ((delivery, body),) = leased.deliveries
    assert delivery.id == delivery_id(event().key, PLACE)
    assert b"CloudEvent" not in body
    assert await outbox.position(delivery.id) is None
    assert (await outbox.state()).parked == 0
    await settle(outbox, leased, Done(reference="C1/1.2"))
    assert await outbox.partitions.unparked(9) == (), "the journal never had it"
    assert await outbox.partitions.committable("events", 0) is None
    await outbox.test(patient, event())
    assert await lease(outbox) == (), "the same event again is known"
    assert await outbox.partitions.unparked(9) == ()


async def test_a_made_up_event_for_a_group_goes_to_each_member(outbox: RedisOutbox) -> None:
    await outbox.test(subscription(SlackGroup(team="T1", group="S1"), members=("U1", "U2")), event())
    assert [one.destination for one in await lease(outbox)] == [
        SlackPerson(team="T1", user="U1"),
        SlackPerson(team="T1", user="U2"),
    ]


async def test_a_made_up_event_goes_to_one_of_a_webhooks_lanes(outbox: RedisOutbox) -> None:
    await outbox.test(subscription(HOOK), event())
    await outbox.test(subscription(HOOK), event())
    (leased,) = await lease(outbox)
    assert leased.lane in {f"{destination_id(HOOK)}#{shard}" for shard in range(LIMITS.shards)}
    assert len(leased.deliveries) == 1


async def test_a_full_outbox_takes_no_made_up_events(redis: Redis, keys: Keys) -> None:
    full = RedisOutbox(redis, keys, replace(LIMITS, most=0), now=T0)
    with pytest.raises(UnavailableError, match="full"):
        await full.test(subscription(CHANNEL), event())


async def test_a_trace_tells_what_became_of_each(outbox: RedisOutbox, redis: Redis, keys: Keys) -> None:
    gone = Attempt(at=T0 + 1, outcome="failed", reason="boom")
    ids = await append(
        outbox, ("sent", CHANNEL, None), ("fails", OTHER, None), ("buried", HOOK, None), ("held", CHANNEL, MINE)
    )
    for leased in await lease(outbox):
        match bodies([leased])[0][0]:
            case "sent":
                await settle(outbox, leased, Done(reference="C1/17.42"))
            case "fails":
                await settle(outbox, leased, Retry(at=T0 + 900, attempt=gone))
            case _:
                await settle(outbox, leased, Bury(reason="x", attempt=gone))
    outbox.now = T0 + 50
    assert len(await lease(outbox)) == 1
    old, never = DeliveryId("0" * 32), DeliveryId("1" * 32)
    await redis.set(keys.delivery(old), "done")
    assert await outbox.trace([*ids, old, never]) == [
        Trace(delivery=ids[0], standing="delivered", reference="C1/17.42"),
        Trace(delivery=ids[1], standing="waiting", appended=T0, due=T0 + 900, attempts=(gone,)),
        Trace(delivery=ids[2], standing="buried"),
        Trace(delivery=ids[3], standing="waiting", appended=T0, due=T0 + 50),
        Trace(delivery=old, standing="delivered"),
        Trace(delivery=never, standing="unknown"),
    ]
    assert await outbox.standing([ids[0], old]) == [Standing.DELIVERED] * 2


async def test_what_was_delivered_with_a_reference_is_not_shown_or_enqueued_again(
    outbox: RedisOutbox,
) -> None:
    (sent,) = await append(outbox, ("sent", CHANNEL, None))
    (leased,) = await lease(outbox)
    await settle(outbox, leased, Done(reference="C1/17.42"))
    assert (await outbox.show(slack_installation("T1"), [sent])).known == 1
    await append(outbox, ("sent", CHANNEL, MINE))
    assert (await outbox.state()).deliveries == 0
