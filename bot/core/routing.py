"""Event and index to deliveries (stub: the index lands next)."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Generic, TypeVar

from bot.core.delivery import DeliveryId, Lane
from bot.core.destination import Destination
from bot.core.event import Event
from bot.core.filters import Filter
from bot.core.subscription import Subscription, SubscriptionId

K = TypeVar("K")


class Index(Generic[K]):
    """Filters by key, arranged so that matching an event looks at few of them."""

    def add(self, key: K, wanted: Filter) -> None:
        """Enter a filter under its key, replacing the key's former one."""
        raise NotImplementedError

    def remove(self, key: K) -> None:
        """Forget the key; unknown keys are ignored."""
        raise NotImplementedError

    def match(self, event: Event) -> list[K]:
        """The keys whose filter matches, each once, in the order they were added."""
        raise NotImplementedError


@dataclass(frozen=True, slots=True, kw_only=True)
class Routed:
    """One delivery to be: where it goes, which lane carries it, and the subscriptions that asked for it."""

    delivery: DeliveryId
    lane: Lane
    destination: Destination
    subscriptions: tuple[SubscriptionId, ...]


class Router:
    """The index over all subscriptions of all teams."""

    def __init__(self, subscriptions: Iterable[Subscription], *, shards: int = 8) -> None:
        raise NotImplementedError

    def route(self, event: Event) -> tuple[Routed, ...]:
        """One entry per destination, however many subscriptions lead there."""
        raise NotImplementedError
