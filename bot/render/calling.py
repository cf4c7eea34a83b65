"""What calls people: mentions at the head of a message, and the short reply to a card that changed in its place.

Mentions are our own elements: no text of models or services ever comes near them.
"""

from collections.abc import Sequence
from dataclasses import replace

from bot.render import figures
from bot.render.blocks import LONGEST_TEXT, headline, summary
from bot.render.message import Block, Item, Message
from bot.render.result import failure
from bot.render.richtext import BOLD, Element, section, span
from bot.render.text import escaped

_TITLE, _WHY = 150, 300


def calling(message: Message, called: Sequence[str]) -> Message:
    """The message with user and group ids called at its head; as it is where there are none.

    Its text grows by at most 40 characters for each, which Slack's 40,000 don't notice.
    """
    if not called:
        return message
    elements = [part for one in called for part in (_mention(one), *span(" "))][:-1]
    head: Block = {"type": "rich_text", "elements": [section(elements)]}
    names = " ".join(_typed(one) for one in called)
    return replace(message, text=f"{names} {message.text}", blocks=(head, *message.blocks) if message.blocks else ())


def call_to(item: Item) -> Message:
    """Say what came of it in a line: a change of the card notified nobody."""
    title, facts = headline(item.event, _TITLE), summary(item.event)
    why = "" if item.event.error is None else figures.line(failure(item.event.error), _WHY)
    lines = [*span(title, BOLD), *span(f"\n{facts}"), *span(why and f"\n{why}")]
    block: Block = {"type": "rich_text", "elements": [section(lines)]}
    return Message(text=escaped(" — ".join(filter(None, (title, facts, why))), LONGEST_TEXT), blocks=(block,))


def _mention(one: str) -> Element:
    if one.startswith("S"):
        return {"type": "usergroup", "usergroup_id": one}
    return {"type": "user", "user_id": one}


def _typed(one: str) -> str:
    return f"<!subteam^{one}>" if one.startswith("S") else f"<@{one}>"
