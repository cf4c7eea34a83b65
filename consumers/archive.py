"""Events after they were settled: the last ones in memory, older ones in Kafka, by when they came."""

import asyncio
from contextlib import aclosing
from typing import Final

from bot.core.backoff import MINUTE, SECOND
from bot.core.cloudevent import read
from bot.core.errors import UnavailableError
from bot.core.event import Position, Unreadable
from bot.core.marks import Mark
from bot.ports.archive import Found
from bot.stores.recent import RecentEvents
from consumers.span import Reader, reader

BEFORE: Final = 2 * MINUTE
AFTER: Final = 10 * MINUTE
"""How far a record's time may be from when its event says that it happened, or when it entered the outbox; in ms."""
MOST: Final = 50_000
"""Records that are looked at for one event."""
LOOK_SECONDS: Final = 20.0


class KafkaArchive:
    """The port `Archive`; one at a time is looked for in Kafka."""

    def __init__(self, servers: str, topic: str, recent: RecentEvents) -> None:
        self._servers = servers
        self._topic = topic
        self._recent = recent
        self._turn = asyncio.Lock()

    async def find(self, mark: Mark) -> Found | None:
        """Look in memory, then around the time of the event, then around that of its delivery."""
        known = self._recent.find(mark.event)
        if known is not None:
            event, position = known
            return Found(event=event, position=position)
        spans = [(mark.time - BEFORE, mark.time + AFTER), (mark.appended - AFTER, mark.appended + SECOND)]
        try:
            async with self._turn, asyncio.timeout(LOOK_SECONDS), reader(self._servers, self._topic) as reading:
                for since, until in spans:
                    found = await _look(reading, mark, since=max(0, since), until=until)
                    if found is not None:
                        return found
        except TimeoutError as error:
            raise UnavailableError("looking for it in Kafka took too long") from error
        return None


async def _look(reading: Reader, mark: Mark, *, since: int, until: int) -> Found | None:
    span = await reading.span(since=since, until=until)
    looked = 0
    async with aclosing(reading.records(span)) as records:
        async for record in records:
            position = Position(topic=record.topic, partition=record.partition, offset=record.offset)
            event = read(record.value, record.headers, position, timestamp=record.timestamp)
            if not isinstance(event, Unreadable) and event.key == mark.event:
                return Found(event=event, position=position)
            looked += 1
            if looked == MOST:
                return None
    return None
