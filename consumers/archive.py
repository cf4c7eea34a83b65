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

NEAR: Final = 30 * SECOND
FAR: Final = 10 * MINUTE
"""How far a record's time may be from when its event says that it happened, or when it entered the outbox; in ms.

Nearly all are near, which on a busy topic is a small part of what is far.
"""
MOST: Final = 100_000
"""Records of each stretch of time that are looked at for one event."""
BREATH: Final = 200
"""Records that are read without letting the rest of the process have a turn."""
LOOK_SECONDS: Final = 20.0


class KafkaArchive:
    """The port `Archive`; one at a time is looked for in Kafka."""

    def __init__(self, servers: str, topic: str, recent: RecentEvents) -> None:
        self._servers = servers
        self._topic = topic
        self._recent = recent
        self._turn = asyncio.Lock()

    async def find(self, mark: Mark) -> Found | None:
        """Look in memory, then near the time of the event and of its delivery, then further away."""
        known = self._recent.find(mark.event)
        if known is not None:
            event, position = known
            return Found(event=event, position=position)
        spans = [
            span
            for reach in (NEAR, FAR)
            for span in ((mark.time - reach, mark.time + reach), (mark.appended - reach, mark.appended + SECOND))
        ]
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
            if looked % BREATH == 0:
                await asyncio.sleep(0)
    return None
