"""What people told Tidings about themselves, in the registry: the port `Persons`.

Keys of the JSON are written to disk; a key may be added, never renamed, and a reader ignores those it does not know.
"""

import orjson
import structlog

from bot.core.errors import MistakeError
from bot.core.person import Person
from bot.core.timing import read_quiet
from bot.stores.registry import Kind, Registry

log = structlog.get_logger()


class RegistryPersons:
    """Any number of processes may share it; each method raises UnavailableError."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry

    async def get(self, team: str, user: str) -> Person:
        """Their preferences; the defaults where they have said nothing, or in words unknown here."""
        value = await self._registry.get(Kind.PERSON, f"{team}/{user}")
        if value is None:
            return Person(team=team, user=user)
        try:
            return person_from_json(team, user, value)
        except (ValueError, LookupError, TypeError, AttributeError, MistakeError) as error:
            log.error("person_unreadable", team=team, user=user, reason=str(error))  # noqa: TRY400 (says it all)
            return Person(team=team, user=user)

    async def put(self, person: Person) -> None:
        """Keep them."""
        await self._registry.put(Kind.PERSON, f"{person.team}/{person.user}", person_json(person))


def person_json(person: Person) -> bytes:
    """Write what somebody said, without who it was."""
    return orjson.dumps({"quiet": None if person.quiet is None else str(person.quiet), "zone": person.zone})


def person_from_json(team: str, user: str, value: bytes) -> Person:
    """Read it again. Raises ValueError, LookupError, TypeError, AttributeError or MistakeError for other text."""
    found = orjson.loads(value)
    quiet, zone = found.get("quiet"), found.get("zone")
    return Person(
        team=team,
        user=user,
        quiet=None if quiet is None else read_quiet(quiet),
        zone=None if zone is None else str(zone),
    )
