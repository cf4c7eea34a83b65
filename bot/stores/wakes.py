"""Hints that a lane became due, over Redis's pub/sub."""

import asyncio
from contextlib import suppress
from typing import Any

from bot.core.errors import UnavailableError
from bot.stores.away import unavailable


class Wakes:
    """Hints that a lane became due; losing one costs a worker's idle wait, nothing else."""

    def __init__(self) -> None:
        self._heard = asyncio.Event()
        self._failure: UnavailableError | None = None

    async def listen(self, pubsub: Any) -> None:
        """Note every hint, until cancelled or Redis goes away."""
        try:
            with unavailable():
                async for _ in pubsub.listen():
                    self._heard.set()
        except UnavailableError as failure:
            self._failure = failure
            self._heard.set()

    async def wait(self, seconds: float) -> None:
        """Return at the next hint (or one since the last wait), or after `seconds`. Raises UnavailableError."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._heard.wait()
        self._heard.clear()
        if self._failure is not None:
            raise self._failure
