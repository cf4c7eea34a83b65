"""Work for people's requests: owned, limited, and finished before the process ends."""

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

import structlog

log = structlog.get_logger()

T = TypeVar("T")


class BusyError(Exception):
    """So much is under way that no more is taken: Slack is not acknowledged, and tells the person or tries again."""


class Errands:
    """A set of running tasks. `at_once` run together; beyond `waiting` more are refused."""

    def __init__(self, *, at_once: int = 32, waiting: int = 500) -> None:
        self._most = at_once + waiting
        self._turn = asyncio.Semaphore(at_once)
        self._running: set[asyncio.Task[Any]] = set()

    def __len__(self) -> int:
        """How many are under way."""
        return len(self._running)

    @property
    def room(self) -> int:
        """How many more are taken."""
        return max(0, self._most - len(self._running))

    def check(self) -> None:
        """Raise BusyError where there is too much already."""
        if not self.room:
            raise BusyError(f"{self._most} errands are under way")

    def start(self, name: str, work: Coroutine[Any, Any, None]) -> None:
        """Begin a piece of work. Raises BusyError, and closes the work, where there is too much of it already."""
        try:
            self.check()
        except BusyError:
            work.close()
            raise
        self._own(name, self._run(name, work))

    async def within(self, seconds: float, name: str, work: Coroutine[Any, Any, T]) -> T:
        """Do a piece of work for somebody who waits for its value, ahead of those that nobody waits for.

        What is not done in time is cut off: TimeoutError. Raises BusyError as `start` does.
        """
        try:
            self.check()
        except BusyError:
            work.close()
            raise
        task = self._own(name, work)
        try:
            await asyncio.wait([task], timeout=seconds)
        finally:
            task.cancel()
        await asyncio.wait([task])
        if task.cancelled():
            raise TimeoutError(f"{name} was cut off")
        return task.result()

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

    def _own(self, name: str, work: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
        task = asyncio.create_task(work, name=f"errand-{name}")
        self._running.add(task)
        task.add_done_callback(self._running.discard)
        return task

    async def _run(self, name: str, work: Coroutine[Any, Any, None]) -> None:
        # This is the supervisor of listeners: whatever escapes one ends here, and the others go on.
        try:
            async with self._turn:
                await work
        except Exception:
            log.exception("errand_failed", errand=name)
        finally:
            work.close()  # it never began where it was cut off before its turn
