"""A real broker and a real Redis for the walk, one of each per worker; every test has its own topic and keys."""

from collections.abc import AsyncIterator
from uuid import uuid4

import pytest
import pytest_asyncio
from aiokafka import AIOKafkaProducer
from redis.asyncio import Redis

from bot.stores.keys import Keys
from consumers.embedded.servers import embedded_kafka, embedded_redis
from consumers.kafka import producer


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def kafka_address() -> AsyncIterator[str]:
    async with embedded_kafka(default_partitions=2) as address:
        yield address


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def redis_url() -> AsyncIterator[str]:
    async with embedded_redis() as url:
        yield url


@pytest.fixture
async def redis(redis_url: str) -> AsyncIterator[Redis]:
    async with Redis.from_url(redis_url, protocol=3) as client:
        yield client


@pytest.fixture
def keys() -> Keys:
    return Keys(uuid4().hex)


@pytest.fixture
def topic() -> str:
    return f"events-{uuid4().hex[:12]}"


@pytest.fixture
async def kafka(kafka_address: str) -> AsyncIterator[AIOKafkaProducer]:
    async with producer(kafka_address) as made:
        yield made
