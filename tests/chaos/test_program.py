"""A program that is killed, paused, ended and started again."""

import asyncio
import os
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from consumers.embedded.program import Program
from consumers.embedded.servers import StartError

TALKER = """
import signal, sys, time
signal.signal(signal.SIGTERM, lambda *_: sys.exit(0) if sys.argv[1] == "kind" else None)
print("hello", flush=True)
while True: time.sleep(0.05)
"""


def talker(folder: Path, manner: str = "kind") -> Program:
    return Program("talker", [sys.executable, "-c", TALKER, manner], log=folder / "talker.log")


def state(pid: int) -> str:
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]


async def until(condition: Callable[[], bool], seconds: float = 10) -> None:
    async with asyncio.timeout(seconds):
        while not condition():  # noqa: ASYNC110 - another process tells nobody
            await asyncio.sleep(0.01)


async def test_it_is_another_process_after_a_kill_and_adds_to_its_log(tmp_path: Path) -> None:
    async with talker(tmp_path) as program:
        await program.says("hello", seconds=10)
        first = program.pid
        await program.kill()
        assert (program.alive, program.pid) == (False, None)
        await program.kill()
        await program.start()
        assert await program.says("hello", seconds=10) == "hello"
        assert program.pid not in {None, first}
        await program.start()
    assert program.log.read_text().count("hello") == 2
    assert not program.alive


async def test_one_that_does_not_heed_sigterm_is_killed_in_time(tmp_path: Path) -> None:
    async with talker(tmp_path, "deaf") as program:
        await program.says("hello", seconds=10)
        assert await program.terminate(seconds=0.2) is False
        assert not program.alive
    async with talker(tmp_path) as program:
        await program.says("hello", seconds=10)
        assert await program.terminate(seconds=10) is True
        assert await program.terminate(seconds=10) is True


@pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")
async def test_a_paused_one_stands_still_and_ends_with_the_block_all_the_same(tmp_path: Path) -> None:
    async with talker(tmp_path) as program:
        await program.says("hello", seconds=10)
        pid = program.pid
        assert pid is not None
        program.pause()
        await until(lambda: state(pid) == "T")
        program.resume()
        await until(lambda: state(pid) != "T")
        program.pause()
        await until(lambda: state(pid) == "T")
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


async def test_one_that_ends_without_the_word_is_told_with_its_last_ones(tmp_path: Path) -> None:
    program = Program("brief", [sys.executable, "-c", "print('alas')"], log=tmp_path / "log")
    async with program:
        with pytest.raises(StartError, match="alas"):
            await program.says("hello", seconds=10)
    program.pause()  # of what is gone: nothing happens
