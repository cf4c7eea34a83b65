"""Work that goes on after Slack has its acknowledgement: owned, limited, and finished before the process ends."""

import asyncio
from collections.abc import Coroutine
from typing import Any

import structlog

log = structlog.get_logger()


class BusyError(Exception):
    """So much is under way that no more is taken: Slack is not acknowledged, and tells the person or tries again."""


class Errands:
    """A set of running tasks. `at_once` run together; beyond `waiting` more are refused."""

    def __init__(self, *, at_once: int = 32, waiting: int = 500) -> None:
        self._most = at_once + waiting
        self._turn = asyncio.Semaphore(at_once)
        self._running: set[asyncio.Task[None]] = set()

    def __len__(self) -> int:
        """How many are under way."""
        return len(self._running)

    def start(self, name: str, work: Coroutine[Any, Any, None]) -> None:
        """Begin a piece of work. Raises BusyError, and closes the work, where there is too much of it already."""
        if len(self._running) >= self._most:
            work.close()
            raise BusyError(f"{self._most} errands are under way")
        task = asyncio.create_task(self._run(name, work), name=f"errand-{name}")
        self._running.add(task)
        task.add_done_callback(self._running.discard)

    async def drain(self, seconds: float) -> int:
        """Wait for what is under way; what is not done in time is cut off. Returns how many were."""
        if not self._running:
            return 0
        _, late = await asyncio.wait(self._running, timeout=seconds)
        for task in late:
            task.cancel()
        await asyncio.gather(*late, return_exceptions=True)
        if late:
            log.warning("errands_cut_off", errands=sorted(task.get_name() for task in late))
        return len(late)

    async def _run(self, name: str, work: Coroutine[Any, Any, None]) -> None:
        # This is the supervisor of listeners: whatever escapes one ends here, and the others go on.
        async with self._turn:
            try:
                await work
            except Exception:
                log.exception("errand_failed", errand=name)
