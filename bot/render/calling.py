"""The short reply that calls people to a card: a change in its place notifies nobody."""

from bot.render.blocks import LONGEST_TEXT, headline, summary
from bot.render.message import Block, Item, Message
from bot.render.richtext import BOLD, section, span
from bot.render.text import escaped

_TITLE = 150


def call_to(item: Item) -> Message:
    """Say what came of it in a line; the card has the rest. Of the event there is only what the place may see."""
    title, facts = headline(item.event, _TITLE), summary(item.event)
    block: Block = {"type": "rich_text", "elements": [section([*span(title, BOLD), *span(f"\n{facts}")])]}
    return Message(text=escaped(f"{title} — {facts}", LONGEST_TEXT), blocks=(block,))
