"""What lies around the outbox in its model test: Kafka's part, the workers, and what really happened."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field

from bot.core.delivery import Delivery, DeliveryId, Lane, delivery_id
from bot.core.destination import Destination, SlackChannel, Webhook, destination_id
from bot.core.event import event_key
from bot.core.routing import Routed, own_lane
from bot.core.subscription import SubscriptionId
from bot.ports.outbox import Arrival, Leased, Parked
from bot.stores.journal import Entry

PLACES: tuple[Destination, ...] = (
    SlackChannel(team="T1", channel="C1"),
    SlackChannel(team="T1", channel="C2"),
    Webhook(team="T1", url="https://example.com/hook"),
)
SHARDS = 2
PATIENT = SubscriptionId("pa7nt0")


def arrival(offset: int, number: int, places: Sequence[Destination], *, now: int, patient: bool = False) -> Arrival:
    """A record with the event `number` for `places`; a webhook's deliveries are spread over shards.

    With `patient` a channel's is in the lane of a subscription that lets it wait.
    """
    key = event_key("test", f"e{number}")
    routed = []
    for place in places:
        name = destination_id(place)
        ordinary = Lane(f"{name}#{number % SHARDS}" if isinstance(place, Webhook) else name)
        lane = own_lane(name, PATIENT) if patient and not isinstance(place, Webhook) else ordinary
        routed.append(Routed(delivery=delivery_id(key, name), lane=lane, destination=place, subscriptions=()))
    return Arrival(offset=offset, timestamp=now, key=key, body=b'{"number":%d}' % number, routed=tuple(routed))


@dataclass(eq=False)
class Hold:
    """A lane in a worker's hands, as the worker sees it."""

    leased: Leased
    until: int
    deliveries: tuple[tuple[Delivery, bytes], ...]


@dataclass
class Reader:
    """Where ingest reads a partition: its next offset, and from where it has read without a gap."""

    at: int = 0
    read_from: int | None = None


@dataclass
class Truth:
    """What really happened, which no restart of Redis undoes.

    `attempts` has, for each delivery, when it was begun by whom, of all attempts that may have arrived. `forgotten`:
    Redis lost its memory of settled ids once, so that an event that a producer repeats may come as a new one.
    """

    log: dict[int, list[Arrival]]
    committed: dict[int, int] = field(default_factory=dict)
    finished: set[DeliveryId] = field(default_factory=set)
    attempts: dict[DeliveryId, list[tuple[int, Hold]]] = field(default_factory=dict)
    token: int = 0
    forgotten: bool = False

    def begun(self, hold: Hold, deliveries: Sequence[tuple[Delivery, bytes]], now: int) -> None:
        """A worker got deliveries to send: whatever may have arrived before is in doubt, since then at the latest."""
        for delivery, _ in deliveries:
            former = [at for at, _ in self.attempts.get(delivery.id, ())]
            if former and not (self.forgotten and self._repeated(delivery.id)):
                assert delivery.doubt is not None, f"{delivery.id} may have arrived, and nobody says so"
                assert delivery.doubt <= min(former)
            self.attempts.setdefault(delivery.id, []).append((now, hold))

    def _repeated(self, delivery: DeliveryId) -> bool:
        ids = (routed.delivery for records in self.log.values() for record in records for routed in record.routed)
        return sum(one == delivery for one in ids) > 1

    def reported(self, hold: Hold, delivery: DeliveryId, *, arrived: bool) -> None:
        """A worker knows what became of its attempt."""
        if not arrived:
            self.attempts[delivery] = [one for one in self.attempts[delivery] if one[1] is not hold]

    def looked(self, delivery: DeliveryId) -> None:
        """A worker saw how much has arrived, of its own attempt and of all before."""
        self.attempts[delivery] = []


class Paper:
    """Both journals, compacted at once: what Kafka would hold."""

    def __init__(self) -> None:
        self.kept: dict[DeliveryId, Parked] = {}

    def keep(self, deliveries: Sequence[Parked]) -> None:
        for one in deliveries:
            self.kept.pop(one.delivery.id, None)
            self.kept[one.delivery.id] = one

    def forget(self, deliveries: Sequence[DeliveryId]) -> None:
        for one in deliveries:
            self.kept.pop(one, None)

    async def living(self) -> AsyncIterator[Parked]:
        for one in tuple(self.kept.values()):
            yield one

    async def entries(self) -> AsyncIterator[Entry]:
        """A subscription that is gone: somebody has used this before."""
        yield Entry(key="gone", value=None)
