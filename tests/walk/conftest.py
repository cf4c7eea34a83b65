"""A real broker and a real Redis for the walk, one of each per worker; every test has its own topic and keys."""

from collections.abc import AsyncIterator
from uuid import uuid4

import pytest
import pytest_asyncio
from aiokafka import AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from redis.asyncio import Redis

from bot.stores.keys import Keys
from bot.stores.outbox import Limits, RedisOutbox
from bot.stores.subscriptions import RedisSubscriptions
from bot.telemetry import Metrics
from consumers.embedded.servers import embedded_kafka, embedded_redis
from consumers.kafka import producer
from tests.apache_kafka.server import apache_kafka
from tests.walk.rig import Rig

__all__ = ["apache_kafka"]

PARTITIONS = 2


@pytest_asyncio.fixture(
    scope="session",
    loop_scope="session",
    params=["embedded", pytest.param("apache", marks=pytest.mark.apache_kafka)],
)
async def kafka_address(request: pytest.FixtureRequest) -> AsyncIterator[str]:
    if request.param == "embedded":
        async with embedded_kafka(default_partitions=PARTITIONS) as address:
            yield address
    else:
        yield request.getfixturevalue("apache_kafka")


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
async def topic(kafka_address: str) -> str:
    """A topic of its own, with its dead-letter topic."""
    name = f"events-{uuid4().hex[:12]}"
    admin = AIOKafkaAdminClient(bootstrap_servers=kafka_address)
    await admin.start()
    try:
        await admin.create_topics([NewTopic(name, PARTITIONS, 1), NewTopic(f"{name}-dead", 1, 1)])
    finally:
        await admin.close()
    return name


@pytest.fixture
async def kafka(kafka_address: str) -> AsyncIterator[AIOKafkaProducer]:
    async with producer(kafka_address) as made:
        yield made


@pytest.fixture
def outbox(redis: Redis, keys: Keys) -> RedisOutbox:
    return RedisOutbox(redis, keys, Limits())


@pytest.fixture
def subscriptions(redis: Redis, keys: Keys) -> RedisSubscriptions:
    return RedisSubscriptions(redis, keys)


@pytest.fixture
def metrics() -> Metrics:
    return Metrics()


@pytest.fixture
def rig(
    kafka_address: str,
    topic: str,
    outbox: RedisOutbox,
    subscriptions: RedisSubscriptions,
    kafka: AIOKafkaProducer,
    metrics: Metrics,
) -> Rig:
    return Rig(kafka_address, topic, outbox, subscriptions, kafka, metrics)
