"""An event loop on a thread of its own, for what has to go on while the main loop is busy."""

import asyncio
from collections.abc import Coroutine
from concurrent.futures import Future
from threading import Thread
from typing import Any, Self, TypeVar

import structlog

log = structlog.get_logger()

T = TypeVar("T")

START_SECONDS = 10.0
JOIN_SECONDS = 5.0


class LoopThread:
    """Runs coroutines on its own loop and hands their results to the caller's.

    Python's interpreter lock lets the thread run every few milliseconds while another computes; a call into C that
    keeps the lock stops both. A thread that does not end within `JOIN_SECONDS` is left behind: it holds no process.
    """

    def __init__(self, name: str) -> None:
        self._started: Future[asyncio.AbstractEventLoop] = Future()
        self._thread = Thread(target=self._run, name=name, daemon=True)
        self._loop: asyncio.AbstractEventLoop | None = None
        self._end = asyncio.Event()

    async def __aenter__(self) -> Self:
        """Start it; that takes a moment too short to await."""
        self._thread.start()
        self._loop = self._started.result(START_SECONDS)
        return self

    async def __aexit__(self, *_: object) -> None:
        """Cancel what still runs there, and wait for the end of the thread."""
        if self._loop is not None:
            self._loop.call_soon_threadsafe(self._end.set)
        await asyncio.to_thread(self._thread.join, JOIN_SECONDS)
        if self._thread.is_alive():
            log.error("thread_left_behind", thread=self._thread.name)

    async def call(self, work: Coroutine[Any, Any, T]) -> T:
        """Run `work` on the thread's loop; cancelling the call cancels the work."""
        if self._loop is None:
            work.close()
            raise RuntimeError("the thread was not started")
        return await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(work, self._loop))

    def _run(self) -> None:
        with asyncio.Runner() as runner:
            runner.run(self._live())

    async def _live(self) -> None:
        self._started.set_result(asyncio.get_running_loop())
        await self._end.wait()
