import asyncio
from dataclasses import replace
from typing import Any, cast

import pytest
from cryptography.fernet import Fernet
from redis.asyncio import Redis

from bot.core.errors import UnavailableError
from bot.ports.installation import Installation
from bot.stores.installations import Access, InstallationStore
from bot.stores.keys import Keys
from bot.stores.lock import Lock
from bot.stores.registry import Kind, Registry
from bot.stores.states import States
from bot.stores.vault import Vault

OLD, NEW = Fernet.generate_key().decode(), Fernet.generate_key().decode()
OWN = Installation(
    team="T1",
    enterprise="E1",
    bot="B1",
    bot_user="U1",
    token="xoxe.xoxb-canary",
    scopes=("chat:write", "commands"),
    refresh_token="xoxe-1-canary",
    expires_at=5,
    installed_at=3,
    installer="U7",
)
ORG = Installation(team="", enterprise="E1", bot="B2", bot_user="U2", token="xoxb-org", is_org_wide=True)


@pytest.fixture
def registry(redis: Redis, keys: Keys) -> Registry:
    return Registry(redis, keys)


@pytest.fixture
def store(registry: Registry) -> InstallationStore:
    return InstallationStore(registry, Vault([OLD]))


async def test_what_is_saved_is_found_again_whole(store: InstallationStore) -> None:
    assert await store.get("T1") is None
    await store.save(OWN)
    await store.save(ORG)
    assert await store.get("T1") == OWN
    assert await store.all() == {"T1": OWN, "E1": ORG}


async def test_nothing_secret_is_in_redis_or_printed(store: InstallationStore, redis: Redis, keys: Keys) -> None:
    await store.save(OWN)
    values = await cast("Any", redis.hgetall(keys.registered("installation")))
    assert values
    assert not any(b"canary" in value or b"chat:write" in value for value in values.values())
    assert "canary" not in repr(OWN)


async def test_a_record_under_a_new_first_key_is_sealed_anew_when_it_is_read(
    store: InstallationStore, registry: Registry
) -> None:
    await store.save(OWN)
    assert await InstallationStore(registry, Vault([NEW, OLD])).get("T1") == OWN
    assert await InstallationStore(registry, Vault([NEW])).get("T1") == OWN
    before = await registry.version()
    await InstallationStore(registry, Vault([NEW, OLD])).get("T1")
    assert await registry.version() == before


async def test_a_wrong_key_says_which_setting(store: InstallationStore, registry: Registry) -> None:
    await store.save(OWN)
    with pytest.raises(UnavailableError, match=r"installation of T1 can't be read: no key in TIDINGS_ENCRYPTION_KEYS"):
        await InstallationStore(registry, Vault([NEW])).find("T1", None)


async def test_a_record_moved_under_another_id_is_not_believed(store: InstallationStore, registry: Registry) -> None:
    await store.save(OWN)
    await registry.put(Kind.INSTALLATION, "T2", await registry.get(Kind.INSTALLATION, "T1") or b"")
    with pytest.raises(UnavailableError, match="installation of T2 can't be read: install the app there again"):
        await store.get("T2")


async def test_a_record_that_is_no_installation_is_said_to_be_none(
    registry: Registry, store: InstallationStore
) -> None:
    await registry.put(Kind.INSTALLATION, "T1", Vault([OLD]).seal(b'{"team":"T1"}'))
    with pytest.raises(UnavailableError, match="install the app there again"):
        await store.get("T1")


async def test_a_field_of_a_newer_version_is_passed_over(registry: Registry, store: InstallationStore) -> None:
    text = b'{"team":"T1","enterprise":null,"bot":"B","bot_user":"U","token":"x","moon":"full"}'
    await registry.put(Kind.INSTALLATION, "T1", Vault([OLD]).seal(text))
    found = await store.get("T1")
    assert found == Installation(team="T1", enterprise=None, bot="B", bot_user="U", token="x")


async def test_a_workspaces_own_installation_comes_before_its_organisations(store: InstallationStore) -> None:
    await store.save(ORG)
    assert await store.find("T1", "E1") == replace(ORG, team="T1")
    await store.save(OWN)
    assert await store.find("T1", "E1") == OWN
    await store.save(replace(OWN, broken="gone"))
    assert await store.find("T1", "E1") == replace(ORG, team="T1")


async def test_whose_workspace_it_is_is_learned_from_what_slack_says_with_a_request(store: InstallationStore) -> None:
    await store.save(ORG)
    assert await store.find("T5", None) is None
    assert await store.find("T5", "E1") == replace(ORG, team="T5")
    assert await store.find("T5", None) == replace(ORG, team="T5")
    assert await store.find(None, "E1") == ORG
    assert await store.find(None, None) is None


@pytest.mark.parametrize("other", [replace(OWN, team="E1"), replace(ORG, broken="gone")])
async def test_an_organisations_id_alone_serves_nobody(store: InstallationStore, other: Installation) -> None:
    """Neither does what is kept under it without being org-wide, nor what no longer works."""
    await store.save(other)
    assert await store.find("T5", "E1") is None


async def test_what_slack_tells_of_access_counts_in_the_order_in_which_it_happened(store: InstallationStore) -> None:
    await store.save(ORG)
    assert await store.tell_access("T5", Access(enterprise="E1", granted=True, at=10))
    assert await store.find("T5", None) is not None
    assert await store.tell_access("T5", Access(enterprise="E1", granted=False, at=20))
    assert await store.find("T5", None) is None
    assert await store.find("T5", "E1") is not None, "Slack's own request must not be turned away"
    assert await store.find("T5", None) is None
    assert not await store.tell_access("T5", Access(enterprise="E1", granted=True, at=10))
    assert await store.find("T5", None) is None


async def test_of_what_slack_tells_at_once_the_newest_stays(store: InstallationStore) -> None:
    told = [Access(enterprise="E1", granted=at % 2 == 0, at=at) for at in (3, 1, 6, 2, 5, 4)]
    await asyncio.gather(*(store.tell_access("T5", one) for one in told))
    assert await store.access("T5") == Access(enterprise="E1", granted=True, at=6)


async def test_a_change_is_made_to_what_is_there_when_it_is_written(store: InstallationStore) -> None:
    assert await store.change("T1", lambda found: replace(found, broken="x")) is None
    await store.save(replace(OWN, expires_at=0))

    def later(found: Installation) -> Installation:
        return replace(found, expires_at=(found.expires_at or 0) + 1)

    await asyncio.gather(*(store.change("T1", later) for _ in range(6)))
    assert await store.get("T1") == replace(OWN, expires_at=6)


async def test_a_state_works_once_and_for_its_browser_only(redis: Redis, keys: Keys) -> None:
    states = States(redis, keys)
    mine = await states.issue("browser-1")
    assert [await states.consume(mine, "browser-1"), await states.consume(mine, "browser-1")] == [True, False]
    other = await states.issue("browser-1")
    assert not await states.consume(other, "browser-2")
    assert not await states.consume("made-up", "browser-1")
    left = await states.issue("browser-1")
    assert 590 < await redis.ttl(keys.oauth_state(left)) <= 600


async def test_a_lock_is_one_holders_until_they_give_it_back(redis: Redis) -> None:
    lock = Lock(redis, 60_000)
    held = await lock.take("a-lock")
    assert held is not None
    assert await lock.take("a-lock") is None
    await lock.give_back("a-lock", "another")
    assert await lock.take("a-lock") is None
    await lock.give_back("a-lock", held)
    assert await lock.take("a-lock") is not None
    await redis.delete("a-lock")
