"""The load: inferences made up from a seed, published at a rate, and a list of what Kafka acknowledged.

Only an acknowledged event is expected anywhere. One whose acknowledgement never came may have entered Kafka all the
same, so that it may be seen and need not be.
"""

import asyncio
import heapq
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import chain, count
from random import Random
from typing import Any, Final

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError

from consumers.chaos.audit import Published
from consumers.chaos.wishes import model
from consumers.demo.story import Occurrence

CLOUDEVENTS: Final = ("content-type", b"application/cloudevents+json; charset=utf-8")
ASKED: Final = 0.03
"""The share of inferences that somebody asked for in person."""
REVIEWED: Final = 0.3
EVENTS_EACH: Final = 2 + REVIEWED
UNANSWERED: Final = 5_000
"""Events on their way to Kafka at most; a broker that stands still stops the load."""


def models(rate: float) -> int:
    """How many models: so many that a channel, which hears of one, has about one message a second."""
    return max(10, round(rate / 2))


def story(seed: int, *, rate: float, asker: str) -> Iterator[Occurrence]:
    """Endless inferences, `rate` events a second: each begins, may need a review, and completes or fails."""
    dice = Random(seed)  # noqa: S311 - a story, not a secret
    waiting: list[tuple[float, int, Occurrence]] = []
    order = count()
    at = 0.0
    for number in count(1):
        at += dice.expovariate(rate / EVENTS_EACH)
        while waiting and waiting[0][0] <= at:
            yield heapq.heappop(waiting)[2]
        statuses = ["running", *(["needs_review"] if dice.random() < REVIEWED else []), _end(dice)]
        data: dict[str, Any] = {
            "inference_id": f"c{seed}-{number:06d}",
            "model": {"name": model(dice.randrange(models(rate))), "version": "1"},
            **({"requester": {"slack_id": asker}} if dice.random() < ASKED else {}),
        }
        when = at
        for step, status in enumerate(statuses):
            heapq.heappush(waiting, (when, next(order), _occurrence(when, step, {**data, "status": status})))
            when += dice.uniform(0.02, 1.5)


def _end(dice: Random) -> str:
    return "failed" if dice.random() < 0.4 else "completed"  # noqa: PLR2004 - failures are what channels want


def _occurrence(at: float, step: int, data: dict[str, Any]) -> Occurrence:
    key = data["inference_id"]
    return Occurrence(at=at, id=f"{key}-{step}", key=key, data={**data, "title": f"{key}, step {step}"})


@dataclass(slots=True)
class Load:
    """Publishes, and remembers. `published` is by event id; `doubtful` are ids that Kafka did not acknowledge."""

    published: dict[str, Published] = field(default_factory=dict)
    doubtful: set[str] = field(default_factory=set)
    _under_way: set[asyncio.Task[None]] = field(default_factory=set)

    async def publish(self, kafka: AIOKafkaProducer, topic: str, occurrences: Iterator[Occurrence]) -> None:
        """Publish each at its time until cancelled; what is under way then is finished by `finish`."""
        begin = time.monotonic()
        room = asyncio.Semaphore(UNANSWERED)
        for one in occurrences:
            if (early := one.at - (time.monotonic() - begin)) > 0:
                await asyncio.sleep(early)
            await room.acquire()
            self.doubtful.add(one.id)
            sent = await kafka.send(
                topic, one.cloudevent(datetime.now(UTC)), key=one.key.encode(), headers=[CLOUDEVENTS]
            )
            task = asyncio.create_task(self._acknowledged(one, time.time(), sent), name=f"acknowledgement of {one.id}")
            self._under_way.add(task)
            task.add_done_callback(self._under_way.discard)
            task.add_done_callback(lambda _: room.release())

    async def _acknowledged(self, one: Occurrence, at: float, sent: "asyncio.Future[Any]") -> None:
        try:
            record = await sent
        except KafkaError:
            return
        self.published[one.id] = Published(
            id=one.id, key=one.key, data=one.data, at=at, partition=record.partition, offset=record.offset
        )
        self.doubtful.discard(one.id)

    def known(self) -> Iterable[str]:
        """The ids of all events that may be in Kafka."""
        return chain(self.published, self.doubtful)

    async def finish(self, seconds: float) -> None:
        """Wait for the acknowledgements under way, `seconds` at most."""
        if self._under_way:
            await asyncio.wait(self._under_way, timeout=seconds)
        for task in list(self._under_way):
            task.cancel()
        await asyncio.gather(*self._under_way, return_exceptions=True)
