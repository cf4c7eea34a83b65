"""Tokens that rotate: renewed early, by one process at a time, and never lost."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest
from redis.asyncio import Redis
from structlog.testing import capture_logs

from bot.core.errors import UnavailableError
from bot.outlets.slack.web import Said
from bot.ports.installation import Installation
from bot.slack import many as many_module
from bot.slack.many import AGAIN, ManyInstallations
from bot.stores.installations import InstallationStore
from bot.stores.keys import Keys
from bot.stores.lock import Lock
from tests.edges.slack.conftest import eventually
from tests.edges.slack.house import ORG, TEAM, House, house

HOUR = 3_600


@pytest.fixture
async def home(redis: Redis, keys: Keys) -> AsyncIterator[House]:
    async with house(redis, keys) as made:
        yield made


@pytest.fixture
async def installed(home: House) -> Installation:
    return await home.install()


@pytest.fixture
async def many(home: House) -> AsyncIterator[ManyInstallations]:
    async with home.many() as made:
        yield made


def renewals(home: House) -> int:
    """Calls of oauth.v2.access after the one that installed."""
    methods: dict[str, Any] = home.sandbox.backend.stats.to_json()["methods"]
    return int(methods["oauth.v2.access"]["calls"]) - 1


async def kept(home: House) -> Installation:
    found = await home.store.get(TEAM)
    assert found is not None
    return found


async def works(home: House, token: str | None) -> bool:
    return isinstance(await home.web.ask(home.web.api.auth_test(token=token)), Said)


async def test_a_token_with_more_than_two_hours_left_is_used_as_it_is(
    home: House, installed: Installation, many: ManyInstallations
) -> None:
    home.clock.seconds += 10 * HOUR - 1
    assert await many.find(TEAM, None) == installed
    assert await many.token_of(TEAM) == installed.token
    assert renewals(home) == 0


async def test_with_two_hours_left_it_is_renewed_while_the_old_one_goes_on(
    home: House, installed: Installation, many: ManyInstallations
) -> None:
    home.clock.seconds += 10 * HOUR
    assert [await many.token_of(TEAM) for _ in range(3)] == [installed.token] * 3
    await many.__aexit__()
    renewed = await kept(home)
    assert renewed.token != installed.token
    assert renewed.expires_at == home.clock.ms() + 12 * HOUR * 1000
    assert renewed == replace(
        installed, token=renewed.token, refresh_token=renewed.refresh_token, expires_at=renewed.expires_at
    )
    assert await works(home, await many.token_of(TEAM))
    assert renewals(home) == 1


@pytest.mark.parametrize("hours", [11, 13])
async def test_of_two_processes_and_all_their_workers_one_renews(
    home: House, installed: Installation, hours: int
) -> None:
    home.sandbox.fault("latency", method="oauth.v2.access", seconds=0.1)
    home.clock.seconds += hours * HOUR
    async with home.many() as one, home.many() as two:
        tokens = await asyncio.gather(*(process.token_of(TEAM) for process in (one, two) * 20))
    assert renewals(home) == 1
    new = (await kept(home)).token
    assert set(tokens) == ({installed.token} if hours == 11 else {new})
    assert await works(home, new)


async def test_an_organisations_token_is_renewed_for_each_of_its_workspaces(home: House) -> None:
    org = await home.install(org="on")
    home.clock.seconds += 13 * HOUR
    async with home.many() as many:
        found = await many.find("T7", ORG)
        assert found is not None
        assert (found.team, found.token == org.token) == ("T7", False)
        assert await many.token_of("T7") == found.token


async def test_while_slack_is_away_a_token_that_still_works_is_used_and_asked_for_now_and_then(
    home: House, installed: Installation, many: ManyInstallations
) -> None:
    home.clock.seconds += 11 * HOUR
    home.sandbox.fault("html", method="oauth.v2.access", times=1)
    with capture_logs() as logs:
        for _ in range(5):
            assert await many.token_of(TEAM) == installed.token
            await asyncio.gather(*many._renewing.values(), return_exceptions=True)
    assert [one["event"] for one in logs] == ["slack_token_not_renewed"]
    assert installed.token not in repr(logs)
    assert renewals(home) == 1
    home.clock.seconds += AGAIN / 1000
    await many.token_of(TEAM)
    await many.__aexit__()
    assert (await kept(home)).token != installed.token


async def test_while_slack_is_away_an_expired_token_makes_who_needs_it_wait(
    home: House, installed: Installation, many: ManyInstallations
) -> None:
    home.clock.seconds += 13 * HOUR
    home.sandbox.fault("html", method="oauth.v2.access", times=1)
    for says in ("does not renew the token", "could not be renewed just now"):
        with pytest.raises(UnavailableError, match=says):
            await many.find(TEAM, None)
    assert renewals(home) == 1
    home.clock.seconds += AGAIN / 1000
    assert await many.token_of(TEAM) not in (None, installed.token)


async def test_a_refresh_token_that_slack_refuses_breaks_the_installation_once_the_token_has_expired(
    home: House, installed: Installation, many: ManyInstallations
) -> None:
    await home.store.save(replace(installed, refresh_token="xoxe-1-unknown"))
    home.clock.seconds += 11 * HOUR
    assert await many.token_of(TEAM) == installed.token
    await asyncio.gather(*many._renewing.values(), return_exceptions=True)
    assert (await kept(home)).broken == ""
    home.clock.seconds += 2 * HOUR
    assert await many.token_of(TEAM) is None
    assert (await kept(home)).broken == "Slack refuses its refresh token (invalid_refresh_token)"
    assert await many.find(TEAM, None) is None


async def test_an_installation_made_while_the_token_was_renewed_stays(
    home: House, installed: Installation, many: ManyInstallations
) -> None:
    home.clock.seconds += 13 * HOUR
    home.sandbox.fault("latency", method="oauth.v2.access", seconds=0.1, times=1)
    waiting = asyncio.create_task(many.find(TEAM, None))
    await eventually(lambda: renewals(home) == 1)
    newer = replace(installed, token="xoxe.xoxb-newer", expires_at=None, refresh_token=None)
    await home.store.save(newer)
    assert await waiting == newer
    assert await kept(home) == newer


async def test_who_is_cancelled_while_waiting_does_not_lose_the_new_token(
    home: House, installed: Installation, many: ManyInstallations
) -> None:
    home.clock.seconds += 13 * HOUR
    home.sandbox.fault("latency", method="oauth.v2.access", seconds=0.1)
    waiting = asyncio.create_task(many.token_of(TEAM))
    await eventually(lambda: renewals(home) == 1)
    waiting.cancel()
    await asyncio.gather(waiting, return_exceptions=True)
    await many.__aexit__()
    assert (await kept(home)).token != installed.token
    assert renewals(home) == 1


async def test_a_new_token_is_written_down_as_soon_as_redis_takes_it(
    home: House, installed: Installation, many: ManyInstallations, monkeypatch: pytest.MonkeyPatch
) -> None:
    change, calls = InstallationStore.change, 0

    async def away_twice(self: InstallationStore, *arguments: Any) -> Any:
        nonlocal calls
        calls += 1
        if calls < 3:
            raise UnavailableError("Redis does not answer")
        return await change(self, *arguments)

    monkeypatch.setattr(InstallationStore, "change", away_twice)
    home.clock.seconds += 13 * HOUR
    assert await many.token_of(TEAM) == (await kept(home)).token != installed.token
    assert renewals(home) == 1


async def test_a_lock_that_nobody_comes_back_for_is_waited_for_a_while(
    home: House, installed: Installation, many: ManyInstallations, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(many_module, "WAIT_SECONDS", 0.2)
    home.clock.seconds += 13 * HOUR
    await home.redis.set(home.keys.rotating(TEAM), "a process that died", px=60_000)
    with pytest.raises(UnavailableError, match="another process renews the token"):
        await many.token_of(TEAM)
    assert renewals(home) == 0
    assert (await kept(home)).token == installed.token


async def test_who_comes_after_another_process_has_renewed_takes_what_it_left(
    home: House, installed: Installation, many: ManyInstallations, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It read the installation before, and got the lock after."""
    home.clock.seconds += 13 * HOUR
    take = Lock.take

    async def late(self: Lock, key: str) -> str | None:
        monkeypatch.setattr(Lock, "take", take)
        async with home.many() as another:
            await another.token_of(TEAM)
        return await take(self, key)

    monkeypatch.setattr(Lock, "take", late)
    assert await many.token_of(TEAM) == (await kept(home)).token != installed.token
    assert renewals(home) == 1


async def test_a_token_that_slack_refused_is_replaced_by_the_next(
    home: House, installed: Installation, many: ManyInstallations
) -> None:
    renewed = await many.renew(TEAM, installed.token)
    assert renewed not in (None, installed.token)
    assert await many.renew(TEAM, installed.token) == renewed
    assert renewals(home) == 1


async def test_there_is_no_other_token_where_it_does_not_rotate_or_nothing_is_installed(
    home: House, installed: Installation, many: ManyInstallations
) -> None:
    assert await many.renew("T9", "xoxb-1") is None
    await home.store.save(replace(installed, refresh_token=None, expires_at=None))
    assert await many.renew(TEAM, installed.token) is None
    assert await many.renew(TEAM, "xoxb-before") == installed.token
    await home.store.save(replace(installed, refresh_token="xoxe-1-unknown", expires_at=0))
    assert await many.renew(TEAM, installed.token) is None
