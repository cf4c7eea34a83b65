"""The short reply that calls people to a card: a change in its place notifies nobody."""

from bot.render.blocks import LONGEST_TEXT, headline, summary
from bot.render.discretion import may_read
from bot.render.message import Block, Item, Message
from bot.render.richtext import BOLD, section, span
from bot.render.text import escaped

_TITLE = 150


def calling(item: Item, *, reader: str | None) -> Message:
    """Say what came of it in a line; the card has the rest. `reader` is as in `discretion.may_read`."""
    title = headline(item.event, _TITLE, open_=may_read(item.event, reader))
    facts = summary(item.event)
    block: Block = {"type": "rich_text", "elements": [section([*span(title, BOLD), *span(f"\n{facts}")])]}
    return Message(text=escaped(f"{title} — {facts}", LONGEST_TEXT), blocks=(block,))
