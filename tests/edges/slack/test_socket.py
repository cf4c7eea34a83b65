"""The socket to Slack: opened, watched, mended and closed."""

import asyncio

import pytest
from structlog.testing import capture_logs

from bot.outlets.slack_web import SlackWeb
from bot.sandbox.server import Sandbox
from bot.settings import SettingsError
from bot.slack.app import SlackApp
from bot.slack.socket import SocketMode
from tests.edges.slack.conftest import DEADLINE, Person, text_of

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


async def answered(person: Person) -> bool:
    try:
        return "/tidings" in text_of(await person.type("general", "help"))
    except AssertionError:
        return False


async def until_shown(person: Person, *, connected: bool) -> None:
    while (await person.sees("app"))["connected"] is not connected:
        pass
