"""Foreign errors of the stores, translated once: what redis-py and aiokafka raise becomes a StoreError."""

from collections.abc import Iterator
from contextlib import contextmanager

from aiokafka.errors import KafkaError
from redis.exceptions import RedisError

from bot.ports import StoreError


@contextmanager
def redis_failures() -> Iterator[None]:
    """Raise StoreError where Redis is away, loading, read-only, full, or answers with an error."""
    try:
        yield
    except (RedisError, OSError, TimeoutError) as error:
        raise StoreError(f"Redis: {error or type(error).__name__}") from error


@contextmanager
def kafka_failures() -> Iterator[None]:
    """Raise StoreError where Kafka is away or does not take a record."""
    try:
        yield
    except (KafkaError, OSError, TimeoutError) as error:
        raise StoreError(f"Kafka: {error or type(error).__name__}") from error
