"""What must survive a wiped Redis and is neither a subscription nor a delivery: bytes, by kind and id.

One hash a kind, and one version that every change moves. As with subscriptions, a change is done when the journal has
it, too (unwritten.py), and a recovery gives back what Redis has lost. What the bytes mean is for those who keep them.

Cost: a change is one script and one record; `all` reads a whole kind.
"""

from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import Any, cast

from redis.asyncio import Redis

from bot.stores.away import unavailable
from bot.stores.epoch import Epoch
from bot.stores.journal import Entry, KafkaJournal
from bot.stores.keys import Keys
from bot.stores.script import Script
from bot.stores.unwritten import Unwritten


class Kind(StrEnum):
    """What is registered: Slack installations (and which a workspace uses), people's preferences, API keys."""

    INSTALLATION = "installation"
    WORKSPACE = "workspace"
    PERSON = "person"
    KEY = "key"


class Registry:
    """Any number of processes may share it; each method raises UnavailableError.

    An id may be any text, a value any bytes, one or more.
    """

    def __init__(
        self, redis: Redis, keys: Keys, *, epoch: Epoch | None = None, journal: KafkaJournal | None = None
    ) -> None:
        self._redis = redis
        self._keys = keys
        self._register = Script(redis, "register", epoch=epoch)
        self._unwritten = Unwritten(
            redis,
            version=keys.registry_version,
            notes=keys.registry_unwritten,
            place_of=self._place_of,
            epoch=epoch,
            journal=journal,
        )

    async def version(self) -> int:
        """Grows with every change of any kind; 0 before the first."""
        return await self._unwritten.version()

    async def get(self, kind: Kind, identity: str) -> bytes | None:
        """What is registered under an id."""
        with unavailable():
            value: bytes | None = await cast("Any", self._redis.hget(self._keys.registered(kind), identity))
        return value

    async def all(self, kind: Kind) -> Mapping[str, bytes]:
        """Everything of a kind, by id, in no order."""
        with unavailable():
            found = await cast("Any", self._redis.hgetall(self._keys.registered(kind)))
        return {identity.decode(): value for identity, value in found.items()}

    async def put(self, kind: Kind, identity: str, value: bytes) -> None:
        """Register it, in the place of what was there."""
        await self._change(kind, identity, value)

    async def remove(self, kind: Kind, identity: str) -> bool:
        """Forget it; whether it was there."""
        return await self._change(kind, identity, None)

    async def swap(self, kind: Kind, identity: str, former: bytes | None, value: bytes | None) -> bool:
        """Put it, or with None remove it, if what is there is still `former`, None being nothing; whether it was.

        For who reads, decides and writes: False means that somebody else came between, and the reading starts anew.
        """
        return await self._change(kind, identity, value, (b"" if former is None else former,))

    async def flush(self) -> None:
        """Write to the journal what it has not seen yet, of changes whose writer died."""
        await self._unwritten.flush()

    async def restore(self, entries: Iterable[Entry]) -> int:
        """Take over what the journal knows better; returns how many. For a recovery: nobody else changes anything."""
        return await self._unwritten.restore(entries, self._take_over)

    async def _take_over(self, entry: Entry) -> None:
        await self._run(entry.key, entry.value, ())

    async def _change(self, kind: Kind, identity: str, value: bytes | None, former: tuple[bytes, ...] = ()) -> bool:
        name = f"{kind}/{identity}"
        changed = await self._run(name, value, former)
        await self._unwritten.tell(name)
        return changed

    async def _run(self, name: str, value: bytes | None, former: tuple[bytes, ...]) -> bool:
        key, field = self._place_of(name)
        keys = [key, self._keys.registry_version, self._keys.registry_unwritten]
        return bool(await self._register(keys, [name, field, b"" if value is None else value, *former]))

    def _place_of(self, name: str) -> tuple[str, str]:
        """A name is the kind and the id; a newer version's kind is kept for it."""
        kind, _, identity = name.partition("/")
        return self._keys.registered(kind), identity
