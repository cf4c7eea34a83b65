"""Dispatch does what its gate says, on a real outbox."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace

import orjson
import pytest
from aiokafka import AIOKafkaProducer
from redis.asyncio import Redis
from structlog.testing import capture_logs

from bot.core.cloudevent import encode
from bot.core.delivery import Lane
from bot.core.destination import Destination, SlackChannel
from bot.core.errors import UnavailableError
from bot.core.pressure import Held
from bot.core.routing import Router
from bot.ports.gate import Ended, Let, Verdict, Wait
from bot.ports.outbox import Arrival
from bot.ports.outlet import Item
from bot.stores.deadletters import KafkaDeadLetters
from bot.stores.keys import Keys
from bot.stores.outbox import RedisOutbox
from bot.telemetry import Metrics
from bot.wiring.stores import now_ms
from consumers.dispatch import LOOK_AGAIN, UNANSWERED, Dispatch
from tests.walk.parts import FarSide, event, eventually, records, service, subscription

CHANNEL = SlackChannel(team="T1", channel="C1")
HOUR = 3_600_000
AGE = 48 * HOUR


@dataclass
class Keeper:
    """A gate that answers as told, in order, then lets everything through; keeps what it was asked."""

    answers: list[Verdict | UnavailableError] = field(default_factory=list)
    asked: list[list[str]] = field(default_factory=list)

    async def ask(self, lane: Lane, destination: Destination, items: Sequence[Item], *, now: int) -> Verdict:
        assert (lane, destination) == ("slack/T1/C1", CHANNEL)
        assert abs(now - now_ms()) < HOUR
        self.asked.append([item.event.id for item in items])
        answer = self.answers.pop(0) if self.answers else Let(count=len(items))
        if isinstance(answer, UnavailableError):
            raise answer
        return answer


class Apart:
    """Says that nothing belongs together; the first time it can't tell."""

    def __init__(self) -> None:
        self.times = 0

    async def __call__(self, place: Destination, items: Sequence[Item]) -> Sequence[Item]:
        assert place == CHANNEL
        assert items
        self.times += 1
        if self.times == 1:
            raise UnavailableError("Redis is away")
        return items[:1]


@asynccontextmanager
async def dispatching(
    outbox: RedisOutbox,
    slack: FarSide,
    dead: KafkaDeadLetters,
    gate: Keeper,
    together: Apart | None = None,
    interval: int = 0,
) -> AsyncIterator[Metrics]:
    metrics = Metrics()
    dispatch = Dispatch(
        outbox,
        {"slack": replace(service(slack, interval=interval), together=together)},
        dead,
        metrics,
        name="test",
        workers=4,
        age=AGE,
        clock=now_ms,
        dice=lambda: 0.5,
        gate=gate,
    )
    stop = asyncio.Event()
    task = asyncio.create_task(dispatch.run(stop, drain=5))
    try:
        yield metrics
    finally:
        stop.set()
        await task


@pytest.fixture
def dead(kafka: AIOKafkaProducer, topic: str) -> KafkaDeadLetters:
    return KafkaDeadLetters(kafka, topic)


async def fill(outbox: RedisOutbox, count: int) -> None:
    router = Router([subscription("one", CHANNEL)])
    made = [event(number) for number in range(count)]
    arrivals = [
        Arrival(offset=offset, key=one.key, body=encode(one), routed=router.route(one))
        for offset, one in enumerate(made)
    ]
    await outbox.append("events", 0, arrivals, version=0, read_from=None)


async def empty(outbox: RedisOutbox) -> bool:
    return (await outbox.state()).deliveries == 0


async def test_only_those_that_are_let_are_sent_and_the_rest_is_asked_for_again(
    outbox: RedisOutbox, dead: KafkaDeadLetters
) -> None:
    slack, gate = FarSide(), Keeper([Let(count=2)])
    await fill(outbox, 3)
    async with dispatching(outbox, slack, dead, gate):
        await eventually(lambda: empty(outbox))
    assert slack.ids == [["e0", "e1"], ["e2"]]
    assert gate.asked == [["e0", "e1", "e2"], ["e2"]]
    assert all(item.delivery.doubt is None for parcel in slack.parcels for item in parcel.items)


@pytest.mark.parametrize(
    ("until", "expected"), [(None, LOOK_AGAIN), (2 * HOUR, 2 * HOUR), (60 * HOUR, AGE)], ids=["nobody", "soon", "late"]
)
async def test_a_lane_that_waits_is_due_when_it_may_be_sent_or_has_to_be_looked_at(
    outbox: RedisOutbox, dead: KafkaDeadLetters, until: int | None, expected: int, redis: Redis, keys: Keys
) -> None:
    began = now_ms()
    slack, gate = FarSide(), Keeper([Wait(until=None if until is None else began + until)])
    await fill(outbox, 1)
    async with dispatching(outbox, slack, dead, gate, interval=HOUR) as metrics:
        await eventually(lambda: bool(gate.asked))

    (found,) = await redis.zrange(keys.due, 0, 0, withscores=True)
    assert 0 <= int(found[1]) - began - expected < HOUR / 2
    assert (slack.parcels, len(gate.asked)) == ([], 1)
    assert not await redis.exists(keys.pace("slack/T1/C1"))  # type: ignore[arg-type] # a destination's name
    assert "tidings_deliveries_settled_total{" not in str(list(metrics.deliveries_settled.collect()))


async def test_a_gate_that_can_not_answer_is_asked_again_in_a_second(
    outbox: RedisOutbox, dead: KafkaDeadLetters
) -> None:
    slack, gate = FarSide(), Keeper([UnavailableError("Redis is away")])
    await fill(outbox, 1)
    began = now_ms()
    with capture_logs() as logs:
        async with dispatching(outbox, slack, dead, gate):
            await eventually(lambda: empty(outbox))
    assert [entry["why"] for entry in logs if entry["event"] == "gate_unanswered"] == ["Redis is away"]
    assert now_ms() - began >= UNANSWERED
    ((item,),) = (parcel.items for parcel in slack.parcels)
    assert (item.delivery.attempts, item.delivery.doubt) == (0, None)


async def test_what_nobody_wants_any_more_is_buried_and_counted(
    outbox: RedisOutbox, dead: KafkaDeadLetters, kafka_address: str, topic: str
) -> None:
    slack, gate = FarSide(), Keeper([Ended(count=2)])
    await fill(outbox, 3)
    async with dispatching(outbox, slack, dead, gate) as metrics:
        await eventually(lambda: empty(outbox))
    assert slack.ids == [["e2"]]
    letters = [orjson.loads(one.value) for one in await records(kafka_address, topic, 2)]
    assert [one["reason"] for one in letters] == ["its subscription was ended"] * 2
    assert metrics.deliveries_settled.labels("slack", "bury")._value.get() == 2


async def test_what_does_not_belong_together_is_sent_apart(outbox: RedisOutbox, dead: KafkaDeadLetters) -> None:
    slack, gate = FarSide(), Keeper()
    await fill(outbox, 2)
    async with dispatching(outbox, slack, dead, gate, Apart()):
        await eventually(lambda: empty(outbox))
    assert slack.ids == [["e0"], ["e1"]]
    first = slack.parcels[0].items[0].delivery
    assert [attempt.reason for attempt in first.history] == ["could not tell what belongs together: Redis is away"]


async def test_what_a_window_held_back_belongs_together_whatever_cards_there_are(
    outbox: RedisOutbox, dead: KafkaDeadLetters
) -> None:
    window = Held(kind="hourly", opens="13:00", closes="14:00", end=1_782_907_200_000)
    slack, gate, apart = FarSide(), Keeper([Let(count=2, held=window)]), Apart()
    await fill(outbox, 2)
    async with dispatching(outbox, slack, dead, gate, apart):
        await eventually(lambda: empty(outbox))
    assert slack.ids == [["e0", "e1"]]
    assert apart.times == 0
