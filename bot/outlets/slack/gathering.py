"""Which of a run of deliveries go into one message of a place."""

from collections.abc import Sequence
from itertools import takewhile

from bot.core.cards import card_key, together
from bot.core.destination import Destination, SlackChannel, Webhook, destination_id
from bot.core.threads import threads_of
from bot.ports.cards import Cards
from bot.ports.outlet import Item
from bot.ports.threads import Threads


async def gather(threads: Threads, cards: Cards | None, place: Destination, items: Sequence[Item]) -> Sequence[Item]:
    """Those for one thread, or for none, and of them those for one card, or without any. Raises UnavailableError."""
    if isinstance(place, Webhook):
        return items
    name = destination_id(place)
    if isinstance(place, SlackChannel):
        keys = await threads.of(name, [item.event for item in items])
        items = items[: len(list(takewhile(lambda key: key == keys[0], keys)))]
        if keys[0] == threads_of(items[0].event)[-1]:
            return items  # replies, each event one
    if cards is None:
        return items
    shown = [card_key(item.event) for item in items]
    living = await cards.living(name, shown)
    return [items[number] for number in together(shown, living)]
