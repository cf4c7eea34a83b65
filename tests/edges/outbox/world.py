"""What lies around the outbox in its model test: Kafka's part, the workers, and what Redis really holds."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from redis.asyncio import Redis

from bot.core.delivery import Delivery, DeliveryId, Lane, Step
from bot.core.destination import Destination, SlackChannel, Webhook, destination_id
from bot.core.event import event_key
from bot.core.routing import Routed
from bot.core.delivery import delivery_id
from bot.ports import Arrival, Leased, Parked
from bot.stores.journal import Entry

PLACES: tuple[Destination, ...] = (
    SlackChannel(team="T1", channel="C1"),
    SlackChannel(team="T1", channel="C2"),
    SlackChannel(team="T2", channel="C1"),
    Webhook(team="T1", url="https://example.com/hook"),
)
SHARDS = 2


def arrival(offset: int, number: int, places: Sequence[Destination], *, now: int) -> Arrival:
    """A record with the event `number` for `places`; a webhook's deliveries are spread over shards."""
    key = event_key("test", f"e{number}")
    routed = []
    for place in places:
        name = destination_id(place)
        lane = Lane(f"{name}#{number % SHARDS}" if isinstance(place, Webhook) else name)
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

    `attempts` has, for each delivery, when it was begun by whom, of all attempts that may have arrived.
    """

    log: dict[int, list[Arrival]]
    committed: dict[int, int] = field(default_factory=dict)
    finished: set[DeliveryId] = field(default_factory=set)
    attempts: dict[DeliveryId, list[tuple[int, Hold]]] = field(default_factory=dict)
    token: int = 0

    def begun(self, hold: Hold, deliveries: Sequence[tuple[Delivery, bytes]], now: int) -> None:
        """A worker got deliveries to send: whatever may have arrived before is in doubt, since then at the latest."""
        for delivery, _ in deliveries:
            former = [at for at, _ in self.attempts.get(delivery.id, ())]
            if former:
                assert delivery.doubt is not None, f"{delivery.id} may have arrived, and nobody says so"
                assert delivery.doubt <= min(former)
            self.attempts.setdefault(delivery.id, []).append((now, hold))

    def reported(self, hold: Hold, delivery: DeliveryId, *, arrived: bool) -> None:
        """A worker knows what became of its attempt."""
        if not arrived:
            self.attempts[delivery] = [one for one in self.attempts[delivery] if one[1] is not hold]


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
        for entry in ():
            yield entry


@dataclass(kw_only=True)
class Found:
    """All that Redis holds of an outbox, read without any of its scripts."""

    lanes: dict[str, list[str]] = field(default_factory=dict)
    waiting: set[str] = field(default_factory=set)
    settled: set[str] = field(default_factory=set)
    events: dict[str, tuple[int, bytes]] = field(default_factory=dict)
    leases: dict[str, int] = field(default_factory=dict)
    due: set[str] = field(default_factory=set)
    leased: dict[str, int] = field(default_factory=dict)
    count: int = 0
    parked: set[str] = field(default_factory=set)
    unparked: set[str] = field(default_factory=set)
    unsettled: dict[int, dict[str, int]] = field(default_factory=dict)


async def look(redis: Redis, prefix: str) -> Found:
    """Read every key of the namespace."""
    names = sorted(await redis.keys(f"{prefix}*"))
    async with redis.pipeline(transaction=False) as pipe:
        for name in names:
            pipe.type(name)
        kinds = await pipe.execute()
        for name, kind in zip(names, kinds, strict=True):
            _read(pipe, name, kind)
        values = await pipe.execute()
    found = Found()
    for name, kind, value in zip(names, kinds, values, strict=True):
        part, _, rest = name.decode().removeprefix(prefix).partition(":")
        _note(found, part, rest, kind, value)
    return found


def _read(pipe: Any, name: bytes, kind: bytes) -> None:
    match kind:
        case b"list":
            pipe.lrange(name, 0, -1)
        case b"hash":
            pipe.hgetall(name)
        case b"zset":
            pipe.zrange(name, 0, -1, withscores=True)
        case b"set":
            pipe.smembers(name)
        case _:
            pipe.get(name)


def _note(found: Found, part: str, rest: str, kind: bytes, value: Any) -> None:
    match part, kind:
        case "lane", _:
            found.lanes[rest] = [one.decode() for one in value]
        case "delivery", b"hash":
            found.waiting.add(rest)
        case "delivery", _:
            found.settled.add(rest)
        case "event", _:
            found.events[rest] = (int(value[b"refs"]), value[b"body"])
        case "lease", _:
            found.leases[rest] = int(value[b"token"])
        case "due", _:
            found.due = {lane.decode() for lane, _ in value}
        case "leased", _:
            found.leased = {lane.decode(): int(until) for lane, until in value}
        case "waiting", _:
            found.count = int(value)
        case "parked", _:
            found.parked = {one.decode() for one in value}
        case "unparked", _:
            found.unparked = {one.decode() for one in value}
        case "unsettled", _:
            found.unsettled[int(rest.rpartition("/")[2])] = {one.decode(): int(offset) for one, offset in value}


async def picture(redis: Redis, prefix: str) -> dict[bytes, tuple[int, bytes]]:
    """Every key of the namespace as it lies in Redis now, with its expiry."""
    names = await redis.keys(f"{prefix}*")
    async with redis.pipeline(transaction=True) as pipe:
        for name in names:
            pipe.pttl(name)
            pipe.dump(name)
        answers = await pipe.execute()
    return {
        name: (max(0, ttl), dumped) for name, ttl, dumped in zip(names, answers[::2], answers[1::2], strict=True)
    }


async def put_back(redis: Redis, prefix: str, pictured: dict[bytes, tuple[int, bytes]]) -> None:
    """Let Redis be what it was: nothing that happened since has left a trace."""
    names = await redis.keys(f"{prefix}*")
    async with redis.pipeline(transaction=True) as pipe:
        for name in names:
            pipe.delete(name)
        for name, (ttl, dumped) in pictured.items():
            pipe.restore(name, ttl, dumped)
        await pipe.execute()


Steps = dict[DeliveryId, Step | None]
