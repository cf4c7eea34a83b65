"""What is kept, in Redis and in the journal beside it."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any

import structlog
from aiokafka import AIOKafkaProducer
from redis.asyncio import BlockingConnectionPool, Redis
from redis.asyncio.retry import Retry
from redis.backoff import ExponentialWithJitterBackoff
from redis.exceptions import RedisError
from tenacity import AsyncRetrying, RetryCallState, retry_if_exception_type, wait_exponential_jitter

from bot.core import pacing
from bot.core.delivery import SEND_WITHIN
from bot.settings import Settings
from bot.stores.audit import RedisAudit
from bot.stores.clock import RedisClock
from bot.stores.epoch import Epoch
from bot.stores.fallen import RedisRecentLetters
from bot.stores.feedback import KafkaFeedback
from bot.stores.journal import KafkaJournal, ends
from bot.stores.keys import Keys
from bot.stores.outbox import Limits, RedisOutbox
from bot.stores.parked import ParkedJournal
from bot.stores.persons import RegistryPersons
from bot.stores.recovery import Front, Recovery
from bot.stores.registry import Registry
from bot.stores.subscriptions import RedisSubscriptions

log = structlog.get_logger()

SHARDS = 32
"""Requests that one webhook may have in flight: an inference always takes the same shard, which keeps its order."""
HOUR = 3_600_000
CONNECTIONS = 64
"""To Redis: it works on one script at a time, so that more than a few dozen only wait there instead of here."""
CONNECTION_SECONDS = 10
"""How long a call waits for one of them before Redis counts as away."""


def now_ms() -> int:
    """This machine's clock, in milliseconds since the epoch."""
    return time.time_ns() // 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Stores:
    """What is kept in Redis, and the journal beside it. `clock` is Redis's clock, in milliseconds.

    Nothing works before `recovery.take_up()` has found, or made, the state's epoch.
    """

    redis: Redis
    keys: Keys
    outbox: RedisOutbox
    subscriptions: RedisSubscriptions
    registry: Registry
    persons: RegistryPersons
    audit: RedisAudit
    letters: RedisRecentLetters
    parked: ParkedJournal
    feedback: KafkaFeedback
    epoch: Epoch
    recovery: Recovery
    clock: RedisClock


@asynccontextmanager
async def stores(settings: Settings, kafka: AIOKafkaProducer) -> AsyncIterator[Stores]:
    """Connect to Redis, however long it takes to come, telling so."""
    keys = Keys(settings.namespace)
    async with _client(settings) as bare:
        epoch = Epoch(bare, keys)
        async for attempt in patiently("Redis", where=settings.redis, failures=(RedisError, OSError, TimeoutError)):
            with attempt:
                await bare.ping()
        async with _client(settings, redis_connect_func=epoch.compare) as redis:
            limits = Limits(
                lease=round(settings.lease_seconds * 1000),
                remember=round(settings.remember_hours * HOUR),
                shards=SHARDS,
                age=round(settings.max_age_hours * HOUR),
                most=settings.outbox_max,
                most_a_lane=settings.lane_max,
            )
            journal = partial(KafkaJournal, kafka, settings.kafka, namespace=settings.namespace)
            subscriptions, registry = journal(settings.subscriptions_topic), journal(settings.registry_topic)
            parked = ParkedJournal(journal(settings.parked_topic))
            clock = RedisClock(bare, now_ms)
            await clock.look()
            registered = Registry(redis, keys, epoch=epoch, journal=registry)
            yield Stores(
                redis=redis,
                keys=keys,
                outbox=RedisOutbox(redis, keys, limits, epoch=epoch),
                subscriptions=RedisSubscriptions(redis, keys, epoch=epoch, journal=subscriptions),
                registry=registered,
                persons=RegistryPersons(registered),
                audit=RedisAudit(redis, keys),
                letters=RedisRecentLetters(redis, keys, now=clock),
                parked=parked,
                feedback=KafkaFeedback(
                    kafka, settings.feedback_topic, redis, keys, lasting=round(settings.remember_hours * HOUR)
                ),
                epoch=epoch,
                recovery=Recovery(
                    bare,
                    keys,
                    epoch,
                    subscriptions=subscriptions,
                    registry=registry,
                    parked=parked,
                    ends=partial(ends, kafka, settings.kafka, settings.topic),
                    front=Front(run=limits.run, interval=pacing.SLACK.interval, sending=min(limits.lease, SEND_WITHIN)),
                ),
                clock=clock,
            )


def _client(settings: Settings, **more: Any) -> Redis:
    """A client that tries twice again at once, for a connection that went stale; longer waits are the loops' work."""
    retry = Retry(ExponentialWithJitterBackoff(base=0.02, cap=0.2), 2)
    # The stock pool has 100 connections and raises for whoever asks for another; more workers than that are usual here.
    pool = BlockingConnectionPool.from_url(
        settings.redis,
        max_connections=CONNECTIONS,
        timeout=CONNECTION_SECONDS,
        protocol=3,
        socket_connect_timeout=5,
        health_check_interval=15,
        retry=retry,
        **more,
    )
    return Redis.from_pool(pool)


def patiently(what: str, *, where: str, failures: tuple[type[BaseException], ...]) -> AsyncRetrying:
    """Try until it works, with waits that grow to 10 s, and one log line a try that names what is awaited."""

    def tell(state: RetryCallState) -> None:
        error = state.outcome.exception() if state.outcome else None
        seconds = round(state.next_action.sleep, 1) if state.next_action else 0
        log.warning("waiting_for", what=what, url=where, why=str(error) or type(error).__name__, again_in=seconds)

    return AsyncRetrying(
        retry=retry_if_exception_type(failures),
        wait=wait_exponential_jitter(multiplier=0.2, max=10),
        before_sleep=tell,
        sleep=asyncio.sleep,
    )
