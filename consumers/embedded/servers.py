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
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import IO, Final

from consumers.embedded import guard
from consumers.embedded.valkey import arguments, binary, free_port, ready

_READY_SECONDS: Final = 10.0
_STOP_SECONDS: Final = 5.0


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
    command = [
        sys.executable,
        "-m",
        "consumers.embedded.broker",
        "--port",
        str(port),
        "--parent",
        str(os.getpid()),
    ]
    command += ["--partitions", str(default_partitions)]
    command += [] if data_dir is None else ["--data", str(data_dir)]
    async with AsyncExitStack() as stack:
        words = _log_file(stack, data_dir, "broker.log")
        process = await stack.enter_async_context(_child(command, stdout=PIPE, stderr=words))
        assert process.stdout is not None  # noqa: S101 - PIPE was asked for
        try:
            line = await asyncio.wait_for(process.stdout.readline(), _READY_SECONDS)
        except TimeoutError:
            line = b""
        if not line:
            raise StartError(f"the embedded broker did not start: {_last_words(words)}")
        yield line.decode().strip()


@asynccontextmanager
async def embedded_redis(data_dir: Path | None = None) -> AsyncIterator[str]:
    """Run a Valkey (AOF every second, nothing evicted) and give its URL: ready in well under a second.

    Args:
        data_dir: where its append-only file is; None takes a folder that goes when it stops.

    Raises:
        StartError: it did not start.
        valkey.MissingError: there is no Valkey and no Redis on this machine; the text tells the remedy.
    """
    program = binary()
    async with AsyncExitStack() as stack:
        folder = (
            Path(stack.enter_context(TemporaryDirectory(prefix="tidings-redis-"))) if data_dir is None else data_dir
        )
        folder.mkdir(parents=True, exist_ok=True)
        words = _log_file(stack, folder, "valkey.log")
        port = free_port()
        command = [sys.executable, "-I", "-S", guard.__file__, str(os.getpid())]
        command += [str(program), *arguments(port=port, folder=folder)]
        process = await stack.enter_async_context(_child(command, stdout=words, stderr=words))
        if not await ready(port, alive=lambda: process.returncode is None, seconds=_READY_SECONDS):
            raise StartError(f"{program} did not start: {_last_words(words)}")
        yield f"redis://127.0.0.1:{port}/0"


@asynccontextmanager
async def _child(
    command: Sequence[str], *, stdout: "int | IO[bytes]", stderr: "int | IO[bytes]"
) -> AsyncIterator[Process]:
    """Run a process whose standard input is open for as long as this process lives."""
    process = await asyncio.create_subprocess_exec(*command, stdin=PIPE, stdout=stdout, stderr=stderr)
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


def _log_file(stack: AsyncExitStack, folder: Path | None, name: str) -> "IO[bytes]":
    if folder is None:
        folder = Path(stack.enter_context(TemporaryDirectory(prefix="tidings-")))
    folder.mkdir(parents=True, exist_ok=True)
    return stack.enter_context((folder / name).open("w+b"))


def _last_words(words: "IO[bytes]") -> str:
    words.seek(0)
    return words.read()[-2_000:].decode(errors="replace").strip() or "it said nothing"
