import asyncio
from pathlib import Path

from bot.settings import Settings
from bot.wiring.stores import CONNECTIONS, _client


async def test_more_workers_than_connections_wait_for_one(valkey: str) -> None:
    settings = Settings(_env_file=None, redis=f"unix://{Path(valkey)}")
    async with _client(settings) as redis:
        asked = (redis.blpop(["nothing"], timeout=0.01) for _ in range(4 * CONNECTIONS))
        assert set(await asyncio.gather(*asked)) == {None}
        assert len((await redis.client_list())[0]) > 0
        mine = [one for one in await redis.client_list() if one["cmd"] == "blpop"]
        assert len(mine) <= CONNECTIONS
