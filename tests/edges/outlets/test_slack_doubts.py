"""What may have arrived in Slack already: it is looked for, and asked for where nobody may look."""

import time
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest
from aiohttp import web

from bot.core.delivery import Asked, Refused, Sent, Unknown
from bot.core.destination import SlackChannel, SlackPerson, SlackThread
from bot.core.errors import UnavailableError
from bot.core.subscription import Doubt
from bot.outlets.slack.outlet import SlackOutlet
from bot.outlets.slack.web import SlackWeb
from bot.ports.outlet import Parcel
from bot.render.doubt import asked_about
from bot.render.message import carried
from bot.sandbox.message import Content
from bot.sandbox.server import Sandbox
from tests.core.examples import event
from tests.edges.outlets.parcels import ids, item, parcel
from tests.edges.outlets.slack import KINDS, TEAM, fake, place, posted, token_of


def now() -> int:
    return round(time.time() * 1000)


def doubted(sent: Parcel) -> Parcel:
    """The same parcel, as it is after an attempt whose answer was lost."""
    return replace(
        sent, items=tuple(replace(each, delivery=replace(each.delivery, doubt=now())) for each in sent.items)
    )


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


async def test_a_slack_that_cannot_be_reached_for_looking_leaves_the_doubt(channel: SlackChannel) -> None:
    async with SlackOutlet(SlackWeb("http://127.0.0.1:1/api/"), token_of) as outlet:
        assert await outlet.send(parcel(channel, doubt=now())) == Unknown(
            reason="could not look whether it arrived: 127.0.0.1: ClientConnectorError"
        )


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
