"""What waits for one place is made to wait for another, on a real Valkey: in order, once, whoever dies in between."""

from typing import Any, cast

import pytest
from redis.asyncio import Redis

from bot.core.cloudevent import encode
from bot.core.delivery import Attempt, Delivery, DeliveryId, Done, Lane, Pause, Scope, Step, delivery_id
from bot.core.destination import Destination, SlackChannel, Webhook, destination_id
from bot.core.errors import UnavailableError
from bot.core.event import Event
from bot.core.routing import Routed
from bot.ports.outbox import Arrival, Entered, Leased, Standing
from bot.stores.keys import Keys
from bot.stores.outbox import Limits, RedisOutbox
from bot.stores.parked import ParkedJournal
from bot.stores.removal import AT_ONCE, Removal
from tests.core.examples import event
from tests.edges.outbox.world import Paper

T0 = 1_700_000_000_000
OLD = SlackChannel(team="T1", channel="C1")
NEW = SlackChannel(team="T1", channel="C2")
HOOK = Webhook(team="T1", url="https://example.com/hook")
LIMITS = Limits(lease=10_000, remember=60_000, run=500, shards=2)


class Journal(Paper):
    """The journal of parked deliveries, as the removal uses it."""

    broken = False

    async def keep(self, deliveries: Any) -> None:  # type: ignore[override]
        if self.broken:
            raise UnavailableError("Kafka does not answer")
        super().keep(deliveries)


@pytest.fixture
def outbox(redis: Redis, keys: Keys) -> RedisOutbox:
    return RedisOutbox(redis, keys, LIMITS, now=T0)


@pytest.fixture
def journal() -> Journal:
    return Journal()


@pytest.fixture
def move(redis: Redis, keys: Keys, outbox: RedisOutbox, journal: Journal) -> Removal:
    return Removal(redis, keys, outbox, cast("ParkedJournal", journal), shards=2, remember=60_000)


def said(name: str) -> Event:
    return event(id=name, inference=name)


async def append(
    outbox: RedisOutbox, names: list[str], to: Destination = OLD, *, at: int = 0, suffix: str = ""
) -> None:
    place = destination_id(to)
    arrivals = []
    for number, name in enumerate(names):
        one = said(name)
        routed = Routed(
            delivery=delivery_id(one.key, place), lane=Lane(f"{place}{suffix}"), destination=to, subscriptions=()
        )
        arrivals.append(Arrival(offset=at + number, key=one.key, body=encode(one), routed=(routed,)))
    assert isinstance(await outbox.append("events", 0, arrivals, version=0, read_from=None), Entered)


async def lease(outbox: RedisOutbox) -> tuple[Leased, ...]:
    return (await outbox.lease("worker", lanes=10, kinds=("slack", "webhook"))).lanes


async def pause(outbox: RedisOutbox) -> None:
    """A worker meets an archived channel."""
    (leased,) = await lease(outbox)
    attempt = Attempt(at=T0, outcome="refused", reason="is_archived")
    steps: dict[DeliveryId, Step | None] = {one.id: None for one, _ in leased.deliveries}
    steps[leased.deliveries[0][0].id] = Pause(scope=Scope.DESTINATION, attempt=attempt)
    await outbox.settle(leased, steps, due=T0)


async def settle(outbox: RedisOutbox, leased: Leased) -> None:
    await outbox.settle(leased, {one.id: Done(reference="x") for one, _ in leased.deliveries}, due=T0)


def names(deliveries: tuple[tuple[Delivery, bytes], ...]) -> list[str]:
    return [one.event for one, _ in deliveries]


async def test_what_waits_follows_in_its_order_and_leaves_nothing_behind(
    outbox: RedisOutbox, move: Removal, journal: Journal, redis: Redis, keys: Keys
) -> None:
    many = [f"e{number}" for number in range(AT_ONCE + 20)]
    await append(outbox, many)
    await pause(outbox)
    assert await move(destination_id(OLD), NEW) == len(many)
    (leased,) = await lease(outbox)
    assert leased.destination == NEW
    assert names(leased.deliveries) == [said(name).key for name in many]
    assert all(one.destination == destination_id(NEW) and not one.history for one, _ in leased.deliveries)
    await settle(outbox, leased)
    assert (await outbox.state()).deliveries == 0
    assert await outbox.partitions.committable("events", 0) == len(many)
    old = [delivery_id(said(name).key, destination_id(OLD)) for name in many]
    assert set(await outbox.standing(old)) == {Standing.BURIED}
    # every one that was parked for its new place has left the journal, or is about to
    assert set(journal.kept) == set(await outbox.partitions.unparked(1_000))
    assert [key async for key in redis.scan_iter(f"{keys.prefix}lane:*")] == []
    assert [key async for key in redis.scan_iter(f"{keys.prefix}event:*")] == []


async def test_a_wait_of_ones_own_goes_on_in_a_lane_of_its_own(outbox: RedisOutbox, move: Removal) -> None:
    await append(outbox, ["a"], suffix="#k7m2qx")
    assert await move(destination_id(OLD), NEW) == 1
    (leased,) = await lease(outbox)
    assert leased.lane == f"{destination_id(NEW)}#k7m2qx"


async def test_a_webhooks_are_spread_as_they_would_have_been(outbox: RedisOutbox, move: Removal) -> None:
    await append(outbox, [f"e{number}" for number in range(8)])
    assert await move(destination_id(OLD), HOOK) == 8
    assert {leased.lane for leased in await lease(outbox)} == {f"{destination_id(HOOK)}#{shard}" for shard in (0, 1)}


async def test_a_lane_in_a_workers_hands_is_left_to_it(outbox: RedisOutbox, move: Removal) -> None:
    await append(outbox, ["a"])
    (leased,) = await lease(outbox)
    assert await move(destination_id(OLD), NEW) == 0
    await settle(outbox, leased)
    assert (await outbox.state()).deliveries == 0


async def test_what_is_there_already_is_not_there_twice(outbox: RedisOutbox, move: Removal) -> None:
    await append(outbox, ["a", "b"])
    await append(outbox, ["a"], NEW, at=2)
    assert await move(destination_id(OLD), NEW) == 2
    (leased,) = await lease(outbox)
    assert names(leased.deliveries) == [said("a").key, said("b").key]


async def test_other_places_are_left_alone(outbox: RedisOutbox, move: Removal) -> None:
    longer = SlackChannel(team="T1", channel="C11")
    await append(outbox, ["a"], longer)
    assert await move(destination_id(OLD), NEW) == 0
    assert [leased.destination for leased in await lease(outbox)] == [longer]


async def test_what_the_journal_did_not_take_is_not_moved(outbox: RedisOutbox, move: Removal, journal: Journal) -> None:
    await append(outbox, ["a"])
    journal.broken = True
    with pytest.raises(UnavailableError):
        await move(destination_id(OLD), NEW)
    journal.broken = False
    assert await move(destination_id(OLD), NEW) == 1
    (leased,) = await lease(outbox)
    assert leased.destination == NEW


async def test_a_full_outbox_moves_nothing_and_says_so(
    redis: Redis, keys: Keys, outbox: RedisOutbox, journal: Journal
) -> None:
    await append(outbox, ["a"])
    full = RedisOutbox(redis, keys, Limits(most=1), now=T0)
    with pytest.raises(UnavailableError, match="full"):
        await Removal(redis, keys, full, cast("ParkedJournal", journal), shards=2, remember=60_000)(
            destination_id(OLD), NEW
        )
    (leased,) = await lease(outbox)
    assert leased.destination == OLD
