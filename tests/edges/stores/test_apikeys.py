"""API keys on the real registry: what opens, what does not, and that no secret lies anywhere."""

import re
import secrets
from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from redis.asyncio import Redis
from structlog.testing import capture_logs

from bot.core.apikey import PATTERN, ApiKey, KeyId, Scope, digest_of, read_key, write_key
from bot.stores import apikeys
from bot.stores.apikeys import HOUR, ApiKeys
from bot.stores.keys import Keys
from bot.stores.registry import Kind, Registry

T0 = 1_800_000_000_000


@dataclass
class Clock:
    now: int = T0

    def __call__(self) -> int:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def registry(redis: Redis, keys: Keys) -> Registry:
    return Registry(redis, keys)


@pytest.fixture
def kept(registry: Registry, clock: Clock) -> ApiKeys:
    return ApiKeys(registry, now=clock, chance=secrets.token_bytes)


async def make(kept: ApiKeys, *, team: str = "T1", scope: Scope = Scope.READ, expires: int | None = None) -> Any:
    return await kept.create(name="ci", team=team, owner="U1", scopes=[scope], expires=expires)


async def test_a_key_opens_with_its_secret_and_is_the_one_that_was_made(kept: ApiKeys) -> None:
    made, text = await make(kept)
    found = await kept.check(text)
    assert found is not None
    assert (found.id, found.name, found.team, found.owner) == (made.id, "ci", "T1", "U1")
    assert found.scopes == {Scope.READ}
    assert re.fullmatch(PATTERN, text)


async def test_neither_redis_nor_a_repr_nor_a_log_has_the_secret(kept: ApiKeys, redis: Redis, keys: Keys) -> None:
    with capture_logs() as logs:
        made, text = await make(kept)
        await kept.check(text)
        await kept.check(text[:-1] + ("0" if text[-1] != "0" else "1"))
    secret = text.rpartition("_")[2]
    value: Any = await redis.hget(keys.registered(Kind.KEY), made.id)
    assert secret.encode() not in value
    assert digest_of(secret).encode() in value
    assert secret not in repr(made)
    assert made.digest not in repr(made)
    assert secret not in str(logs)


async def test_a_wrong_secret_an_unknown_id_and_a_text_that_is_no_key_open_nothing(kept: ApiKeys) -> None:
    made, text = await make(kept)
    _, other = await make(kept)
    mixed = write_key(made.id, other.rpartition("_")[2])
    unknown = write_key(KeyId("zzzzzzzz"), text.rpartition("_")[2])
    for wrong in (mixed, unknown, "", "tdk_", text + "0", text.upper(), text.replace("tdk", "xoxb"), f"{text}\n"):
        assert await kept.check(wrong) is None


async def test_the_secret_is_compared_in_constant_time_also_for_an_unknown_key(
    kept: ApiKeys, monkeypatch: pytest.MonkeyPatch
) -> None:
    compared = []

    def spy(one: str, other: str) -> bool:
        compared.append((len(one), len(other)))
        return one == other

    monkeypatch.setattr(apikeys, "compare_digest", spy)
    _, text = await make(kept)
    await kept.check(text)
    await kept.check(write_key(KeyId("zzzzzzzz"), "0" * 64))
    assert compared == [(64, 64), (64, 64)]


async def test_the_hash_of_nothing_opens_no_unknown_key(kept: ApiKeys, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(apikeys, "_NOBODYS", digest_of("0" * 64))
    assert await kept.check(write_key(KeyId("zzzzzzzz"), "0" * 64)) is None


async def test_an_expired_key_opens_nothing(kept: ApiKeys, clock: Clock) -> None:
    _, text = await make(kept, expires=T0 + 5)
    clock.now = T0 + 4
    assert await kept.check(text) is not None
    clock.now = T0 + 5
    assert await kept.check(text) is None


async def test_a_revoked_key_opens_nothing_at_once_in_another_process_too(
    kept: ApiKeys, redis: Redis, keys: Keys
) -> None:
    made, text = await make(kept)
    elsewhere = ApiKeys(Registry(redis, keys), now=Clock(), chance=secrets.token_bytes)
    assert await elsewhere.check(text) is not None
    assert await kept.revoke(made.id)
    assert await elsewhere.check(text) is None
    assert not await kept.revoke(made.id)


async def test_the_last_use_is_kept_to_the_hour_and_written_once_an_hour(
    kept: ApiKeys, registry: Registry, clock: Clock
) -> None:
    _, text = await make(kept)
    await kept.check(text)
    version = await registry.version()
    clock.now += HOUR // 3
    await kept.check(text)
    assert await registry.version() == version
    clock.now += HOUR
    await kept.check(text)
    (one,) = await kept.list()
    assert one.used == clock.now - clock.now % HOUR
    assert await registry.version() == version + 1


async def test_a_key_that_is_revoked_while_it_is_used_stays_revoked(kept: ApiKeys, registry: Registry) -> None:
    class Slow(Registry):
        async def get(self, kind: Kind, identity: str) -> bytes | None:
            value = await registry.get(kind, identity)
            await registry.remove(kind, identity)
            return value

    _, text = await make(kept)
    slow = Slow.__new__(Slow)
    slow.__dict__.update(registry.__dict__)
    await ApiKeys(slow, now=Clock(), chance=secrets.token_bytes).check(text)
    assert await kept.list() == ()


async def test_an_id_that_is_taken_is_drawn_again(registry: Registry) -> None:
    drawn = iter([b"\0" * 32, b"\0" * 8, b"\1" * 32, b"\0" * 8, b"\1" * 8])
    kept = ApiKeys(registry, now=Clock(), chance=lambda _: next(drawn))
    first, second = [(await make(kept))[0] for _ in range(2)]
    assert (first.id, second.id) == ("00000000", "11111111")
    assert {one.id for one in await kept.list()} == {"00000000", "11111111"}


async def test_the_list_is_of_one_team_or_of_all_oldest_first(kept: ApiKeys, clock: Clock) -> None:
    one, _ = await make(kept)
    clock.now += 1
    other, _ = await make(kept, team="T2")
    assert await kept.list() == (one, other)
    assert await kept.list(team="T2") == (other,)


async def test_what_a_newer_version_wrote_opens_nothing_and_hinders_nobody(kept: ApiKeys, registry: Registry) -> None:
    one, text = await make(kept)
    await registry.put(Kind.KEY, "zzzzzzzz", b'{"argon2": "x"}')
    await registry.put(Kind.KEY, "yyyyyyyy", b"[]")
    assert await kept.check(write_key(KeyId("zzzzzzzz"), "0" * 64)) is None
    assert [found.id for found in await kept.list()] == [one.id]
    assert await kept.check(text) is not None


@given(text=st.text())
def test_any_text_is_read_or_refused(text: str) -> None:
    assert read_key(text) is None or write_key(*read_key(text) or (KeyId(""), "")) == text


def test_each_scope_includes_those_before_it() -> None:
    def key(scope: Scope) -> ApiKey:
        return ApiKey(
            id=KeyId("0" * 8), name="", team="T1", owner="U1", scopes=frozenset({scope}), digest="", created=0
        )

    opened = {scope: {one for one in Scope if key(scope).opens(one)} for scope in Scope}
    assert opened == {
        Scope.READ: {Scope.READ},
        Scope.WRITE: {Scope.READ, Scope.WRITE},
        Scope.ADMIN: {Scope.READ, Scope.WRITE, Scope.ADMIN},
    }
