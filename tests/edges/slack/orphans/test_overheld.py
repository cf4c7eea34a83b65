"""Events wait so long for a lost place, and then they are dead letters, not nothing."""

from dataclasses import dataclass, field, replace
from typing import Any

import pytest
from redis.asyncio import Redis

from bot.core.delivery import Bury, DeliveryId, Lane, delivery_id
from bot.core.destination import Destination, DestinationId, destination_id
from bot.core.event import Position
from bot.ports.outbox import Standing
from bot.ports.outlet import Item
from bot.slack.orphans.keeper import OrphanKeeper
from bot.stores.keys import Keys
from bot.stores.overheld import AT_ONCE, Overheld
from tests.core.examples import event
from tests.edges.slack.orphans.conftest import HOUR, Office


@dataclass
class Letters:
    """Notes what is buried."""

    buried_ones: list[tuple[Item, Destination, Bury, Lane, Position | None]] = field(default_factory=list)

    async def buried(
        self, item: Item, destination: Destination, why: Bury, *, lane: Lane, position: Position | None = None
    ) -> None:
        self.buried_ones.append((item, destination, why, lane, position))


@dataclass
class Counted:
    expired: list[tuple[str, int]] = field(default_factory=list)

    def __call__(self, kind: str, many: int) -> None:
        self.expired.append((kind, many))


@pytest.fixture
def letters() -> Letters:
    return Letters()


@pytest.fixture
def counted() -> Counted:
    return Counted()


@pytest.fixture
def keeper(office: Office, letters: Letters, counted: Counted, redis: Redis, keys: Keys) -> OrphanKeeper:
    noting: Any = letters
    overheld = Overheld(redis, keys, noting, hold=2 * HOUR, remember=60_000)
    return OrphanKeeper(replace(office.means, overheld=overheld, expired=counted))


def delivery(name: str, to: Destination) -> DeliveryId:
    return delivery_id(event(id=name, inference=name).key, destination_id(to))


async def test_what_waits_too_long_for_a_lost_place_is_a_dead_letter_and_no_more_waits(
    office: Office, keeper: OrphanKeeper, letters: Letters, counted: Counted
) -> None:
    room, other = office.place("general"), office.place("ml-platform")
    await office.subscribe("tomas", room)
    await office.append(room, "e1", "e2")
    await office.append(other, "e3")
    await office.means.halts.halt(destination_id(room), "the channel was archived")
    office.clock.ahead += 2 * HOUR - 60_000
    await keeper.look()
    assert letters.buried_ones == []
    office.clock.ahead += 120_000
    await keeper.look()
    assert [(item.event.id, to, lane) for item, to, _, lane, _ in letters.buried_ones] == [
        ("e1", room, Lane(destination_id(room))),
        ("e2", room, Lane(destination_id(room))),
    ]
    why = letters.buried_ones[0][2]
    assert why.reason == "expired: nobody decided within 2 h about a place that is lost: the channel was archived"
    assert letters.buried_ones[0][4] == Position(topic="events", partition=0, offset=0)
    assert counted.expired == [("slack", 2)]
    found = await office.outbox.standing([delivery("e1", room), delivery("e2", room), delivery("e3", other)])
    assert found == [Standing.BURIED, Standing.BURIED, Standing.WAITING]
    assert (await office.outbox.state()).deliveries == 1
    await keeper.look()
    assert len(letters.buried_ones) == 2


async def test_what_came_later_waits_on(office: Office, keeper: OrphanKeeper, letters: Letters) -> None:
    room = office.place("general")
    await office.subscribe("tomas", room)
    await office.means.halts.halt(destination_id(room), "the channel was archived")
    await office.append(room, "e1")
    at = office.clock()
    office.outbox.now = at + HOUR
    await office.append(room, "e2")
    office.clock.ahead += 2 * HOUR + 1_000
    await keeper.look()
    assert [item.event.id for item, *_ in letters.buried_ones] == ["e1"]


async def test_an_installations_places_are_one_place(office: Office, keeper: OrphanKeeper, letters: Letters) -> None:
    for name in ("general", "ml-platform"):
        await office.append(office.place(name), name)
    team = destination_id(office.place("general")).rpartition("/")[0]
    await office.means.halts.halt(DestinationId(team), "Slack: token_revoked")
    office.clock.ahead += 3 * HOUR
    await keeper.look()
    assert {item.event.id for item, *_ in letters.buried_ones} == {"general", "ml-platform"}


async def test_more_than_a_round_is_given_up_in_rounds(office: Office, keeper: OrphanKeeper, letters: Letters) -> None:
    room = office.place("general")
    await office.subscribe("tomas", room)
    await office.append(room, *(f"e{number}" for number in range(AT_ONCE + 5)))
    await office.means.halts.halt(destination_id(room), "the channel was archived")
    office.clock.ahead += 3 * HOUR
    await keeper.look()
    assert len(letters.buried_ones) == AT_ONCE + 5
    assert (await office.outbox.state()).deliveries == 0


async def test_what_a_worker_holds_is_left_to_it(office: Office, keeper: OrphanKeeper, letters: Letters) -> None:
    room = office.place("general")
    await office.subscribe("tomas", room)
    await office.append(room, "e1")
    [leased] = (await office.outbox.lease("worker", lanes=1, kinds=("slack",))).lanes
    await office.means.halts.halt(destination_id(room), "the channel was archived")
    office.clock.ahead += 3 * HOUR
    await keeper.look()
    assert letters.buried_ones == []
    await office.outbox.settle(leased, {one.id: None for one, _ in leased.deliveries}, due=0)
    await keeper.look()
    assert len(letters.buried_ones) == 1
