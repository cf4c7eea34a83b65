"""The socket to Slack: opened, watched, mended and closed."""

import asyncio
from typing import Any

import pytest
from aiohttp import WSMessage, WSMsgType
from slack_bolt.response import BoltResponse
from slack_sdk.socket_mode.aiohttp import SocketModeClient
from structlog.testing import capture_logs

from bot.outlets.slack.web import SlackWeb
from bot.sandbox.server import Sandbox
from bot.settings import SettingsError
from bot.slack import socket as module
from bot.slack.app import SlackApp
from bot.slack.socket import SocketMode
from tests.edges.slack.conftest import DEADLINE, Person, eventually, text_of

CHECK = 0.05


def tickets(sandbox: Sandbox) -> int:
    calls: int = sandbox.backend.stats.to_json()["methods"]["apps.connections.open"]["calls"]
    return calls


async def until_connected(socket: SocketMode) -> None:
    await asyncio.wait_for(socket.wait_connected(), DEADLINE)


async def test_one_ticket_makes_one_connection_and_closing_ends_it(
    app: SlackApp, web: SlackWeb, sandbox: Sandbox
) -> None:
    async with SocketMode(app, web, sandbox.app_token) as socket:
        await until_connected(socket)
        was = socket.connected
        assert (sandbox.socket_mode.count, tickets(sandbox)) == (1, 1)
    assert (was, socket.connected) == (True, False)
    assert not [task for task in asyncio.all_tasks() if "socket" in task.get_name()]


@pytest.mark.parametrize("token", ["xapp-wrong", "", "xoxb-of-another-kind"])
async def test_a_token_that_slack_refuses_ends_the_start_with_one_line_that_names_it(
    app: SlackApp, web: SlackWeb, token: str
) -> None:
    with pytest.raises(SettingsError) as refused:
        async with SocketMode(app, web, token):
            pytest.fail("entered")
    assert len(refused.value.problems) == 1
    assert refused.value.problems[0].startswith("TIDINGS_SLACK_APP_TOKEN is refused by Slack")


async def test_a_slack_that_is_away_at_the_start_is_waited_for(app: SlackApp, web: SlackWeb, sandbox: Sandbox) -> None:
    sandbox.fault("html", method="apps.connections.open", status=503, times=3)
    with capture_logs() as logs:
        async with SocketMode(app, web, sandbox.app_token, check=CHECK) as socket:
            assert not socket.connected
            await until_connected(socket)
    assert logs[0]["event"] == "socket_waits_for_slack"


async def test_an_address_that_went_stale_is_replaced_by_a_new_one(
    app: SlackApp, web: SlackWeb, sandbox: Sandbox, people: dict[str, Person], monkeypatch: pytest.MonkeyPatch
) -> None:
    # The SDK would go on with the stale address for ever: tickets serve once, and this one is used up.
    monkeypatch.setattr(sandbox.socket_mode, "ticket", _first_used_up(sandbox))
    async with SocketMode(app, web, sandbox.app_token, check=CHECK) as socket:
        await until_connected(socket)
        assert tickets(sandbox) >= 2
        assert "/tidings" in text_of(await people["tomas"].type("general", "help"))


def _first_used_up(sandbox: Sandbox):  # type: ignore[no-untyped-def]  # noqa: ANN202 (a replacement for one method)
    issue = sandbox.socket_mode.ticket
    stale = iter(["used-up"])
    return lambda: next(stale, None) or issue()


@pytest.mark.parametrize("reason", ["refresh_requested", "link_disabled"])
async def test_a_connection_that_slack_ends_is_opened_again_with_a_new_ticket(
    app: SlackApp, web: SlackWeb, sandbox: Sandbox, people: dict[str, Person], reason: str
) -> None:
    async with SocketMode(app, web, sandbox.app_token, check=CHECK) as socket:
        await until_connected(socket)
        await sandbox.socket_mode.disconnect(reason)  # type: ignore[arg-type]
        await until_shown(people["tomas"], connected=False)
        # The SDK may reconnect twice, once for the notice and once for the close behind it; then a command is answered.
        async with asyncio.timeout(DEADLINE):
            while not await answered(people["tomas"]):  # noqa: ASYNC110 (Slack has no event for this)
                await asyncio.sleep(CHECK)
        assert tickets(sandbox) >= 2


async def test_a_client_whose_own_tasks_died_is_replaced_by_a_new_one(
    app: SlackApp, web: SlackWeb, sandbox: Sandbox, people: dict[str, Person]
) -> None:
    with capture_logs() as logs:
        async with SocketMode(app, web, sandbox.app_token, check=CHECK, replace=4 * CHECK) as socket:
            await until_connected(socket)
            dead = client_of(socket)
            for task in (dead.current_session_monitor, dead.message_receiver):
                assert task is not None
                task.cancel()
            assert dead.current_session is not None
            await dead.current_session.close()
            await eventually(lambda: client_of(socket) is not dead and socket.connected)
            assert socket.why_not is None
            assert "/tidings" in text_of(await people["tomas"].type("general", "help"))
    (down,) = (entry for entry in logs if entry["event"] == "socket_down")
    assert "is down for 0 s, last heard 0 s ago" in down["why"]
    assert not [task for task in asyncio.all_tasks() if "socket" in task.get_name()]


def client_of(socket: SocketMode) -> SocketModeClient:
    assert socket._handler is not None
    return socket._handler.client


async def test_until_the_first_connection_it_is_said_that_there_is_none(app: SlackApp, web: SlackWeb) -> None:
    assert "is down for 0 s, nothing was heard on it" in str(SocketMode(app, web, "xapp-1").why_not)


async def test_what_came_last_is_acknowledged_before_the_connection_closes(
    app: SlackApp, web: SlackWeb, sandbox: Sandbox, people: dict[str, Person], monkeypatch: pytest.MonkeyPatch
) -> None:
    reached, leaving, dispatch = asyncio.Event(), asyncio.Event(), app.dispatch

    async def slow(*given: Any, **more: Any) -> BoltResponse:
        reached.set()
        await leaving.wait()
        return await dispatch(*given, **more)

    monkeypatch.setattr(app, "dispatch", slow)
    async with SocketMode(app, web, sandbox.app_token) as socket:
        await until_connected(socket)
        assert socket._handler is not None
        farewell = socket._handler.farewell

        async def leave(seconds: float) -> None:
            leaving.set()
            await farewell(seconds)

        monkeypatch.setattr(socket._handler, "farewell", leave)
        typed = asyncio.create_task(people["tomas"].type("general", "help"))
        await reached.wait()
    assert "/tidings" in text_of(await asyncio.wait_for(typed, DEADLINE))


async def test_more_than_can_be_looked_at_is_not_acknowledged(
    app: SlackApp, web: SlackWeb, sandbox: Sandbox, people: dict[str, Person], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MOST", 0)
    sandbox.deliveries.ack_seconds = 0.2
    with capture_logs() as logs:
        async with SocketMode(app, web, sandbox.app_token) as socket:
            await until_connected(socket)
            assert not await answered(people["tomas"])
    assert "socket_overrun" in [entry["event"] for entry in logs]


@pytest.mark.parametrize(
    ("said", "event"),
    [
        ('{"type":"hello","num_connections":9}', "socket_crowded"),
        ('{"type":"hello","num_connections":2}', None),
        ('{"type":"disconnect","reason":"link_disabled"}', "socket_refused"),
        ('{"type":"disconnect","reason":"warning"}', "socket_refreshed"),
        ("", None),
        (" " * 2_000, None),
    ],
)
async def test_what_slack_says_of_the_connection_is_logged(
    app: SlackApp, web: SlackWeb, sandbox: Sandbox, said: str, event: str | None
) -> None:
    async with SocketMode(app, web, sandbox.app_token) as socket:
        await until_connected(socket)
        (hear,) = client_of(socket).on_message_listeners
        with capture_logs() as logs:
            await hear(WSMessage(WSMsgType.TEXT, said, None))
    assert [entry["event"] for entry in logs] == ([event] if event else [])


async def answered(person: Person) -> bool:
    try:
        return "/tidings" in text_of(await person.type("general", "help"))
    except AssertionError:
        return False


async def until_shown(person: Person, *, connected: bool) -> None:
    while (await person.sees("app"))["connected"] is not connected:
        pass
