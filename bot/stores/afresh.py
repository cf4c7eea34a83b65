"""The port `Afresh`: into the journal, then into the outbox, as replays do.

Killed in between, the delivery is in the journal alone, until the click is done again or a recovery gives it to the
outbox; entered twice it is the same delivery once.
"""

from bot.core.errors import UnavailableError
from bot.ports.letters import ParkedDeliveries
from bot.ports.outbox import Full, Outbox, Parked, Standing


class RedisAfresh:
    """See the port."""

    def __init__(self, outbox: Outbox, journal: ParkedDeliveries) -> None:
        self._outbox = outbox
        self._journal = journal

    async def enter(self, delivery: Parked) -> bool:
        """Enter it, unless it waits or was settled before."""
        identity = delivery.delivery.id
        (standing,) = await self._outbox.standing([identity])
        if standing is not Standing.UNKNOWN:
            return False
        await self._journal.keep([delivery])
        entered = await self._outbox.enqueue([delivery])
        if isinstance(entered, Full):
            await self._journal.forget([identity])
            raise UnavailableError("the outbox is full")
        return entered.entered > 0
