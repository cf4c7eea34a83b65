import asyncio
from dataclasses import dataclass, field

import pytest
from redis.asyncio import Redis

from bot.stores.journal import Entry
from bot.stores.keys import Keys
from bot.stores.registry import Kind, Registry


@pytest.fixture
def registry(redis: Redis, keys: Keys) -> Registry:
    return Registry(redis, keys)


async def test_an_empty_registry_has_nothing_of_any_kind(registry: Registry) -> None:
    assert await registry.version() == 0
    for kind in Kind:
        assert await registry.get(kind, "a") is None
        assert await registry.all(kind) == {}


async def test_what_is_put_is_found_under_its_kind_only(registry: Registry) -> None:
    await registry.put(Kind.PERSON, "T1/U1", b"\x00\xff")
    await registry.put(Kind.KEY, "T1/U1", b"another")
    assert await registry.get(Kind.PERSON, "T1/U1") == b"\x00\xff"
    assert await registry.all(Kind.KEY) == {"T1/U1": b"another"}
    assert await registry.version() == 2


async def test_a_later_value_replaces_the_former(registry: Registry) -> None:
    for value in (b"one", b"two"):
        await registry.put(Kind.KEY, "k", value)
    assert await registry.all(Kind.KEY) == {"k": b"two"}


async def test_what_is_removed_is_gone_and_only_then_does_the_version_move(registry: Registry) -> None:
    await registry.put(Kind.KEY, "k", b"one")
    assert await registry.remove(Kind.KEY, "k") is True
    assert await registry.get(Kind.KEY, "k") is None
    assert await registry.remove(Kind.KEY, "k") is False
    assert await registry.version() == 2


async def test_of_all_who_swap_the_same_value_at_once_one_does(registry: Registry) -> None:
    await registry.put(Kind.KEY, "k", b"old")
    swapped = await asyncio.gather(*(registry.swap(Kind.KEY, "k", b"old", f"{n}".encode()) for n in range(8)))
    assert swapped.count(True) == 1
    assert await registry.get(Kind.KEY, "k") == str(swapped.index(True)).encode()
    assert await registry.version() == 2


@pytest.mark.parametrize(
    ("there", "former", "value", "left"),
    [
        (None, None, b"new", b"new"),
        (b"old", None, b"new", b"old"),
        (None, b"old", b"new", None),
        (b"old", b"old", None, None),
        (b"old", b"other", None, b"old"),
        (None, None, None, None),
    ],
)
async def test_a_swap_happens_where_the_former_value_is_still_there(
    registry: Registry,
    there: bytes | None,
    former: bytes | None,
    value: bytes | None,
    left: bytes | None,
) -> None:
    if there is not None:
        await registry.put(Kind.KEY, "k", there)
    assert await registry.swap(Kind.KEY, "k", former, value) is (there == former)
    assert await registry.get(Kind.KEY, "k") == left


@dataclass
class Journal:
    """Keeps what it is given, and lets something happen before the first writing ends."""

    written: list[tuple[str, bytes | None]] = field(default_factory=list)
    gate: asyncio.Event = field(default_factory=asyncio.Event)
    entered: asyncio.Event = field(default_factory=asyncio.Event)

    async def write(self, entries: list[Entry]) -> None:
        self.written += [(entry.key, entry.value) for entry in entries]
        self.entered.set()
        await self.gate.wait()


async def test_a_change_made_while_the_former_is_written_is_written_too(redis: Redis, keys: Keys) -> None:
    journal = Journal()
    told = Registry(redis, keys, journal=journal)  # type: ignore[arg-type] # the one method that a registry calls
    putting = asyncio.create_task(told.put(Kind.KEY, "k", b"one"))
    await journal.entered.wait()
    await Registry(redis, keys).put(Kind.KEY, "k", b"two")
    journal.gate.set()
    await putting
    assert journal.written == [("key/k", b"one"), ("key/k", b"two")]
    assert await redis.hgetall(keys.registry_unwritten) == {}


async def test_flushing_writes_what_other_writers_left_unwritten(redis: Redis, keys: Keys) -> None:
    left = Registry(redis, keys)
    await left.put(Kind.KEY, "k", b"one")
    await left.put(Kind.PERSON, "p/q", b"two")
    await left.remove(Kind.KEY, "k")
    journal = Journal()
    journal.gate.set()
    await Registry(redis, keys, journal=journal).flush()  # type: ignore[arg-type] # as above
    assert sorted(journal.written) == [("key/k", None), ("person/p/q", b"two")]
