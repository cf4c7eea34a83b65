import asyncio

import pytest
from structlog.testing import capture_logs

from bot.slack.errands import BusyError, Errands


async def test_work_goes_on_after_start_and_drain_waits_for_it() -> None:
    errands, gate, done = Errands(), asyncio.Event(), []

    async def work() -> None:
        await gate.wait()
        done.append("work")

    errands.start("one", work())
    assert (len(errands), done) == (1, [])
    gate.set()
    assert await errands.drain(5) == 0
    assert (len(errands), done) == (0, ["work"])


async def test_draining_nothing_returns_at_once() -> None:
    assert await Errands().drain(0) == 0


async def test_what_is_not_done_in_time_is_cut_off_and_named() -> None:
    errands, began = Errands(), asyncio.Event()
    cut = []

    async def work() -> None:
        began.set()
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            cut.append("work")
            raise

    errands.start("endless", work())
    await began.wait()
    with capture_logs() as logs:
        assert await errands.drain(0.01) == 1
    assert cut == ["work"]
    assert logs[0]["errands"] == ["errand-endless"]


async def test_one_that_fails_is_logged_and_the_others_go_on() -> None:
    errands, done = Errands(), []

    async def bad() -> None:
        raise ValueError("broken")

    async def good() -> None:
        done.append("good")

    with capture_logs() as logs:
        errands.start("bad", bad())
        errands.start("good", good())
        await errands.drain(5)
    assert done == ["good"]
    assert [(entry["event"], entry["errand"]) for entry in logs] == [("errand_failed", "bad")]


async def test_no_more_run_at_once_than_allowed_and_beyond_the_waiting_room_none_is_taken() -> None:
    errands, gate, two = Errands(at_once=2, waiting=1), asyncio.Event(), asyncio.Event()
    running, most = 0, 0

    async def work() -> None:
        nonlocal running, most
        running += 1
        most = max(most, running)
        if running == 2:
            two.set()
        await gate.wait()
        running -= 1

    for number in range(3):
        errands.start(str(number), work())
    with pytest.raises(BusyError):
        errands.start("too many", work())
    await two.wait()
    gate.set()
    assert await errands.drain(5) == 0
    assert most == 2
