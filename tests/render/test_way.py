"""The line that says how an inference came to where it is, and the reply that calls people to its card."""

import pytest

from bot.core.cards import Stage
from bot.core.destination import SlackChannel
from bot.core.event import Failure, Status
from bot.render.blocks import card
from bot.render.calling import call_to, calling
from bot.render.discretion import Seen
from bot.render.message import Message
from bot.render.richtext import weight
from bot.render.way import lasted, way_line, with_way
from bot.sandbox.validation.surfaces import validate
from tests.core.examples import event
from tests.edges.outlets.parcels import item

PLACE = SlackChannel(team="T1", channel="C1")
NOON = 1_782_907_200_000
WAY = (Stage(status=Status.QUEUED, at=NOON), Stage(status=Status.NEEDS_REVIEW, at=NOON + 160_999))


def seen(**fields: object) -> Seen:
    one = item(PLACE, event(**fields))
    return Seen(delivery=one.delivery, event=one.event)


@pytest.mark.parametrize(
    ("milliseconds", "said"),
    [
        (-5, "0 s"),
        (999, "0 s"),
        (40_000, "40 s"),
        (160_000, "2 min 40 s"),
        (120_000, "2 min"),
        (3_605_000, "1 h"),
        (3_900_000, "1 h 5 min"),
        (90_000_000, "1 d 1 h"),
    ],
)
def test_a_span_is_said_in_its_two_largest_units(milliseconds: int, said: str) -> None:
    assert lasted(milliseconds) == said


def test_the_way_is_in_each_reader_s_own_time() -> None:
    assert way_line(WAY) == (
        "queued <!date^1782907200^{time}|12:00 UTC> · needs review <!date^1782907360^{time}|12:02 UTC> (2 min 40 s)"
    )


def test_the_line_stands_under_the_facts_and_is_left_out_of_a_way_of_one_step() -> None:
    message = card(seen(), now=NOON)
    shown = with_way(message, WAY)
    assert [block["type"] for block in shown.blocks[:3]] == ["header", "context", "context"]
    assert shown.blocks[2]["elements"] == [{"type": "mrkdwn", "text": way_line(WAY)}]
    assert (*shown.blocks[:2], *shown.blocks[3:]) == message.blocks
    assert shown.text == message.text
    assert with_way(message, WAY[:1]) == message
    called = with_way(calling(message, ["U1"]), WAY)
    assert [block["type"] for block in called.blocks[:4]] == ["rich_text", "header", "context", "context"]
    assert called.blocks[3] == shown.blocks[2]
    assert with_way(Message(text="", blocks=()), WAY).blocks == (shown.blocks[2],)


def test_a_long_way_weighs_little_and_slack_takes_it() -> None:
    stages = tuple(Stage(status=Status.NEEDS_REVIEW, at=NOON + n) for n in range(6))
    shown = with_way(card(seen(result="x" * 20_000), now=NOON), stages)
    validate({"blocks": list(shown.blocks)})
    assert weight(shown.blocks[2]) < 500


def test_a_call_says_what_failed_and_why_in_few_words() -> None:
    called = call_to(seen(title="<!channel> pay", status=Status.FAILED, error=Failure(type="Timeout", message="a\nb")))
    assert (
        called.text == "❌ &lt;!channel&gt; pay — failed · fraud-detector 2.1 · openai · 72% confident — Timeout: a b"
    )
    validate({"blocks": list(called.blocks)})
    assert len(call_to(seen(error=None)).text.splitlines()) == 1
