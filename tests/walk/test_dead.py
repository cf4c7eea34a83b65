"""Dead letters on a real broker and a real outbox: listed as they stand, replayed once, dropped, never lost between."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any

import pytest
from aiokafka import AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient, NewPartitions

from bot.core.cloudevent import encode
from bot.core.deadletter import Buried, DeadLetter, Fate, Garbled, Selection, Unread
from bot.core.delivery import Attempt, Bury, Delivery, DeliveryId, Lane, delivery_id
from bot.core.destination import Destination, SlackChannel, Webhook, destination_id
from bot.core.errors import UnavailableError
from bot.core.event import Event, Position, Status, Unreadable
from bot.core.filters import parse
from bot.ports.outbox import Enqueued, Standing
from bot.ports.outlet import Item
from bot.stores.deadletters import KafkaDeadLetters
from bot.stores.journal import KafkaJournal
from bot.stores.parked import ParkedJournal
from consumers.dead import Letters, Mending, NoSuchLetterError, Replayed, Tally, newest, tally
from consumers.span import reader
from tests.walk.parts import cloudevent, event, eventually, records, subscription
from tests.walk.rig import Rig

CHANNEL = SlackChannel(team="T1", channel="C1")
HOOK = Webhook(team="T1", url="https://example.com/hook")
ALL = Selection()


class Crash(Exception):  # noqa: N818 - it is what it is
    """The process ends here."""


class Crashing:
    """Passes calls on; ends the process before or after the one of that number."""

    def __init__(self, at: int | None = None, *, after: bool = False) -> None:
        self.calls: list[str] = []
        self._at = at
        self._after = after

    def around(self, real: Any) -> Any:
        return _Around(real, self)

    async def call(self, name: str, work: Callable[[], Any]) -> Any:
        number = len(self.calls)
        self.calls.append(name)
        if number == self._at and not self._after:
            raise Crash(name)
        found = await work()
        if number == self._at:
            raise Crash(name)
        return found


class _Around:
    def __init__(self, real: Any, crashing: Crashing) -> None:
        self._real = real
        self._crashing = crashing

    def __getattr__(self, name: str) -> Any:
        async def call(*args: Any, **more: Any) -> Any:
            return await self._crashing.call(name, lambda: getattr(self._real, name)(*args, **more))

        return call


@contextmanager
def silent(_: int) -> Iterator[Callable[[int], None]]:
    yield lambda _: None


class Grave:
    """Buries, and opens the topic as it stands."""

    def __init__(self, rig: Rig, kafka: AIOKafkaProducer, topic: str | None = None) -> None:
        self.topic = topic or rig.dead
        self.rig = rig
        self.kafka = kafka
        self.dead_letters = KafkaDeadLetters(kafka, self.topic)
        self.journal = ParkedJournal(KafkaJournal(kafka, rig.address, "inference.parked", namespace=self.topic))

    async def bury(
        self, one: Event, *, to: Destination = HOOK, when: int = 1_000, reason: str = "gone", outcome: str = "refused"
    ) -> DeliveryId:
        place = destination_id(to)
        delivery = Delivery(id=delivery_id(one.key, place), event=one.key, destination=place, appended=500)
        item = Item(delivery=delivery, body=encode(one))
        why = Bury(reason=reason, attempt=Attempt(at=when, outcome=outcome, reason=reason))
        await self.dead_letters.buried(item, to, why, lane=Lane(place))
        return delivery.id

    @asynccontextmanager
    async def letters(self) -> AsyncIterator[Letters]:
        async with reader(self.rig.address, self.topic) as reading:
            yield await Letters.read(reading, silent)

    async def parked(self) -> set[DeliveryId]:
        return {one.delivery.id async for one in self.journal.living()}

    async def open(self, selection: Selection = ALL) -> list[DeadLetter]:
        async with self.letters() as letters:
            return [letter async for letter in letters.those(selection)]

    def mending(self, letters: Letters, crashing: Crashing | None = None) -> Mending:
        around = (crashing or Crashing()).around
        return Mending(
            letters,
            around(self.dead_letters),
            around(self.rig.outbox),
            around(self.journal),
            _Producer(self.kafka, crashing) if crashing else self.kafka,  # type: ignore[arg-type] # two of its methods
            topic=self.rig.topic,
            by="ann@host",
        )

    async def replay(self, selection: Selection = ALL, crashing: Crashing | None = None) -> Replayed:
        async with self.letters() as letters:
            return await self.mending(letters, crashing).replay(selection)

    async def drop(self, selection: Selection = ALL) -> int:
        async with self.letters() as letters:
            return await self.mending(letters).drop(selection)


class _Producer:
    def __init__(self, kafka: AIOKafkaProducer, crashing: Crashing) -> None:
        self.partitions_for = kafka.partitions_for
        self.send_and_wait = crashing.around(kafka).send_and_wait


@pytest.fixture
def grave(rig: Rig, kafka: AIOKafkaProducer) -> Grave:
    return Grave(rig, kafka)


async def test_a_letter_is_listed_until_it_is_replayed_or_dropped_and_again_when_it_is_buried_again(
    grave: Grave,
) -> None:
    one, two = event(1), event(2)
    await grave.bury(one)
    await grave.bury(two)
    assert len(await grave.open()) == 2
    assert await grave.drop(Selection(filter=parse("inference:inf-1"))) == 1
    (left,) = await grave.open()
    assert isinstance(left, Buried)
    assert left.event.id == "e2"
    assert (await grave.replay()).deliveries == Enqueued(entered=1)
    assert await grave.open() == []
    await grave.bury(one, when=2_000)
    assert [letter.at for letter in await grave.open()] == [2_000]
    assert len(await grave.rig.drain()) == 1


async def test_a_replay_keeps_id_lane_order_and_doubt(grave: Grave) -> None:
    ids = [
        await grave.bury(event(1)),
        await grave.bury(event(2), outcome="unknown", when=9_000),
        await grave.bury(event(3), to=CHANNEL),
    ]
    assert await grave.replay() == Replayed(deliveries=Enqueued(entered=3))
    outbox = grave.rig.outbox
    assert await outbox.standing(ids) == [Standing.WAITING] * 3
    lanes = {lane.destination: lane for lane in (await outbox.lease("t", lanes=9, kinds=("slack", "webhook"))).lanes}
    ((first, body),) = lanes[HOOK].deliveries
    assert (first.id, first.doubt, first.attempts, first.history) == (ids[0], None, 0, ())
    assert body == encode(event(1))
    settled = await outbox.settle(
        lanes[HOOK], {first.id: Bury(reason="x", attempt=Attempt(at=1, outcome="refused"))}, due=0, more=True
    )
    assert [(delivery.id, delivery.doubt) for delivery, _ in settled.next] == [(ids[1], 500)]
    assert [delivery.id for delivery, _ in lanes[CHANNEL].deliveries] == [ids[2]]
    assert await grave.parked() == set(ids)


async def test_what_failed_again_before_its_replay_was_noted_stays_listed(grave: Grave) -> None:
    """The far side is quick, the operator's machine slow: buried again before the closing is written."""
    await grave.bury(event(1), when=1_000)
    async with grave.letters() as letters:
        (letter,) = [found async for found in letters.those(ALL)]
        await grave.bury(event(1), when=2_000)
        await grave.dead_letters.close([letters.closing(letter, Fate.REPLAYED, by="")])
    assert [letter.at for letter in await grave.open()] == [2_000]


STEPS = ["standing", "keep", "enqueue", "close"]


async def test_the_steps_of_a_replay_are_those_that_are_broken_below(grave: Grave) -> None:
    await grave.bury(event(1))
    crashing = Crashing()
    await grave.replay(crashing=crashing)
    assert crashing.calls == STEPS


@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("step", range(len(STEPS)), ids=STEPS)
async def test_a_replay_that_is_killed_loses_nothing_and_the_next_one_repeats_nothing(
    grave: Grave, step: int, *, after: bool
) -> None:
    identity = await grave.bury(event(1))
    with pytest.raises(Crash):
        await grave.replay(crashing=Crashing(step, after=after))
    closed = not await grave.open()
    (standing,) = await grave.rig.outbox.standing([identity])
    assert not closed or standing is Standing.WAITING
    # nothing is in Redis alone: what waits there is parked, or its letter is still open
    assert standing is not Standing.WAITING or not closed or identity in await grave.parked()
    again = await grave.replay()
    assert len(await grave.rig.drain()) == 1
    assert again.deliveries.entered == (0 if standing is Standing.WAITING or closed else 1)
    assert await grave.open() == []
    assert (await grave.replay()).deliveries == Enqueued()
    assert await grave.rig.drain() == []


async def test_what_was_delivered_meanwhile_is_not_delivered_again_and_its_letter_closes(grave: Grave) -> None:
    await grave.bury(event(1))
    await grave.replay()
    await grave.rig.drain()
    await grave.bury(event(1))  # a worker that died between burying and settling buries twice
    assert (await grave.replay()).deliveries == Enqueued(delivered=1)
    assert await grave.rig.drain() == []
    assert await grave.open() == []


async def test_an_unreadable_record_is_one_letter_however_often_its_batch_was_appended(grave: Grave) -> None:
    """Ingest writes to the dead letters before it appends; where appending fails, it does both again."""
    rig = grave.rig
    await rig.subscriptions.save(subscription("s1", CHANNEL))
    await rig.publish(b"\xff", cloudevent(1))
    refused = 0
    real = rig.outbox.append

    async def append(*args: Any, **more: Any) -> Any:
        nonlocal refused
        if refused < 2:
            refused += 1
            raise UnavailableError("Redis does not answer")
        return await real(*args, **more)

    rig.outbox.append = append  # type: ignore[method-assign] # a Redis that is away for a moment
    async with rig.ingesting():
        await rig.waiting(1)
    assert len(await records(rig.address, rig.dead, 3)) == 3
    (letter,) = await grave.open()
    assert isinstance(letter, Unread)
    assert letter.id == f"{rig.topic}/0@0"


async def test_an_unreadable_record_is_produced_again_as_it_was(grave: Grave, kafka: AIOKafkaProducer) -> None:
    rig = grave.rig
    headers = [("content-type", b"text/plain"), ("tidings-kind", b"forged")]
    await kafka.send_and_wait(rig.topic, b"\xff not json", key=b"mine", headers=headers, partition=1)
    async with rig.ingesting():
        await rig.read_to(1, partition=1)
        assert await grave.replay() == Replayed(records=1)
        await rig.read_to(2, partition=1)
    first, second = await records(rig.address, rig.topic, 2)
    assert (second.key, second.value, list(second.headers)) == (first.key, first.value, list(first.headers))
    assert second.partition == first.partition == 1
    # still no event: a letter of its own, and the old one is closed
    assert [letter.id for letter in await grave.open()] == [f"{rig.topic}/1@1"]


@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("step", [0, 1], ids=["produce", "close"])
async def test_a_record_whose_replay_is_killed_is_not_lost(grave: Grave, step: int, *, after: bool) -> None:
    rig = grave.rig
    place = Position(topic=rig.topic, partition=0, offset=0)
    await grave.dead_letters.unreadable(place, cloudevent(1), [], Unreadable(reason="a bug, since mended"))
    with pytest.raises(Crash):
        await grave.replay(crashing=Crashing(step, after=after))
    await grave.replay()
    await rig.subscriptions.save(subscription("s1", CHANNEL))
    async with rig.ingesting():
        await rig.waiting(1)
    assert len(await rig.drain()) == 1
    assert await grave.open() == []


async def test_a_record_nobody_can_read_is_listed_and_can_be_dropped_but_not_replayed(
    grave: Grave, kafka: AIOKafkaProducer
) -> None:
    identity = await grave.bury(event(1))
    await kafka.send_and_wait(grave.topic, b"{}", key=identity.encode(), headers=[("tidings-kind", b"buried")])
    letters = await grave.open()
    assert [type(letter) for letter in letters] == [Buried, Garbled]
    assert await grave.replay() == Replayed(deliveries=Enqueued(entered=1), garbled=1)
    (left,) = await grave.open()
    assert await grave.drop(Selection(ids=frozenset({left.id}))) == 1
    assert await grave.open() == []


async def test_the_beginning_of_an_id_is_enough_unless_it_is_that_of_several(grave: Grave) -> None:
    for number in range(40):
        await grave.bury(event(number))
    async with grave.letters() as letters:
        ids = sorted(letter.id for letter in [found async for found in letters.those(ALL)])
        assert letters.ids([ids[7]]) == {ids[7]}
        with pytest.raises(NoSuchLetterError, match=r"no open dead letter begins with 'xyz'"):
            letters.ids(["xyz"])
        with pytest.raises(NoSuchLetterError, match=r"(?s)'' begins 40 ids; type more of it:.*and 30 more"):
            letters.ids([""])


async def test_the_newest_are_shown_and_all_are_counted(grave: Grave, kafka: AIOKafkaProducer) -> None:
    for number in (3, 1, 2):
        await grave.bury(event(number), when=number * 1_000)
    await kafka.send_and_wait(grave.topic, b"?")
    place = Position(topic="t", partition=0, offset=0)
    await grave.dead_letters.unreadable(place, b"", [], Unreadable(reason="why"))
    async with grave.letters() as letters:
        assert len(letters) == 5
        count, found = await newest(letters, Selection(until=10_000), 2)
        assert (count, [letter.at for letter in found]) == (3, [3_000, 2_000])
        assert await tally(letters, ALL) == Tally(buried=3, unread=1, garbled=1)


async def test_letters_of_many_partitions_come_in_the_order_they_were_buried_in(
    rig: Rig, kafka: AIOKafkaProducer
) -> None:
    grave = Grave(rig, kafka, topic=rig.topic)  # a topic of two partitions; the keys spread over both
    for number in range(30):
        await grave.bury(event(number), to=CHANNEL)
        # a broker's clock has milliseconds, and so has the order
        await eventually(_a_millisecond_later())
    letters = await grave.open()
    assert {letter.where.partition for letter in letters} == {0, 1}
    assert [letter.event.id for letter in letters if isinstance(letter, Buried)] == [f"e{n}" for n in range(30)]


async def test_a_letter_stays_one_when_the_topic_gets_more_partitions(grave: Grave) -> None:
    await grave.bury(event(1), when=1_000)
    admin = AIOKafkaAdminClient(bootstrap_servers=grave.rig.address)
    await admin.start()
    await admin.create_partitions({grave.topic: NewPartitions(8)})
    await admin.close()

    async def elsewhere() -> bool:
        await grave.kafka.client.force_metadata_update()
        return len(await grave.kafka.partitions_for(grave.topic)) == 8

    await eventually(elsewhere)
    await grave.bury(event(1), when=2_000)
    (letter,) = await grave.open()
    assert letter.at == 2_000
    assert await grave.drop() == 1
    assert await grave.open() == []


async def test_nothing_but_closings_is_written_and_they_say_who_and_when(grave: Grave) -> None:
    identity = await grave.bury(event(1))
    await grave.drop()
    _, closing = await records(grave.rig.address, grave.topic, 2)
    assert closing.key == identity.encode()
    assert dict(closing.headers) == {"tidings-kind": b"dropped"}
    assert b'"by":"ann@host"' in closing.value


async def test_status_and_model_filter_as_in_a_subscription(grave: Grave) -> None:
    await grave.bury(event(1, status=Status.FAILED))
    await grave.bury(event(2))
    assert len(await grave.open(Selection(filter=parse("status:failed model:fraud-*")))) == 1


def _a_millisecond_later() -> Callable[[], bool]:
    loop = asyncio.get_running_loop()
    then = loop.time() + 0.002
    return lambda: loop.time() >= then
