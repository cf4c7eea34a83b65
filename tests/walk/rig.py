"""An ingest to start and stop, and everything around it to look at."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from aiokafka import AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient

from bot.core.delivery import Done
from bot.stores.deadletters import KafkaDeadLetters
from bot.stores.outbox import RedisOutbox
from bot.stores.subscriptions import RedisSubscriptions
from bot.telemetry import Metrics
from bot.wiring.stores import now_ms
from consumers.ingest import Ingest
from consumers.kafka import GroupSource
from consumers.watch import Timing
from tests.walk.parts import eventually

QUICK = Timing(heartbeat_ms=300, metadata_ms=500)
"""A rebalance is heard of with the next heartbeat, and a grown topic with the next look at the metadata."""


class Rig:
    """Starts ingests for the test's topic; `dead` is its dead-letter topic."""

    def __init__(
        self,
        address: str,
        topic: str,
        outbox: RedisOutbox,
        subscriptions: RedisSubscriptions,
        kafka: AIOKafkaProducer,
        metrics: Metrics,
    ) -> None:
        self.address = address
        self.topic = topic
        self.dead = f"{topic}-dead"
        self.outbox = outbox
        self.subscriptions = subscriptions
        self.metrics = metrics
        self._kafka = kafka

    @asynccontextmanager
    async def ingesting(self, *, halt_on_reset: bool = False) -> AsyncIterator[Ingest]:
        async with GroupSource(self.address, self.topic, self.topic, timing=QUICK) as source:
            ingest = Ingest(
                source,
                self.outbox,
                self.outbox.partitions,
                self.subscriptions,
                KafkaDeadLetters(self._kafka, self.dead),
                self.metrics,
                shards=2,
                clock=now_ms,
                halt_on_reset=halt_on_reset,
            )
            stop = asyncio.Event()
            task = asyncio.create_task(ingest.run(stop))
            try:
                yield ingest
            finally:
                stop.set()
                await asyncio.wait([task], timeout=20)
                assert task.done(), f"ingest does not stop: {task.get_stack()}"
                task.result()

    async def publish(self, *values: bytes | None, partition: int = 0) -> None:
        for value in values:
            await self._kafka.send_and_wait(self.topic, value, key=b"k", partition=partition)

    async def waiting(self, count: int) -> None:
        async def enough() -> bool:
            return (await self.outbox.state()).deliveries == count

        await eventually(enough)

    async def read_to(self, offset: int, partition: int = 0) -> None:
        async def there() -> bool:
            return await self.outbox.partitions.watermark(self.topic, partition) == offset

        await eventually(there)

    async def drain(self) -> list[bytes]:
        """Settle everything that waits, and return the bodies."""

        bodies = []
        while taken := (await self.outbox.lease("t", lanes=50, kinds=("slack", "webhook"))).lanes:
            for leased in taken:
                bodies += [body for _, body in leased.deliveries]
                steps = {delivery.id: Done(reference="x") for delivery, _ in leased.deliveries}
                await self.outbox.settle(leased, steps, due=0)
        return bodies

    async def committed(self) -> int | None:
        async with self.administrator() as admin:
            offsets = await admin.list_consumer_group_offsets(self.topic)
            found = offsets.get(TopicPartition(self.topic, 0))
            return None if found is None else int(found.offset)

    @asynccontextmanager
    async def administrator(self) -> AsyncIterator[AIOKafkaAdminClient]:
        admin = AIOKafkaAdminClient(bootstrap_servers=self.address)
        await admin.start()
        try:
            yield admin
        finally:
            await admin.close()
