import pytest
from redis.asyncio import Redis

from bot.core.errors import UnavailableError
from bot.stores.epoch import Epoch, new_epoch
from bot.stores.keys import Keys
from bot.stores.outbox import Limits, RedisOutbox
from bot.stores.subscriptions import RedisSubscriptions


@pytest.fixture
async def epoch(redis: Redis, keys: Keys) -> Epoch:
    """The epoch of a Redis whose state was checked."""
    made = Epoch(redis, keys)
    await redis.set(keys.epoch, new_epoch((await made.look()).run))
    assert made.adopt(await made.look())
    return made


async def test_a_fresh_redis_has_no_epoch_and_none_is_adopted(redis: Redis, keys: Keys) -> None:
    epoch = Epoch(redis, keys)
    found = await epoch.look()
    assert (found.epoch, found.pulse, found.checked) == (None, None, False)
    assert epoch.adopt(found) is False
    assert epoch.known == ""


async def test_the_epoch_of_another_run_is_not_adopted(redis: Redis, keys: Keys) -> None:
    await redis.set(keys.epoch, new_epoch("f" * 40))
    assert Epoch(redis, keys).adopt(await Epoch(redis, keys).look()) is False


async def test_scripts_run_in_the_epoch_they_know(redis: Redis, keys: Keys, epoch: Epoch) -> None:
    assert (await RedisOutbox(redis, keys, Limits(), epoch=epoch).lease("w", lanes=1, kinds=("slack",))).lanes == ()
    assert not epoch.doubted.is_set()


@pytest.mark.parametrize("now", [None, "another"])
async def test_scripts_do_nothing_in_a_wiped_or_otherwise_recovered_redis(
    redis: Redis, keys: Keys, epoch: Epoch, now: str | None
) -> None:
    await redis.delete(keys.epoch)
    if now is not None:
        await redis.set(keys.epoch, now)
    with pytest.raises(UnavailableError, match="being checked"):
        await RedisOutbox(redis, keys, Limits(), epoch=epoch).lease("w", lanes=1, kinds=("slack",))
    assert epoch.doubted.is_set()
    assert await redis.get(keys.pulse) is None


async def test_before_an_epoch_is_known_scripts_do_nothing(redis: Redis, keys: Keys) -> None:
    with pytest.raises(UnavailableError):
        await RedisSubscriptions(redis, keys, epoch=Epoch(redis, keys)).remove("abc123")  # type: ignore[arg-type]


async def test_a_connection_to_an_unchecked_redis_is_refused(
    valkey: str, redis: Redis, keys: Keys, epoch: Epoch
) -> None:
    async with Redis(unix_socket_path=valkey, protocol=3, redis_connect_func=epoch.compare) as checked:
        assert await checked.ping()
    await redis.set(keys.epoch, new_epoch("f" * 40))
    async with Redis(unix_socket_path=valkey, protocol=3, redis_connect_func=epoch.compare) as checked:
        store = RedisSubscriptions(checked, keys, epoch=epoch)
        with pytest.raises(UnavailableError, match="being checked"):
            await store.version()
    assert epoch.doubted.is_set()
