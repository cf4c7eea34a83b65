"""What Redis really holds of an outbox, read and put back without any of its scripts."""

from dataclasses import dataclass, field
from typing import Any, cast

from redis.asyncio import Redis


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
    for name, kind, value in await cast("Any", redis.eval(LOOK, 0, prefix)):
        part, _, rest = name.decode().partition(":")
        _note(found, part, rest, kind, value)
    return found


def _note(found: Found, part: str, rest: str, kind: bytes, value: Any) -> None:
    match part:
        case "delivery" if kind == b"hash":
            found.waiting.add(rest)
            found.begun |= {rest} if "b" in _pairs(value) else set()
            found.doubted |= {rest} if "q" in _pairs(value) else set()
        case "delivery":
            found.settled.add(rest)
        case "lane":
            found.lanes[rest] = _words(value)
        case "event":
            found.events[rest] = (int(_pairs(value)["refs"]), _pairs(value)["body"])
        case "lease":
            found.leases[rest] = int(_pairs(value)["token"])
        case "unsettled":
            found.unsettled[_partition(rest)] = _numbers(value)
        case _:
            _note_single(found, part, value)


def _note_single(found: Found, part: str, value: Any) -> None:
    """Keys of which there is one."""
    match part:
        case "due":
            found.due = set(_pairs(value))
        case "leased":
            found.leased = _numbers(value)
        case "waiting":
            found.count = int(value)
        case "parked":
            found.parked = set(_words(value))
        case "unparked":
            found.unparked = set(_words(value))
        case "watermarks":
            found.watermarks = {_partition(place): offset for place, offset in _numbers(value).items()}


def _words(value: Any) -> list[str]:
    return [one.decode() for one in value]


def _pairs(value: Any) -> dict[str, bytes]:
    return {one.decode(): other for one, other in zip(value[::2], value[1::2], strict=True)}


def _numbers(value: Any) -> dict[str, int]:
    return {one: int(number) for one, number in _pairs(value).items()}


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
    return {name: (max(0, ttl), dumped) for name, ttl, dumped in await cast("Any", redis.eval(PICTURE, 0, prefix))}


async def put_back(redis: Redis, prefix: str, pictured: dict[bytes, tuple[int, bytes]]) -> None:
    """Let Redis be what it was: nothing that happened since has left a trace."""
    names = await redis.keys(f"{prefix}*")
    async with redis.pipeline(transaction=True) as pipe:
        for name in names:
            pipe.delete(name)
        for name, (ttl, dumped) in pictured.items():
            pipe.restore(name, ttl, dumped)
        await pipe.execute()
