"""Every event to every browser that wants it: a consumer of its own in each process, without a group, from the end.

Nothing here owes Kafka an answer: what a browser missed while this process was down, it is told of (a gap); the
deliveries that must arrive are ingest's. A record that is no event is counted and skipped: ingest dead-letters it.
"""

import asyncio
from collections.abc import Callable
from typing import Final, Protocol

from bot.core.cloudevent import encode, read
from bot.core.event import Event, Position, Unreadable
from bot.telemetry import Metrics
from consumers.kafka import Record, RecordSource

# Events handled before the sockets get theirs: a large batch must not hold the event loop.
STRIDE: Final = 64


class Publisher(Protocol):
    """Takes events and gives them to whoever wants them, without waiting."""

    def publish(self, event: Event, body: bytes) -> None:
        """Give the event, with its CloudEvent JSON, to all who want it; never fails for one of them."""
        ...

    def begin(self) -> None:
        """The source is read from its end from here on; what came since it was last read is missed."""
        ...


class Broadcast:
    """The loop from records to browsers. `seen` is told of each record, too: one reading for both."""

    def __init__(
        self,
        source: RecordSource,
        gateway: Publisher,
        metrics: Metrics,
        *,
        seen: Callable[[Record], None] | None = None,
    ) -> None:
        self._source = source
        self._gateway = gateway
        self._seen = seen
        self._events = metrics.broadcast_records.labels("event")
        self._unreadable = metrics.broadcast_records.labels("unreadable")

    async def run(self) -> None:
        """Publish until the source ends or the task is cancelled."""
        self._gateway.begin()
        async for batch in self._source.batches():
            for start in range(0, len(batch), STRIDE):
                for record in batch[start : start + STRIDE]:
                    self._publish(record)
                await asyncio.sleep(0)

    def _publish(self, record: Record) -> None:
        if self._seen is not None:
            self._seen(record)
        position = Position(topic=record.topic, partition=record.partition, offset=record.offset)
        match read(record.value, record.headers, position, timestamp=record.timestamp):
            case Unreadable():
                self._unreadable.inc()
            case event:
                self._events.inc()
                self._gateway.publish(event, encode(event))
