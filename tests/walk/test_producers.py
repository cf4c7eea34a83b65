"""Records of other people's producers: the CloudEvents SDK, librdkafka's Python client, and kcat."""

import asyncio
import json
import shutil
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from aiokafka import AIOKafkaProducer
from cloudevents.core.bindings.kafka import KafkaMessage, to_binary, to_structured
from cloudevents.core.formats.json import JSONFormat
from cloudevents.core.v1.event import CloudEvent
from confluent_kafka import Producer

from bot.core.cloudevent import decode
from bot.core.destination import SlackChannel
from bot.core.event import Event, Status
from tests.walk.parts import subscription
from tests.walk.rig import Rig

DATA = {"inference_id": "inf-1", "status": "failed", "model": {"name": "m"}, "title": "Größe ✅"}
ATTRIBUTES = {
    "id": "1",
    "source": "/elsewhere",
    "type": "ai.inference.failed",
    "specversion": "1.0",
    "time": datetime(2026, 11, 23, tzinfo=UTC),
    "datacontenttype": "application/json",
}


async def delivered(rig: Rig) -> Event:
    """The one event that reached the outbox."""
    await rig.subscriptions.save(subscription("s1", SlackChannel(team="T1", channel="C1"), "status:failed"))
    async with rig.ingesting():
        await rig.waiting(1)
    (body,) = await rig.drain()
    return decode(body)


@pytest.mark.parametrize("write", [to_structured, to_binary])
async def test_what_the_cloudevents_sdk_produces_is_delivered(
    rig: Rig, kafka: AIOKafkaProducer, write: Callable[..., KafkaMessage]
) -> None:
    message = write(CloudEvent(attributes=dict(ATTRIBUTES), data=DATA), JSONFormat())
    value: Any = message.value
    await kafka.send_and_wait(rig.topic, value, key=b"k", headers=list(message.headers.items()))
    event = await delivered(rig)
    assert (event.source, event.id, event.title, event.status) == ("/elsewhere", "1", "Größe ✅", Status.FAILED)


async def test_what_librdkafka_produces_is_delivered(rig: Rig) -> None:
    producer = Producer({"bootstrap.servers": rig.address, "enable.idempotence": True, "compression.type": "zstd"})
    producer.produce(rig.topic, json.dumps({"id": "2", "source": "rd", **DATA}).encode(), key=b"inf-1")
    assert await asyncio.to_thread(producer.flush, 20) == 0
    event = await delivered(rig)
    assert (event.source, event.id, event.title) == ("rd", "2", "Größe ✅")


@pytest.mark.kcat
@pytest.mark.skipif(shutil.which("kcat") is None, reason="kcat is not on PATH")
async def test_what_kcat_produces_is_delivered(rig: Rig) -> None:
    kcat = await asyncio.create_subprocess_exec(
        *("kcat", "-P", "-b", rig.address, "-t", rig.topic, "-k", "inf-1"), stdin=asyncio.subprocess.PIPE
    )
    await kcat.communicate(json.dumps({"id": "3", **DATA}).encode())
    assert kcat.returncode == 0
    event = await delivered(rig)
    assert (event.source, event.id, event.title) == (rig.topic, "3", "Größe ✅")
