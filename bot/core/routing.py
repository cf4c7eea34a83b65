"""Event and index to deliveries: who asked for this event, and which lanes carry it."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from typing import Generic, TypeVar

from bot.core.access import Access, choose
from bot.core.delivery import DeliveryId, Lane, delivery_id
from bot.core.destination import Destination, DestinationId, SlackGroup, SlackPerson, Webhook, destination_id
from bot.core.event import Event
from bot.core.facts import Facts
from bot.core.filters import Filter
from bot.core.subscription import LENGTH, Hold, Holding, Subscription, SubscriptionId

K = TypeVar("K")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Entry:
    """A filter, its place in the order of adding, and where the index keeps it."""

    filter: Filter
    number: int
    accesses: tuple[Access, ...]


class Index(Generic[K]):
    """Filters by key, arranged so that matching an event looks at few of them.

    Each filter is kept under one of its terms (see `access`), or with those that every event has to be shown to.
    """

    def __init__(self) -> None:
        self._entries: dict[K, _Entry] = {}
        self._added = 0
        self._kept: dict[Access, dict[K, None]] = {}
        self._always: dict[K, None] = {}
        self._fields: Counter[str] = Counter()
        self._prefixes: defaultdict[str, Counter[int]] = defaultdict(Counter)

    def __len__(self) -> int:
        return len(self._entries)

    def add(self, key: K, wanted: Filter) -> None:
        """Enter a filter under its key, replacing the key's former one."""
        self.remove(key)
        accesses = choose(wanted, lambda access: len(self._kept.get(access, ())))
        self._added += 1
        self._entries[key] = _Entry(filter=wanted, number=self._added, accesses=accesses)
        if not accesses:
            self._always[key] = None
        for access in accesses:
            self._kept.setdefault(access, {})[key] = None
            self._fields[access.field] += 1
            if access.prefix:
                self._prefixes[access.field][len(access.value)] += 1

    def remove(self, key: K) -> None:
        """Forget the key; unknown keys are ignored."""
        entry = self._entries.pop(key, None)
        if entry is None:
            return
        self._always.pop(key, None)
        for access in entry.accesses:
            keys = self._kept[access]
            keys.pop(key, None)
            if not keys:
                del self._kept[access]
            self._fields[access.field] -= 1
            if not self._fields[access.field]:
                del self._fields[access.field]
            if access.prefix:
                self._forget_prefix(access)

    def _forget_prefix(self, access: Access) -> None:
        lengths = self._prefixes[access.field]
        lengths[len(access.value)] -= 1
        if not lengths[len(access.value)]:
            del lengths[len(access.value)]
        if not lengths:
            del self._prefixes[access.field]

    def match(self, event: Event) -> list[K]:
        """The keys whose filter matches, each once, in the order they were added."""
        facts = Facts(event)
        entries = self._entries
        hits = [key for key in self._found(facts) if entries[key].filter.accepts(facts)]
        hits.sort(key=lambda key: entries[key].number)
        return hits

    def candidates(self, event: Event) -> list[K]:
        """The keys whose filters `match` looks at: all that match, and as few others as can be."""
        return list(self._found(Facts(event)))

    def _found(self, facts: Facts) -> dict[K, None]:
        found = dict(self._always)
        for access in self._accesses(facts):
            keys = self._kept.get(access)
            if keys:
                found |= keys
        return found

    def _accesses(self, facts: Facts) -> Iterator[Access]:
        for field in facts.fields():
            if field not in self._fields:
                continue  # its values need not even be folded
            lengths = self._prefixes.get(field, ())
            for word in facts.words(field):
                yield Access(field, word, prefix=False)
                for length in lengths:
                    yield Access(field, word[:length], prefix=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class Routed:
    """One delivery to be: where it goes, which lane carries it, and the subscriptions that asked for it."""

    delivery: DeliveryId
    lane: Lane
    destination: Destination
    subscriptions: tuple[SubscriptionId, ...]


class Router:
    """The index over all subscriptions of all teams.

    `shards` is into how many lanes a webhook's deliveries are spread, so that one endpoint can have that many requests
    under way. Where it is changed while deliveries wait, an inference's old and new lane know nothing of each other.
    """

    def __init__(self, subscriptions: Iterable[Subscription], *, shards: int = 8) -> None:
        self._shards = shards
        self._known: dict[SubscriptionId, Subscription] = {}
        self._index: Index[SubscriptionId] = Index()
        self._places: dict[SubscriptionId, tuple[tuple[DestinationId, Destination], ...]] = {}
        self._holds: dict[SubscriptionId, Hold] = {}
        self._unhurried: set[SubscriptionId] = set()
        self.learn(subscriptions)

    def learn(self, subscriptions: Iterable[Subscription]) -> None:
        """Go by these alone from now on; costs a look at each, and work for those that changed."""
        found = {subscription.id: subscription for subscription in subscriptions}
        for gone in self._known.keys() - found.keys():
            self._forget(gone)
        for identity, subscription in found.items():
            if self._known.get(identity) != subscription:
                self._forget(identity)
                self._enter(subscription)
        self._known = found

    def _enter(self, subscription: Subscription) -> None:
        self._index.add(subscription.id, subscription.filter)
        self._places[subscription.id] = tuple((destination_id(place), place) for place in places(subscription))
        if subscription.hold is not None:
            self._holds[subscription.id] = subscription.hold
        if not subscription.style.prompt:
            self._unhurried.add(subscription.id)

    def _forget(self, identity: SubscriptionId) -> None:
        self._index.remove(identity)
        self._places.pop(identity, None)
        self._holds.pop(identity, None)
        self._unhurried.discard(identity)

    def route(self, event: Event, *, now: int = 0) -> tuple[Routed, ...]:
        """One entry per destination, however many subscriptions lead there; sorted, so that every process agrees.

        `now` is in milliseconds since the epoch: until then a hold may have lasted.
        """
        askers: defaultdict[DestinationId, list[SubscriptionId]] = defaultdict(list)
        found: dict[DestinationId, Destination] = {}
        for subscription in sorted(self._index.match(event)):
            if not self._is_muted(subscription, now):
                for place, destination in self._places[subscription]:
                    askers[place].append(subscription)
                    found[place] = destination
        return tuple(
            Routed(
                delivery=delivery_id(event.key, place),
                lane=self._lane(place, found[place], event, asking, now),
                destination=found[place],
                subscriptions=tuple(asking),
            )
            for place, asking in sorted(askers.items())
        )

    def _is_muted(self, subscription: SubscriptionId, now: int) -> bool:
        hold = self._holds.get(subscription)
        return hold is not None and hold.kind is Holding.MUTED and hold.holds(now)

    def _waits(self, subscription: SubscriptionId, now: int) -> bool:
        hold = self._holds.get(subscription)
        return subscription in self._unhurried or (hold is not None and hold.holds(now))

    def _lane(
        self, place: DestinationId, destination: Destination, event: Event, asking: Sequence[SubscriptionId], now: int
    ) -> Lane:
        """The place's lane; where all who ask let it wait, a lane of the first of them, which holds up no other."""
        if all(self._waits(subscription, now) for subscription in asking):
            return own_lane(place, asking[0])
        return lane_of(destination, event.inference, shards=self._shards)


def lane_of(destination: Destination, inference: str, *, shards: int) -> Lane:
    """The lane of a place that carries the events of an inference at once."""
    place = destination_id(destination)
    if not isinstance(destination, Webhook):
        return Lane(place)
    digest = blake2b(inference.encode("utf-8", "surrogatepass"), digest_size=8).digest()
    return Lane(f"{place}#{int.from_bytes(digest) % shards}")


def places(subscription: Subscription) -> tuple[Destination, ...]:
    """Where its deliveries go: a group's to each member."""
    match subscription.destination:
        case SlackGroup(team=team):
            return tuple(SlackPerson(team=team, user=user) for user in subscription.members)
        case place:
            return (place,)


def own_lane(place: DestinationId, subscription: SubscriptionId) -> Lane:
    """The lane to a place in which a subscription's deliveries wait."""
    return Lane(f"{place}#{subscription}")


def waiting_for(lane: Lane) -> SubscriptionId | None:
    """The subscription whose lane this is, if it is one's own: it says when what is in it may be sent."""
    suffix = lane.partition("#")[2]
    return SubscriptionId(suffix) if len(suffix) == LENGTH else None
