"""The dead-letter topic: what could not be read, and what was given up, each with why.

`letters` says how they lie there.
"""

import asyncio
from collections.abc import Sequence

from aiokafka import AIOKafkaProducer

from bot.core.deadletter import Closing
from bot.core.delivery import Bury, Lane
from bot.core.destination import Destination
from bot.core.event import Position, Unreadable
from bot.ports.outlet import Item
from bot.stores.away import kafka_unavailable
from bot.stores.letters import Headers, Written, write_buried, write_closing, write_unreadable


class KafkaDeadLetters:
    """Writes to `topic` through a producer that waits for all replicas (acks=all)."""

    def __init__(self, producer: AIOKafkaProducer, topic: str) -> None:
        self._producer = producer
        self._topic = topic

    async def unreadable(
        self, position: Position, value: bytes | None, headers: Headers, why: Unreadable, *, key: bytes | None = None
    ) -> None:
        """Keep a record that is no event."""
        await self._write(write_unreadable(position, value, headers, why, key=key))

    async def buried(
        self, item: Item, destination: Destination, why: Bury, *, lane: Lane, position: Position | None = None
    ) -> None:
        """Keep a delivery that was given up."""
        await self._write(write_buried(item, destination, why, lane=lane, position=position))

    async def close(self, closings: Sequence[Closing]) -> None:
        """Note that letters were replayed or dropped."""
        await asyncio.gather(*(self._write(write_closing(closing)) for closing in closings))

    async def _write(self, record: Written) -> None:
        with kafka_unavailable():
            await self._producer.send_and_wait(self._topic, record.value, key=record.key, headers=list(record.headers))
