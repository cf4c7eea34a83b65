"""Where Redis's and Kafka's own exceptions end."""

from collections.abc import Iterator
from contextlib import contextmanager

from aiokafka.errors import KafkaError
from redis.exceptions import ClusterDownError, MasterDownError, OutOfMemoryError, ReadOnlyError, ResponseError
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import TimeoutError as RedisTimeoutError

from bot.core.errors import UnavailableError


class UncheckedError(RedisConnectionError):
    """The server at the other end was restarted or wiped, and nobody has checked its state yet."""


SILENT = (RedisConnectionError, RedisTimeoutError)
UNABLE = (ClusterDownError, MasterDownError, OutOfMemoryError, ReadOnlyError)
UNABLE_WORDS = ("MISCONF", "BUSY", "UNKILLABLE", "NOREPLICAS")
"""Answers about Redis's state that the client library has no exception for (redis.io, error replies)."""
CLOSED = "the handler is closed"
"""In the RuntimeError with which uvloop refuses to write to a connection that just broke; redis-py passes it on."""


@contextmanager
def unavailable() -> Iterator[None]:
    """Turn a Redis that can't be reached, or can't take this for now, into UnavailableError; let mistakes through."""
    try:
        yield
    except UncheckedError as error:
        raise UnavailableError(str(error)) from error
    except SILENT as error:
        raise UnavailableError("Redis does not answer") from error
    except ResponseError as error:
        if isinstance(error, UNABLE) or str(error).startswith(UNABLE_WORDS):
            raise UnavailableError(f"Redis can't take this now: {error}") from error
        raise
    except RuntimeError as error:
        if CLOSED in str(error):
            raise UnavailableError("Redis does not answer") from error
        raise


@contextmanager
def kafka_unavailable() -> Iterator[None]:
    """Turn a Kafka that is away, or does not take a record now, into UnavailableError."""
    try:
        yield
    except (KafkaError, OSError, TimeoutError) as error:
        raise UnavailableError(f"Kafka can't take this now: {str(error) or type(error).__name__}") from error
