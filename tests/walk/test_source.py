"""The consumer's thread, turns and watch, on a real broker."""

import asyncio
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any

import pytest
from aiokafka import AIOKafkaProducer, TopicPartition
from aiokafka.admin import NewPartitions, RecordsToDelete
from aiokafka.errors import TopicAuthorizationFailedError
from structlog.testing import capture_logs

from bot.core.errors import UnavailableError
from consumers.embedded.broker.broker import BrokerConfig, serve
from consumers.embedded.broker.calls.groups import GroupCalls
from consumers.embedded.broker.calls.records import RecordCalls
from consumers.kafka import GroupSource, Record, producer
from consumers.watch import StuckError, Timing
from tests.contracts.test_kafka import administrator
from tests.walk.parts import eventually

QUICK = Timing(heartbeat_ms=300, metadata_ms=500)


class Reading:
    """Takes batches from a source in a task; partitions start at their beginning."""

    def __init__(self, source: GroupSource) -> None:
        self.source = source
        self.batches: list[Sequence[Record]] = []
        self.starts: list[int] = []
        self.gate = asyncio.Event()
        self.gate.set()

    async def start(self, topic: str, partition: int) -> int:
        self.starts.append(partition)
        return (await self.source.bounds(topic, partition)).beginning

    async def run(self) -> None:
        async for batch in self.source.batches(self.start):
            if batch:
                self.batches.append(batch)
            await self.gate.wait()

    def offsets(self, partition: int) -> list[int]:
        return [record.offset for batch in self.batches for record in batch if record.partition == partition]


@asynccontextmanager
async def reading(address: str, topic: str, timing: Timing = QUICK) -> AsyncIterator[Reading]:
    async with GroupSource(address, topic, topic, timing=timing) as source:
        made = Reading(source)
        task = asyncio.create_task(made.run())
        try:
            yield made
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)


class FarSide:
    """Tells a broker in this process to say nothing, or to answer fetches without ever a record."""

    def __init__(self) -> None:
        self.speaking = asyncio.Event()
        self.speaking.set()
        self.has_records = True


async def send(kafka: AIOKafkaProducer, topic: str, count: int, partition: int = 0) -> None:
    await asyncio.gather(*[await kafka.send(topic, b"%d" % number, partition=partition) for number in range(count)])


async def test_a_main_loop_blocked_for_longer_than_the_session_costs_no_membership(
    kafka_address: str, topic: str, kafka: AIOKafkaProducer
) -> None:
    await send(kafka, topic, 5)
    timing = Timing(session_ms=1_000, heartbeat_ms=200)
    with capture_logs() as logs:
        async with reading(kafka_address, topic, timing) as made:
            await eventually(lambda: made.offsets(0) == [0, 1, 2, 3, 4])
            time.sleep(2.5)  # noqa: ASYNC251 - the blocked loop is what is tested
            assert await made.source.commit({(topic, 0): 3})
            await send(kafka, topic, 1)
            await eventually(lambda: made.offsets(0) == [0, 1, 2, 3, 4, 5])
    assert [one["event"] for one in logs if "partitions" in one] == ["partitions_assigned"]
    assert sorted(made.starts) == [0, 1]


async def test_a_large_backlog_on_one_partition_starves_no_other(
    kafka_address: str, topic: str, kafka: AIOKafkaProducer
) -> None:
    await send(kafka, topic, 6_000)
    await send(kafka, topic, 20, partition=1)
    async with reading(kafka_address, topic, Timing(records=500)) as made:
        await eventually(lambda: len(made.offsets(0)) == 6_000)
    assert max(len(batch) for batch in made.batches) == 500
    first = next(number for number, batch in enumerate(made.batches) if batch[0].partition == 1)
    assert first <= 4
    assert made.offsets(0) == list(range(6_000))
    assert made.offsets(1) == list(range(20))


async def test_few_batches_wait_while_the_reader_is_busy_and_all_of_them_come(
    kafka_address: str, topic: str, kafka: AIOKafkaProducer
) -> None:
    await send(kafka, topic, 40)
    busy = Timing(records=5, watch_seconds=0.05, stuck_seconds=0.3)
    async with reading(kafka_address, topic, busy) as made:
        made.gate.clear()
        await eventually(lambda: bool(made.batches))
        waited = made.source._member._fetched
        await eventually(waited.full)
        # longer than stuck_seconds: who takes nothing is not taken for stuck
        await asyncio.wait([asyncio.create_task(asyncio.Event().wait())], timeout=0.8)
        assert waited.qsize() == 2
        made.gate.set()
        await eventually(lambda: made.offsets(0) == list(range(40)))


async def test_a_rewound_partition_is_read_from_where_start_says_and_what_was_fetched_is_dropped(
    kafka_address: str, topic: str, kafka: AIOKafkaProducer
) -> None:
    await send(kafka, topic, 20)
    async with reading(kafka_address, topic, Timing(records=5)) as made:
        made.gate.clear()
        await eventually(lambda: bool(made.batches))
        await eventually(made.source._member._fetched.full)
        await made.source.rewind(topic, 0)
        made.gate.set()
        await eventually(lambda: len(made.offsets(0)) == 25)
    assert made.offsets(0) == [*range(5), *range(20)]


async def test_what_goes_wrong_in_the_thread_surfaces_in_batches(
    kafka_address: str, topic: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fail(*_: object, **__: object) -> None:
        raise TopicAuthorizationFailedError(topic)

    async with GroupSource(kafka_address, topic, topic) as source:
        monkeypatch.setattr(source._member._consumer, "getmany", fail)
        with pytest.raises(TopicAuthorizationFailedError):
            await asyncio.wait_for(Reading(source).run(), 15)


async def test_what_start_raises_surfaces_in_batches(kafka_address: str, topic: str) -> None:
    async def start(_: str, __: int) -> int:
        raise LookupError("no position")

    async with GroupSource(kafka_address, topic, topic) as source:
        with pytest.raises(LookupError):
            await anext(source.batches(start))


async def test_what_kafka_does_not_answer_is_a_reason_to_wait(kafka_address: str, topic: str) -> None:
    async with GroupSource(kafka_address, topic, topic, timing=Timing(ask_seconds=0.2)) as source:
        with pytest.raises(UnavailableError, match="begins and ends"):
            await source.bounds("no such topic!", 0)


async def test_a_commit_outside_the_assignment_is_none_and_a_repeated_one_is_not_sent(
    kafka_address: str, topic: str
) -> None:
    async with reading(kafka_address, topic) as made:
        # a partition is told where to start a moment before it has taken that up; until then nothing of it is committed
        await eventually(lambda: sorted(made.starts) == [0, 1] and not made.source._member.vacant)
        assert await made.source.commit({(topic, 0): 0, ("another", 0): 7})
        assert made.source._member._committed == {(topic, 0): 0}
        assert await made.source.commit({(topic, 0): 0})


# ── what only a broker in this process can be told to do ──────────────────────────────────────────────────────────────


@asynccontextmanager
async def broker(topic: str) -> AsyncIterator[tuple[str, AIOKafkaProducer]]:
    async with serve(BrokerConfig()) as made, producer(made.address) as kafka:
        await kafka.send_and_wait(topic, b"0")
        yield made.address, kafka


@pytest.fixture
def far_side(monkeypatch: pytest.MonkeyPatch) -> FarSide:
    """The brokers of the test, obedient until they are told otherwise."""
    made = FarSide()
    fetch, list_offsets = RecordCalls.fetch, RecordCalls.list_offsets

    async def fetches(calls: RecordCalls, body: Any, caller: Any) -> Any:
        answer = await fetch(calls, {**body, "max_wait_ms": min(body["max_wait_ms"], 50)}, caller)
        await made.speaking.wait()
        if made.has_records:
            return answer
        topics: Sequence[Mapping[str, Any]] = answer["topics"]
        await asyncio.sleep(0.02)
        return {
            "topics": [
                {**one, "partitions": [{**partition, "records": b""} for partition in one["partitions"]]}
                for one in topics
            ]
        }

    async def lists(calls: RecordCalls, body: Any, caller: Any) -> Any:
        await made.speaking.wait()
        return await list_offsets(calls, body, caller)

    monkeypatch.setattr(RecordCalls, "fetch", fetches)
    monkeypatch.setattr(RecordCalls, "list_offsets", lists)
    return made


async def test_a_consumer_that_stands_still_before_records_ends_with_an_error(far_side: FarSide) -> None:
    far_side.has_records = False
    timing = Timing(watch_seconds=0.05, stuck_seconds=0.4)
    async with broker("events") as (address, _), GroupSource(address, "events", "g", timing=timing) as source:
        made = Reading(source)
        with pytest.raises(StuckError, match=r"nothing was read for 0\.4 s though there are records"):
            await asyncio.wait_for(made.run(), 15)


async def test_a_consumer_with_nothing_to_read_is_not_stuck(monkeypatch: pytest.MonkeyPatch) -> None:
    timing = Timing(watch_seconds=0.05, stuck_seconds=0.2)
    async with broker("events") as (address, kafka), reading(address, "events", timing) as made:
        await eventually(lambda: made.offsets(0) == [0])
        looks = 0
        ends = made.source._member.ends

        async def counted(places: Any) -> Any:
            nonlocal looks
            looks += 1
            return await ends(places)

        monkeypatch.setattr(made.source._member, "ends", counted)
        await eventually(lambda: looks >= 3)
        await kafka.send_and_wait("events", b"1")
        await eventually(lambda: made.offsets(0) == [0, 1])


async def test_records_removed_under_a_running_consumer_are_asked_about_and_not_skipped_in_silence(
    far_side: FarSide,
) -> None:
    async with broker("events") as (address, kafka), reading(address, "events") as made:
        await eventually(lambda: made.offsets(0) == [0])
        far_side.has_records = False
        await send(kafka, "events", 5)
        async with administrator(address) as admin:
            await admin.delete_records({TopicPartition("events", 0): RecordsToDelete(4)})
        far_side.has_records = True
        await eventually(lambda: made.offsets(0) == [0, 4, 5])
    assert made.starts == [0, 0]


async def test_nothing_is_committed_of_a_partition_that_was_rewound_and_has_no_position_yet(
    kafka_address: str, topic: str, kafka: AIOKafkaProducer
) -> None:
    await send(kafka, topic, 3)
    async with reading(kafka_address, topic) as made:
        made.gate.clear()
        await eventually(lambda: made.offsets(0) == [0, 1, 2])
        await made.source.rewind(topic, 0)
        assert await made.source.commit({(topic, 0): 3})
        assert (await made.source.bounds(topic, 0)).committed is None
        made.gate.set()
        await eventually(lambda: made.offsets(0) == [0, 1, 2, 0, 1, 2])
        assert await made.source.commit({(topic, 0): 3})
        assert (await made.source.bounds(topic, 0)).committed == 3


async def test_leaving_a_group_that_does_not_answer_is_bounded_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    async def leave(_: GroupCalls, __: Any, ___: object) -> Any:
        await asyncio.Event().wait()

    monkeypatch.setattr(GroupCalls, "leave", leave)
    with capture_logs() as logs:
        async with broker("events") as (address, _):
            async with GroupSource(address, "events", "g", timing=Timing(close_seconds=0.3)) as source:
                began = time.monotonic()
            assert time.monotonic() - began < 5
            assert not source._thread._thread.is_alive()
    assert "consumer_abandoned" in [one["event"] for one in logs]


async def test_joining_a_group_that_does_not_answer_is_bounded_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    async def join(_: GroupCalls, __: Any, ___: object) -> Any:
        await asyncio.Event().wait()

    monkeypatch.setattr(GroupCalls, "join", join)
    timing = Timing(rebalance_ms=100, stuck_seconds=0.2, close_seconds=0.2)
    async with broker("events") as (address, _):
        with pytest.raises(StuckError, match="joining"):
            async with GroupSource(address, "events", "g", timing=timing):
                pass


async def test_a_rebalance_that_does_not_end_ends_the_consumer(monkeypatch: pytest.MonkeyPatch) -> None:
    join, held = GroupCalls.join, asyncio.Event()

    async def joins(calls: GroupCalls, body: Any, caller: Any) -> Any:
        if held.is_set():
            await asyncio.Event().wait()
        return await join(calls, body, caller)

    monkeypatch.setattr(GroupCalls, "join", joins)
    timing = Timing(rebalance_ms=300, stuck_seconds=0.3, watch_seconds=0.05, metadata_ms=200, close_seconds=0.3)
    async with broker("events") as (address, _), GroupSource(address, "events", "g", timing=timing) as source:
        made = Reading(source)
        task = asyncio.create_task(made.run())
        await eventually(lambda: made.offsets(0) == [0])
        held.set()
        async with administrator(address) as admin:
            await admin.create_partitions({"events": NewPartitions(2)})
        with pytest.raises(StuckError, match="the group has given nothing"):
            await asyncio.wait_for(task, 15)


async def test_a_broker_that_says_nothing_any_more_ends_the_consumer(far_side: FarSide) -> None:
    timing = Timing(watch_seconds=0.05, stuck_seconds=0.5, ask_seconds=0.5, close_seconds=0.3)
    async with broker("events") as (address, _), GroupSource(address, "events", "g", timing=timing) as source:
        made = Reading(source)
        task = asyncio.create_task(made.run())
        await eventually(lambda: made.offsets(0) == [0])
        # longer than stuck_seconds: as long as it speaks all is well
        assert await asyncio.wait([task], timeout=1.5) == (set(), {task})
        far_side.speaking.clear()
        with pytest.raises(StuckError, match="does not tell where its topics end"):
            await asyncio.wait_for(task, 15)
        far_side.speaking.set()


async def test_a_member_whose_commits_are_refused_for_long_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    timing = Timing(rebalance_ms=200, stuck_seconds=0.1, watch_seconds=0.05)
    async with broker("events") as (address, _), GroupSource(address, "events", "g", timing=timing) as source:
        made = Reading(source)
        task = asyncio.create_task(made.run())
        await eventually(lambda: made.offsets(0) == [0])

        async def refuse(_: object) -> None:
            raise TimeoutError

        monkeypatch.setattr(source._member._consumer, "commit", refuse)
        assert not await source.commit({("events", 0): 1})
        with pytest.raises(StuckError, match="refused every commit"):
            await asyncio.wait_for(task, 15)


async def test_a_partition_that_can_not_be_placed_yet_is_asked_for_again_and_holds_up_no_other(
    kafka_address: str, topic: str, kafka: AIOKafkaProducer
) -> None:
    await send(kafka, topic, 3)
    await send(kafka, topic, 3, partition=1)
    asked: list[int] = []
    got: list[Record] = []
    async with GroupSource(kafka_address, topic, topic) as source:

        async def start(_: str, partition: int) -> int | None:
            asked.append(partition)
            return None if partition == 0 and asked.count(0) < 2 else 0

        async with asyncio.timeout(20):
            async for batch in source.batches(start):
                got += batch
                if len(got) == 6:
                    break
    assert [record.partition for record in got] == [1, 1, 1, 0, 0, 0]
    assert asked == [0, 1, 0]
