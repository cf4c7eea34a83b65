"""The Bolt app itself, driven without a transport: what is acknowledged when, what is done once, what is finished."""

import asyncio
import os
from pathlib import Path
from typing import Any

import pytest
from redis.asyncio import Redis
from structlog.testing import capture_logs

from bot.actions.acts import Actions
from bot.outlets.slack.web import SlackWeb
from bot.sandbox.server import Sandbox
from bot.slack.app import SlackApp
from bot.slack.errands import Errands
from bot.slack.inbox import Inbox, identity
from bot.slack.installation import SingleInstallation
from bot.stores.keys import Keys
from bot.stores.subscriptions import RedisSubscriptions
from tests.edges.slack.conftest import DEADLINE

TRAPS = {
    "SLACK_BOT_TOKEN": "xoxb-from-the-environment",
    "SLACK_CLIENT_ID": "1.2",
    "SLACK_CLIENT_SECRET": "from-the-environment",
    "SLACK_SIGNING_SECRET": "from-the-environment",
    "SLACK_APP_TOKEN": "xapp-from-the-environment",
}


def command(sandbox: Sandbox, text: str, **more: Any) -> dict[str, Any]:
    return {
        "command": "/tidings",
        "text": text,
        "team_id": sandbox.workspace.team_id,
        "user_id": sandbox.user_id("tomas.okafor"),
        "channel_id": sandbox.channel_id("general"),
        "channel_name": "general",
        "trigger_id": "1.1.abc",
        **more,
    }


async def test_the_acknowledgement_waits_for_no_work(
    app: SlackApp, sandbox: Sandbox, subscriptions: RedisSubscriptions
) -> None:
    held = sandbox.fault("latency", method="conversations.info", seconds=0.3)
    answer = await app.dispatch(command(sandbox, "subscribe status:failed"))
    assert (answer.status, answer.body) == (200, "")
    assert (held.hits, len(app.errands), await subscriptions.version()) == (0, 1, 0)
    assert await app.drain(DEADLINE) == 0
    assert (held.hits, await subscriptions.version()) == (1, 1)


async def test_a_listener_runs_in_no_task_of_bolts_which_nobody_would_wait_for(
    app: SlackApp, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    tasks: list[asyncio.Task[Any] | None] = []
    monkeypatch.setattr(app.errands, "check", lambda: tasks.append(asyncio.current_task()))
    await app.dispatch(command(sandbox, "help"))
    assert set(tasks) == {asyncio.current_task()}


async def test_a_request_that_slack_sends_twice_is_done_once(
    app: SlackApp, sandbox: Sandbox, redis: Redis, keys: Keys
) -> None:
    with capture_logs() as logs:
        for _ in range(2):
            assert (await app.dispatch(command(sandbox, "subscribe status:failed"))).status == 200
        await app.drain(DEADLINE)
    assert [entry["event"] for entry in logs] == ["request_repeated"]
    assert await redis.ttl(keys.seen("trigger/1.1.abc")) > 3_600


async def test_two_replicas_do_a_request_once_between_them(
    app: SlackApp, sandbox: Sandbox, web: SlackWeb, actions: Actions, redis: Redis, keys: Keys
) -> None:
    other = SlackApp(
        web=web,
        installations=SingleInstallation(web, sandbox.bot_token),
        actions=actions,
        inbox=Inbox(redis, keys),
    )
    with capture_logs() as logs:
        await asyncio.gather(*(each.dispatch(command(sandbox, "subscribe status:failed")) for each in (app, other)))
        await asyncio.gather(app.drain(DEADLINE), other.drain(DEADLINE))
    assert [entry["event"] for entry in logs] == ["request_repeated"]


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({"event_id": "Ev1", "trigger_id": "no"}, "event/Ev1"),
        ({"trigger_id": "1.2"}, "trigger/1.2"),
        ({"command": "/tidings"}, None),
        ({"event_id": None}, None),
    ],
)
def test_a_request_is_known_by_its_event_or_its_trigger(body: dict[str, Any], expected: str | None) -> None:
    assert identity(body) == expected


async def test_a_request_without_an_id_is_done_each_time(app: SlackApp, sandbox: Sandbox) -> None:
    body = command(sandbox, "subscribe")
    del body["trigger_id"]
    with capture_logs() as logs:
        await app.dispatch(body)
        await app.drain(DEADLINE)
    assert logs == []


async def test_too_much_at_once_is_not_acknowledged_so_that_slack_tells_the_person(
    app: SlackApp, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    full = Errands(at_once=1, waiting=-1)
    monkeypatch.setattr(app.errands, "check", full.check)
    assert (await app.dispatch(command(sandbox, "subscribe status:failed"))).status == 500


async def test_a_failure_that_nobody_foresaw_is_told_to_the_person_and_logged(
    app: SlackApp, sandbox: Sandbox, redis: Redis, keys: Keys
) -> None:
    await redis.set(keys.subscriptions_of(sandbox.workspace.team_id, sandbox.user_id("tomas.okafor")), "not a set")
    secret = sandbox.backend.response_urls.issue(
        user=sandbox.user_id("tomas.okafor"), channel=sandbox.channel_id("general"), now=sandbox.backend.clock()
    )
    url = sandbox.backend.response_url("commands", secret)
    with capture_logs() as logs:
        await app.dispatch(command(sandbox, "list", response_url=url))
        await app.drain(DEADLINE)
    assert [entry["event"] for entry in logs] == ["errand_failed"]
    (told,) = sandbox.workspace.ephemerals.values()
    assert "Something went wrong on my side" in told.content.text


async def test_an_answer_that_cant_be_delivered_is_logged_without_its_url(app: SlackApp, sandbox: Sandbox) -> None:
    with capture_logs() as logs:
        await app.dispatch(command(sandbox, "help", response_url=f"{sandbox.url}/commands/T1/nothing"))
        await app.drain(DEADLINE)
        await app.dispatch(command(sandbox, "help", trigger_id="2", response_url="http://127.0.0.1:9/commands/s3cret"))
        await app.drain(DEADLINE)
    assert [entry["event"] for entry in logs] == ["reply_failed", "reply_failed"]
    assert logs[0]["status"] == 404
    assert "s3cret" not in str(logs)


async def test_slack_is_asked_once_whose_token_it_is(app: SlackApp, sandbox: Sandbox) -> None:
    for number in range(3):
        await app.dispatch(command(sandbox, "help", trigger_id=str(number)))
    assert sandbox.backend.stats.to_json()["methods"]["auth.test"]["calls"] == 1


async def test_while_slack_does_not_say_whose_token_it_is_requests_are_not_acknowledged(
    app: SlackApp, sandbox: Sandbox
) -> None:
    sandbox.fault("error", method="auth.test", error="internal_error")
    assert (await app.dispatch(command(sandbox, "help"))).status == 500
    assert (await app.dispatch(command(sandbox, "help"))).status == 200


@pytest.mark.parametrize(
    "event",
    [
        {"type": "app_home_opened", "tab": "messages"},
        {"type": "member_joined_channel", "user": "U0SANDBOXBOT"},
        {"type": "member_joined_channel", "user": "U0SBX0001", "inviter": "U0SBX0002"},
    ],
)
async def test_events_that_mean_nothing_to_us_make_no_work(
    app: SlackApp, sandbox: Sandbox, event: dict[str, Any]
) -> None:
    body = {
        "type": "event_callback",
        "team_id": sandbox.workspace.team_id,
        "event_id": "Ev1",
        "event": {"user": sandbox.user_id("tomas.okafor"), "channel": sandbox.channel_id("general"), **event},
    }
    assert (await app.dispatch(body)).status == 200
    assert len(app.errands) == 0


async def test_a_request_without_a_person_reaches_no_work(app: SlackApp, sandbox: Sandbox) -> None:
    body = command(sandbox, "subscribe")
    del body["user_id"]
    assert (await app.dispatch(body)).status == 500
    assert len(app.errands) == 0


@pytest.fixture
def traps(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """An environment in which Bolt would make itself another app, and a home in which it would keep files."""
    for name, value in TRAPS.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("HOME", str(tmp_path))
    return tmp_path


async def test_nothing_in_the_environment_changes_what_the_app_is(traps: Path, app: SlackApp, sandbox: Sandbox) -> None:
    assert os.environ["SLACK_BOT_TOKEN"] == TRAPS["SLACK_BOT_TOKEN"]
    assert (await app.dispatch(command(sandbox, "help"))).status == 200
    await app.drain(DEADLINE)
    assert sandbox.backend.stats.to_json()["methods"]["auth.test"]["errors"] == {}
    assert app.bolt._token is None
    assert app.bolt._signing_secret == ""
    assert kept_in(traps) == []


def kept_in(folder: Path) -> list[str]:
    return [found.name for found in folder.iterdir()]
