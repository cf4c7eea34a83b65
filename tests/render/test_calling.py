"""Mentions at a message's head."""

from bot.render.calling import calling
from bot.render.message import Message

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
