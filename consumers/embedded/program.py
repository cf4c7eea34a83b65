"""A program as a process that can be killed, paused and started again on the same port and data."""

import asyncio
import os
import signal
from asyncio.subprocess import PIPE, Process
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final, Self

from consumers.embedded.servers import GUARDED, StartError

_POLL_SECONDS: Final = 0.02
_LAST_WORDS: Final = 2_000


class Program:
    """One command, run any number of times one after another; its words are added to `log`.

    It ends with this process. `environment` is all of its environment; ours without one. Leaving the block ends it,
    paused or not.
    """

    def __init__(
        self, name: str, command: Sequence[str], *, log: Path, environment: Mapping[str, str] | None = None
    ) -> None:
        self.name = name
        self.log = log
        self._command = command
        self._environment = environment
        self._process: Process | None = None
        self._said_before = 0

    async def __aenter__(self) -> Self:
        """Start it."""
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        """End it, kindly where that is quick."""
        await self.terminate(seconds=5)

    @property
    def pid(self) -> int | None:
        """Its process id while it runs."""
        return self._process.pid if self.alive and self._process is not None else None

    @property
    def alive(self) -> bool:
        """Whether it runs; paused counts."""
        return self._process is not None and self._process.returncode is None

    async def start(self) -> None:
        """Start it, if it does not run; does not wait until it is ready."""
        if self.alive:
            return
        with self.log.open("ab") as words:
            self._said_before = words.tell()
            self._process = await asyncio.create_subprocess_exec(
                *GUARDED,
                str(os.getpid()),
                *self._command,
                stdin=PIPE,
                stdout=words,
                stderr=words,
                env=self._environment,
            )

    async def kill(self) -> None:
        """SIGKILL, and wait until it is gone."""
        if self._process is not None and self.alive:
            self._process.kill()
        await self._gone()

    async def terminate(self, *, seconds: float) -> bool:
        """SIGTERM, and SIGKILL after `seconds`; whether it ended by itself."""
        if self._process is None or not self.alive:
            await self._gone()
            return True
        self.resume()
        self._process.terminate()
        try:
            await asyncio.wait_for(self._process.wait(), seconds)
        except TimeoutError:
            await self.kill()
            return False
        await self._gone()
        return True

    def pause(self) -> None:
        """SIGSTOP."""
        self._signal(signal.SIGSTOP)

    def resume(self) -> None:
        """SIGCONT."""
        self._signal(signal.SIGCONT)

    def words(self) -> str:
        """What it said since it was last started."""
        with self.log.open("rb") as words:
            words.seek(self._said_before)
            return words.read().decode(errors="replace")

    async def says(self, text: str, *, seconds: float) -> str:
        """Wait until it says a line that contains `text`; gives the line. Raises StartError if it ends or is late."""
        deadline = asyncio.get_running_loop().time() + seconds
        while True:
            for line in self.words().splitlines():
                if text in line:
                    return line
            if not self.alive or asyncio.get_running_loop().time() > deadline:
                raise StartError(f"{self.name} did not say {text!r}; its last words:\n{self.words()[-_LAST_WORDS:]}")
            await asyncio.sleep(_POLL_SECONDS)

    def _signal(self, number: signal.Signals) -> None:
        if self._process is not None and self.alive:
            self._process.send_signal(number)

    async def _gone(self) -> None:
        if self._process is None:
            return
        await self._process.wait()
        if self._process.stdin is not None:
            self._process.stdin.close()
