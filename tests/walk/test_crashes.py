"""A process is killed before and after each of its calls to the outside, and another goes on where it left off.

The points are enumerated: one telling of the story counts the calls, and each other telling dies at one of them.
"""

import asyncio
from collections.abc import AsyncIterator

import pytest
from aiokafka import AIOKafkaProducer
from redis.asyncio import Redis

from consumers import ingest
from tests.walk.crashes import Crash, Life
from tests.walk.story import REFUSED, Stage, Story, stage

RESTARTS = (1, 600_000)
"""How long until the other process starts, in milliseconds: the dead one's leases still hold, or are over."""


@pytest.fixture
async def scene(
    kafka_address: str, redis: Redis, kafka: AIOKafkaProducer, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Stage]:
    monkeypatch.setattr(ingest, "COMMIT_SECONDS", 3_600)  # commits come when the story says so
    async with stage(kafka_address, redis, kafka) as made:
        yield made


async def test_the_story_without_a_crash(scene: Stage) -> None:
    story = Story(scene)
    await story.begin()
    life = Life(story.noted)
    await story.live(life)
    await story.verify()
    print(len(life.calls), life.calls)
