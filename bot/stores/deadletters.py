"""The dead-letter topic: what could not be read, and what was given up, each with why.

Headers say what a value is. `tidings-kind: unreadable` has the record's own bytes as value and its own headers beside
`tidings-reason` and `tidings-position`; producing those bytes again is all that a replay takes. `tidings-kind: buried`
has JSON: the event, the destination's id, the reason and every attempt.
"""

from collections.abc import Sequence

import orjson
from aiokafka import AIOKafkaProducer

from bot.core.delivery import Attempt, Bury
from bot.core.destination import Destination, destination_id
from bot.core.event import Position, Unreadable
from bot.ports import Item
from bot.stores.away import kafka_unavailable


class KafkaDeadLetters:
    """Writes to `topic` through a producer that waits for all replicas (acks=all)."""

    def __init__(self, producer: AIOKafkaProducer, topic: str) -> None:
        self._producer = producer
        self._topic = topic

    async def unreadable(
        self, position: Position, value: bytes | None, headers: Sequence[tuple[str, bytes]], why: Unreadable
    ) -> None:
        """Keep a record that is no event."""
        added = [
            ("tidings-kind", b"unreadable"),
            ("tidings-reason", why.reason.encode()),
            ("tidings-position", str(position).encode()),
        ]
        with kafka_unavailable():
            await self._producer.send_and_wait(
                self._topic, value, key=str(position).encode(), headers=[*headers, *added]
            )

    async def buried(self, item: Item, destination: Destination, why: Bury) -> None:
        """Keep a delivery that was given up, keyed by its id."""
        delivery = item.delivery
        value = {
            "delivery": delivery.id,
            "destination": destination_id(destination),
            "reason": why.reason,
            "appended": delivery.appended,
            "attempts": [_attempt(attempt) for attempt in (*delivery.history, why.attempt)],
            "event": orjson.Fragment(item.body),
        }
        headers = [("tidings-kind", b"buried"), ("tidings-reason", why.reason.encode())]
        with kafka_unavailable():
            await self._producer.send_and_wait(
                self._topic, orjson.dumps(value), key=delivery.id.encode(), headers=headers
            )


def _attempt(attempt: Attempt) -> dict[str, str | int]:
    return {"at": attempt.at, "outcome": attempt.outcome, "reason": attempt.reason}
