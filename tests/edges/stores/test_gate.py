"""Whether what waits may be sent, by what subscriptions and people say; they are kept in a real Valkey or in a list."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from redis.asyncio import Redis

from bot.core.destination import Destination, SlackChannel, SlackPerson, Webhook, destination_id
from bot.core.event import Event, Status
from bot.core.filters import parse
from bot.core.person import Person
from bot.core.pressure import Held
from bot.core.routing import own_lane
from bot.core.subscription import Hold, Holding, Style, Subscription, SubscriptionId
from bot.core.timing import read_digest, read_quiet
from bot.ports.gate import Ended, Gate, Let, Verdict, Wait
from bot.ports.outlet import Item
from bot.stores.gate import CACHED, Gatekeeper
from bot.stores.keys import Keys
from bot.stores.subscriptions import RedisSubscriptions
from tests.core.examples import event
from tests.edges.outlets.parcels import item

CHANNEL = SlackChannel(team="T1", channel="C1")
PERSON = SlackPerson(team="T1", user="U7")
HOOK = Webhook(team="T1", url="https://example.com/hook")
HOUR = 3_600_000
NOON = round(datetime(2026, 11, 23, 12, tzinfo=UTC).timestamp() * 1000)
LUNCH = Held(kind="hourly", opens="12:00", closes="13:00", end=NOON + 3_600_000)
OWN, OTHER = SubscriptionId("aaaaa0"), SubscriptionId("bbbbb0")


class Told:
    """People's preferences in a list; counts how often it was asked."""

    def __init__(self, *people: Person) -> None:
        self.people = {(one.team, one.user): one for one in people}
        self.asked = 0

    async def get(self, team: str, user: str) -> Person:
        self.asked += 1
        return self.people.get((team, user), Person(team=team, user=user))

    async def put(self, person: Person) -> None:
        self.people[person.team, person.user] = person


@pytest.fixture
def subscriptions(redis: Redis, keys: Keys) -> RedisSubscriptions:
    return RedisSubscriptions(redis, keys)


def subscription(identity: SubscriptionId = OWN, place: Destination = CHANNEL, **more: Any) -> Subscription:
    wanted = parse(more.pop("wanted", ""))
    style = Style(
        digest=read_digest(more.pop("digest")) if "digest" in more else None,
        quiet=read_quiet(more.pop("quiet")) if "quiet" in more else None,
    )
    return Subscription(id=identity, team="T1", owner="U1", filter=wanted, destination=place, style=style, **more)


def waiting(*events: Event, place: Destination = CHANNEL, since: int = NOON) -> list[Item]:
    made = [item(place, one) for one in events or (event(),)]
    return [replace(one, delivery=replace(one.delivery, appended=since)) for one in made]


async def ask(gate: Gate, items: Sequence[Item], place: Destination = CHANNEL, *, now: int = NOON) -> Verdict:
    return await gate.ask(own_lane(destination_id(place), OWN), place, items, now=now)


async def test_an_ordinary_lane_is_open_and_nobody_is_asked(subscriptions: RedisSubscriptions, redis: Redis) -> None:
    told = Told()
    gate = Gatekeeper(subscriptions, persons=told)
    for place in (CHANNEL, HOOK):
        lane = own_lane(destination_id(place), SubscriptionId("7"))  # a shard
        before = (await redis.info("commandstats")).get("cmdstat_hget")
        assert await gate.ask(lane, place, waiting(event(), event(id="b"), place=place), now=NOON) == Let(count=2)
        assert (await redis.info("commandstats")).get("cmdstat_hget") == before
    assert told.asked == 0


async def test_a_digest_is_let_at_the_end_of_its_window_by_the_owners_clock(subscriptions: RedisSubscriptions) -> None:
    await subscriptions.save(subscription(digest="daily 09:00"))
    zones = {"U1": "Asia/Kathmandu"}

    async def zone_of(_team: str, user: str) -> str:
        return zones[user]

    gate = Gatekeeper(subscriptions, zone_of=zone_of)
    nine = NOON + 15 * HOUR + HOUR // 4  # UTC+05:45
    assert await ask(gate, waiting()) == Wait(until=nine)
    window = Held(kind="daily", opens="Mon 09:00", closes="Tue 09:00", end=nine)
    assert await ask(gate, waiting(), now=nine) == Let(count=1, held=window)
    own = Gatekeeper(subscriptions, zone_of=zone_of, persons=Told(Person(team="T1", user="U1", zone="UTC")))
    assert await ask(own, waiting()) == Wait(until=NOON + 21 * HOUR)


async def test_only_those_whose_window_is_over_are_let(subscriptions: RedisSubscriptions) -> None:
    await subscriptions.save(subscription(digest="hourly"))
    items = [*waiting(), *waiting(event(id="b")), *waiting(event(id="c"), since=NOON + HOUR)]
    assert await ask(Gatekeeper(subscriptions), items, now=NOON + HOUR) == Let(count=2, held=LUNCH)


async def test_two_windows_are_let_one_after_the_other_and_never_together(subscriptions: RedisSubscriptions) -> None:
    await subscriptions.save(subscription(digest="hourly"))
    items = [*waiting(), *waiting(event(id="b"), since=NOON + HOUR), *waiting(event(id="c"), since=NOON + HOUR + 1)]
    gate, late = Gatekeeper(subscriptions), NOON + 9 * HOUR
    assert await ask(gate, items, now=late) == Let(count=1, held=LUNCH)
    after = Held(kind="hourly", opens="13:00", closes="14:00", end=NOON + 2 * HOUR)
    assert await ask(gate, items[1:], now=late) == Let(count=2, held=after)


async def test_what_quiet_hours_held_back_is_one_window_whatever_digest_lies_before(
    subscriptions: RedisSubscriptions,
) -> None:
    await subscriptions.save(subscription(digest="hourly", quiet="12:00-18:00"))
    items = [*waiting(), *waiting(event(id="b"), since=NOON + 3 * HOUR), *waiting(event(id="c"), since=NOON + 6 * HOUR)]
    window = Held(kind="quiet", opens="12:00", closes="18:00", end=NOON + 6 * HOUR)
    assert await ask(Gatekeeper(subscriptions), items, now=NOON + 6 * HOUR) == Let(count=2, held=window)


async def test_a_hold_without_an_end_waits_for_nobody_knows_how_long(subscriptions: RedisSubscriptions) -> None:
    await subscriptions.save(subscription(hold=Hold(kind=Holding.PAUSED, at=0)))
    gate = Gatekeeper(subscriptions)
    assert await ask(gate, waiting()) == Wait(until=None)
    await subscriptions.save(subscription())
    assert await ask(gate, waiting()) == Let(count=1)


async def test_a_subscription_that_was_ended_has_nobody_waiting(subscriptions: RedisSubscriptions) -> None:
    assert await ask(Gatekeeper(subscriptions), [*waiting(), *waiting(event(id="b"))]) == Ended(count=2)


async def test_what_another_subscription_of_the_place_wanted_too_goes_by_that_one(
    subscriptions: RedisSubscriptions,
) -> None:
    failed, done = event(id="f", status=Status.FAILED), event(id="d")
    await subscriptions.save(subscription(OTHER, wanted="status:failed", digest="hourly", created=NOON))
    gate = Gatekeeper(subscriptions)
    assert await ask(gate, waiting(failed)) == Wait(until=NOON + HOUR)
    assert await ask(gate, waiting(done, failed)) == Ended(count=1)
    assert await ask(gate, waiting(failed, done), now=NOON + HOUR) == Let(count=1, held=LUNCH)
    await subscriptions.save(subscription(hold=Hold(kind=Holding.PAUSED, at=0)))
    assert await ask(gate, waiting(failed)) == Wait(until=NOON + HOUR), "the least patient decides"
    assert await ask(gate, waiting(done)) == Wait(until=None)


async def test_a_subscription_that_came_later_or_is_muted_hastens_nothing(subscriptions: RedisSubscriptions) -> None:
    await subscriptions.save(subscription(digest="hourly"))
    await subscriptions.save(subscription(OTHER, created=NOON + 1))
    gate = Gatekeeper(subscriptions)
    assert await ask(gate, waiting()) == Wait(until=NOON + HOUR)
    await subscriptions.save(subscription(OTHER, created=NOON, hold=Hold(kind=Holding.MUTED, at=0)))
    assert await ask(gate, waiting()) == Wait(until=NOON + HOUR)
    await subscriptions.save(subscription(OTHER, created=NOON))
    assert await ask(gate, waiting()) == Let(count=1)


async def test_a_persons_quiet_hours_hold_back_all_that_leads_to_them(subscriptions: RedisSubscriptions) -> None:
    quiet = Person(team="T1", user="U7", quiet=read_quiet("11:00-13:00"), zone="UTC")
    gate = Gatekeeper(subscriptions, persons=Told(quiet))
    ordinary = own_lane(destination_id(PERSON), SubscriptionId(""))
    items = waiting(event(), event(id="b"), place=PERSON)
    assert await gate.ask(ordinary, PERSON, items, now=NOON) == Wait(until=NOON + HOUR)
    window = Held(kind="quiet", opens="11:00", closes="13:00", end=NOON + HOUR)
    assert await gate.ask(ordinary, PERSON, items, now=NOON + HOUR) == Let(count=2, held=window)
    later = waiting(event(id="c"), place=PERSON, since=NOON + 2 * HOUR)
    assert await gate.ask(ordinary, PERSON, later, now=NOON + 2 * HOUR) == Let(count=1)
    await subscriptions.save(subscription(place=PERSON, quiet="12:30-15:00"))
    assert await ask(gate, items, PERSON) == Wait(until=NOON + HOUR * 3)


async def test_a_persons_preferences_are_asked_for_every_two_seconds(subscriptions: RedisSubscriptions) -> None:
    told = Told()
    gate = Gatekeeper(subscriptions, persons=told)
    ordinary = own_lane(destination_id(PERSON), SubscriptionId(""))
    for now in (NOON, NOON + 1, NOON + CACHED - 1):
        assert await gate.ask(ordinary, PERSON, waiting(place=PERSON), now=now) == Let(count=1)
    assert told.asked == 1
    await told.put(Person(team="T1", user="U7", quiet=read_quiet("11:00-13:00"), zone="UTC"))
    assert await gate.ask(ordinary, PERSON, waiting(place=PERSON), now=NOON + CACHED) == Wait(until=NOON + HOUR)
    assert told.asked == 2


async def test_a_zone_that_nobody_knows_counts_as_utc(subscriptions: RedisSubscriptions) -> None:
    await subscriptions.save(subscription(digest="daily 13:00"))
    gate = Gatekeeper(subscriptions, persons=Told(Person(team="T1", user="U1", zone="Mars/Olympus_Mons")))
    assert await ask(gate, waiting()) == Wait(until=NOON + HOUR)
