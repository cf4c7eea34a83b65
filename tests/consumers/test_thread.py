import asyncio
import threading

import pytest
from structlog.testing import capture_logs

from consumers import thread
from consumers.thread import LoopThread


async def test_work_runs_on_the_threads_loop_and_its_result_comes_back() -> None:
    async def where() -> tuple[str, bool]:
        return threading.current_thread().name, asyncio.get_running_loop() is here

    here = asyncio.get_running_loop()
    async with LoopThread("aside") as aside:
        assert await aside.call(where()) == ("aside", False)


async def test_a_cancelled_call_cancels_its_work_and_the_end_cancels_what_is_left() -> None:
    ended: list[str] = []
    begun = threading.Semaphore(0)

    async def work(name: str) -> None:
        begun.release()
        try:
            await asyncio.Event().wait()
        finally:
            ended.append(name)

    async with LoopThread("aside") as aside:
        calls = [asyncio.create_task(aside.call(work(name))) for name in ("first", "second")]
        for _ in calls:
            assert await asyncio.to_thread(begun.acquire, timeout=10)
        calls[0].cancel()
        await asyncio.wait(calls[:1])
    assert sorted(ended) == ["first", "second"]
    await asyncio.gather(*calls, return_exceptions=True)
    assert all(call.cancelled() for call in calls)


async def test_a_thread_that_does_not_end_is_left_behind_and_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(thread, "JOIN_SECONDS", 0.1)
    begun, held = threading.Event(), threading.Event()

    async def blocks() -> None:
        begun.set()
        held.wait(20)

    with capture_logs() as logs:
        async with LoopThread("aside") as aside:
            call = asyncio.create_task(aside.call(blocks()))
            assert await asyncio.to_thread(begun.wait, 10)
    assert [(one["event"], one["thread"]) for one in logs] == [("thread_left_behind", "aside")]
    held.set()
    await asyncio.to_thread(aside._thread.join, 10)
    await asyncio.gather(call, return_exceptions=True)


async def test_nothing_is_run_by_a_thread_that_was_not_started() -> None:
    async def work() -> None:
        raise AssertionError

    with pytest.raises(RuntimeError, match="not started"):
        await LoopThread("aside").call(work())
