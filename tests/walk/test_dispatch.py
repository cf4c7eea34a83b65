"""Dispatch on a real outbox; the far side answers as told."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from itertools import count
from typing import Any

import orjson
import pytest
from aiokafka import AIOKafkaProducer
from opentelemetry.trace import INVALID_SPAN, NoOpTracer, Span
from redis.asyncio import Redis

from bot.core.cloudevent import encode
from bot.core.delivery import (
    Asked,
    Attempt,
    DeliveryId,
    Failed,
    Outcome,
    Paced,
    Refused,
    Retry,
    Scope,
    Sent,
    Step,
    Throttled,
    Unknown,
)
from bot.core.destination import Destination, InstallationId, SlackChannel, Webhook, destination_id
from bot.core.event import Event
from bot.core.routing import Router
from bot.core.window import SLOW, WIDEST
from bot.ports.outbox import Arrival
from bot.ports.outlet import Parcel, Service
from bot.stores.deadletters import KafkaDeadLetters
from bot.stores.keys import Keys
from bot.stores.outbox import Limits, RedisOutbox
from bot.telemetry import Metrics
from bot.wiring.stores import now_ms
from consumers.dispatch import Dispatch
from tests.walk.parts import FarSide, event, eventually, records, service, subscription

CHANNEL = SlackChannel(team="T1", channel="C1")
TEAM = InstallationId("slack/T1")
OTHER = SlackChannel(team="T1", channel="C2")
HOOK = Webhook(team="T1", url="https://example.com/hook")

Fill = Callable[..., "asyncio.Future[None]"]


@pytest.fixture
def outbox(redis: Redis, keys: Keys) -> RedisOutbox:
    return RedisOutbox(redis, keys, Limits(lease=30_000))


class Filler:
    def __init__(self, outbox: RedisOutbox) -> None:
        self._outbox = outbox
        self._offsets = count()

    async def __call__(self, *events: Event, to: tuple[Destination, ...]) -> None:
        router = Router([subscription(f"s{number}", place) for number, place in enumerate(to)])
        arrivals = [
            Arrival(offset=next(self._offsets), key=one.key, body=encode(one), routed=router.route(one))
            for one in events
        ]
        await self._outbox.append("events", 0, arrivals, version=0, read_from=None)


@pytest.fixture
def fill(outbox: RedisOutbox) -> Filler:
    return Filler(outbox)


@pytest.fixture
def metrics() -> Metrics:
    return Metrics()


@asynccontextmanager
async def dispatching(
    outbox: RedisOutbox,
    services: Mapping[str, Service],
    dead_letters: KafkaDeadLetters,
    metrics: Metrics,
    *,
    workers: int = 8,
    age: int = 3_600_000,
    drain: float = 5,
) -> AsyncIterator[Dispatch]:
    dispatch = Dispatch(
        outbox, services, dead_letters, metrics, name="test", workers=workers, age=age, clock=now_ms, dice=lambda: 0.5
    )
    stop = asyncio.Event()
    task = asyncio.create_task(dispatch.run(stop, drain=drain))
    try:
        yield dispatch
    finally:
        stop.set()
        await task


@pytest.fixture
def dead_letters(kafka: AIOKafkaProducer, topic: str) -> KafkaDeadLetters:
    return KafkaDeadLetters(kafka, topic)


async def empty(outbox: RedisOutbox) -> bool:
    return (await outbox.state()).deliveries == 0


async def test_a_run_of_deliveries_is_merged_into_one_parcel_in_order(
    outbox: RedisOutbox, fill: Filler, dead_letters: KafkaDeadLetters, metrics: Metrics
) -> None:
    slack = FarSide()
    await fill(*map(event, range(4)), to=(CHANNEL,))
    async with dispatching(outbox, {"slack": service(slack)}, dead_letters, metrics):
        await eventually(lambda: empty(outbox))
    assert slack.ids == [["e0", "e1", "e2", "e3"]]
    assert slack.parcels[0].destination == CHANNEL
    assert metrics.deliveries_settled.labels("slack", "done")._value.get() == 4


async def test_what_does_not_fit_goes_into_the_next_parcel(
    outbox: RedisOutbox, fill: Filler, dead_letters: KafkaDeadLetters, metrics: Metrics
) -> None:
    slack = FarSide()
    await fill(*map(event, range(5)), to=(CHANNEL,))
    async with dispatching(outbox, {"slack": service(slack, fit=2)}, dead_letters, metrics):
        await eventually(lambda: empty(outbox))
    assert slack.ids == [["e0", "e1"], ["e2", "e3"], ["e4"]]
    assert all(item.delivery.doubt is None for parcel in slack.parcels for item in parcel.items)


async def test_a_webhook_gets_one_event_a_request_and_each_inference_in_order(
    outbox: RedisOutbox, fill: Filler, dead_letters: KafkaDeadLetters, metrics: Metrics
) -> None:
    hook = FarSide()
    await fill(*(event(number, inference=f"i{number % 5}") for number in range(60)), to=(HOOK,))
    async with dispatching(outbox, {"webhook": service(hook, turn=4)}, dead_letters, metrics):
        await eventually(lambda: empty(outbox))
    assert all(len(ids) == 1 for ids in hook.ids)
    assert {key: [int(one[1:]) for one in ids] for key, ids in hook.by_inference().items()} == {
        f"i{key}": list(range(key, 60, 5)) for key in range(5)
    }


async def test_an_event_appended_while_a_worker_waits_goes_out_without_polling(
    outbox: RedisOutbox, fill: Filler, dead_letters: KafkaDeadLetters, metrics: Metrics
) -> None:
    slack = FarSide()
    async with dispatching(outbox, {"slack": service(slack)}, dead_letters, metrics):
        await fill(event(1), to=(CHANNEL,))
        await asyncio.wait_for(slack.entered.wait(), 5)
        await eventually(lambda: empty(outbox))
    assert slack.ids == [["e1"]]


@pytest.mark.parametrize(("outcome", "doubtful"), [(Failed(reason="502"), False), (Unknown(reason="reply lost"), True)])
async def test_a_failed_attempt_is_tried_again_before_anything_later(
    outbox: RedisOutbox,
    fill: Filler,
    dead_letters: KafkaDeadLetters,
    metrics: Metrics,
    outcome: Outcome,
    *,
    doubtful: bool,
) -> None:
    hook = FarSide(outcomes=[outcome])
    await fill(event(0, inference="i"), event(1, inference="i"), to=(HOOK,))
    async with dispatching(outbox, {"webhook": service(hook)}, dead_letters, metrics):
        await eventually(lambda: empty(outbox))
    assert hook.ids == [["e0"], ["e0"], ["e1"]]
    again = hook.parcels[1].items[0].delivery
    assert again.attempts == 1
    assert (again.doubt is not None) is doubtful
    assert again.id == hook.parcels[0].items[0].delivery.id


async def test_a_throttled_delivery_waits_and_costs_no_attempt(
    outbox: RedisOutbox, fill: Filler, dead_letters: KafkaDeadLetters, metrics: Metrics
) -> None:
    slack = FarSide(outcomes=[Throttled(after=60_000, scope=Scope.INSTALLATION)])
    await fill(event(0), to=(CHANNEL,))
    async with dispatching(outbox, {"slack": service(slack)}, dead_letters, metrics):
        await asyncio.wait_for(slack.entered.wait(), 5)

        async def put_off() -> bool:
            due = await outbox.next_due()
            return due is not None and due > now_ms() + 50_000

        await eventually(put_off)
        await fill(event(1), to=(OTHER,))

        async def other_put_off_too() -> bool:
            state = await outbox.state()
            return (state.lanes, state.held) == (2, 0)

        await eventually(other_put_off_too)
    assert slack.ids == [["e0"]]


async def test_a_lane_whose_turn_comes_later_waits_for_it_and_not_for_the_pace_of_what_was_sent(
    outbox: RedisOutbox, fill: Filler, dead_letters: KafkaDeadLetters, metrics: Metrics
) -> None:
    began = now_ms()
    slack = FarSide(outcomes=[Paced(until=began + 300), Paced(until=began + 600)])
    await fill(event(0), to=(CHANNEL,))
    async with dispatching(outbox, {"slack": service(slack, interval=60_000, turn=1)}, dead_letters, metrics):
        await eventually(lambda: empty(outbox))
    assert slack.ids == [["e0"]] * 3
    assert now_ms() >= began + 600
    assert metrics.registry.get_sample_value("tidings_attempt_seconds_count", {"outlet": "slack"}) == 1
    assert metrics.registry.get_sample_value("tidings_paced_seconds_count", {"outlet": "slack"}) == 2


async def test_a_turn_that_comes_later_is_no_attempt_and_leaves_what_is_in_doubt_in_doubt(
    outbox: RedisOutbox, fill: Filler, dead_letters: KafkaDeadLetters, metrics: Metrics
) -> None:
    slack = FarSide(outcomes=[Paced(until=0), Unknown(reason="lost"), Paced(until=0), Paced(until=0)])
    await fill(event(0), to=(CHANNEL,))
    async with dispatching(outbox, {"slack": service(slack)}, dead_letters, metrics):
        await eventually(lambda: empty(outbox))
    sure, tried, *doubted = (parcel.items[0].delivery for parcel in slack.parcels)
    assert sure == tried
    assert (sure.attempts, sure.doubt, sure.history) == (0, None, ())
    assert len(doubted) == 3
    assert doubted[0].doubt is not None
    assert (doubted[0].attempts, doubted[1:]) == (1, [doubted[0]] * 2)


async def test_a_run_that_is_refused_together_needs_no_other_turn_to_go_alone(
    outbox: RedisOutbox, fill: Filler, dead_letters: KafkaDeadLetters, metrics: Metrics
) -> None:
    slack = FarSide(outcomes=[Refused(reason="too long")])
    await fill(event(0), event(1), to=(CHANNEL,))
    async with dispatching(outbox, {"slack": service(slack)}, dead_letters, metrics):
        await eventually(lambda: empty(outbox))
    assert slack.ids[:2] == [["e0", "e1"], ["e0"]]
    assert [parcel.paid for parcel in slack.parcels[:3]] == [False, True, False]


async def test_a_delivery_that_is_refused_is_buried_with_its_history_and_the_next_goes_on(
    outbox: RedisOutbox, fill: Filler, dead_letters: KafkaDeadLetters, metrics: Metrics, kafka_address: str, topic: str
) -> None:
    hook = FarSide(outcomes=[Failed(reason="first"), Refused(reason="too long")])
    await fill(event(0, inference="i"), event(1, inference="i"), to=(HOOK,))
    async with dispatching(outbox, {"webhook": service(hook)}, dead_letters, metrics):
        await eventually(lambda: empty(outbox))
    assert hook.ids == [["e0"], ["e0"], ["e1"]]
    (record,) = await records(kafka_address, topic, 1)
    letter = orjson.loads(record.value)
    assert dict(record.headers) == {"tidings-kind": b"buried", "tidings-reason": b"too long"}
    assert (letter["reason"], letter["destination"]) == ("too long", destination_id(HOOK))
    assert [(one["outcome"], one["reason"]) for one in letter["attempts"]] == [
        ("failed", "first"),
        ("refused", "too long"),
    ]
    assert letter["event"]["id"] == "e0"
    assert record.key == letter["delivery"].encode()


async def test_what_is_asked_about_lets_the_lane_go_on_and_has_a_copy_among_the_dead_letters(
    outbox: RedisOutbox, fill: Filler, dead_letters: KafkaDeadLetters, metrics: Metrics, kafka_address: str, topic: str
) -> None:
    slack = FarSide(outcomes=[Unknown(reason="reply lost"), Asked(reference="C1/1.2", reason="missing_scope")])
    await fill(event(0), to=(CHANNEL,))
    async with dispatching(outbox, {"slack": service(slack)}, dead_letters, metrics):
        await eventually(lambda: empty(outbox))
        await fill(event(1), to=(CHANNEL,))
        await eventually(lambda: empty(outbox))
        (asked,) = slack.parcels[0].items
        assert slack.ids == [["e0"], ["e0"], ["e1"]]
        assert (await outbox.show(TEAM, [asked.delivery.id])).shown == 1
        await eventually(lambda: empty(outbox))
    assert slack.ids[-1] == ["e0"]
    assert slack.parcels[-1].items[0].delivery.doubt is None
    (record,) = await records(kafka_address, topic, 1)
    letter = orjson.loads(record.value)
    assert letter["reason"] == "may have been shown already, and waits for a click: missing_scope"
    assert [one["outcome"] for one in letter["attempts"]] == ["unknown", "asked"]
    assert letter["event"]["id"] == "e0"
    assert metrics.deliveries_settled.labels("slack", "ask")._value.get() == 1


async def test_what_is_in_doubt_goes_by_itself(
    outbox: RedisOutbox, fill: Filler, dead_letters: KafkaDeadLetters, metrics: Metrics
) -> None:
    slack = FarSide(outcomes=[Unknown(reason="reply lost")])
    await fill(event(0), event(1), to=(CHANNEL,))
    (leased,) = (await outbox.lease("gone", lanes=1, kinds=["slack"])).lanes
    await fill(event(2), event(3), to=(CHANNEL,))
    steps: dict[DeliveryId, Step | None] = {
        delivery.id: Retry(at=0, attempt=Attempt(at=0, outcome="unknown"), doubt=True)
        for delivery, _ in leased.deliveries
    }
    await outbox.settle(leased, steps, due=0)
    async with dispatching(outbox, {"slack": service(slack)}, dead_letters, metrics):
        await eventually(lambda: empty(outbox))
    assert slack.ids == [["e0", "e1"], ["e0", "e1"], ["e2", "e3"]]


async def test_items_refused_together_are_tried_alone(
    outbox: RedisOutbox, fill: Filler, dead_letters: KafkaDeadLetters, metrics: Metrics, kafka_address: str, topic: str
) -> None:
    slack = FarSide(outcomes=[Refused(reason="invalid_blocks"), Refused(reason="invalid_blocks")])
    await fill(event(0), event(1), to=(CHANNEL,))
    async with dispatching(outbox, {"slack": service(slack)}, dead_letters, metrics):
        await eventually(lambda: empty(outbox))
    assert slack.ids == [["e0", "e1"], ["e0"], ["e1"]]
    (record,) = await records(kafka_address, topic, 1)
    assert orjson.loads(record.value)["event"]["id"] == "e0"


async def test_a_destination_that_is_gone_is_paused_and_keeps_its_deliveries(
    outbox: RedisOutbox, fill: Filler, dead_letters: KafkaDeadLetters, metrics: Metrics
) -> None:
    slack = FarSide(outcomes=[Refused(reason="is_archived", scope=Scope.DESTINATION)])
    await fill(event(0), to=(CHANNEL,))
    async with dispatching(outbox, {"slack": service(slack)}, dead_letters, metrics):

        async def paused() -> bool:
            return await outbox.paused() == {destination_id(CHANNEL): "is_archived"}

        await eventually(paused)
        assert (await outbox.state()).deliveries == 1
        await outbox.resume(destination_id(CHANNEL))
        await eventually(lambda: empty(outbox))
    assert slack.ids == [["e0"], ["e0"]]


async def test_what_waited_too_long_is_given_up_unsent_and_counted_and_the_rest_is_sent(
    outbox: RedisOutbox, fill: Filler, dead_letters: KafkaDeadLetters, metrics: Metrics, kafka_address: str, topic: str
) -> None:
    slack = FarSide()
    outbox.now = now_ms() - 7_200_000
    await fill(event(0), event(1), to=(CHANNEL,))
    outbox.now = None
    await fill(event(2), to=(CHANNEL,))
    async with dispatching(outbox, {"slack": service(slack)}, dead_letters, metrics):
        await eventually(lambda: empty(outbox))
    assert slack.ids == [["e2"]]
    buried = [orjson.loads(record.value) for record in await records(kafka_address, topic, 2)]
    assert [one["event"]["id"] for one in buried] == ["e0", "e1"]
    assert {one["reason"] for one in buried} == {"expired: it waited longer than 1 h"}
    assert metrics.deliveries_expired.labels("slack")._value.get() == 2


async def test_a_slow_far_side_delays_no_other_lane(
    outbox: RedisOutbox, fill: Filler, dead_letters: KafkaDeadLetters, metrics: Metrics
) -> None:
    slow, quick = FarSide(gate=asyncio.Event()), FarSide()
    await fill(event(0), to=(HOOK,))
    await fill(event(1), to=(CHANNEL,))
    services = {"webhook": service(slow), "slack": service(quick)}
    async with dispatching(outbox, services, dead_letters, metrics, workers=2):
        await asyncio.wait_for(slow.entered.wait(), 5)
        await fill(event(2), to=(CHANNEL,))
        await eventually(lambda: quick.ids == [["e1"], ["e2"]])
        assert slow.gate is not None
        slow.gate.set()
        await eventually(lambda: empty(outbox))


HANGING = tuple(Webhook(team="T1", url=f"https://example.com/hangs/{number}") for number in range(5))


class PartlyHanging(FarSide):
    """Holds every request of some destinations until the gate opens; answers all others at once."""

    def __init__(self) -> None:
        super().__init__(gate=asyncio.Event())
        self.held: list[Destination] = []
        self.quick: list[str] = []

    async def send(self, parcel: Parcel) -> Outcome:
        if parcel.destination not in HANGING:
            self.quick += [item.event.id for item in parcel.items]
            return Sent(reference="204")
        self.held.append(parcel.destination)
        assert self.gate is not None
        await self.gate.wait()
        return Sent(reference="204")


async def test_destinations_that_hang_leave_workers_for_the_others(
    outbox: RedisOutbox, fill: Filler, dead_letters: KafkaDeadLetters, metrics: Metrics
) -> None:
    far_side = PartlyHanging()
    services = {"webhook": service(far_side), "slack": service(far_side)}
    await fill(*map(event, range(200)), to=HANGING)
    async with dispatching(outbox, services, dead_letters, metrics, workers=8) as dispatch:
        await eventually(lambda: len(far_side.held) == 5)
        await fill(*map(event, range(1_000, 1_050)), to=(HOOK, CHANNEL))
        await eventually(lambda: len(far_side.quick) == 100)
        assert sorted(map(destination_id, far_side.held)) == sorted(map(destination_id, HANGING))
        assert all(dispatch._windows[destination_id(place)].size == 1 for place in HANGING)
        assert far_side.gate is not None
        far_side.gate.set()
        await eventually(lambda: empty(outbox))


async def test_destinations_known_to_hang_get_half_of_the_workers(
    redis: Redis, keys: Keys, dead_letters: KafkaDeadLetters, metrics: Metrics
) -> None:
    outbox = RedisOutbox(redis, keys, Limits(lease=30_000))
    fill, far_side = Filler(outbox), PartlyHanging()
    services = {"webhook": service(far_side), "slack": service(far_side)}
    async with dispatching(outbox, services, dead_letters, metrics, workers=4) as dispatch:
        for place in HANGING:
            dispatch._windows.learn(destination_id(place), Unknown(reason="no answer"), SLOW)
        await fill(*map(event, range(50)), to=HANGING)
        await eventually(lambda: len(far_side.held) == 2)
        await fill(*map(event, range(1_000, 1_050)), to=(HOOK,))
        await eventually(lambda: len(far_side.quick) == 50)
        assert len(far_side.held) == 2
        assert far_side.gate is not None
        far_side.gate.set()
        await eventually(lambda: empty(outbox))


async def test_a_destination_that_answers_gets_wider_until_all_its_shards_are_under_way(
    outbox: RedisOutbox, fill: Filler, dead_letters: KafkaDeadLetters, metrics: Metrics
) -> None:
    hook = FarSide()
    await fill(*map(event, range(300)), to=(HOOK,))
    async with dispatching(outbox, {"webhook": service(hook)}, dead_letters, metrics, workers=8) as dispatch:
        await eventually(lambda: empty(outbox))
        assert dispatch._windows[destination_id(HOOK)].size == WIDEST
        hook.gate = asyncio.Event()
        seen = len(hook.parcels)
        await fill(*map(event, range(300, 400)), to=(HOOK,))
        await eventually(lambda: len(hook.parcels) == seen + 8)
        hook.gate.set()
        await eventually(lambda: empty(outbox))
        await eventually(lambda: dispatch._windows[destination_id(HOOK)].open == 0)


async def test_an_installation_that_is_broken_halts_all_its_destinations(
    outbox: RedisOutbox, fill: Filler, dead_letters: KafkaDeadLetters, metrics: Metrics
) -> None:
    slack = FarSide(outcomes=[Refused(reason="token_revoked", scope=Scope.INSTALLATION)])
    await fill(event(0), to=(CHANNEL,))
    async with dispatching(outbox, {"slack": service(slack)}, dead_letters, metrics):

        async def halted() -> bool:
            return await outbox.paused() == {TEAM: "token_revoked"}

        await eventually(halted)
        await fill(event(1), to=(CHANNEL, OTHER))
        assert (await outbox.state()).halted == 1
        assert slack.ids == [["e0"]]
        assert await outbox.resume(TEAM) == 2
        await eventually(lambda: empty(outbox))
    assert sorted(name for ids in slack.ids[1:] for name in ids) == ["e0", "e1", "e1"]


async def test_a_long_backlog_gives_its_lane_back_after_a_turn(
    outbox: RedisOutbox, fill: Filler, dead_letters: KafkaDeadLetters, metrics: Metrics
) -> None:
    slack = FarSide()
    await fill(*map(event, range(30)), to=(CHANNEL,))
    await fill(event(100), to=(OTHER,))
    async with dispatching(outbox, {"slack": service(slack, fit=1, turn=2)}, dead_letters, metrics, workers=1):
        await eventually(lambda: empty(outbox))
    assert slack.ids.index(["e100"]) <= 2 * 2


async def test_ten_thousand_waiting_deliveries_delay_another_lane_by_no_more_than_a_turn(
    outbox: RedisOutbox, fill: Filler, dead_letters: KafkaDeadLetters, metrics: Metrics
) -> None:
    slack = FarSide(gate=asyncio.Event())
    for start in range(0, 10_000, 500):
        await fill(*map(event, range(start, start + 500)), to=(CHANNEL,))
    async with dispatching(outbox, {"slack": service(slack, fit=1, turn=16)}, dead_letters, metrics, workers=1):
        await slack.entered.wait()
        await fill(event(10_000), to=(OTHER,))
        assert slack.gate is not None
        slack.gate.set()
        await eventually(lambda: ["e10000"] in slack.ids)
    assert slack.ids.index(["e10000"]) <= 16
    assert (await outbox.state()).deliveries > 9_000


async def test_stopping_finishes_what_was_begun_and_leaves_the_rest(
    outbox: RedisOutbox, fill: Filler, dead_letters: KafkaDeadLetters, metrics: Metrics
) -> None:
    hook = FarSide(gate=asyncio.Event())
    await fill(event(0, inference="i"), event(1, inference="i"), to=(HOOK,))
    async with dispatching(outbox, {"webhook": service(hook)}, dead_letters, metrics):
        await asyncio.wait_for(hook.entered.wait(), 5)
        assert hook.gate is not None
        asyncio.get_running_loop().call_soon(hook.gate.set)
    assert hook.ids == [["e0"]]
    state = await outbox.state()
    assert (state.deliveries, state.held) == (1, 0)


async def test_what_a_drain_cuts_off_is_in_doubt_for_the_next_holder(
    redis: Redis, keys: Keys, dead_letters: KafkaDeadLetters, metrics: Metrics
) -> None:
    outbox = RedisOutbox(redis, keys, Limits(lease=5_100))
    hook = FarSide(gate=asyncio.Event())
    await Filler(outbox)(event(0), to=(HOOK,))
    async with dispatching(outbox, {"webhook": service(hook)}, dead_letters, metrics, drain=0):
        await asyncio.wait_for(hook.entered.wait(), 5)
    assert (await outbox.state()).held == 1
    outbox.now = now_ms() + 6_000
    taken = await outbox.lease("next", lanes=1, kinds=["webhook"])
    assert taken.expired == 1
    assert taken.lanes[0].deliveries[0][0].doubt is not None


async def test_each_attempt_is_a_span(
    outbox: RedisOutbox, fill: Filler, dead_letters: KafkaDeadLetters, metrics: Metrics
) -> None:
    class Recorder(NoOpTracer):
        def __init__(self) -> None:
            self.spans: list[tuple[str, Any]] = []

        @contextmanager
        def start_as_current_span(self, name: str, *_: Any, **more: Any) -> Iterator[Span]:  # type: ignore[override] # as called
            self.spans.append((name, more["attributes"]))
            yield INVALID_SPAN

    recorder = Recorder()
    await fill(event(1), event(2), to=(CHANNEL,))
    async with dispatching(outbox, {"slack": service(FarSide())}, dead_letters, metrics) as dispatch:
        dispatch._attempts._tracer = recorder
        await eventually(lambda: empty(outbox))
    ((name, attributes),) = recorder.spans
    assert name == "send slack"
    assert attributes["messaging.destination.name"] == destination_id(CHANNEL)
    assert attributes["messaging.batch.message_count"] == 2
