"""A result after it was shown, with a real broker and Redis: found again, entered afresh, rated."""

import asyncio

import orjson
import pytest
from aiokafka import AIOKafkaProducer
from redis.asyncio import Redis

from bot.core.cloudevent import encode
from bot.core.delivery import Delivery, DeliveryId, Lane
from bot.core.destination import SlackPerson, destination_id
from bot.core.errors import UnavailableError
from bot.core.event import Position
from bot.core.feedback import Feedback, Rating
from bot.core.marks import Mark
from bot.ports.archive import Found
from bot.ports.outbox import Parked, Standing
from bot.stores.afresh import RedisAfresh
from bot.stores.feedback import KafkaFeedback
from bot.stores.journal import KafkaJournal
from bot.stores.keys import Keys
from bot.stores.outbox import Limits, RedisOutbox
from bot.stores.parked import ParkedJournal
from bot.stores.recent import RecentEvents
from consumers.archive import AFTER, KafkaArchive
from consumers.kafka import TailSource
from consumers.recent import recall
from tests.walk.parts import event, records

AT = 1_790_000_000_000


async def publish(kafka: AIOKafkaProducer, topic: str, *numbers: int, apart: int = 1) -> None:
    for number in numbers:
        time = AT + number * apart
        await kafka.send_and_wait(topic, encode(event(number)), partition=number % 2, timestamp_ms=time)


def marked(number: int, *, time: int, appended: int = 0) -> Mark:
    return Mark(event=event(number).key, time=time, appended=appended)


async def test_an_event_is_found_in_kafka_by_when_it_happened_or_entered_the_outbox(
    kafka: AIOKafkaProducer, kafka_address: str, topic: str
) -> None:
    await publish(kafka, topic, *range(6), apart=AFTER)
    archive = KafkaArchive(kafka_address, topic, RecentEvents())
    found = await archive.find(marked(3, time=AT + 3 * AFTER))
    assert found == Found(event=event(3), position=Position(topic=topic, partition=1, offset=1))
    late = await archive.find(marked(4, time=AT - 10 * AFTER, appended=AT + 4 * AFTER))
    assert late == Found(event=event(4), position=Position(topic=topic, partition=0, offset=2))
    assert await archive.find(marked(3, time=AT - 10 * AFTER, appended=AT - 5 * AFTER)) is None
    assert await archive.find(marked(99, time=AT)) is None


async def test_a_late_event_is_found_without_kafka(kafka: AIOKafkaProducer, kafka_address: str, topic: str) -> None:
    await publish(kafka, topic, 1)
    recent = RecentEvents()
    async with TailSource(kafka_address, topic) as source:
        await recall(source, recent)
    archive = KafkaArchive("localhost:1", topic, recent)
    found = await archive.find(marked(1, time=0))
    assert found == Found(event=event(1), position=Position(topic=topic, partition=1, offset=0))
    with pytest.raises(UnavailableError):
        await archive.find(marked(2, time=0))


@pytest.fixture
def journal(kafka: AIOKafkaProducer, kafka_address: str, topic: str) -> ParkedJournal:
    return ParkedJournal(KafkaJournal(kafka, kafka_address, "inference.parked", namespace=topic))


def parked(name: str, topic: str) -> Parked:
    place = SlackPerson(team="T1", user="U1")
    where = destination_id(place)
    return Parked(
        delivery=Delivery(id=DeliveryId(name), event=event(1).key, destination=where, appended=AT),
        lane=Lane(where),
        destination=place,
        body=encode(event(1)),
        position=Position(topic=topic, partition=0, offset=0),
    )


async def test_what_is_wanted_once_more_is_in_the_journal_and_the_outbox_once(
    outbox: RedisOutbox, journal: ParkedJournal, topic: str
) -> None:
    afresh = RedisAfresh(outbox, journal)
    assert await afresh.enter(parked("again", topic)) is True
    assert await afresh.enter(parked("again", topic)) is False
    assert (await outbox.state()).deliveries == 1
    assert [one.delivery.id async for one in journal.living()] == ["again"]


async def test_a_full_outbox_takes_nothing_and_the_journal_keeps_nothing(
    redis: Redis, keys: Keys, journal: ParkedJournal, topic: str
) -> None:
    outbox = RedisOutbox(redis, keys, Limits(most=1))
    afresh = RedisAfresh(outbox, journal)
    await afresh.enter(parked("first", topic))
    with pytest.raises(UnavailableError, match="full"):
        await afresh.enter(parked("second", topic))
    assert await outbox.standing([DeliveryId("second")]) == [Standing.UNKNOWN]
    assert [one.delivery.id async for one in journal.living()] == ["first"]


def said(rating: Rating, at: int, user: str = "U1") -> Feedback:
    return Feedback(event=event(1), rating=rating, team="T1", user=user, at=at)


@pytest.fixture
def opinions(kafka: AIOKafkaProducer, topic: str, redis: Redis, keys: Keys) -> KafkaFeedback:
    return KafkaFeedback(kafka, f"{topic}-feedback", redis, keys, lasting=60_000)


async def test_of_one_person_and_inference_the_last_word_counts_and_is_written_once(
    opinions: KafkaFeedback, kafka_address: str, topic: str
) -> None:
    assert await opinions.keep(said(Rating.UP, AT)) is True
    assert await opinions.keep(said(Rating.UP, AT)) is False  # the same click, done again
    assert await opinions.keep(said(Rating.UP, AT + 1)) is False
    assert await opinions.keep(said(Rating.DOWN, AT + 3)) is True
    assert await opinions.keep(said(Rating.UP, AT + 2)) is False  # a click that was overtaken
    assert await opinions.keep(said(Rating.UP, AT, user="U2")) is True
    found = await records(kafka_address, f"{topic}-feedback", 3)
    told = [orjson.loads(one.value) for one in found]
    by_person = [(one["data"]["by"]["user"], one["data"]["verdict"]) for one in sorted(told, key=lambda one: one["id"])]
    assert sorted(by_person) == [("U1", "down"), ("U1", "up"), ("U2", "up")]
    assert {one.key for one in found} == {b"inf-1"}
    assert len({one["id"] for one in told}) == 3
    assert {one["time"] for one in told} == {"2026-09-21T14:13:20.000+00:00", "2026-09-21T14:13:20.003+00:00"}


async def test_two_words_at_once_leave_the_later_one(opinions: KafkaFeedback, redis: Redis, keys: Keys) -> None:
    later = said(Rating.DOWN, AT + 1)
    await asyncio.gather(opinions.keep(said(Rating.UP, AT)), opinions.keep(later))
    assert await redis.get(keys.opinion(later.about)) == f"down:{AT + 1}".encode()
