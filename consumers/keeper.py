"""Keeps the process at a Redis whose state was checked, and the journal at what Redis holds."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import structlog

from bot.core.errors import UnavailableError
from bot.settings import Settings
from bot.telemetry import Metrics
from bot.wiring.stores import Stores, patiently, stores
from consumers.kafka import producer
from consumers.race import first

log = structlog.get_logger()

LOOK_SECONDS = 2.0
RETRY_SECONDS = 0.2


class Keeper:
    """Takes up the state of a Redis that was restarted or wiped.

    It looks as soon as a script or a connection meets another epoch, and every `LOOK_SECONDS` by itself.
    """

    def __init__(self, kept: Stores, metrics: Metrics) -> None:
        self._kept = kept
        self._metrics = metrics

    async def start(self) -> None:
        """Return once the state is known, however long that takes."""
        async for attempt in patiently("Redis's state", where="", failures=(UnavailableError,)):
            with attempt:
                await self._look()

    async def run(self) -> None:
        """Look again and again, until cancelled."""
        waits = LOOK_SECONDS
        while True:
            await first(self._kept.epoch.doubted.wait(), seconds=waits)
            try:
                await self._look()
            except UnavailableError as error:
                log.warning("state_unknown", why=str(error), cause=str(error.__cause__))
                self._kept.epoch.doubted.clear()
                waits = RETRY_SECONDS
            else:
                waits = LOOK_SECONDS

    async def _look(self) -> None:
        recovered = await self._kept.recovery.take_up()
        if recovered is not None:
            self._metrics.recoveries.labels("wiped" if recovered.wiped else "restarted").inc()
        await self._kept.clock.look()
        await self._kept.subscriptions.flush()
        await self._kept.registry.flush()


@asynccontextmanager
async def at_hand(settings: Settings) -> AsyncIterator[Stores]:
    """The stores, taken up, for a command."""
    async with producer(settings.kafka) as kafka, stores(settings, kafka) as kept:
        await Keeper(kept, Metrics()).start()
        yield kept
