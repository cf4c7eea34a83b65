"""Events on their way to the app: over Socket Mode and over signed HTTP."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from slack_bolt.adapter.socket_mode.aiohttp import AsyncSocketModeHandler
from slack_bolt.app.async_app import AsyncApp
from slack_bolt.context.ack.async_ack import AsyncAck
from slack_bolt.context.say.async_say import AsyncSay
from slack_sdk.signature import SignatureVerifier
from slack_sdk.web.async_client import AsyncWebClient

from bot.sandbox.delivery import Acked, Envelope, NotAcked
from bot.sandbox.server import Sandbox
from bot.sandbox.signed_http import SignedHttp, sign
from tests.edges.sandbox.driver import DEADLINE, ManualClock, Page, answers, button, modal, refused, until

Payload = dict[str, Any]


async def connect(sandbox: Sandbox, client: AsyncWebClient, session: aiohttp.ClientSession) -> Any:
    """A bare Socket Mode connection, after its hello."""
    opened = await client.apps_connections_open(app_token=sandbox.app_token)
    socket = await session.ws_connect(opened["url"])
    hello = await socket.receive_json()
    assert hello["type"] == "hello"
    assert hello["connection_info"] == {"app_id": sandbox.app.id}
    return socket


@pytest.fixture
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as session:
        yield session


# -- what is told ----------------------------------------------------------------------------------


async def test_a_direct_message_and_a_mention_reach_the_app(sandbox: Sandbox, app: AsyncApp, page: Page) -> None:
    @app.event("message")
    async def message(event: Payload, say: AsyncSay) -> None:
        if event.get("channel_type") == "im":
            await say(f"You said {event['text']}")

    @app.event("app_mention")
    async def mention(event: Payload, say: AsyncSay) -> None:
        await say(text="At your service", thread_ts=event["ts"])

    boot = await page.get("boot")
    direct = next(each["id"] for each in boot["channels"] if each["kind"] == "im")
    await page.post("say", channel=direct, text="hello")
    await page.see("message")
    assert (await page.see("message"))["message"]["text"] == "You said hello"
    channel = sandbox.channel_id("fraud-alerts")
    said = await page.post("say", channel=channel, text=f"<@{sandbox.workspace.bot.id}> help")
    await page.see("message")
    reply = (await page.see("message"))["message"]
    assert (reply["text"], reply["thread_ts"]) == ("At your service", said["ts"])


async def test_the_app_hears_what_happens_to_its_channels(
    sandbox: Sandbox, client: AsyncWebClient, session: aiohttp.ClientSession
) -> None:
    socket = await connect(sandbox, client, session)
    heard: list[tuple[str, Payload]] = []

    async def listen() -> None:
        async for message in socket:
            envelope = json.loads(message.data)
            await socket.send_json({"envelope_id": envelope["envelope_id"]})
            event = envelope["payload"]["event"]
            heard.append((event["type"], event))

    listener = asyncio.create_task(listen())
    workspace, maya = sandbox.workspace, "U0SBX0001"
    channel = workspace.channel(sandbox.channel_id("random"))
    private = workspace.channel(sandbox.channel_id("risk-leads"))
    workspace.leave(channel, maya)  # the app is not there: it hears nothing
    workspace.join(channel, workspace.bot.id, inviter=maya)
    workspace.join(channel, maya)
    workspace.archive(channel, maya)
    workspace.unarchive(channel, maya)
    workspace.rename(channel, "watercooler", maya)
    workspace.archive(private, maya)
    workspace.create("new-room", maya)
    workspace.leave(channel, workspace.bot.id)
    ts = (await client.chat_postMessage(channel=sandbox.channel_id("general"), text="x"))["ts"]
    await client.chat_update(channel=sandbox.channel_id("general"), ts=ts, text="y")
    await client.reactions_add(channel=sandbox.channel_id("general"), timestamp=ts, name="eyes")
    await client.chat_delete(channel=sandbox.channel_id("general"), ts=ts)
    await until(lambda: len(heard) == 12)
    listener.cancel()
    await asyncio.gather(listener, return_exceptions=True)
    assert sorted(kind for kind, _ in heard) == sorted(
        [
            "member_joined_channel",
            "member_joined_channel",
            "channel_archive",
            "channel_unarchive",
            "channel_rename",
            "group_archive",
            "channel_created",
            "member_left_channel",
            "message",
            "message",
            "message",
            "reaction_added",
        ]
    )
    joined = next(event for kind, event in heard if kind == "member_joined_channel")
    assert (joined["user"], joined["inviter"]) == (workspace.bot.id, maya)
    assert {event.get("subtype") for kind, event in heard if kind == "message"} == {
        None,
        "message_changed",
        "message_deleted",
    }


async def test_a_manifest_decides_which_events_are_heard(clock: ManualClock) -> None:
    manifest = {
        "settings": {"event_subscriptions": {"bot_events": ["channel_archive"]}},
        "oauth_config": {"scopes": {"bot": ["chat:write"]}},
    }
    async with Sandbox(clock=clock, manifest=manifest) as sandbox, aiohttp.ClientSession() as session:
        client = AsyncWebClient(token=sandbox.bot_token, base_url=sandbox.api_url)
        socket = await connect(sandbox, client, session)
        channel = sandbox.workspace.channel(sandbox.channel_id("random"))
        sandbox.workspace.join(channel, sandbox.workspace.bot.id)
        sandbox.workspace.archive(channel, "U0SBX0001")
        envelope = await socket.receive_json()
        await socket.send_json({"envelope_id": envelope["envelope_id"]})
        assert envelope["payload"]["event"]["type"] == "channel_archive"


# -- Socket Mode -----------------------------------------------------------------------------------


async def test_an_event_that_is_not_acked_is_sent_again_until_it_is_given_up(clock: ManualClock) -> None:
    async with Sandbox(clock=clock, ack_seconds=0.02, retry_delays=(0.0, 0.0, 0.0)) as sandbox:
        client = AsyncWebClient(token=sandbox.bot_token, base_url=sandbox.api_url)
        async with aiohttp.ClientSession() as session:
            socket = await connect(sandbox, client, session)
            sandbox.events.home_opened("U0SBX0001", "home", None)
            envelopes = [await socket.receive_json() for _ in range(4)]
            await until(lambda: bool(sandbox.deliveries.undelivered))
            assert [each["retry_attempt"] for each in envelopes] == [0, 1, 2, 3]
            assert [each["retry_reason"] for each in envelopes] == ["", "timeout", "timeout", "timeout"]
            assert len({each["payload"]["event_id"] for each in envelopes}) == 1
            sandbox.events.home_opened("U0SBX0001", "home", None)
            await socket.receive_json()
            again = await socket.receive_json()
            await socket.send_json({"envelope_id": again["envelope_id"]})
            await socket.ping()
    assert len(sandbox.deliveries.undelivered) == 1


async def test_each_payload_goes_to_one_of_several_connections(
    sandbox: Sandbox, client: AsyncWebClient, session: aiohttp.ClientSession
) -> None:
    sockets = [await connect(sandbox, client, session) for _ in range(3)]
    counts = [0, 0, 0]

    async def answer(position: int) -> None:
        async for message in sockets[position]:
            counts[position] += 1
            await sockets[position].send_json({"envelope_id": json.loads(message.data)["envelope_id"]})

    tasks = [asyncio.create_task(answer(position)) for position in range(3)]
    for _ in range(60):
        envelope = Envelope(kind="interactive", payload={})
        assert isinstance(await sandbox.deliveries.ask(envelope), Acked)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    assert sum(counts) == 60
    assert min(counts) > 5


async def test_an_eleventh_connection_is_sent_away(
    sandbox: Sandbox, client: AsyncWebClient, session: aiohttp.ClientSession
) -> None:
    sockets = [await connect(sandbox, client, session) for _ in range(10)]
    opened = await client.apps_connections_open(app_token=sandbox.app_token)
    async with session.ws_connect(opened["url"]) as socket:
        assert (await socket.receive_json())["reason"] == "too_many_websockets"
        assert (await socket.receive()).type is aiohttp.WSMsgType.CLOSE
    assert sandbox.socket_mode.count == len(sockets) == 10


async def test_a_ticket_is_good_once_and_not_for_long(
    sandbox: Sandbox, client: AsyncWebClient, session: aiohttp.ClientSession, clock: ManualClock
) -> None:
    opened = await client.apps_connections_open(app_token=sandbox.app_token)
    async with session.ws_connect(opened["url"]):
        with pytest.raises(aiohttp.WSServerHandshakeError) as caught:
            await session.ws_connect(opened["url"])
        assert caught.value.status == 408
    late = await client.apps_connections_open(app_token=sandbox.app_token)
    clock.advance(30)
    with pytest.raises(aiohttp.WSServerHandshakeError):
        await session.ws_connect(late["url"])


async def test_pings_are_answered_in_kind(
    sandbox: Sandbox, client: AsyncWebClient, session: aiohttp.ClientSession
) -> None:
    opened = await client.apps_connections_open(app_token=sandbox.app_token)
    async with session.ws_connect(opened["url"], autoping=False) as socket:
        await socket.receive_json()
        await socket.ping(b"sdk-ping-pong:1")
        pong = await socket.receive()
        assert (pong.type, bytes(pong.data)) == (aiohttp.WSMsgType.PONG, b"sdk-ping-pong:1")


async def test_the_real_client_comes_back_after_a_disconnect(
    sandbox: Sandbox, client: AsyncWebClient, page: Page
) -> None:
    app = AsyncApp(client=client, signing_secret=sandbox.signing_secret)

    @app.command("/tidings")
    async def answer(ack: AsyncAck) -> None:
        await ack("Still here")

    handler = AsyncSocketModeHandler(app, sandbox.app_token, ping_interval=0.3)
    await handler.connect_async()
    try:
        await page.see("app", connected=True)
        tickets = sandbox.backend.stats.calls("apps.connections.open")
        await sandbox.socket_mode.disconnect("warning")
        await until(lambda: sandbox.backend.stats.calls("apps.connections.open") > tickets)
        await until(lambda: sandbox.socket_mode.connected)
        await sandbox.socket_mode.disconnect("refresh_requested")
        await until(lambda: sandbox.backend.stats.calls("apps.connections.open") > tickets + 1)
        await until(lambda: sandbox.socket_mode.connected)
        channel = sandbox.channel_id("general")
        async with asyncio.timeout(DEADLINE):  # the old connection may still take a command with it
            while not (await page.post("command", channel=channel, command="/tidings", text=""))["ok"]:
                pass
        assert (await page.see("ephemeral"))["message"]["text"] == "Still here"
    finally:
        await handler.close_async()


async def test_a_connection_that_breaks_fails_what_was_under_way(
    sandbox: Sandbox, client: AsyncWebClient, session: aiohttp.ClientSession
) -> None:
    socket = await connect(sandbox, client, session)
    asked = asyncio.create_task(sandbox.deliveries.ask(Envelope(kind="interactive", payload={})))
    await socket.receive_json()
    await socket.close()
    assert await asked == NotAcked(reason="connection_failed")
    assert sandbox.socket_mode.connected is False


# -- signed HTTP -----------------------------------------------------------------------------------


async def test_a_real_app_works_over_signed_http(sandbox: Sandbox, client: AsyncWebClient, page: Page) -> None:
    app = AsyncApp(client=client, signing_secret=sandbox.signing_secret)
    decisions: list[str] = []

    @app.command("/tidings")
    async def ask(ack: AsyncAck) -> None:
        await ack("Choose", blocks=[button("open")])

    @app.action("open")
    async def open_it(ack: AsyncAck, body: Payload) -> None:
        await ack()
        await client.views_open(trigger_id=body["trigger_id"], view=modal())

    @app.view("review")
    async def decide(ack: AsyncAck, view: Payload) -> None:
        text = view["state"]["values"]["reason"]["text"]["value"]
        if text == "no":
            await ack(response_action="errors", errors={"reason": "Say more."})
            return
        await ack()
        decisions.append(text)

    @app.event("app_home_opened")
    async def home(event: Payload) -> None:
        await client.views_publish(user_id=event["user"], view={"type": "home", "blocks": []})

    async with TestServer(app.web_app()) as server:
        await sandbox.deliver_to(str(server.make_url("/slack/events")))
        await page.see("app", connected=True)
        assert await sandbox.verify_request_url() is True
        assert (await page.get("boot"))["app"]["connected"] is True
        await page.post("command", channel=sandbox.channel_id("general"), command="/tidings", text="")
        await page.click((await page.see("ephemeral"))["message"], "open")
        view = (await page.see("view"))["view"]
        refused_form = await page.post("submit", view_id=view["id"], state=answers("no"))
        assert refused_form == {"ok": False, "errors": {"reason": "Say more."}}
        assert await page.post("submit", view_id=view["id"], state=answers("yes, it is")) == {"ok": True}
        await page.post("home", tab="home")
        await page.see("home")
        assert decisions == ["yes, it is"]
        await sandbox.deliver_to(None)
    assert await sandbox.verify_request_url() is False


async def test_a_wrong_secret_is_refused_by_the_app(sandbox: Sandbox, client: AsyncWebClient, page: Page) -> None:
    app = AsyncApp(client=client, signing_secret="another")
    async with TestServer(app.web_app()) as server:
        await sandbox.deliver_to(str(server.make_url("/slack/events")))
        answer = await page.post("command", channel=sandbox.channel_id("general"), command="/tidings", text="")
        assert answer == {"ok": False, "error": "dispatch_failed"}
        await sandbox.deliver_to(None)


class Receiver:
    """An app of a few lines: answers as told and keeps what it got."""

    def __init__(self) -> None:
        self.requests: list[tuple[Any, bytes]] = []
        self.answers: list[web.Response] = []
        self.hold = asyncio.Event()
        self.hold.set()

    async def handle(self, request: web.Request) -> web.StreamResponse:
        self.requests.append((request.headers, await request.read()))
        await self.hold.wait()
        return self.answers.pop(0) if self.answers else web.Response()


@pytest.fixture
async def receiver() -> AsyncIterator[tuple[Receiver, str]]:
    receiver = Receiver()
    application = web.Application()
    application.router.add_post("/slack", receiver.handle)
    async with TestServer(application) as server:
        yield receiver, str(server.make_url("/slack"))
        receiver.hold.set()


async def test_a_refused_event_is_sent_again_with_its_number_and_a_valid_signature(
    sandbox: Sandbox, receiver: tuple[Receiver, str]
) -> None:
    app, url = receiver
    app.answers = [web.Response(status=500), web.Response(status=404), web.Response()]
    await sandbox.deliver_to(url)
    sandbox.events.home_opened("U0SBX0001", "messages", None)
    await until(lambda: len(app.requests) == 3)
    numbers = [headers.get("X-Slack-Retry-Num") for headers, _ in app.requests]
    reasons = [headers.get("X-Slack-Retry-Reason") for headers, _ in app.requests]
    assert (numbers, reasons) == ([None, "1", "2"], [None, "http_error", "http_error"])
    verifier = SignatureVerifier(sandbox.signing_secret)
    for headers, body in app.requests:
        assert verifier.is_valid_request(body, dict(headers))
        assert not verifier.is_valid_request(body + b" ", dict(headers))
    assert json.loads(app.requests[0][1])["event"]["tab"] == "messages"
    assert sandbox.deliveries.undelivered == []


async def test_an_app_may_ask_not_to_be_sent_an_event_again(sandbox: Sandbox, receiver: tuple[Receiver, str]) -> None:
    app, url = receiver
    app.answers = [web.Response(status=500, headers={"x-slack-no-retry": "1"})]
    await sandbox.deliver_to(url)
    sandbox.events.home_opened("U0SBX0001", "home", None)
    await until(lambda: len(sandbox.deliveries.undelivered) == 1)
    assert len(app.requests) == 1


async def test_answers_of_every_kind_are_understood(receiver: tuple[Receiver, str], clock: ManualClock) -> None:
    app, url = receiver
    http = SignedHttp(url, secret="s", clock=clock)
    envelope = Envelope(kind="slash_commands", payload={"text": "ä & b"})
    app.answers = [
        web.Response(text="plain"),
        web.json_response({"text": "json"}),
        web.json_response(["list"]),
        web.Response(),
    ]
    answers_seen = [await http.send(envelope, retry=None, timeout=5) for _ in range(4)]
    assert answers_seen == [
        Acked(payload={"text": "plain"}),
        Acked(payload={"text": "json"}),
        Acked(payload={}),
        Acked(payload={}),
    ]
    assert app.requests[0][1] == b"text=%C3%A4+%26+b"
    app.hold.clear()
    assert await http.send(envelope, retry=None, timeout=0.05) == NotAcked(reason="timeout")
    app.hold.set()
    await http.close()
    nowhere = SignedHttp("http://127.0.0.1:1/", secret="s", clock=clock)
    assert await nowhere.send(envelope, retry=None, timeout=5) == NotAcked(reason="connection_failed")
    assert await nowhere.verify("challenge") is False
    await nowhere.close()


def test_the_signature_is_the_one_of_slacks_documentation() -> None:
    """The example of docs.slack.dev/authentication/verifying-requests-from-slack."""
    body = (
        b"token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow&channel_id=G8PSS9T3V"
        b"&channel_name=foobar&user_id=U2CERLKJA&user_name=roadrunner&command=%2Fwebhook-collect&text="
        b"&response_url=https%3A%2F%2Fhooks.slack.com%2Fcommands%2FT1DC2JH3J%2F397700885554%2F"
        b"96rGlfmibIGlgcZRskXaIFfN&trigger_id=398738663015.47445629121.803a0bc887a14d10d2c447fce8b6703c"
    )
    signature = "v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503"
    assert sign("8f742231b10e8888abcd99yyyzzz85a5", 1_531_420_618, body) == signature


async def test_unknown_workspace_errors_reach_the_caller(client: AsyncWebClient) -> None:
    assert await refused(client.conversations_info(channel="C404")) == "channel_not_found"
