"""Which Redis this is, and whether its state was checked since it started or was last wiped.

Redis may come back without its last second (append-only file, everysec), as it was yesterday (a backup), or with
nothing. Whoever goes on as if nothing had happened repeats messages, or leaves a gap. So the state has an *epoch*: a
key that names the server's run and something random. Each connection compares the run on its way in, each script the
whole (guard.lua); where they differ nothing is done until a recovery has checked or rebuilt the state and given it a
new epoch.
"""

import asyncio
import secrets
from dataclasses import dataclass
from typing import Any

from redis.asyncio import Redis

from bot.stores.away import UncheckedError, unavailable
from bot.stores.keys import Keys


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What a look at Redis tells: the server's run id, the epoch it holds, and up to when it remembers (ms)."""

    run: str
    epoch: str | None
    pulse: int | None

    @property
    def checked(self) -> bool:
        """Whether the state was checked since this server started."""
        return self.epoch is not None and self.epoch.partition(":")[0] == self.run


UNCHECKED = "Redis was restarted or wiped: its state is being checked"


class Epoch:
    """The epoch that this process goes by; its stores share it.

    `bare` is a client whose connections are not compared. `known` is empty until `adopt`; `doubted` is set when a
    script or a connection met another epoch.
    """

    def __init__(self, bare: Redis, keys: Keys) -> None:
        self._bare = bare
        self._keys = keys
        self.known = ""
        self.doubted = asyncio.Event()

    @property
    def key(self) -> str:
        """The key that holds it."""
        return self._keys.epoch

    async def look(self) -> Found:
        """Ask Redis. Raises UnavailableError."""
        with unavailable():
            async with self._bare.pipeline(transaction=True) as pipe:
                pipe.info("server")
                pipe.get(self._keys.epoch)
                pipe.get(self._keys.pulse)
                server, epoch, pulse = await pipe.execute()
        return Found(
            run=str(server["run_id"]),
            epoch=None if epoch is None else epoch.decode(),
            pulse=None if pulse is None else int(pulse),
        )

    def adopt(self, found: Found) -> bool:
        """Go by what was found from now on, if it was checked; whether it was."""
        if not found.checked or found.epoch is None:
            return False
        self.known = found.epoch
        self.doubted.clear()
        return True

    async def compare(self, connection: Any) -> None:
        """Let a new connection in if the server's state was checked since it started; for `redis_connect_func`."""
        await connection.on_connect()
        await connection.send_command("INFO", "server")
        run = _run_id(await connection.read_response())
        await connection.send_command("GET", self._keys.epoch)
        epoch = await connection.read_response()
        if epoch is None or epoch.decode().partition(":")[0] != run:
            self.doubted.set()
            raise UncheckedError(UNCHECKED)


def new_epoch(run: str) -> str:
    """An epoch for the server with this run id, unlike any other."""
    return f"{run}:{secrets.token_hex(8)}"


def _run_id(info: bytes | str | dict[Any, Any]) -> str:
    text = info.decode() if isinstance(info, bytes) else str(info)
    for line in text.splitlines():
        name, _, value = line.partition(":")
        if name == "run_id":
            return value.strip()
    return ""
