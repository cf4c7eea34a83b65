"""What passes in Kafka, for who asks what happened lately; a fresh process begins with a past."""

import asyncio
from typing import Final

from bot.stores.recent import MOST, RecentEvents
from consumers.kafka import RecordSource, TailSource

STRIDE: Final = 1_000
"""Records taken before others get the loop."""


async def recall(source: TailSource, recent: RecentEvents) -> None:
    """Take note of the last records before the end."""
    async for batch in source.past(MOST):
        for record in batch:
            recent.see(record)


async def remember(source: RecordSource, recent: RecentEvents) -> None:
    """Take note of what comes, until the source ends or the task is cancelled."""
    async for batch in source.batches():
        for start in range(0, len(batch), STRIDE):
            for record in batch[start : start + STRIDE]:
                recent.see(record)
            await asyncio.sleep(0)
