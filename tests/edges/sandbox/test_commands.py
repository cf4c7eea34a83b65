from typing import Any

import pytest
from slack_bolt.app.async_app import AsyncApp
from slack_bolt.context.ack.async_ack import AsyncAck
from slack_bolt.context.respond.async_respond import AsyncRespond
from slack_sdk.web.async_client import AsyncWebClient

from bot.sandbox.server import Sandbox
from tests.edges.sandbox.driver import ManualClock, Page, button, until

Payload = dict[str, Any]


async def test_a_slash_command_is_answered_with_ephemeral_blocks(sandbox: Sandbox, app: AsyncApp, page: Page) -> None:
    heard: list[Payload] = []

    @app.command("/tidings")
    async def answer(ack: AsyncAck, command: Payload, respond: AsyncRespond) -> None:
        heard.append(command)
        await ack()
        await respond("Two subscriptions", blocks=[button("remove", value="7")])

    channel = sandbox.channel_id("fraud-alerts")
    assert await page.post("command", channel=channel, command="/tidings", text="list all") == {"ok": True}
    message = (await page.see("ephemeral"))["message"]
    assert message["text"] == "Two subscriptions"
    assert message["ephemeral"] is True
    assert message["channel"] == channel
    assert message["blocks"][0]["elements"][0]["value"] == "7"
    [command] = heard
    assert command["text"] == "list all"
    assert command["user_id"] == page.user
    assert command["channel_name"] == "fraud-alerts"
    history = await page.get("history", channel=channel)
    assert history["messages"][-1] == message


async def test_an_ack_may_carry_the_answer_for_everybody(sandbox: Sandbox, app: AsyncApp, page: Page) -> None:
    @app.command("/tidings")
    async def answer(ack: AsyncAck) -> None:
        await ack(text="For all to see", response_type="in_channel")

    await page.post("command", channel=sandbox.channel_id("fraud-alerts"), command="/tidings", text="")
    message = (await page.see("message"))["message"]
    assert message["text"] == "For all to see"
    assert message["bot_id"] == sandbox.workspace.bot.bot_id


async def test_an_ack_with_a_bad_answer_is_shown_as_such(sandbox: Sandbox, app: AsyncApp, page: Page) -> None:
    @app.command("/tidings")
    async def answer(ack: AsyncAck) -> None:
        await ack(blocks=[{"type": "nonsense"}])

    await page.post("command", channel=sandbox.channel_id("fraud-alerts"), command="/tidings", text="")
    notice = await page.see("notice", level="error")
    assert notice["text"] == "/tidings answered with a message that is refused: invalid_blocks"


async def test_a_command_that_is_not_acked_in_time_fails_where_the_person_sees_it(clock: ManualClock) -> None:
    async with Sandbox(clock=clock, ack_seconds=0.05) as sandbox, Page(sandbox, "U0SBX0001") as page:
        client = AsyncWebClient(token=sandbox.bot_token, base_url=sandbox.api_url)
        ticket = await client.apps_connections_open(app_token=sandbox.app_token)
        async with page._session.ws_connect(ticket["url"]) as socket:
            assert (await socket.receive_json())["type"] == "hello"
            channel = sandbox.channel_id("general")
            answer = await page.post("command", channel=channel, command="/slow", text="")
            envelope = await socket.receive_json()
            await socket.send_str("not json")
            await socket.send_json({"envelope_id": envelope["envelope_id"]})  # too late: nobody waits any more
        assert answer == {"ok": False, "error": "operation_timeout"}
        notice = await page.see("notice", level="error")
        assert notice["text"] == '/slow failed with the error "operation_timeout"'


async def test_a_command_without_any_connection_fails_at_once(sandbox: Sandbox, page: Page) -> None:
    answer = await page.post("command", channel=sandbox.channel_id("general"), command="/tidings", text="")
    assert answer == {"ok": False, "error": "dispatch_failed"}


async def test_a_manifest_decides_which_commands_there_are(clock: ManualClock) -> None:
    manifest = {
        "display_information": {"name": "Tidings"},
        "features": {
            "bot_user": {"display_name": "tidings"},
            "slash_commands": [{"command": "/tidings", "description": "Subscriptions", "usage_hint": "list"}],
        },
        "oauth_config": {"scopes": {"bot": ["chat:write", "commands"]}},
    }
    async with Sandbox(clock=clock, manifest=manifest) as sandbox, Page(sandbox, "U0SBX0001") as page:
        boot = await page.get("boot")
        assert boot["commands"] == [{"command": "/tidings", "description": "Subscriptions", "usage_hint": "list"}]
        assert boot["app"]["name"] == "tidings"
        channel = sandbox.channel_id("general")
        answer = await page.post("command", channel=channel, command="/other", text="")
        assert answer == {"ok": False, "error": "unknown_command"}


@pytest.mark.parametrize("kind", ["ephemeral", "in_channel"])
async def test_a_response_url_answers_five_times_and_then_refuses(
    sandbox: Sandbox, app: AsyncApp, page: Page, kind: str
) -> None:
    answers: list[tuple[int, str]] = []

    @app.command("/tidings")
    async def answer(ack: AsyncAck, respond: AsyncRespond) -> None:
        await ack()
        for number in range(6):
            response = await respond(f"answer {number}", response_type=kind)
            answers.append((response.status_code, response.body))

    await page.post("command", channel=sandbox.channel_id("fraud-alerts"), command="/tidings", text="")
    await until(lambda: len(answers) == 6)
    assert answers[:5] == [(200, "ok")] * 5
    assert answers[5] == (404, '{"ok":false,"error":"used_url"}')


async def test_a_response_url_ends_after_half_an_hour(
    sandbox: Sandbox, app: AsyncApp, page: Page, clock: ManualClock
) -> None:
    answers: list[str] = []

    @app.command("/tidings")
    async def answer(ack: AsyncAck, respond: AsyncRespond) -> None:
        await ack()
        clock.advance(30 * 60 - 1)
        answers.append((await respond("just in time")).body)
        clock.advance(1)
        answers.append((await respond("too late")).body)

    await page.post("command", channel=sandbox.channel_id("fraud-alerts"), command="/tidings", text="")
    await until(lambda: len(answers) == 2)
    assert answers == ["ok", '{"ok":false,"error":"expired_url"}']


async def test_an_answer_that_breaks_the_rules_is_refused(sandbox: Sandbox, app: AsyncApp, page: Page) -> None:
    answers: list[tuple[int, str]] = []

    @app.command("/tidings")
    async def answer(ack: AsyncAck, respond: AsyncRespond) -> None:
        await ack()
        response = await respond(text="")
        answers.append((response.status_code, response.body))

    await page.post("command", channel=sandbox.channel_id("fraud-alerts"), command="/tidings", text="")
    await until(lambda: bool(answers))
    assert answers == [(400, '{"ok":false,"error":"no_text"}')]
