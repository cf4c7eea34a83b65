"""An outbox on a real Valkey, with one clock in the test's hand."""

import pytest
from redis.asyncio import Redis

from bot.stores.keys import Keys
from bot.stores.outbox import RedisOutbox
from tests.edges.outbox.dealings import LIMITS, T0


@pytest.fixture
def outbox(redis: Redis, keys: Keys) -> RedisOutbox:
    return RedisOutbox(redis, keys, LIMITS, now=T0)
