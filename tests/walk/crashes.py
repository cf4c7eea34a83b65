"""A process whose calls to the outside are numbered, so that it can be killed before or after any of them."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from inspect import iscoroutinefunction
from typing import Any, TypeVar

import httpx
from aiokafka import AIOKafkaConsumer, TopicPartition

from bot.outlets.slack.web import Reply, SlackWeb
from consumers.kafka import Record, Start
from consumers.offsets import Bounds

T = TypeVar("T")
Noted = Callable[[str, tuple[Any, ...], Any], None]


class Crash(BaseException):
    """The process is gone. No `except Exception` catches it, and what runs on its way up reaches nobody."""


@dataclass
class Life:
    """One process, from its start to the call that it dies at: before it, or when it was answered but not told yet.

    Dead, it reaches nobody any more: every later call fails, too. `noted` sees each answer that the outside gave.
    """

    noted: Noted
    dies_at: int = 0
    before: bool = False
    calls: list[str] = field(default_factory=list)
    dead: bool = False

    async def call(self, name: str, real: Callable[[], Awaitable[T]], args: tuple[Any, ...] = ()) -> T:
        if self.dead:
            raise Crash(name)
        self.calls.append(name)
        number = len(self.calls)
        self._die(number, before=True)
        answer = await real()
        self.noted(name, args, answer)
        self._die(number, before=False)
        return answer

    def _die(self, number: int, *, before: bool) -> None:
        if (number, before) == (self.dies_at, self.before):
            self.dead = True
            raise Crash(f"{'before' if before else 'after'} {self.calls[number - 1]}")


class Outside:
    """A port whose every coroutine is a call to the outside."""

    def __init__(self, life: Life, name: str, real: Any) -> None:
        self._life = life
        self._name = name
        self._real = real

    def __getattr__(self, method: str) -> Any:
        real = getattr(self._real, method)
        if not iscoroutinefunction(real):
            return real

        async def call(*args: Any, **kwargs: Any) -> Any:
            return await self._life.call(f"{self._name}.{method}", partial(real, *args, **kwargs), args)

        return call


class CrashingSlackWeb(SlackWeb):
    """Each request to Slack is a call to the outside; after it, Slack has the message and we never hear of it."""

    def __init__(self, life: Life, url: str) -> None:
        super().__init__(url)
        self._life = life

    async def ask(self, call: Any) -> Reply:
        try:
            return await self._life.call("slack.http", lambda: super(CrashingSlackWeb, self).ask(call))
        finally:
            call.close()


class CrashingTransport(httpx.AsyncBaseTransport):
    """As `CrashingSlackWeb`, for webhooks."""

    def __init__(self, life: Life, real: httpx.AsyncBaseTransport) -> None:
        self._life = life
        self._real = real

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        answers: list[httpx.Response] = []

        async def post() -> httpx.Response:
            answers.append(await self._real.handle_async_request(request))
            return answers[0]

        try:
            return await self._life.call("webhook.http", post)
        except Crash:
            for answer in answers:
                await answer.aclose()
            raise


class Seat:
    """The port `Source` on one consumer that many lives use, one after the other: joining a group takes its time.

    It reads one partition up to `end`; `done` is called with the last batch.
    """

    def __init__(
        self, life: Life, consumer: AIOKafkaConsumer, place: tuple[str, int], end: int, done: Callable[[], None]
    ) -> None:
        self._life = life
        self._consumer = consumer
        self._place = TopicPartition(*place)
        self._end = end
        self._done = done

    async def bounds(self, *_: Any) -> Bounds:
        return Bounds(beginning=0, end=self._end, committed=await self._consumer.committed(self._place))

    async def batches(self, start: Start) -> AsyncIterator[Sequence[Record]]:
        offset = await start(self._place.topic, self._place.partition)
        assert offset is not None
        self._consumer.seek(self._place, offset)
        while await self._consumer.position(self._place) < self._end:
            fetched = await self._consumer.getmany(self._place, timeout_ms=100)
            batch = [_record(message) for message in fetched.get(self._place, ())]
            if batch:
                await self._life.call("source.batch", _nothing)
                if batch[-1].offset == self._end - 1:
                    self._done()
                yield batch
        self._done()
        yield ()

    def assignment(self) -> list[tuple[str, int]]:
        return [(self._place.topic, self._place.partition)]

    def lag(self, *_: Any) -> int | None:
        return None

    async def rewind(self, *_: Any) -> None:
        raise AssertionError("Redis never goes back in these stories")

    async def commit(self, offsets: Mapping[tuple[str, int], int]) -> bool:
        moved = {TopicPartition(*place): offset for place, offset in offsets.items()}
        if moved:
            await self._life.call("source.commit", lambda: self._consumer.commit(moved), (offsets,))
        return True


async def _nothing() -> None:
    """What reading a batch does to the outside."""


def _record(message: Any) -> Record:
    return Record(
        topic=message.topic,
        partition=message.partition,
        offset=message.offset,
        timestamp=message.timestamp,
        value=message.value,
        headers=tuple(message.headers),
    )
