"""The size ladder: what one event is told in, on each rung, with files and without."""

import json
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.core.event import Event, Json
from bot.core.progress import Progress, Rung
from bot.render.blocks import ROOM, card
from bot.render.digest import MOST
from bot.render.discretion import Seen
from bot.render.ladder import MOST_PARTS, File, Saying, Telling, file_name, file_of, take
from bot.render.message import Message
from bot.render.result import LONGEST
from bot.render.richtext import plain, weight
from bot.sandbox.validation.surfaces import check_message
from tests.core.examples import event
from tests.core.strategies import JSON
from tests.render.strategies import HOSTILE, item

NOW = 5


def long(result: Json, **changes: Any) -> Seen:
    return item(event(result=result, error=None, **changes))


def words(size: int) -> str:
    return " ".join(f"w{number:05d}" for number in range(size // 7))


def posts(of: Seen, progress: Progress | None = None) -> list[Saying]:
    """All that is said, if Slack takes it."""
    telling, progress = Telling(item=of), progress or Progress()
    said: list[Saying] = []
    while True:
        following = telling.next(progress, now=NOW)
        said.append(following.saying)
        told = replace(progress, told=progress.told + 1, begun=progress.begun if progress.told else progress.rung)
        assert telling.is_told(told) == following.last
        if following.last:
            return said
        progress = told


def text(of: Saying) -> str:
    match of:
        case File(body=body):
            return body.decode()
        case Message(blocks=()):
            return of.text
        case Message():
            return "\n".join(_seen(block) for block in of.blocks)


def _seen(block: Any) -> str:
    match block:
        case {"type": "markdown", "text": said}:
            return str(said)
        case {"type": "rich_text", "elements": elements}:
            return plain(elements)
        case {"type": "context", "elements": elements}:
            return "\n".join(str(element["text"]) for element in elements)
        case _:
            return ""


def counted(said: Sequence[Saying]) -> list[str]:
    return [word for one in said for word in text(one).split() if word[0] == "w" and word[1:].isdigit()]


def test_what_fits_is_the_card_as_it_always_was() -> None:
    of = item(event())
    (only,) = posts(of)
    assert only == card(of, now=NOW)


RUNGS = [Progress(rung=rung, begun=rung, files=files) for rung in Rung for files in (True, False)]


@pytest.mark.parametrize("progress", RUNGS, ids=str)
@pytest.mark.parametrize("size", [2_000, 8_500, 9_500, 12_000, 25_000, 36_000, 40_000, 100_000, LONGEST])
def test_no_word_is_lost_or_said_twice(progress: Progress, size: int) -> None:
    whole = words(size)
    said = posts(long(whole), progress)
    *messages, last = said
    if isinstance(last, File):
        assert counted([last]) == whole.split()
        assert counted(messages) == whole.split()[: len(counted(messages))]
    else:
        assert counted(said) == whole.split()
    for one in messages:
        assert isinstance(one, Message)
        assert weight(one.blocks) <= (12_000 if progress.rung is Rung.MARKDOWN else ROOM)


@pytest.mark.parametrize(("size", "count"), [(8_500, 1), (12_000, 2), (25_000, 3), (36_000, 4)])
def test_up_to_four_messages_are_a_thread_and_more_are_a_file(size: int, count: int) -> None:
    said = posts(long(words(size)))
    assert [type(one) for one in said] == [Message] * count
    assert [f"{number} of {count}" in text(one) for number, one in enumerate(said, start=1)] == [count > 1] * count
    assert count <= MOST_PARTS
    preview, file = posts(long(words(45_000)))
    assert isinstance(file, File)
    assert "The beginning of 44,995 characters; the whole is a file in the thread" in text(preview)


def test_beyond_what_is_read_only_a_file_has_it_all_and_without_one_it_says_how_much_is_missing() -> None:
    whole = words(LONGEST + 7_000)
    _, file = posts(long(whole))
    assert counted([file]) == whole.split()
    *_, last = posts(long(whole), Progress(files=False))
    assert f"… {len(whole) - LONGEST:,} more characters." in text(last)
    assert "files:write" in text(last)


def test_white_space_alone_is_a_file_too_where_it_is_too_long() -> None:
    whole = "a" + " " * LONGEST
    _, file = posts(long(whole))
    assert text(file) == whole
    (only,) = posts(long(whole), Progress(files=False))
    assert "… 1 more characters" in text(only)


@given(HOSTILE | JSON, st.sampled_from(RUNGS))
@settings(max_examples=40)
def test_any_result_is_told_on_any_rung_and_slack_takes_it(value: Json, progress: Progress) -> None:
    of = long(value * 40 if isinstance(value, str) else [value] * 40)
    for one in posts(of, progress):
        if isinstance(one, Message):
            check_message({"text": one.text, "blocks": list(one.blocks)})
            assert len(one.text) <= 40_000
        else:
            assert one.body


@given(HOSTILE)
@settings(max_examples=25)
def test_it_is_cut_alike_whenever_and_however_plainly_it_is_said(value: str) -> None:
    of = long(value * 60 + words(20_000))
    telling = Telling(item=of)
    late = Telling(item=of)
    for number in range(1, 3):
        now, later = (
            one.next(Progress(told=number, reference="C/1", thread="1"), now=now).saying
            for one, now in ((telling, NOW), (late, NOW + 10**9))
        )
        assert now == later


def test_a_card_is_within_its_room_however_late_it_is() -> None:
    of = long(words(30_000))
    following = Telling(item=of).next(Progress(), now=10**12)
    assert isinstance(following.saying, Message)
    assert "waited" in text(following.saying)
    assert weight(following.saying.blocks) <= ROOM


def test_a_part_fallen_to_plain_text_is_the_file_of_all_or_a_text() -> None:
    of = long(words(25_000))
    telling = Telling(item=of)
    fallen = Progress(reference="C/1", thread="1", told=1, rung=Rung.PLAIN)
    file = telling.next(fallen, now=NOW)
    assert (type(file.saying), file.last) == (File, True)
    second = telling.next(replace(fallen, files=False), now=NOW)
    rich = telling.next(replace(fallen, rung=Rung.RICH), now=NOW)
    assert isinstance(second.saying, Message)
    assert second.saying.blocks == ()
    assert counted([second.saying]) == counted([rich.saying])
    assert not second.last


def test_markdown_that_grows_too_long_is_a_text() -> None:
    of = long("<" * 7_500)
    (only,) = posts(of, Progress(rung=Rung.MARKDOWN))
    assert isinstance(only, Message)
    assert only.blocks == ()
    assert only.text.count("&lt;") == 7_500
    (growing,) = posts(long("<" * 1_500), Progress(rung=Rung.MARKDOWN))
    assert isinstance(growing, Message)
    assert growing.blocks[0]["type"] == "markdown"


@pytest.mark.parametrize(
    ("result", "body", "kind"),
    [
        ("# Größe\r\n", "# Größe\r\n", "md"),
        ("\ud800", "?", "md"),
        ({"ä": [1]}, json.dumps({"ä": [1]}, ensure_ascii=False, indent=2), "json"),
    ],
)
def test_a_file_is_the_result_as_it_is(result: Json, body: str, kind: str) -> None:
    file = file_of(long(result, title="T"))
    assert (file.body.decode(), file.title) == (body, f"T.{kind}")


@pytest.mark.parametrize(
    ("title", "slug"),
    [
        ("Chargeback of order 7", "chargeback-of-order-7"),
        ("../../etc/passwd\x00", "etc-passwd"),
        ("漢字", "result"),
        ("CON." * 40, "con-con-con-con-con-con-con-con-con-con-con-con-co"),
    ],
)
def test_a_file_s_name_is_safe_and_tells_the_delivery(title: str, slug: str) -> None:
    of = long("x")
    assert file_name(of.delivery.id, title, "md") == f"{slug}-{of.delivery.id}.md"


def _run(*events: Event) -> list[Seen]:
    return [item(one) for one in events]


def test_what_takes_several_posts_goes_alone() -> None:
    short, huge = event(result="x"), event(result="x" * 9_000)
    assert take(_run(*[short] * 30)) == MOST
    assert take(_run(short, short, huge, short)) == 2
    assert take(_run(huge, short)) == 1
    begun = item(short)
    begun = replace(begun, delivery=replace(begun.delivery, progress=Progress(told=1)))
    assert take([begun, item(short)]) == 1
