import asyncio
import time
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from bot.core.delivery import Asked, DeliveryId, Failed, Refused, Scope, Sent, Throttled, Unknown
from bot.core.destination import SlackChannel, SlackPerson, SlackPlace, SlackThread, Webhook
from bot.core.errors import UnavailableError
from bot.core.subscription import Doubt
from bot.outlets.slack.outlet import SlackOutlet
from bot.outlets.slack.web import SlackWeb
from bot.ports.outlet import Parcel
from bot.render.doubt import asked_about
from bot.render.message import carried
from bot.sandbox.limits import Rates
from bot.sandbox.message import Content
from bot.sandbox.server import Sandbox
from tests.core.examples import event
from tests.edges.outlets.parcels import ids, item, parcel, told

TEAM = "T0SANDBOX"


@pytest.fixture
async def sandbox() -> AsyncIterator[Sandbox]:
    async with Sandbox(rates=Rates(enabled=False)) as sandbox:
        yield sandbox


@pytest.fixture
async def outlet(sandbox: Sandbox) -> AsyncIterator[SlackOutlet]:
    async def token_of(_: str) -> str:
        return sandbox.bot_token

    async with SlackOutlet(SlackWeb(sandbox.api_url), token_of) as outlet:
        yield outlet


@pytest.fixture
def channel(sandbox: Sandbox) -> SlackChannel:
    return SlackChannel(team=TEAM, channel=sandbox.channel_id("fraud-alerts"))


def posted(sandbox: Sandbox) -> list[dict[str, Any]]:
    entries: list[dict[str, Any]] = sandbox.workspace.ledger.page(after=0, limit=1_000, kind="post")["entries"]
    return [entry for entry in entries if entry["metadata"]]


def now() -> int:
    return round(time.time() * 1000)


def doubted(sent: Parcel) -> Parcel:
    """The same parcel, as it is after an attempt whose answer was lost."""
    return replace(
        sent, items=tuple(replace(each, delivery=replace(each.delivery, doubt=now())) for each in sent.items)
    )


def place(sandbox: Sandbox, kind: str) -> SlackPlace:
    channel = sandbox.channel_id("fraud-alerts")
    match kind:
        case "person":
            return SlackPerson(team=TEAM, user=sandbox.user_id("amara.nwosu"))
        case "thread":
            parent = sandbox.workspace.post(
                sandbox.workspace.channel(channel), sandbox.workspace.bot, Content(text="a thread")
            )
            return SlackThread(team=TEAM, channel=channel, thread=parent.ts)
        case _:
            return SlackChannel(team=TEAM, channel=channel)


KINDS = pytest.mark.parametrize("kind", ["channel", "person", "thread"])


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


@KINDS
async def test_a_message_whose_answer_was_lost_is_found_and_not_posted_again(
    sandbox: Sandbox, outlet: SlackOutlet, kind: str
) -> None:
    sent = parcel(place(sandbox, kind), event(id="a"), event(id="b"))
    sandbox.fault("drop", method="chat.postMessage", after=True)

    first = await outlet.send(sent)
    second = await outlet.send(doubted(sent))

    (message,) = posted(sandbox)
    assert isinstance(first, Unknown)
    assert second == Sent(reference=f"{message['channel']}/{message['ts']}")


@KINDS
async def test_a_message_that_did_not_arrive_is_posted_after_looking(
    sandbox: Sandbox, outlet: SlackOutlet, kind: str
) -> None:
    sent = parcel(place(sandbox, kind))
    sandbox.fault("drop", method="chat.postMessage", after=False)

    first = await outlet.send(sent)
    second = await outlet.send(doubted(sent))

    assert isinstance(first, Unknown)
    assert isinstance(second, Sent)
    assert len(posted(sandbox)) == 1


async def test_a_delivery_is_found_behind_pages_of_newer_messages(
    sandbox: Sandbox, outlet: SlackOutlet, channel: SlackChannel
) -> None:
    sent = parcel(channel)
    attempt = doubted(sent)
    reference = await outlet.send(sent)
    for number in range(450):
        sandbox.workspace.post(
            sandbox.workspace.channel(channel.channel), sandbox.workspace.bot, Content(text=f"chatter {number}")
        )

    assert await outlet.send(attempt) == reference
    assert len(posted(sandbox)) == 1


async def test_a_history_without_an_end_is_not_read_for_ever(channel: SlackChannel) -> None:
    pages = 0

    async def answer(request: web.Request) -> web.Response:
        nonlocal pages
        pages += request.method == "GET"
        more = {"messages": [{"ts": "1.1"}], "response_metadata": {"next_cursor": "more"}}
        return web.json_response({"ok": True, "channel": "C1", "ts": "1.2", **more})

    async with fake(answer) as server, SlackOutlet(SlackWeb(str(server.make_url("/api/"))), token_of) as outlet:
        assert await outlet.send(parcel(channel, doubt=now())) == Sent(reference="C1/1.2")

    assert pages == 10


async def test_a_message_of_a_later_attempt_is_found_by_the_time_of_the_first(
    sandbox: Sandbox, outlet: SlackOutlet, channel: SlackChannel
) -> None:
    sent = parcel(channel, doubt=now() - 3_600_000)
    reference = await outlet.send(sent)

    assert await outlet.send(sent) == reference
    assert len(posted(sandbox)) == 1


async def test_only_those_of_a_run_are_sent_that_did_not_arrive_earlier(
    sandbox: Sandbox, outlet: SlackOutlet, channel: SlackChannel
) -> None:
    await outlet.send(parcel(channel, event(id="a")))
    run = doubted(parcel(channel, event(id="a"), event(id="b"), event(id="c")))

    outcome = await outlet.send(run)

    _, second = posted(sandbox)
    assert outcome == Sent(reference=f"{second['channel']}/{second['ts']}")
    assert carried(second["metadata"]) == frozenset(ids(run)[1:])


async def test_items_not_in_doubt_ride_along_with_one_that_is(
    sandbox: Sandbox, outlet: SlackOutlet, channel: SlackChannel
) -> None:
    await outlet.send(parcel(channel, event(id="a")))
    run = Parcel(destination=channel, items=(item(channel, event(id="a"), doubt=now()), item(channel, event(id="b"))))

    await outlet.send(run)

    assert [carried(message["metadata"]) for message in posted(sandbox)] == [{ids(run)[0]}, {ids(run)[1]}]


@pytest.mark.parametrize(
    ("fault", "after"),
    [
        ({"kind": "error", "error": "service_unavailable"}, 0),
        ({"kind": "ratelimited", "retry_after": 7}, 7_000),
        ({"kind": "drop"}, 0),
    ],
)
async def test_a_run_that_arrived_in_part_stays_in_doubt_until_the_rest_is_sent(
    sandbox: Sandbox, outlet: SlackOutlet, channel: SlackChannel, fault: dict[str, Any], after: int
) -> None:
    await outlet.send(parcel(channel, event(id="a")))
    sandbox.fault(method="chat.postMessage", **fault)

    outcome = await outlet.send(doubted(parcel(channel, event(id="a"), event(id="b"))))

    assert isinstance(outcome, Unknown)
    assert outcome.after == after


CLOSED = pytest.mark.parametrize(
    "error", ["missing_scope", "not_in_channel", "channel_not_found", "access_denied", "a_brand_new_error"]
)
MAY_REPEAT = "May be shown twice: Slack's answer to the first try was lost."


@CLOSED
async def test_where_the_history_may_not_be_read_the_delivery_is_sent_again_and_says_so(
    sandbox: Sandbox, outlet: SlackOutlet, channel: SlackChannel, error: str
) -> None:
    sent = parcel(channel)
    await outlet.send(sent)
    sandbox.fault("error", method="conversations.history", error=error)

    assert isinstance(await outlet.send(doubted(sent)), Sent)
    first, second = posted(sandbox)
    assert MAY_REPEAT not in str(first)
    assert second["blocks"][-1]["elements"][0]["text"] == MAY_REPEAT
    assert carried(second["metadata"]) == frozenset(ids(sent))


async def asking(_: object, __: object) -> Doubt:
    return Doubt.ASK


@pytest.fixture
async def careful(sandbox: Sandbox) -> AsyncIterator[SlackOutlet]:
    """An outlet where every subscription asks."""

    async def token_of(_: str) -> str:
        return sandbox.bot_token

    async with SlackOutlet(SlackWeb(sandbox.api_url), token_of, policy_of=asking) as outlet:
        yield outlet


@CLOSED
async def test_where_the_history_may_not_be_read_a_card_asks_instead(
    sandbox: Sandbox, careful: SlackOutlet, channel: SlackChannel, error: str
) -> None:
    sent = parcel(channel, event(id="a", title="First"), event(id="b", title="Second"))
    sandbox.fault("drop", method="chat.postMessage", after=True)
    assert isinstance(await careful.send(sent), Unknown)
    sandbox.fault("error", method="conversations.history", error=error)

    outcome = await careful.send(doubted(sent))

    result, card = posted(sandbox)
    assert isinstance(outcome, Asked)
    assert outcome.reference == f"{card['channel']}/{card['ts']}"
    assert error in outcome.reason
    assert carried(card["metadata"]) == frozenset()
    assert carried(result["metadata"]) == frozenset(ids(sent))
    (button,) = card["blocks"][-1]["elements"]
    assert asked_about(button["value"]) == tuple(ids(sent))
    assert "First" in str(card["blocks"])
    assert "chargeback" not in str(card["blocks"])


@pytest.mark.parametrize("kind", ["person", "thread"])
async def test_a_person_and_a_thread_are_asked_in_their_own_place(
    sandbox: Sandbox, careful: SlackOutlet, kind: str
) -> None:
    where = place(sandbox, kind)
    method = "conversations.replies" if kind == "thread" else "conversations.history"
    sandbox.fault("error", method=method, error="missing_scope")

    assert isinstance(await careful.send(parcel(where, doubt=now())), Asked)
    (card,) = posted(sandbox)
    assert card["thread_ts"] == (where.thread if isinstance(where, SlackThread) else None)


async def test_where_looking_is_possible_nobody_is_asked(
    sandbox: Sandbox, careful: SlackOutlet, channel: SlackChannel
) -> None:
    sent = parcel(channel)

    assert isinstance(await careful.send(doubted(sent)), Sent)
    assert isinstance(await careful.send(doubted(sent)), Sent)
    (message,) = posted(sandbox)
    assert carried(message["metadata"]) == frozenset(ids(sent))
    assert MAY_REPEAT not in str(message)


async def test_a_question_is_not_found_in_place_of_the_result(
    sandbox: Sandbox, careful: SlackOutlet, channel: SlackChannel
) -> None:
    sent = parcel(channel)
    sandbox.fault("error", method="conversations.history", error="missing_scope")
    sandbox.fault("drop", method="chat.postMessage", after=True)
    assert isinstance(await careful.send(doubted(sent)), Unknown)

    assert isinstance(await careful.send(doubted(sent)), Sent)
    card, result = posted(sandbox)
    assert (carried(card["metadata"]), carried(result["metadata"])) == (frozenset(), frozenset(ids(sent)))


async def test_a_question_whose_blocks_are_refused_is_no_plain_text(
    sandbox: Sandbox, careful: SlackOutlet, channel: SlackChannel
) -> None:
    sandbox.fault("error", method="conversations.history", error="missing_scope")
    sandbox.fault("error", method="chat.postMessage", error="invalid_blocks")

    assert await careful.send(parcel(channel, doubt=now())) == Refused(reason="Slack: invalid_blocks")
    assert posted(sandbox) == []


async def test_a_repeat_whose_blocks_are_refused_still_says_so(
    sandbox: Sandbox, outlet: SlackOutlet, channel: SlackChannel
) -> None:
    sandbox.fault("error", method="conversations.history", error="missing_scope")
    sandbox.fault("error", method="chat.postMessage", error="invalid_blocks")

    assert isinstance(await outlet.send(parcel(channel, event(id="a"), event(id="b"), doubt=now())), Sent)
    (message,) = posted(sandbox)
    assert message["text"].endswith(MAY_REPEAT)


async def test_without_the_policy_nothing_is_sent_and_the_doubt_stays(sandbox: Sandbox, channel: SlackChannel) -> None:
    async def away(_: object, __: object) -> Doubt:
        raise UnavailableError("Redis does not answer")

    async def token_of(_: str) -> str:
        return sandbox.bot_token

    sandbox.fault("error", method="conversations.history", error="missing_scope")
    async with SlackOutlet(SlackWeb(sandbox.api_url), token_of, policy_of=away) as outlet:
        assert await outlet.send(parcel(channel, doubt=now())) == Unknown(
            reason="could not tell whether to ask: Redis does not answer"
        )
    assert posted(sandbox) == []


async def test_a_history_that_slack_lets_us_read_in_drops_is_as_good_as_closed(channel: SlackChannel) -> None:
    pages = 0

    async def answer(request: web.Request) -> web.Response:
        nonlocal pages
        if request.method == "POST":
            return web.json_response({"ok": True, "channel": "C1", "ts": "1.2"})
        pages += 1
        if pages > 1:
            return web.json_response({"ok": False, "error": "ratelimited"}, status=429, headers={"Retry-After": "60"})
        more = {"messages": [{"ts": f"1.{n}"} for n in range(15)], "response_metadata": {"next_cursor": "more"}}
        return web.json_response({"ok": True, **more})

    async with (
        fake(answer) as server,
        SlackOutlet(SlackWeb(str(server.make_url("/api/"))), token_of, policy_of=asking) as outlet,
    ):
        outcome = await outlet.send(parcel(channel, doubt=now()))

    assert outcome == Asked(reference="C1/1.2", reason="Slack lets us read 15 messages a minute")
    assert pages == 2


@pytest.mark.parametrize(
    ("fault", "after"),
    [
        ({"kind": "ratelimited", "retry_after": 60}, 60_000),
        ({"kind": "error", "error": "internal_error"}, 0),
        ({"kind": "error", "error": "service_unavailable"}, 0),
        ({"kind": "html", "status": 502}, 0),
        ({"kind": "drop", "times": 2}, 0),  # aiohttp repeats a GET once by itself
    ],
)
@pytest.mark.parametrize("kind", ["channel", "person"])
async def test_nothing_is_posted_while_looking_is_not_possible_for_now(
    sandbox: Sandbox, outlet: SlackOutlet, kind: str, fault: dict[str, Any], after: int
) -> None:
    method = "conversations.open" if kind == "person" else "conversations.history"
    sandbox.fault(method=method, **fault)

    outcome = await outlet.send(doubted(parcel(place(sandbox, kind))))

    assert isinstance(outcome, Unknown)
    assert outcome.after == after
    assert posted(sandbox) == []


async def test_a_person_whose_conversation_cannot_be_opened_is_written_to_all_the_same(
    sandbox: Sandbox, outlet: SlackOutlet
) -> None:
    sandbox.fault("error", method="conversations.open", error="missing_scope")

    assert isinstance(await outlet.send(doubted(parcel(place(sandbox, "person")))), Sent)


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


async def token_of(_: str) -> str:
    return "xoxb-canary"


async def test_a_slack_that_cannot_be_reached_has_surely_not_got_it(channel: SlackChannel) -> None:
    async with SlackOutlet(SlackWeb("http://127.0.0.1:1/api/"), token_of) as outlet:
        assert await outlet.send(parcel(channel)) == Failed(reason="127.0.0.1: ClientConnectorError")


async def test_a_slack_that_cannot_be_reached_for_looking_leaves_the_doubt(channel: SlackChannel) -> None:
    async with SlackOutlet(SlackWeb("http://127.0.0.1:1/api/"), token_of) as outlet:
        assert await outlet.send(parcel(channel, doubt=now())) == Unknown(
            reason="could not look whether it arrived: 127.0.0.1: ClientConnectorError"
        )


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


async def test_a_conversation_without_an_id_cannot_be_looked_into() -> None:
    async def answer(_: web.Request) -> web.Response:
        return web.json_response({"ok": True, "ts": "1.2"})

    person = SlackPerson(team=TEAM, user="U1")
    async with (
        fake(answer) as server,
        SlackOutlet(SlackWeb(str(server.make_url("/api/"))), token_of, policy_of=asking) as outlet,
    ):
        assert isinstance(await outlet.send(parcel(person, doubt=now())), Asked)


async def test_history_is_asked_for_from_five_seconds_before_the_attempt(channel: SlackChannel) -> None:
    asked: list[dict[str, str]] = []

    async def answer(request: web.Request) -> web.Response:
        asked.append(dict(request.query))
        return web.json_response({"ok": True, "messages": [], "channel": "C1", "ts": "1.2"})

    async with fake(answer) as server, SlackOutlet(SlackWeb(str(server.make_url("/api/"))), token_of) as outlet:
        await outlet.send(parcel(channel, doubt=1_782_907_200_500))

    assert asked[0] == {
        "channel": channel.channel,
        "oldest": "1782907195.500000",
        "limit": "200",
        "inclusive": "1",
        "include_all_metadata": "1",
    }


async def test_a_parcel_for_a_webhook_is_a_mistake_of_the_caller(outlet: SlackOutlet) -> None:
    with pytest.raises(TypeError):
        await outlet.send(parcel(Webhook(team=TEAM, url="https://example.com")))


async def test_an_outlet_that_was_not_entered_says_so(channel: SlackChannel) -> None:
    with pytest.raises(RuntimeError, match="enter"):
        await SlackOutlet(SlackWeb(), token_of).send(parcel(channel))


def fake(handler: Any) -> TestServer:
    app = web.Application()
    app.router.add_route("*", "/api/{method}", handler)
    return TestServer(app, shutdown_timeout=0.01)


def test_messages_of_others_carry_nothing() -> None:
    assert carried(None) == frozenset()
    assert carried({"event_type": "other", "event_payload": {"deliveries": "a"}}) == frozenset()
    assert carried({"event_type": "tidings_delivery", "event_payload": {}}) == frozenset()
    assert carried({"event_type": "tidings_delivery", "event_payload": {"deliveries": "a,b"}}) == {
        DeliveryId("a"),
        DeliveryId("b"),
    }
