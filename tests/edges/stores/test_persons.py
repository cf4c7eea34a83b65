import pytest
from redis.asyncio import Redis

from bot.core.person import Person
from bot.core.timing import Quiet
from bot.ports.people import Persons
from bot.stores.keys import Keys
from bot.stores.persons import RegistryPersons
from bot.stores.registry import Kind, Registry


@pytest.fixture
def registry(redis: Redis, keys: Keys) -> Registry:
    return Registry(redis, keys)


async def test_who_has_said_nothing_has_the_defaults(registry: Registry) -> None:
    persons: Persons = RegistryPersons(registry)
    assert await persons.get("T1", "U1") == Person(team="T1", user="U1")


@pytest.mark.parametrize("quiet", [None, Quiet(start=22 * 60, end=7 * 60)])
@pytest.mark.parametrize("zone", [None, "Asia/Tokyo"])
async def test_what_a_person_said_comes_back(registry: Registry, quiet: Quiet | None, zone: str | None) -> None:
    persons = RegistryPersons(registry)
    said = Person(team="T1", user="U1", quiet=quiet, zone=zone)
    await persons.put(Person(team="T1", user="U1", zone="Europe/Paris"))
    await persons.put(said)
    assert await persons.get("T1", "U1") == said
    assert await persons.get("T2", "U1") == Person(team="T2", user="U1")


@pytest.mark.parametrize("value", [b"nonsense", b"[]", b'{"quiet": "late"}', b'{"quiet": 3}'])
async def test_what_cannot_be_read_counts_as_nothing_said(registry: Registry, value: bytes) -> None:
    await registry.put(Kind.PERSON, "T1/U1", value)
    assert await RegistryPersons(registry).get("T1", "U1") == Person(team="T1", user="U1")


async def test_a_newer_versions_words_are_ignored(registry: Registry) -> None:
    await registry.put(Kind.PERSON, "T1/U1", b'{"quiet": "22:00-07:00", "zone": null, "pet": "cat"}')
    expected = Person(team="T1", user="U1", quiet=Quiet(start=22 * 60, end=7 * 60))
    assert await RegistryPersons(registry).get("T1", "U1") == expected
