import asyncio
from dataclasses import replace

import pytest
from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from structlog.testing import capture_logs

from bot.core.destination import Destination, SlackChannel, SlackPerson, Webhook, destination_id
from bot.core.errors import UnavailableError
from bot.core.filters import parse
from bot.core.subscription import Style, Subscription, SubscriptionId
from bot.ports.people import Subscriptions
from bot.stores.keys import Keys
from bot.stores.subscriptions import RedisSubscriptions

FRAUD = SlackChannel(team="T1", channel="C1")
HOOK = Webhook(team="T1", url="https://hooks.example.com/a")


def one(
    name: str,
    *,
    team: str = "T1",
    owner: str = "U1",
    wanted: str = "status:failed",
    place: Destination = FRAUD,
    created: int = 1,
) -> Subscription:
    return Subscription(
        id=SubscriptionId(name), team=team, owner=owner, filter=parse(wanted), destination=place, created=created
    )


@pytest.fixture
def store(redis: Redis, keys: Keys) -> RedisSubscriptions:
    return RedisSubscriptions(redis, keys)


async def test_an_empty_store_has_version_zero_and_nothing_in_it(store: RedisSubscriptions) -> None:
    port: Subscriptions = store
    assert await port.snapshot() == (0, ())
    assert await port.version() == 0
    assert await port.get(SubscriptionId("aaaaaa")) is None
    assert await port.of_owner("T1", "U1") == ()
    assert await port.of_destination(destination_id(FRAUD)) == ()


async def test_what_is_added_is_found_by_id_owner_and_place(store: RedisSubscriptions) -> None:
    styled = replace(one("aaaaaa"), style=Style(mention="U9"))
    assert await store.add(styled) == styled
    assert await store.get(styled.id) == styled
    assert await store.of_owner("T1", "U1") == (styled,)
    assert await store.of_destination(destination_id(FRAUD)) == (styled,)
    assert await store.snapshot() == (1, (styled,))


async def test_an_equal_subscription_is_not_added_twice_even_by_another_person(store: RedisSubscriptions) -> None:
    first = one("aaaaaa")
    await store.add(first)
    assert await store.add(one("bbbbbb", owner="U2", created=2)) == first
    assert await store.snapshot() == (1, (first,))
    assert await store.of_owner("T1", "U2") == ()


async def test_two_who_add_the_same_at_once_end_up_with_one(store: RedisSubscriptions) -> None:
    kept = await asyncio.gather(*(store.add(one(f"aaaaa{n}", owner=f"U{n}")) for n in range(8)))
    assert len({found.id for found in kept if found is not None}) == 1
    assert len((await store.snapshot())[1]) == 1


@pytest.mark.parametrize(
    "other",
    [
        one("bbbbbb", wanted="status:completed"),
        one("bbbbbb", place=SlackPerson(team="T1", user="U1")),
        one("bbbbbb", place=HOOK),
        one("bbbbbb", team="T2", place=SlackChannel(team="T2", channel="C1")),
    ],
)
async def test_another_filter_place_or_team_makes_another_subscription(
    store: RedisSubscriptions, other: Subscription
) -> None:
    await store.add(one("aaaaaa"))
    assert await store.add(other) == other
    assert (await store.snapshot())[0] == 2


async def test_an_id_that_is_taken_changes_nothing(store: RedisSubscriptions) -> None:
    await store.add(one("aaaaaa"))
    assert await store.add(one("aaaaaa", wanted="model:x")) is None
    assert await store.snapshot() == (1, (one("aaaaaa"),))


async def test_saving_replaces_and_moves_the_indexes_along(store: RedisSubscriptions) -> None:
    await store.save(one("aaaaaa"))
    moved = one("aaaaaa", owner="U2", place=HOOK)
    await store.save(moved)
    assert await store.get(moved.id) == moved
    assert await store.of_owner("T1", "U1") == ()
    assert await store.of_destination(destination_id(FRAUD)) == ()
    assert await store.of_owner("T1", "U2") == (moved,)
    assert await store.of_destination(destination_id(HOOK)) == (moved,)
    assert await store.version() == 2


async def test_what_is_removed_is_nowhere_and_only_then_does_the_version_move(
    store: RedisSubscriptions, redis: Redis, keys: Keys
) -> None:
    await store.add(one("aaaaaa"))
    assert await store.remove(SubscriptionId("aaaaaa")) is True
    assert await store.snapshot() == (2, ())
    assert await store.of_owner("T1", "U1") == ()
    assert await store.remove(SubscriptionId("aaaaaa")) is False
    assert await store.version() == 2
    left = {keys.subscriptions_version.encode(), keys.subscriptions_unwritten.encode()}
    assert set(await redis.keys(f"{keys.prefix}*")) == left


async def test_lists_are_oldest_first(store: RedisSubscriptions) -> None:
    for name, created in (("cccccc", 3), ("aaaaaa", 2), ("bbbbbb", 1)):
        await store.add(one(name, created=created, wanted=f"model:{name}"))
    for listed in (
        (await store.snapshot())[1],
        await store.of_owner("T1", "U1"),
        await store.of_destination(destination_id(FRAUD)),
    ):
        assert [found.id for found in listed] == ["bbbbbb", "aaaaaa", "cccccc"]


async def test_a_second_snapshot_parses_only_what_changed(store: RedisSubscriptions) -> None:
    await store.add(one("aaaaaa"))
    _, (before,) = await store.snapshot()
    await store.add(one("bbbbbb", wanted="model:x", created=2))
    _, (again, _) = await store.snapshot()
    assert again is before


async def test_one_unreadable_subscription_is_logged_and_the_others_work(
    store: RedisSubscriptions, redis: Redis, keys: Keys
) -> None:
    await store.add(one("aaaaaa"))
    await redis.hset(keys.subscriptions, "zzzzzz", '{"id":"zzzzzz","kind":"from the future"}')
    with capture_logs() as logs:
        assert await store.snapshot() == (1, (one("aaaaaa"),))
    assert [entry["event"] for entry in logs] == ["subscription_unreadable"]


async def test_a_redis_that_is_away_is_said_in_one_word_of_ours(keys: Keys) -> None:
    async with Redis(unix_socket_path="/nonexistent/redis.sock", retry=Retry(NoBackoff(), 0)) as nowhere:
        store = RedisSubscriptions(nowhere, keys)
        for act in (store.version, store.snapshot):
            with pytest.raises(UnavailableError, match="Redis does not answer"):
                await act()


async def test_a_redis_that_takes_no_writes_is_unavailable_too(store: RedisSubscriptions, redis: Redis) -> None:
    await redis.config_set("maxmemory", "1")
    try:
        with pytest.raises(UnavailableError, match="can't take this now"):
            await store.add(one("aaaaaa"))
    finally:
        await redis.config_set("maxmemory", "0")


@pytest.mark.slow
async def test_thousands_of_subscriptions_are_added_and_read(store: RedisSubscriptions) -> None:
    places = [SlackChannel(team="T1", channel=f"C{n}") for n in range(100)]
    for place in places:
        names = [f"{place.channel}.{n}" for n in range(20)]
        await asyncio.gather(*(store.add(one(name, wanted=f"model:{name}", place=place)) for name in names))
    version, found = await store.snapshot()
    assert (version, len(found)) == (2_000, 2_000)
    assert len(await store.of_destination(destination_id(places[7]))) == 20
