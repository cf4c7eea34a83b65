"""Changes that the journal has not seen yet: how a hash in Redis and a compacted topic of the journal keep together.

Each change is one script that also moves a *version* and notes it in `unwritten`, by the id of what changed. Whoever
made the change then writes it to the journal and strikes the note; a note whose writer died is found by `flush`. The
same for everything that lives in Redis and must survive it.
"""

from collections.abc import Awaitable, Callable, Iterable
from typing import Any, cast

from redis.asyncio import Redis

from bot.stores.away import unavailable
from bot.stores.epoch import Epoch
from bot.stores.journal import Entry, KafkaJournal
from bot.stores.script import Script


class Unwritten:
    """The notes of one store. Each method raises UnavailableError.

    `version` and `notes` name its two keys, a STRING and a HASH from id to version; `place_of` tells in which field of
    which hash a thing lies, by its id. Without a journal nothing is written anywhere, and the notes remain.
    """

    def __init__(
        self,
        redis: Redis,
        *,
        version: str,
        notes: str,
        place_of: Callable[[str], tuple[str, str]],
        epoch: Epoch | None = None,
        journal: KafkaJournal | None = None,
    ) -> None:
        self._redis = redis
        self._version = version
        self._notes = notes
        self._place_of = place_of
        self._journal = journal
        self._written = Script(redis, "written", epoch=epoch)

    async def version(self) -> int:
        """Grows with every change; 0 before the first."""
        with unavailable():
            return int(await self._redis.get(self._version) or 0)

    async def tell(self, identity: str) -> None:
        """Write the thing to the journal as it is now, again if it was changed meanwhile."""
        written = 0
        key, field = self._place_of(identity)
        while self._journal is not None and not written:
            with unavailable():
                async with self._redis.pipeline(transaction=True) as pipe:
                    pipe.hget(self._notes, identity)
                    pipe.hget(key, field)
                    version, value = await pipe.execute()
            if version is None:
                return
            await self._journal.write([Entry(key=identity, value=value, version=int(version))])
            written = await self._written([self._notes], [identity, int(version)])

    async def flush(self) -> None:
        """Write to the journal what it has not seen yet, of changes whose writer died."""
        with unavailable():
            noted = await cast("Any", self._redis.hkeys(self._notes))
        for identity in noted:
            await self.tell(identity.decode())

    async def restore(self, entries: Iterable[Entry], change: Callable[[Entry], Awaitable[object]]) -> int:
        """Let `change` make what the journal knows better; returns how much. For a recovery: nobody else changes it.

        Redis knows every change up to its version; of the others each thing's last one counts. The journal may hold
        them in another order than they were made in, where two processes changed the same one at once.
        """
        known = await self.version()
        newest: dict[str, Entry] = {}
        for entry in entries:
            if entry.version > max(known, newest[entry.key].version if entry.key in newest else 0):
                newest[entry.key] = entry
        # In the order of versions: each change below moves the version by one at most, so that a restoring that dies
        # leaves a version below all that it has not got to.
        for entry in sorted(newest.values(), key=lambda entry: entry.version):
            await change(entry)
        if newest:
            version = max(entry.version for entry in newest.values()) + len(newest) + 1
            with unavailable():
                async with self._redis.pipeline(transaction=True) as pipe:
                    pipe.set(self._version, version)
                    pipe.hdel(self._notes, *newest)
                    await pipe.execute()
        return len(newest)
