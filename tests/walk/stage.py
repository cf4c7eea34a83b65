"""Where the story of `tests.walk.story` is told, again and again: what takes time to start, started once."""

import ssl
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from itertools import count
from uuid import uuid4

import orjson
from aiohttp import web
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from redis.asyncio import Redis

from bot.sandbox.limits import Rates
from bot.sandbox.server import Sandbox

T0 = 1_800_000_000_000
REFUSED = "e3"
"""The event that the webhook's receiver refuses."""
MOST_STORIES = 400
"""Each has a partition for itself, all assigned at once: after an assignment a consumer takes a second to get going."""


@dataclass
class Clock:
    """Milliseconds since the epoch, by hand."""

    now: int = T0


@dataclass
class Stage:
    """What all tellings of the story share, because it takes time to start."""

    address: str
    redis: Redis
    kafka: AIOKafkaProducer
    consumer: AIOKafkaConsumer
    topic: str
    sandbox: Sandbox
    clock: Clock
    hook: str
    called: list[tuple[str, str]]
    numbers: Iterator[int] = field(default_factory=count)
    tls: ssl.SSLContext = field(default_factory=ssl.create_default_context)


@asynccontextmanager
async def stage(address: str, redis: Redis, kafka: AIOKafkaProducer) -> AsyncIterator[Stage]:
    """A Slack sandbox, a webhook's receiver that refuses one event, and a consumer."""
    clock, called = Clock(), list[tuple[str, str]]()

    async def take(request: web.Request) -> web.Response:
        event = orjson.loads(await request.read())["id"]
        called.append((event, request.headers["webhook-id"]))
        return web.Response(status=503 if event.endswith(REFUSED) else 204)

    app = web.Application()
    app.router.add_post("/", take)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    topic = f"crashes-{uuid4().hex[:8]}"
    admin = AIOKafkaAdminClient(bootstrap_servers=address)
    await admin.start()
    try:
        await admin.create_topics([NewTopic(topic, MOST_STORIES, 1)])
    finally:
        await admin.close()
    consumer = AIOKafkaConsumer(
        bootstrap_servers=address, group_id=topic, enable_auto_commit=False, auto_offset_reset="earliest"
    )
    try:
        await consumer.start()
        consumer.assign([TopicPartition(topic, partition) for partition in range(MOST_STORIES)])
        async with Sandbox(rates=Rates(enabled=False), clock=lambda: clock.now / 1000) as sandbox:
            hook = f"http://127.0.0.1:{runner.addresses[0][1]}/"
            yield Stage(address, redis, kafka, consumer, topic, sandbox, clock, hook, called)
    finally:
        await consumer.stop()
        await runner.cleanup()
