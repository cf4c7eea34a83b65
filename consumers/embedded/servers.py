"""The embedded servers as child processes: ``async with`` starts one; the block's end or the parent's death stops it.

Example::

    async with embedded_kafka() as address, embedded_redis(data_dir=folder) as url:
        producer = AIOKafkaProducer(bootstrap_servers=address)
        redis = Redis.from_url(url)
"""

import asyncio
import os
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import IO, Final

from consumers.embedded import guard, valkey

_READY_SECONDS: Final = 30.0
_STOP_SECONDS: Final = 5.0
_TRIES: Final = 3
GUARDED: Final = (sys.executable, "-I", "-S", guard.__file__)
"""What goes before a command that is to end with this process."""


class StartError(RuntimeError):
    """A server did not come up; the text has its last words."""


@asynccontextmanager
async def embedded_kafka(
    data_dir: Path | None = None, port: int = 0, *, default_partitions: int = 1
) -> AsyncIterator[str]:
    """Run a Kafka-protocol broker and give its address for ``bootstrap_servers``: ready in well under a second.

    Args:
        data_dir: where topics, offsets and transactions are kept (it survives ``kill -9``); None keeps them in memory.
        port: on 127.0.0.1; 0 takes a free one.
        default_partitions: of topics that are made by being used.

    Raises:
        StartError: the broker did not start, e.g. because the port is taken.
    """
    arguments = ["--port", str(port), "--partitions", str(default_partitions)]
    async with AsyncExitStack() as stack:
        if data_dir is None:
            folder = Path(stack.enter_context(TemporaryDirectory(prefix="tidings-kafka-")))
        else:
            folder, arguments = data_dir, [*arguments, "--data", str(data_dir)]
            folder.mkdir(parents=True, exist_ok=True)
        broker = child("consumers.embedded.broker", arguments, log=folder / "broker.log")
        yield await stack.enter_async_context(broker)


@asynccontextmanager
async def embedded_redis(data_dir: Path | None = None) -> AsyncIterator[str]:
    """Run a Valkey (AOF every second, nothing evicted) and give its URL: ready in well under a second.

    Args:
        data_dir: where its append-only file is; None takes a folder that goes when it stops.

    Raises:
        StartError: it did not start.
        valkey.MissingError: there is no Valkey and no Redis on this machine; the text tells the remedy.
    """
    program = valkey.binary()
    async with AsyncExitStack() as stack:
        if data_dir is None:
            folder = Path(stack.enter_context(TemporaryDirectory(prefix="tidings-redis-")))
        else:
            folder = data_dir
            folder.mkdir(parents=True, exist_ok=True)
        words = stack.enter_context((folder / "valkey.log").open("w+b"))
        for _ in range(_TRIES):  # somebody else may take the free port first
            port = valkey.free_port()
            command = [*GUARDED, str(os.getpid()), str(program), *valkey.arguments(port=port, folder=folder)]
            async with AsyncExitStack() as attempt:
                process = await attempt.enter_async_context(_child(command, stdout=words, stderr=words))
                if await valkey.ready(port, alive=partial(_alive, process), seconds=_READY_SECONDS):
                    await stack.enter_async_context(attempt.pop_all())
                    yield f"redis://127.0.0.1:{port}/0"
                    return
        raise StartError(f"{program} did not start: {_last_words(words)}")


@asynccontextmanager
async def child(
    module: str, arguments: Sequence[str], *, log: Path, environment: Mapping[str, str] | None = None
) -> AsyncIterator[str]:
    """Run a Python module as a process that ends with this one, and give the first line that it prints.

    Args:
        module: as for ``python -m``.
        arguments: of its command line.
        log: the file that its standard error goes to.
        environment: all of its environment; ours without one.

    Raises:
        StartError: it ended, or said nothing for half a minute.
    """
    command = [*GUARDED, str(os.getpid()), sys.executable, "-m", module, *arguments]
    async with AsyncExitStack() as stack:
        words = stack.enter_context(log.open("w+b"))
        process = await stack.enter_async_context(_child(command, stdout=PIPE, stderr=words, environment=environment))
        assert process.stdout is not None  # noqa: S101 - PIPE was asked for
        try:
            line = await asyncio.wait_for(process.stdout.readline(), _READY_SECONDS)
        except TimeoutError:
            line = b""
        if not line:
            raise StartError(f"{module} did not start: {_last_words(words)}")
        yield line.decode().strip()


@asynccontextmanager
async def _child(
    command: Sequence[str],
    *,
    stdout: "int | IO[bytes]",
    stderr: "int | IO[bytes]",
    environment: Mapping[str, str] | None = None,
) -> AsyncIterator[Process]:
    """Run a process whose standard input is open for as long as this process lives."""
    process = await asyncio.create_subprocess_exec(*command, stdin=PIPE, stdout=stdout, stderr=stderr, env=environment)
    try:
        yield process
    finally:
        await _stop(process)


async def _stop(process: Process) -> None:
    if process.returncode is None:
        process.terminate()
    try:
        await asyncio.wait_for(process.wait(), _STOP_SECONDS)
    except TimeoutError:
        process.kill()
        await process.wait()
    if process.stdin is not None:
        process.stdin.close()


def _alive(process: Process) -> bool:
    return process.returncode is None


def _last_words(words: "IO[bytes]") -> str:
    words.seek(0)
    return words.read()[-2_000:].decode(errors="replace").strip() or "it said nothing"
