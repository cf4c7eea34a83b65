"""The app is removed, its token revoked, and both again after it was installed anew."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import replace
from typing import Any

import pytest
from aiohttp import web as aiohttp_web
from aiohttp.test_utils import TestServer
from redis.asyncio import Redis
from structlog.testing import capture_logs

from bot.core.errors import UnavailableError
from bot.outlets.slack.web import Said
from bot.slack import lifecycle
from bot.slack.app import SlackApp
from bot.slack.endpoint import PATH, Endpoint
from bot.slack.inbox import Inbox
from bot.slack.socket import SocketMode
from bot.stores.installations import Access
from bot.stores.keys import Keys
from tests.edges.slack.conftest import eventually
from tests.edges.slack.house import ORG, TEAM, House, house


@pytest.fixture(params=["socket", "http"])
async def home(request: pytest.FixtureRequest, redis: Redis, keys: Keys) -> AsyncIterator[House]:
    """With the app listening, over both ways in."""
    async with AsyncExitStack() as stack:
        made = await stack.enter_async_context(house(redis, keys, socket_mode=request.param == "socket"))
        many = await stack.enter_async_context(made.many())
        app = SlackApp(
            web=made.web,
            installations=many,
            actions=None,  # type: ignore[arg-type] # nobody acts here
            inbox=Inbox(redis, keys),
            installed=made.lifecycle,
        )
        if request.param == "socket":
            socket = await stack.enter_async_context(SocketMode(app, made.web, made.sandbox.app_token, check=0.2))
            await socket.wait_connected()
        else:
            server = aiohttp_web.Application()
            server.add_routes(Endpoint(app, made.sandbox.signing_secret, clock=made.clock).routes())
            listening = await stack.enter_async_context(TestServer(server))
            await made.sandbox.deliver_to(str(listening.make_url(PATH)))
        yield made


async def broken(home: House, key: str = TEAM) -> str:
    found = await home.store.get(key)
    assert found is not None
    return found.broken


async def told(home: House, event: str, detail: dict[str, Any] | None = None) -> list[str]:
    """Let Slack tell it once more; what came of it."""
    with capture_logs() as logs:
        home.sandbox.events.emit(event, {"type": event, **(detail or {})})
        await eventually(lambda: any(one["event"].startswith("slack_end") for one in logs))
    return [one["event"] for one in logs]


async def uninstall(home: House, token: str) -> None:
    app = home.sandbox.app
    call = home.web.api.apps_uninstall(token=token, client_id=app.client_id, client_secret=app.client_secret)
    assert isinstance(await home.web.ask(call), Said)


@pytest.mark.parametrize("how", ["uninstall", "revoke"])
async def test_an_end_is_marked_and_nothing_is_deleted(home: House, how: str) -> None:
    installed = await home.install()
    with capture_logs() as logs:
        if how == "uninstall":
            await uninstall(home, installed.token)
        else:
            assert isinstance(await home.web.ask(home.web.api.auth_revoke(token=installed.token)), Said)
        await eventually(lambda: any(one["event"] == "slack_installation_ended" for one in logs))
    why = {"uninstall": "the app was removed", "revoke": "its token was revoked"}[how]
    assert await home.store.get(TEAM) == replace(installed, broken=why)
    async with home.many() as many:
        assert await many.token_of(TEAM) is None


async def test_an_end_from_before_the_installation_is_not_believed(home: House) -> None:
    await home.install()
    home.clock.seconds -= 60
    assert await told(home, "app_uninstalled") == ["slack_end_outdated"]
    assert await broken(home) == ""


async def test_an_end_that_slack_disproves_is_not_believed(home: House) -> None:
    """As when the event comes late, in the same second in which the app was installed anew."""
    await home.install()
    tokens = {"oauth": [], "bot": ["U1"]}
    assert await told(home, "tokens_revoked", {"tokens": tokens}) == ["slack_end_disproved"]
    assert await broken(home) == ""


async def test_an_end_that_slack_can_not_confirm_is_told_again(home: House) -> None:
    installed = await home.install()
    home.sandbox.backend.grants.revoke(installed.token)
    home.sandbox.fault("html", method="auth.test", times=1)
    home.sandbox.deliveries.ack_seconds, home.sandbox.deliveries.retry_delays = 0.3, (0.05, 0.05, 0.05)
    with capture_logs() as logs:
        home.sandbox.events.emit("app_uninstalled", {"type": "app_uninstalled"})
        await eventually(lambda: any(one["event"] == "slack_installation_ended" for one in logs))
    assert await broken(home) == "the app was removed"


async def test_installing_anew_takes_the_place_of_what_is_broken(home: House) -> None:
    first = await home.install()
    with capture_logs() as logs:
        await uninstall(home, first.token)
        await eventually(lambda: any(one["event"] == "slack_installation_ended" for one in logs))
    await home.redis.hset(home.keys.paused, f"slack/{TEAM}", "{}")
    home.clock.seconds += 5
    second = await home.install()
    assert second.broken == ""
    assert second.token != first.token
    assert await home.outbox.paused() == {}
    home.clock.seconds -= 5
    assert await told(home, "app_uninstalled") == ["slack_end_outdated"]
    assert await broken(home) == ""


async def test_a_persons_own_token_is_not_ours(home: House) -> None:
    installed = await home.install()
    home.sandbox.backend.grants.revoke(installed.token)
    with capture_logs() as logs:
        home.sandbox.events.emit("tokens_revoked", {"type": "tokens_revoked", "tokens": {"oauth": ["U1"]}})
        home.sandbox.events.emit("app_uninstalled", {"type": "app_uninstalled"})
        await eventually(lambda: any(one["event"] == "slack_installation_ended" for one in logs))
    assert await broken(home) == "the app was removed"


async def test_the_end_of_what_is_not_installed_or_has_ended_changes_nothing(home: House) -> None:
    await home.lifecycle.end("T9", at=home.clock.ms(), why="x")
    installed = await home.install()
    await home.store.save(replace(installed, broken="before"))
    await home.lifecycle.end(TEAM, at=home.clock.ms(), why="x")
    assert await broken(home) == "before"


async def test_an_organisations_access_to_a_workspace_comes_and_goes(home: House) -> None:
    org = await home.install(org="on")
    await home.redis.hset(home.keys.paused, "slack/T7", "{}")
    async with home.many() as many:
        await home.lifecycle.access("T7", Access(enterprise=ORG, granted=True, at=10))
        assert await many.token_of("T7") == org.token
        assert await home.outbox.paused() == {}
        await home.lifecycle.access("T7", Access(enterprise=ORG, granted=False, at=20))
        assert await many.token_of("T7") is None
        await home.lifecycle.access("T7", Access(enterprise=ORG, granted=True, at=15))
        assert await many.token_of("T7") is None


@pytest.mark.parametrize("granted", [True, False])
async def test_slack_tells_which_workspaces_an_organisation_added_or_took_away(
    home: House, monkeypatch: pytest.MonkeyPatch, *, granted: bool
) -> None:
    await home.install(org="on")
    taken: list[tuple[str, Access]] = []

    async def access(team: str, found: Access) -> None:
        taken.append((team, found))

    monkeypatch.setattr(home.lifecycle, "access", access)
    event = f"team_access_{'granted' if granted else 'revoked'}"
    deliver = home.sandbox.deliveries.tell

    def of_the_organisation(envelope: Any) -> None:
        authorization = {"enterprise_id": ORG, "team_id": None, "user_id": "U1", "is_enterprise_install": True}
        about = {"team_id": "", "enterprise_id": ORG, "authorizations": [authorization]}
        deliver(replace(envelope, payload={**envelope.payload, **about}))

    monkeypatch.setattr(home.sandbox.deliveries, "tell", of_the_organisation)
    home.sandbox.events.emit(event, {"type": event, "team_ids": ["T7", "T8"]})
    await eventually(lambda: len(taken) == 2)
    at = int(home.clock.seconds) * 1000 + 999
    assert taken == [(team, Access(enterprise=ORG, granted=granted, at=at)) for team in ("T7", "T8")]


async def test_with_a_token_from_the_settings_an_end_is_only_told() -> None:
    body = {"team_id": "T1", "event_time": 5, "event": {"team_ids": ["T1"]}, "enterprise_id": ""}
    with capture_logs() as logs:
        await lifecycle._end(None, body, "the app was removed")
        await lifecycle._access(None, body, granted=True)
    assert [(one["event"], one["installation"]) for one in logs] == [("slack_installation_ended", ["T1"])]


async def test_a_slack_that_is_away_makes_an_end_unavailable(home: House) -> None:
    await home.install()
    home.sandbox.fault("html", method="auth.test", times=1)
    with pytest.raises(UnavailableError, match="does not tell whether the token"):
        await home.lifecycle.end(TEAM, at=home.clock.ms(), why="x")
