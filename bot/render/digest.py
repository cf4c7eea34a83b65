"""A run of deliveries as one message."""

from collections.abc import Sequence

from bot.render.message import Item, Message

MOST = 20


def take(items: Sequence[Item]) -> int:
    """How many of the run, from its head, fit in one message: at least one."""
    return min(len(items), MOST)


def merge(items: Sequence[Item], *, now: int, reader: str | None = None) -> Message:
    """Say all items in one message."""
    title = ", ".join(item.event.inference for item in items)
    return Message(text=title, blocks=())
