"""Mentions at a message's head."""

from bot.core.cards import Stage
from bot.core.event import Status
from bot.render.calling import calling
from bot.render.message import Block, Message
from bot.render.way import with_way

SAID = Message(text="✅ Done", blocks=({"type": "divider"},))


def test_who_is_called_stands_before_everything_in_elements_of_our_own() -> None:
    made = calling(SAID, ["U1", "S2"])
    assert made.text == "<@U1> <!subteam^S2> ✅ Done"
    assert made.blocks[0] == {
        "type": "rich_text",
        "elements": [
            {
                "type": "rich_text_section",
                "elements": [
                    {"type": "user", "user_id": "U1"},
                    {"type": "text", "text": " "},
                    {"type": "usergroup", "usergroup_id": "S2"},
                ],
            }
        ],
    }
    assert made.blocks[1:] == SAID.blocks


def test_a_message_that_calls_nobody_is_as_it_was() -> None:
    assert calling(SAID, ()) is SAID


def test_a_cards_way_stands_under_its_facts_whether_somebody_is_called_or_not() -> None:
    head: tuple[Block, ...] = ({"type": "header"}, {"type": "context"}, {"type": "divider"})
    way = (Stage(status=Status.RUNNING, at=0), Stage(status=Status.COMPLETED, at=1_000))
    alone = with_way(Message(text="Done", blocks=head), way)
    assert [block["type"] for block in alone.blocks] == ["header", "context", "context", "divider"]
    called = with_way(calling(Message(text="Done", blocks=head), ["U1"]), way)
    assert called.blocks[1:] == alone.blocks
