"""Deliveries into the outbox by another door than ingest's.

A delivery that ingest appends can be made anew from Kafka: its offset is not committed before it is settled. One that
comes from here has no such offset, so it is *parked* from the start: the journal has it before Redis does. Killed in
between, it is in the journal alone, until the command is run again or a recovery gives it to the outbox; entered twice
it is the same delivery once.
"""

import asyncio
from collections.abc import AsyncIterator, Sequence
from typing import TypeVar

import structlog

from bot.ports.letters import ParkedDeliveries
from bot.ports.outbox import Enqueued, Full, Outbox, Parked, Standing

T = TypeVar("T")

log = structlog.get_logger()

CHUNK = 100
CHUNK_BYTES = 4 * 1024 * 1024
FULL_SECONDS = 0.5


async def enter(
    outbox: Outbox, journal: ParkedDeliveries, deliveries: Sequence[Parked], *, again: bool = False
) -> Enqueued:
    """Park, then enqueue, in order; what the outbox knows already is neither. Raises UnavailableError.

    Waits for as long as the outbox is full, and says so.
    """
    standings = await outbox.standing([one.delivery.id for one in deliveries])
    out = {Standing.WAITING} if again else {Standing.WAITING, Standing.DELIVERED}
    fresh = [one for one, standing in zip(deliveries, standings, strict=True) if standing not in out]
    left = [standing for standing in standings if standing in out]
    counts = Enqueued(waiting=left.count(Standing.WAITING), delivered=left.count(Standing.DELIVERED))
    if not fresh:
        return counts
    await journal.keep(fresh)
    told = False
    while True:
        match await outbox.enqueue(fresh, again=again):
            case Enqueued() as entered:
                return counts + entered
            case Full(lane=lane):
                if not told:
                    log.warning("replay_waits", why="the outbox is full", lane=lane)
                told = True
                await asyncio.sleep(FULL_SECONDS)


async def chunks(items: AsyncIterator[tuple[T, int]]) -> AsyncIterator[list[T]]:
    """Gather items, each given with its bytes, into lists that are small enough for one script."""
    chunk: list[T] = []
    size = 0
    async for item, weight in items:
        chunk.append(item)
        size += weight
        if len(chunk) >= CHUNK or size >= CHUNK_BYTES:
            yield chunk
            chunk, size = [], 0
    if chunk:
        yield chunk
