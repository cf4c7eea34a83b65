"""A Redis to be treated badly: killed, started again on the same port, with less of its file or with none."""

import asyncio
import shutil
import subprocess
from pathlib import Path

from consumers.embedded import valkey


class Server:
    """A Valkey with an append-only file in `folder`."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._port = valkey.free_port()
        self._process: subprocess.Popen[bytes] | None = None
        self.url = f"redis://127.0.0.1:{self._port}/0"

    async def start(self) -> None:
        """Return once it answers."""
        self._folder.mkdir(exist_ok=True)
        command = [str(valkey.binary()), *valkey.arguments(port=self._port, folder=self._folder)]
        self._process = await asyncio.to_thread(subprocess.Popen, command, stdout=subprocess.DEVNULL)
        assert await valkey.ready(self._port, alive=lambda: True, seconds=20)

    async def kill(self) -> None:
        """As `kill -9`."""
        if self._process is not None:
            self._process.kill()
            await asyncio.to_thread(self._process.wait)

    @property
    def written(self) -> int:
        """Bytes in the append-only file."""
        return self._file.stat().st_size

    def cut(self, size: int) -> None:
        """Leave the first `size` bytes of the append-only file."""
        with self._file.open("r+b") as file:
            file.truncate(size)

    def wipe(self) -> None:
        """Leave nothing."""
        shutil.rmtree(self._folder)

    @property
    def _file(self) -> Path:
        return next((self._folder / "appendonlydir").glob("*.incr.aof"))
