"""What is said where a result may have been shown already and nobody can tell: the line under it, or the question.

The card's metadata is not a result's: who looks for a result later must not take the question for it.
"""

from collections.abc import Sequence
from typing import Any

from bot.core.answers import NotKept, Shown, ShownBefore
from bot.core.delivery import DeliveryId
from bot.render.blocks import headline, summary
from bot.render.discretion import Seen
from bot.render.inert import unlinked
from bot.render.message import Block, Item, Message, metadata
from bot.render.mrkdwn import code, escape
from bot.render.pieces import actions, button, context
from bot.render.richtext import BOLD, section, span

SHOW = "show"
"""action_id of the button that shows what it asks about; its value is the deliveries' ids, with commas."""
QUESTION_EVENT = "tidings_question"

REPEATED = "May be shown twice: Slack's answer to the first try was lost."
_TITLE = 150


def repeated(message: Message) -> Message:
    """The message, saying that it may be shown twice."""
    blocks = (*message.blocks, context(REPEATED)) if message.blocks else ()
    return Message(text=f"{message.text}\n{REPEATED}", blocks=blocks)


def question(items: Sequence[Seen]) -> Message:
    """Ask whether to show the results."""
    one = len(items) == 1
    why = (
        f"{'This' if one else 'These'} may be shown already: Slack's answer to the first try was lost, "
        "and I may not look in this conversation."
    )
    show = button(
        "Show it" if one else f"Show all {len(items)}", action=SHOW, value=",".join(item.delivery.id for item in items)
    )
    titles = [headline(item.event, _TITLE) for item in items]
    rows: list[Block] = [
        {"type": "rich_text", "elements": [section([*span(title, BOLD), *span(f"\n{summary(item.event)}")])]}
        for title, item in zip(titles, items, strict=True)
    ]
    more = "" if one else f" and {len(items) - 1} more"
    return Message(text=f"{escape(unlinked(titles[0]))}{more}\n{why}", blocks=(*rows, context(why), actions([show])))


def question_metadata(items: Sequence[Item]) -> dict[str, Any]:
    """Message metadata of a question; as for `message.metadata`, ids only."""
    return {**metadata(items), "event_type": QUESTION_EVENT}


def asked_about(value: str) -> tuple[DeliveryId, ...]:
    """The deliveries that a button's value names."""
    return tuple(DeliveryId(part) for part in value.split(",") if part)


def came_of_it(answer: Shown | ShownBefore | NotKept) -> str:
    """What is said after the click, in mrkdwn."""
    match answer:
        case Shown(viewer=viewer):
            return f"<@{viewer.user}> asked to show it; it comes when it is its turn."
        case ShownBefore():
            return "It was shown already, or is on its way."
        case NotKept(deliveries=deliveries):
            ids = ", ".join(map(code, deliveries))
            return f"I no longer have it here. An operator finds it among the dead letters: delivery {ids}."


def answered(card: Sequence[Block], text: str) -> tuple[Block, ...]:
    """The card after the click: what it asked about, and in the button's place what came of it."""
    return (*(block for block in card if block.get("type") == "rich_text"), context(text))
