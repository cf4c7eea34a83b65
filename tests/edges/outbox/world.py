"""What lies around the outbox in its model test: Kafka's part, the workers, and what Redis really holds."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from redis.asyncio import Redis

from bot.core.delivery import Delivery, DeliveryId, Lane, delivery_id
from bot.core.destination import Destination, SlackChannel, Webhook, destination_id
from bot.core.event import event_key
from bot.core.routing import Routed
from bot.ports import Arrival, Leased, Parked
from bot.stores.journal import Entry

PLACES: tuple[Destination, ...] = (
    SlackChannel(team="T1", channel="C1"),
    SlackChannel(team="T1", channel="C2"),
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
    begun: set[str] = field(default_factory=set)
    doubted: set[str] = field(default_factory=set)
    settled: set[str] = field(default_factory=set)
    watermarks: dict[int, int] = field(default_factory=dict)
    events: dict[str, tuple[int, bytes]] = field(default_factory=dict)
    leases: dict[str, int] = field(default_factory=dict)
    due: set[str] = field(default_factory=set)
    leased: dict[str, int] = field(default_factory=dict)
    count: int = 0
    parked: set[str] = field(default_factory=set)
    unparked: set[str] = field(default_factory=set)
    unsettled: dict[int, dict[str, int]] = field(default_factory=dict)


LOOK = """
local prefix, found = ARGV[1], {}
local reads = {list = {'LRANGE', 0, -1}, hash = {'HGETALL'}, zset = {'ZRANGE', 0, -1, 'WITHSCORES'}, set = {'SMEMBERS'}}
for _, key in ipairs(redis.call('KEYS', prefix .. '*')) do
  local kind = redis.call('TYPE', key).ok
  local how = reads[kind] or {'GET'}
  found[#found + 1] = {string.sub(key, #prefix + 1), kind, redis.call(how[1], key, unpack(how, 2))}
end
return found
"""


async def look(redis: Redis, prefix: str) -> Found:
    """Read every key of the namespace."""
    found = Found()
    for name, kind, value in await redis.eval(LOOK, 0, prefix):
        part, _, rest = name.decode().partition(":")
        _note(found, part, rest, kind, value)
    return found


def _note(found: Found, part: str, rest: str, kind: bytes, value: Any) -> None:
    match part, kind:
        case "lane", _:
            found.lanes[rest] = _words(value)
        case "delivery", b"hash":
            found.waiting.add(rest)
            fields = _pairs(value)
            found.begun |= {rest} if "b" in fields else set()
            found.doubted |= {rest} if "q" in fields else set()
        case "delivery", _:
            found.settled.add(rest)
        case "event", _:
            fields = _pairs(value)
            found.events[rest] = (int(fields["refs"]), fields["body"])
        case "lease", _:
            found.leases[rest] = int(_pairs(value)["token"])
        case "due", _:
            found.due = set(_pairs(value))
        case "leased", _:
            found.leased = {lane: int(until) for lane, until in _pairs(value).items()}
        case "waiting", _:
            found.count = int(value)
        case "parked", _:
            found.parked = set(_words(value))
        case "unparked", _:
            found.unparked = set(_words(value))
        case "watermarks", _:
            found.watermarks = {_partition(place): int(offset) for place, offset in _pairs(value).items()}
        case "unsettled", _:
            found.unsettled[_partition(rest)] = {one: int(offset) for one, offset in _pairs(value).items()}


def _words(value: Any) -> list[str]:
    return [one.decode() for one in value]


def _pairs(value: Any) -> dict[str, bytes]:
    return {one.decode(): other for one, other in zip(value[::2], value[1::2], strict=True)}


def _partition(place: str) -> int:
    return int(place.rpartition("/")[2])


PICTURE = """
local found = {}
for _, key in ipairs(redis.call('KEYS', ARGV[1] .. '*')) do
  found[#found + 1] = {key, redis.call('PTTL', key), redis.call('DUMP', key)}
end
return found
"""


async def picture(redis: Redis, prefix: str) -> dict[bytes, tuple[int, bytes]]:
    """Every key of the namespace as it lies in Redis now, with its expiry."""
    return {name: (max(0, ttl), dumped) for name, ttl, dumped in await redis.eval(PICTURE, 0, prefix)}


async def put_back(redis: Redis, prefix: str, pictured: dict[bytes, tuple[int, bytes]]) -> None:
    """Let Redis be what it was: nothing that happened since has left a trace."""
    names = await redis.keys(f"{prefix}*")
    async with redis.pipeline(transaction=True) as pipe:
        for name in names:
            pipe.delete(name)
        for name, (ttl, dumped) in pictured.items():
            pipe.restore(name, ttl, dumped)
        await pipe.execute()
