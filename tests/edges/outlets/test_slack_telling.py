"""Results that take several posts: parts, files and plainer rungs, and what is found of them after a lost answer."""

import threading
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from functools import partial
from typing import Any

import aiohttp
import pytest

from bot.core.delivery import Asked, Failed, Partly, Refused, Sent, Throttled, Unknown
from bot.core.destination import SlackChannel, SlackPlace, SlackThread
from bot.core.event import Sensitivity
from bot.core.progress import Progress, Rung
from bot.core.subscription import Doubt
from bot.outlets.slack.outlet import SlackOutlet
from bot.outlets.slack.telling import SHARING
from bot.outlets.slack.web import SlackWeb
from bot.ports.outlet import Parcel
from bot.render import ladder
from bot.render.message import carried, part_of
from bot.render.result import pieces_of
from bot.sandbox.limits import Rates
from bot.sandbox.server import Sandbox
from tests.core.examples import event
from tests.edges.outlets.parcels import gone_on, ids, parcel, told
from tests.edges.outlets.slack import KINDS, place

NOW = 1_800_000_000_000


@pytest.fixture
async def sandbox() -> AsyncIterator[Sandbox]:
    async with Sandbox(rates=Rates(enabled=False), clock=lambda: NOW / 1000) as sandbox:
        yield sandbox


def made(sandbox: Sandbox, doubt: Doubt = Doubt.REPEAT) -> SlackOutlet:
    async def token_of(_: str) -> str:
        return sandbox.bot_token

    async def policy_of(*_: object) -> Doubt:
        return doubt

    return SlackOutlet(SlackWeb(sandbox.api_url), token_of, policy_of=policy_of, clock=lambda: NOW / 1000)


@pytest.fixture
async def outlet(sandbox: Sandbox) -> AsyncIterator[SlackOutlet]:
    async with made(sandbox) as outlet:
        yield outlet


def words(count: int) -> str:
    """That many numbered words: each can be told from the others, wherever it comes to stand."""
    return " ".join(f"w{number:05d}" for number in range(count))


MIDDLING = words(25_000 // 7)
LONG = words(100_000 // 7)


def of(place: SlackPlace, result: Any, **changes: Any) -> Parcel:
    return parcel(place, event(result=result, error=None, **changes))


def posts(sandbox: Sandbox, of: Parcel) -> list[dict[str, Any]]:
    """What we posted, oldest first: posts that carry the delivery, its parts and its file."""
    (delivery,) = ids(of)
    return [
        message.to_slack(with_metadata=True) | {"channel": channel.id}
        for channel in sandbox.workspace.channels.values()
        for message in channel.messages.values()
        if delivery in carried(message.content.metadata)
        or part_of(message.content.metadata, delivery) is not None
        or any(delivery in file["name"] for file in message.files)
    ]


def shown(message: Any) -> str:
    """All text anywhere in the blocks, or the message's where there are none."""
    match message:
        case {"blocks": blocks}:
            return " ".join(shown(block) for block in blocks)
        case {"ts": _, "text": str(text)}:
            return text
        case {"text": str(text)}:
            return text
        case dict():
            return " ".join(shown(part) for part in message.values())
        case list():
            return " ".join(shown(part) for part in message)
        case _:
            return ""


def numbers(messages: list[dict[str, Any]]) -> list[str]:
    return [word for message in messages for word in shown(message).split() if word[0] == "w" and word[1:].isdigit()]


async def _content(share: dict[str, Any]) -> str:
    async with aiohttp.ClientSession() as session, session.get(share["files"][0]["url_private"]) as answer:
        return (await answer.read()).decode()


@KINDS
async def test_a_result_of_several_messages_goes_on_in_the_thread_with_nothing_lost(
    sandbox: Sandbox, outlet: SlackOutlet, kind: str
) -> None:
    where = place(sandbox, kind)
    sent = of(where, MIDDLING)

    *before, last = await told(outlet, sent)

    head, *parts = found = posts(sandbox, sent)
    assert last == Sent(reference=f"{head['channel']}/{head['ts']}")
    assert [outcome.progress.told for outcome in before if isinstance(outcome, Partly)] == [1, 2]
    assert numbers(found) == MIDDLING.split()
    thread = where.thread if isinstance(where, SlackThread) else head["ts"]
    assert {part["thread_ts"] for part in parts} == {thread}
    assert "1 of 3, goes on in the thread" in shown(head)
    assert ["2 of 3" in shown(parts[0]), "3 of 3" in shown(parts[1])] == [True, True]
    assert [part_of(part["metadata"], ids(sent)[0]) for part in parts] == [1, 2]


@KINDS
async def test_a_result_of_many_messages_is_a_preview_and_a_file_in_the_thread(
    sandbox: Sandbox, outlet: SlackOutlet, kind: str
) -> None:
    where = place(sandbox, kind)
    sent = of(where, LONG, title="Überblick: Q3/2026 … <&>")

    assert [type(outcome) for outcome in await told(outlet, sent)] == [Partly, Sent]

    head, share = posts(sandbox, sent)
    (file,) = share["files"]
    assert "The beginning of 99,994 characters; the whole is a file in the thread" in shown(head)
    assert 200 < len(numbers([head])) < 500
    assert share["thread_ts"] == (where.thread if isinstance(where, SlackThread) else head["ts"])
    assert file["name"] == f"uberblick-q3-2026-{ids(sent)[0]}.md"
    assert file["title"] == "Überblick: Q3/2026 … <&>.md"
    assert await _content(share) == LONG


async def test_a_value_that_is_no_text_becomes_a_json_file(
    sandbox: Sandbox, outlet: SlackOutlet, channel: SlackChannel
) -> None:
    sent = of(channel, {"rows": [{"id": number, "név": "ő"} for number in range(3_000)]})

    await told(outlet, sent)

    _, share = posts(sandbox, sent)
    (file,) = share["files"]
    body = await _content(share)
    assert file["name"].endswith(".json")
    assert body.startswith('{\n  "rows": [\n    {\n      "id": 0,\n      "név": "ő"')


# -- plainer ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("times", "rung"), [(1, Rung.MARKDOWN), (2, Rung.PLAIN)])
async def test_what_slack_refuses_is_said_more_plainly_and_goes_on_so(
    sandbox: Sandbox, outlet: SlackOutlet, channel: SlackChannel, times: int, rung: Rung
) -> None:
    sandbox.fault("error", method="chat.postMessage", error="invalid_blocks", times=times)
    sent = of(channel, MIDDLING)

    *before, last = await told(outlet, sent)

    assert isinstance(last, Sent)
    assert [each.progress.rung for each in before if isinstance(each, Partly)][times:] == [rung] * (len(before) - times)
    head, *others = found = posts(sandbox, sent)
    kinds = [[block["type"] for block in message.get("blocks", ())] for message in found]
    if rung is Rung.MARKDOWN:
        assert kinds == [["markdown"]] * 3
        assert numbers(found) == MIDDLING.split()
    else:
        assert kinds == [[], []]
        assert len(head["text"]) <= 3_000
        assert await _content(others[0]) == MIDDLING


async def test_a_part_that_slack_refuses_twice_becomes_the_file_of_all(
    sandbox: Sandbox, outlet: SlackOutlet, channel: SlackChannel
) -> None:
    sent = of(channel, MIDDLING)
    first = await outlet.send(sent)
    assert isinstance(first, Partly)
    sandbox.fault("error", method="chat.postMessage", error="msg_blocks_too_long", times=2)

    outcomes = await told(outlet, gone_on(sent, first.progress))

    assert isinstance(outcomes[-1], Sent)
    assert [bool(one.get("files")) for one in posts(sandbox, sent)] == [False, True]


async def test_what_is_refused_on_every_rung_is_the_delivery_s_end(
    sandbox: Sandbox, outlet: SlackOutlet, channel: SlackChannel
) -> None:
    sandbox.fault("error", method="chat.postMessage", error="invalid_blocks", times=9)
    outcomes = await told(outlet, parcel(channel))
    assert outcomes[-1] == Refused(reason="Slack: invalid_blocks")
    assert len(outcomes) == 3


@pytest.mark.parametrize("error", ["missing_scope", "file_uploads_disabled", "nobody_knows_this_one"])
@pytest.mark.parametrize("method", ["files.getUploadURLExternal", "files.completeUploadExternal"])
async def test_where_slack_takes_no_file_the_whole_comes_in_parts(
    sandbox: Sandbox, outlet: SlackOutlet, channel: SlackChannel, error: str, method: str
) -> None:
    sandbox.fault("error", method=method, error=error, times=9)
    sent = of(channel, LONG)

    assert isinstance((await told(outlet, sent))[-1], Sent)

    found = posts(sandbox, sent)
    assert numbers(found) == LONG.split()
    said = [number for number, message in enumerate(found) if "may lack files:write" in shown(message)]
    assert said == ([0, 1] if method == "files.getUploadURLExternal" else [1])


async def test_without_files_and_blocks_texts_say_it_all(
    sandbox: Sandbox, outlet: SlackOutlet, channel: SlackChannel
) -> None:
    sandbox.fault("error", method="files.completeUploadExternal", error="missing_scope", times=9)
    sandbox.fault("error", method="chat.postMessage", error="invalid_blocks", times=2)
    sent = of(channel, MIDDLING)

    assert isinstance((await told(outlet, sent))[-1], Sent)

    found = posts(sandbox, sent)
    assert not any("blocks" in message for message in found)
    assert numbers(found) == MIDDLING.split()


async def test_a_preview_without_its_file_is_tried_again_when_slack_was_away(
    sandbox: Sandbox, outlet: SlackOutlet, channel: SlackChannel
) -> None:
    sent = of(channel, LONG)
    first = await outlet.send(sent)
    assert isinstance(first, Partly)
    after = gone_on(sent, first.progress)
    sandbox.fault("error", method="files.getUploadURLExternal", error="internal_error")
    assert isinstance(await outlet.send(after), Failed)
    sandbox.fault("drop", method="files.getUploadURLExternal", after=True)
    assert isinstance(await outlet.send(after), Failed)
    sandbox.fault("error", method="files.completeUploadExternal", error="ratelimited", retry_after=7)
    assert isinstance(await outlet.send(after), Throttled)
    assert isinstance(await outlet.send(after), Sent)


# -- in doubt --------------------------------------------------------------------------------------------------------


@KINDS
@pytest.mark.parametrize("lost", [0, 1, 2])
@pytest.mark.parametrize("forgotten", [False, True], ids=["with its progress", "rebuilt without it"])
async def test_a_post_whose_answer_was_lost_is_found_and_the_rest_goes_on_from_there(
    sandbox: Sandbox, outlet: SlackOutlet, kind: str, lost: int, *, forgotten: bool
) -> None:
    sent = of(place(sandbox, kind), MIDDLING)
    progress = await _until(outlet, sent, lost)
    sandbox.fault("drop", method="chat.postMessage", after=True)
    assert isinstance(await outlet.send(_after(sent, progress)), Unknown)

    found = await outlet.send(_after(sent, None if forgotten else progress, doubt=NOW))
    if lost < 2:
        assert isinstance(found, Partly)
        assert found.progress.told == lost + 1
        assert isinstance((await told(outlet, gone_on(sent, found.progress)))[-1], Sent)
    else:
        assert isinstance(found, Sent)

    messages = posts(sandbox, sent)
    assert numbers(messages) == MIDDLING.split()
    assert len(messages) == 3
    assert len({message.get("thread_ts", message["ts"]) for message in messages}) == 1


async def _until(outlet: SlackOutlet, sent: Parcel, posts: int) -> Progress | None:
    progress = None
    for _ in range(posts):
        outcome = await outlet.send(_after(sent, progress))
        assert isinstance(outcome, Partly)
        progress = outcome.progress
    return progress


def _after(sent: Parcel, progress: Progress | None, *, doubt: int | None = None) -> Parcel:
    (one,) = sent.items
    return replace(sent, items=(replace(one, delivery=replace(one.delivery, progress=progress, doubt=doubt)),))


@pytest.mark.parametrize("forgotten", [False, True], ids=["with its progress", "rebuilt without it"])
@pytest.mark.parametrize("refusals", [0, 2], ids=["rich", "plain"])
async def test_a_file_whose_answer_was_lost_is_found_by_its_name(
    sandbox: Sandbox, outlet: SlackOutlet, channel: SlackChannel, refusals: int, *, forgotten: bool
) -> None:
    sent = of(channel, LONG)
    sandbox.fault("error", method="chat.postMessage", error="invalid_blocks", times=refusals)
    progress = await _until(outlet, sent, 1 + refusals)
    sandbox.fault("drop", method="files.completeUploadExternal", after=True)
    assert isinstance(await outlet.send(_after(sent, progress)), Unknown)

    found = await outlet.send(_after(sent, None if forgotten else progress, doubt=NOW))

    assert isinstance(found, Sent)
    assert len(posts(sandbox, sent)) == 2


async def test_a_file_that_is_not_there_yet_is_waited_for_before_it_is_sent_again(
    sandbox: Sandbox, outlet: SlackOutlet, channel: SlackChannel
) -> None:
    sent = of(channel, LONG)
    progress = await _until(outlet, sent, 1)
    assert await outlet.send(_after(sent, progress, doubt=NOW - 1)) == Throttled(
        after=SHARING - 1, reason="its file may be on its way"
    )
    assert isinstance(await outlet.send(_after(sent, progress, doubt=NOW - SHARING)), Sent)
    assert len(posts(sandbox, sent)) == 2


async def test_a_first_post_that_was_said_plainly_is_gone_on_with_plainly(
    sandbox: Sandbox, outlet: SlackOutlet, channel: SlackChannel
) -> None:
    sandbox.fault("error", method="chat.postMessage", error="invalid_blocks", times=2)
    sent = of(channel, MIDDLING)
    await _until(outlet, sent, 3)

    found = await outlet.send(_after(sent, None, doubt=NOW - SHARING))
    assert isinstance(found, Partly)
    assert (found.progress.begun, found.progress.told) == (Rung.PLAIN, 1)
    await told(outlet, gone_on(sent, found.progress))
    assert [bool(one.get("files")) for one in posts(sandbox, sent)] == [False, True]


async def test_parts_after_a_first_post_that_promised_a_file_go_on_as_parts(
    sandbox: Sandbox, outlet: SlackOutlet, channel: SlackChannel
) -> None:
    sandbox.fault("error", method="files.completeUploadExternal", error="missing_scope")
    sent = of(channel, LONG)
    await _until(outlet, sent, 4)  # the preview, no file, two parts

    found = await outlet.send(_after(sent, None, doubt=NOW))
    assert isinstance(found, Partly)
    assert (found.progress.told, found.progress.files) == (3, False)
    await told(outlet, gone_on(sent, found.progress))
    assert numbers(posts(sandbox, sent)) == LONG.split()


@pytest.mark.parametrize("policy", list(Doubt))
async def test_a_part_in_doubt_where_nobody_may_look_says_so_or_is_asked_for(
    sandbox: Sandbox, channel: SlackChannel, policy: Doubt
) -> None:
    async with made(sandbox, policy) as outlet:
        sent = of(channel, MIDDLING)
        progress = await _until(outlet, sent, 1)
        sandbox.fault("error", method="conversations.replies", error="missing_scope")
        outcome = await outlet.send(_after(sent, progress, doubt=NOW))
    _, *others = posts(sandbox, sent)
    if policy is Doubt.ASK:
        assert isinstance(outcome, Asked)
        assert others == []
    else:
        assert isinstance(outcome, Partly)
        assert "May be shown twice" in shown(others[0])


async def test_a_file_in_doubt_where_nobody_may_look_says_so(
    sandbox: Sandbox, outlet: SlackOutlet, channel: SlackChannel
) -> None:
    sent = of(channel, LONG)
    progress = await _until(outlet, sent, 1)
    sandbox.fault("error", method="conversations.replies", error="missing_scope")
    await outlet.send(_after(sent, progress, doubt=NOW - SHARING))
    _, share = posts(sandbox, sent)
    assert share["text"] == "May be shown twice: Slack's answer to the first try was lost."


async def test_while_slack_cannot_answer_nothing_more_is_said(
    sandbox: Sandbox, outlet: SlackOutlet, channel: SlackChannel
) -> None:
    sent = of(channel, MIDDLING)
    progress = await _until(outlet, sent, 1)
    sandbox.fault("error", method="conversations.replies", error="service_unavailable")
    assert isinstance(await outlet.send(_after(sent, progress, doubt=NOW)), Unknown)
    assert len(posts(sandbox, sent)) == 1


# -- the thread is gone ----------------------------------------------------------------------------------------------


def _erase_head(sandbox: Sandbox, sent: Parcel) -> None:
    head = posts(sandbox, sent)[0]
    where = sandbox.workspace.channel(head["channel"])
    sandbox.workspace.erase(where, where.message(head["ts"]))


@pytest.mark.parametrize("lost", [False, True], ids=["answered", "its answer lost"])
async def test_where_the_first_post_was_deleted_the_rest_goes_to_the_channel_once(
    sandbox: Sandbox, outlet: SlackOutlet, channel: SlackChannel, *, lost: bool
) -> None:
    sent = of(channel, words(4_800))
    progress = await _until(outlet, sent, 1)
    _erase_head(sandbox, sent)
    if lost:
        sandbox.fault("error", method="chat.postMessage", error="thread_not_found")
        sandbox.fault("drop", method="chat.postMessage", after=True)
        assert isinstance(await outlet.send(_after(sent, progress)), Unknown)
        found = await outlet.send(_after(sent, progress, doubt=NOW))
        assert isinstance(found, Partly)
        progress = found.progress

    assert isinstance((await told(outlet, _after(sent, progress)))[-1], Sent)

    second, *others = posts(sandbox, sent)
    assert "2 of 4" in shown(second)
    assert second.get("thread_ts") in {None, second["ts"]}
    assert [message["thread_ts"] for message in others] == [second["ts"]] * 2


async def test_a_file_whose_thread_is_gone_goes_to_the_channel(
    sandbox: Sandbox, outlet: SlackOutlet, channel: SlackChannel
) -> None:
    sent = of(channel, LONG)
    progress = await _until(outlet, sent, 1)
    _erase_head(sandbox, sent)
    assert isinstance(await outlet.send(_after(sent, progress)), Sent)
    (share,) = posts(sandbox, sent)
    assert "thread_ts" not in share


async def test_content_that_is_withheld_has_no_parts_and_no_file(
    sandbox: Sandbox, outlet: SlackOutlet, channel: SlackChannel
) -> None:
    sent = of(channel, LONG, sensitivity=Sensitivity.CONFIDENTIAL)
    assert [type(outcome) for outcome in await told(outlet, sent)] == [Sent]
    (head,) = posts(sandbox, sent)
    assert numbers([head]) == []


@pytest.mark.parametrize("refusals", [0, 2], ids=["rich", "plain"])
async def test_a_long_result_is_read_and_cut_beside_the_loop(
    sandbox: Sandbox, outlet: SlackOutlet, channel: SlackChannel, monkeypatch: pytest.MonkeyPatch, refusals: int
) -> None:
    threads: list[threading.Thread] = []
    for name in ("parts", "pieces_of"):
        monkeypatch.setattr(ladder, name, partial(_noting, threads, getattr(ladder, name)))
    sent = of(channel, "- word\n" * 5_000)
    sandbox.fault("error", method="chat.postMessage", error="invalid_blocks", times=refusals)
    progress = await _until(outlet, sent, 1 + refusals)
    for known in (None, progress):  # its first post is found, and how it was said
        assert isinstance(await outlet.send(_after(sent, known, doubt=NOW)), Throttled | Partly)
    assert threads
    assert threading.main_thread() not in threads


async def test_a_short_result_is_cut_at_once(
    outlet: SlackOutlet, channel: SlackChannel, monkeypatch: pytest.MonkeyPatch
) -> None:
    threads: list[threading.Thread] = []
    monkeypatch.setattr(ladder, "pieces_of", partial(_noting, threads, pieces_of))
    await outlet.send(of(channel, "short"))
    assert threads == [threading.main_thread()]


def _noting(threads: list[threading.Thread], work: Callable[..., Any], *given: Any, **named: Any) -> Any:
    """Do the work, and tell where."""
    threads.append(threading.current_thread())
    return work(*given, **named)
