"""What is said to Slack, and what its answers come to."""

import asyncio
from typing import Any

import pytest
from aiohttp import web

from bot.core.delivery import DeliveryId, Failed, Refused, Scope, Sent, Throttled, Unknown
from bot.core.destination import SlackChannel, SlackThread, Webhook
from bot.outlets.slack.outlet import SlackOutlet
from bot.outlets.slack.web import SlackWeb
from bot.render.message import carried
from bot.sandbox.server import Sandbox
from tests.core.examples import event
from tests.edges.outlets.parcels import ids, parcel, told
from tests.edges.outlets.slack import KINDS, TEAM, fake, place, posted, token_of


@KINDS
async def test_a_run_arrives_as_one_message_that_carries_all_its_delivery_ids(
    sandbox: Sandbox, outlet: SlackOutlet, kind: str
) -> None:
    where = place(sandbox, kind)
    sent = parcel(where, event(id="a", title="First"), event(id="b", title="Second"))

    outcome = await outlet.send(sent)

    (message,) = posted(sandbox)
    assert outcome == Sent(reference=f"{message['channel']}/{message['ts']}")
    assert carried(message["metadata"]) == frozenset(ids(sent))
    assert message["metadata"]["event_payload"]["events"] == "a,b"
    assert "First" in message["text"]
    assert "Second" in message["text"]
    assert message["thread_ts"] == (where.thread if isinstance(where, SlackThread) else None)


@pytest.mark.parametrize("error", ["msg_blocks_too_long", "invalid_blocks", "invalid_metadata_format"])
async def test_merged_blocks_that_slack_refuses_are_replaced_by_plain_text(
    sandbox: Sandbox, outlet: SlackOutlet, channel: SlackChannel, error: str
) -> None:
    sandbox.fault("error", method="chat.postMessage", error=error)
    sent = parcel(channel, event(id="a"), event(id="b"))

    outcome = await outlet.send(sent)

    (message,) = posted(sandbox)
    assert isinstance(outcome, Sent)
    assert message["blocks"] == []
    assert "Chargeback of order 7" in message["text"]
    assert carried(message["metadata"]) == frozenset(ids(sent))


async def test_plain_text_that_slack_refuses_too_is_the_delivery_s_end(
    sandbox: Sandbox, outlet: SlackOutlet, channel: SlackChannel
) -> None:
    sandbox.fault("error", method="chat.postMessage", error="invalid_blocks", times=2)

    outcome = await outlet.send(parcel(channel, event(id="a"), event(id="b")))

    assert outcome == Refused(reason="Slack: invalid_blocks", scope=Scope.DELIVERY)
    assert sandbox.backend.stats.to_json()["methods"]["chat.postMessage"]["calls"] == 2


async def test_a_public_channel_is_joined_where_slack_asks_for_it(
    sandbox: Sandbox, outlet: SlackOutlet, channel: SlackChannel
) -> None:
    sandbox.fault("error", method="chat.postMessage", error="not_in_channel")

    assert isinstance(await outlet.send(parcel(channel)), Sent)
    assert "conversations.join" in sandbox.backend.stats.to_json()["methods"]


async def test_a_channel_that_cannot_be_joined_is_refused_with_the_remedy(
    sandbox: Sandbox, outlet: SlackOutlet, channel: SlackChannel
) -> None:
    sandbox.fault("error", method="chat.postMessage", error="not_in_channel")
    sandbox.fault("error", method="conversations.join", error="method_not_supported_for_channel_type")

    outcome = await outlet.send(parcel(channel))

    assert outcome == Refused(
        reason="Slack: not_in_channel; type /invite @tidings in the channel", scope=Scope.DESTINATION
    )


async def test_a_channel_that_was_joined_in_vain_is_not_joined_for_ever(
    sandbox: Sandbox, outlet: SlackOutlet, channel: SlackChannel
) -> None:
    sandbox.fault("error", method="chat.postMessage", error="not_in_channel", times=2)

    outcome = await outlet.send(parcel(channel))

    assert isinstance(outcome, Refused)
    assert sandbox.backend.stats.to_json()["methods"]["conversations.join"]["calls"] == 1


async def test_a_locked_thread_is_left_for_its_channel(sandbox: Sandbox, outlet: SlackOutlet) -> None:
    sandbox.fault("error", method="chat.postMessage", error="restricted_action_thread_locked")

    assert isinstance(await outlet.send(parcel(place(sandbox, "thread"))), Sent)
    assert posted(sandbox)[0]["thread_ts"] is None


async def test_a_rate_limit_is_throttled_for_as_long_as_slack_says(
    sandbox: Sandbox, outlet: SlackOutlet, channel: SlackChannel
) -> None:
    sandbox.fault("ratelimited", method="chat.postMessage", retry_after=42)

    outcome = await outlet.send(parcel(channel))

    assert outcome == Throttled(after=42_000, scope=Scope.METHOD, reason="Slack: ratelimited")


@pytest.mark.parametrize("kind", ["html", "text"])
async def test_a_server_error_leaves_the_outcome_unknown(
    sandbox: Sandbox, outlet: SlackOutlet, channel: SlackChannel, kind: Any
) -> None:
    sandbox.fault(kind, method="chat.postMessage", status=503, after=True)

    assert await outlet.send(parcel(channel)) == Unknown(reason="Slack: HTTP 503")


async def test_a_revoked_token_stops_the_whole_installation(
    sandbox: Sandbox, outlet: SlackOutlet, channel: SlackChannel
) -> None:
    sandbox.fault("error", method="chat.postMessage", error="token_revoked")

    assert await outlet.send(parcel(channel)) == Refused(
        reason="Slack: token_revoked; install the app again", scope=Scope.INSTALLATION
    )


async def test_an_archived_channel_pauses_the_destination(
    sandbox: Sandbox, outlet: SlackOutlet, channel: SlackChannel
) -> None:
    sandbox.workspace.archive(sandbox.workspace.channel(channel.channel), sandbox.workspace.bot.id)

    outcome = await outlet.send(parcel(channel))

    assert isinstance(outcome, Refused)
    assert outcome.scope is Scope.DESTINATION


async def test_a_workspace_without_a_token_is_refused_without_a_call(channel: SlackChannel) -> None:
    async def token_of(_: str) -> None:
        return None

    async with SlackOutlet(SlackWeb("http://127.0.0.1:1/api/"), token_of) as outlet:
        outcome = await outlet.send(parcel(channel))

    assert outcome == Refused(reason="Slack: the app is not installed in T0SANDBOX", scope=Scope.INSTALLATION)


async def test_a_slack_that_cannot_be_reached_has_surely_not_got_it(channel: SlackChannel) -> None:
    async with SlackOutlet(SlackWeb("http://127.0.0.1:1/api/"), token_of) as outlet:
        assert await outlet.send(parcel(channel)) == Failed(reason="127.0.0.1: ClientConnectorError")


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (
            {"error": "missing_scope", "needed": "chat:write", "provided": "commands"},
            "Slack: missing_scope; needs the scope chat:write; install the app again",
        ),
        (
            {"error": "invalid_blocks", "response_metadata": {"messages": ["[ERROR] too long [json-pointer:/b]"]}},
            "Slack: invalid_blocks; [ERROR] too long [json-pointer:/b]",
        ),
    ],
)
async def test_what_slack_says_of_an_error_stands_in_the_reason(
    channel: SlackChannel, answer: dict[str, Any], reason: str
) -> None:
    async def refuse(_: web.Request) -> web.Response:
        return web.json_response({"ok": False, **answer})

    async with fake(refuse) as server, SlackOutlet(SlackWeb(str(server.make_url("/api/"))), token_of) as outlet:
        outcome = (await told(outlet, parcel(channel)))[-1]

    assert isinstance(outcome, Refused)
    assert outcome.reason == reason


async def test_a_slack_that_hangs_leaves_the_outcome_unknown(channel: SlackChannel) -> None:
    async def hang(request: web.Request) -> web.Response:
        await request.read()
        await asyncio.get_running_loop().create_future()
        return web.Response()

    async with (
        fake(hang) as server,
        SlackOutlet(SlackWeb(str(server.make_url("/api/")), timeout=0.05), token_of) as out,
    ):
        assert await out.send(parcel(channel)) == Unknown(reason="127.0.0.1: TimeoutError")


@pytest.mark.parametrize(
    ("status", "body", "content_type", "expected"),
    [
        (200, '{"ok": tru', "application/json", Unknown),
        (200, "fine", "text/plain", Unknown),
        (200, "<html>", "text/html", Unknown),
        (200, "[]", "application/json", Unknown),
        (200, '{"ok": false}', "application/json", Unknown),
        (200, '{"ok": false, "error": ["odd"]}', "application/json", Unknown),
        (200, '{"ok": false, "error": "brand_new_error"}', "application/json", Failed),
        (404, "<html>", "text/html", Failed),
        (429, "slow down", "text/plain", Throttled),
        (500, "{", "application/json", Unknown),
        (200, b"\xff\xfe", "application/json", Unknown),
    ],
)
async def test_answers_that_are_not_slack_s_come_to_an_outcome(
    channel: SlackChannel, status: int, body: str | bytes, content_type: str, expected: type
) -> None:
    async def answer(_: web.Request) -> web.Response:
        raw = body if isinstance(body, bytes) else body.encode()
        return web.Response(status=status, body=raw, content_type=content_type)

    async with fake(answer) as server, SlackOutlet(SlackWeb(str(server.make_url("/api/"))), token_of) as outlet:
        outcome = await outlet.send(parcel(channel))

    assert isinstance(outcome, expected)
    assert "canary" not in repr(outcome)


async def test_links_are_never_unfurled_and_one_connection_serves_all_messages(channel: SlackChannel) -> None:
    asked: list[dict[str, Any]] = []
    ports: set[Any] = set()

    async def answer(request: web.Request) -> web.Response:
        asked.append(await request.json())
        assert request.transport is not None
        ports.add(request.transport.get_extra_info("peername"))
        return web.json_response({"ok": True, "channel": "C1", "ts": "1.2"})

    async with fake(answer) as server, SlackOutlet(SlackWeb(str(server.make_url("/api/"))), token_of) as outlet:
        for _ in range(3):
            assert await outlet.send(parcel(channel)) == Sent(reference="C1/1.2")

    assert [(body["unfurl_links"], body["unfurl_media"]) for body in asked] == [(False, False)] * 3
    assert len(ports) == 1


async def test_the_connection_that_drops_is_not_tried_a_second_time(channel: SlackChannel) -> None:
    calls = 0

    async def drop(request: web.Request) -> web.Response:
        nonlocal calls
        calls += 1
        assert request.transport is not None
        request.transport.close()
        return web.Response()

    async with fake(drop) as server, SlackOutlet(SlackWeb(str(server.make_url("/api/"))), token_of) as outlet:
        assert isinstance(await outlet.send(parcel(channel)), Unknown)

    assert calls == 1


async def test_a_date_to_wait_for_is_read_by_our_clock(channel: SlackChannel) -> None:
    async def answer(_: web.Request) -> web.Response:
        return web.Response(status=429, headers={"Retry-After": "Wed, 01 Jul 2026 12:01:00 GMT"})

    async with fake(answer) as server:
        slack = SlackWeb(str(server.make_url("/api/")), clock=lambda: 1_782_907_200.0)
        async with SlackOutlet(slack, token_of) as outlet:
            outcome = await outlet.send(parcel(channel))

    assert outcome == Throttled(after=60_000, scope=Scope.METHOD, reason="Slack: HTTP 429")


async def test_a_parcel_for_a_webhook_is_a_mistake_of_the_caller(outlet: SlackOutlet) -> None:
    with pytest.raises(TypeError):
        await outlet.send(parcel(Webhook(team=TEAM, url="https://example.com")))


async def test_an_outlet_that_was_not_entered_says_so(channel: SlackChannel) -> None:
    with pytest.raises(RuntimeError, match="enter"):
        await SlackOutlet(SlackWeb(), token_of).send(parcel(channel))


def test_messages_of_others_carry_nothing() -> None:
    assert carried(None) == frozenset()
    assert carried({"event_type": "other", "event_payload": {"deliveries": "a"}}) == frozenset()
    assert carried({"event_type": "tidings_delivery", "event_payload": {}}) == frozenset()
    assert carried({"event_type": "tidings_delivery", "event_payload": {"deliveries": "a,b"}}) == {
        DeliveryId("a"),
        DeliveryId("b"),
    }
