"""Parks what waits long: its event is then in the journal, and Kafka's committed offset may pass it.

Without it one paused channel would hold back the commit for days, until retention took the events behind it. With it a
wiped Redis costs the reading of what came in the last `age`, and the journal gives back the rest.

The journal has a delivery before the outbox calls it parked, and is told that it is gone after it was settled: whatever
happens in between, the delivery is in at least one of the two.
"""

from collections.abc import Iterable, Sequence

import structlog

from bot.ports.letters import ParkedDeliveries
from bot.ports.outbox import Parked
from bot.ports.partitions import Partitions

log = structlog.get_logger()

AT_ONCE = 50
"""Deliveries read at once: each comes with its event, which may have up to a megabyte."""
GONE_AT_ONCE = 500


class Parking:
    """Parks deliveries that have waited longer than `age` milliseconds."""

    def __init__(self, partitions: Partitions, journal: ParkedDeliveries, *, age: int) -> None:
        self._partitions = partitions
        self._journal = journal
        self._age = age

    async def look(self, places: Iterable[tuple[str, int]]) -> None:
        """Park what is overdue in the partitions, and let go what is settled. Raises UnavailableError.

        Costs one look at the oldest unsettled deliveries of each partition, and one for all.
        """
        for topic, partition in places:
            while overdue := await self._partitions.overdue(topic, partition, age=self._age, limit=AT_ONCE):
                await self._park(overdue)
                log.info("parked", topic=topic, partition=partition, deliveries=len(overdue))
                if len(overdue) < AT_ONCE:
                    break
        await self._let_go()

    async def _park(self, deliveries: Sequence[Parked]) -> None:
        await self._journal.keep(deliveries)
        settled = await self._partitions.park([one.delivery.id for one in deliveries])
        await self._journal.forget(settled)

    async def _let_go(self) -> None:
        while settled := await self._partitions.unparked(GONE_AT_ONCE):
            await self._journal.forget(settled)
            await self._partitions.forget_parked(settled)
