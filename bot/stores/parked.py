"""The journal of parked deliveries: a compacted topic, keyed by delivery id."""

from collections.abc import AsyncIterator, Sequence

import structlog

from bot.core.delivery import DeliveryId
from bot.core.errors import TidingsError
from bot.ports.outbox import Parked
from bot.stores.codec import parked_from_json, parked_json
from bot.stores.journal import Entry, KafkaJournal

log = structlog.get_logger()


class ParkedJournal:
    """The port `ParkedDeliveries`. Each method raises UnavailableError."""

    def __init__(self, journal: KafkaJournal) -> None:
        self._journal = journal

    async def keep(self, deliveries: Sequence[Parked]) -> None:
        """Write them, in order."""
        await self._journal.write([Entry(key=one.delivery.id, value=parked_json(one)) for one in deliveries])

    async def forget(self, deliveries: Sequence[DeliveryId]) -> None:
        """Write that they are gone."""
        await self._journal.write([Entry(key=delivery, value=None) for delivery in deliveries])

    async def living(self) -> AsyncIterator[Parked]:
        """Those that are kept and not forgotten, in the order of writing."""
        async for entry in self._journal.living():
            try:
                yield parked_from_json(entry.value or b"")
            except (ValueError, LookupError, TypeError, TidingsError) as error:
                log.error("parked_unreadable", delivery=entry.key, reason=str(error))  # noqa: TRY400 (says it all)
