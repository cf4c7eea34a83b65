"""Which exceptions mean that Redis is away, and which are mistakes of ours."""

import asyncio

import pytest
import uvloop

from bot.core.errors import UnavailableError
from bot.stores.away import unavailable


def test_a_write_to_a_connection_that_just_broke_means_that_redis_is_away() -> None:
    async def write() -> None:
        server = await asyncio.start_server(lambda _, writer: writer.close(), "127.0.0.1", 0)
        async with server:
            port = server.sockets[0].getsockname()[1]
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            await reader.read()
            writer.transport.abort()
            await asyncio.sleep(0)
            await asyncio.sleep(0)
            with pytest.raises(UnavailableError, match="Redis does not answer"), unavailable():
                writer.writelines([b"PING"])

    uvloop.run(write())


def test_another_runtime_error_is_a_mistake() -> None:
    with pytest.raises(RuntimeError, match="ours"), unavailable():
        raise RuntimeError("ours")
