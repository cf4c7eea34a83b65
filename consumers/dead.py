"""`tidings dead`: what lies in the dead-letter topic is listed, shown, replayed and dropped.

A replay does three things, in this order: it parks the delivery in Kafka, enters it into the outbox, and closes the
letter. Killed between any two, it loses nothing: the letter is still open and can be replayed again, which finds the
delivery waiting, delivered or buried anew, and never makes a second one. The other order, closing first, could leave a
delivery that nobody has. For a record that was no event it is: produce it again, then close; killed between the two, a
second replay produces it twice, and an event that became readable meanwhile is told apart by its (source, id).

The topic is read from the beginning to where it ended at the start, first for which letters are open, then for what is
in those that are meant: memory grows by an id for each letter, and not with what they hold.
"""

import getpass
import heapq
import socket
from collections import Counter
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AbstractContextManager, aclosing, asynccontextmanager
from dataclasses import dataclass, field

from aiokafka import AIOKafkaProducer

from bot.core.deadletter import (
    Buried,
    Closing,
    DeadLetter,
    Fate,
    Garbled,
    Ledger,
    LetterId,
    Selection,
    Unread,
    matching,
)
from bot.core.delivery import Delivery
from bot.core.destination import destination_id
from bot.core.errors import TidingsError
from bot.core.event import Position
from bot.ports.letters import DeadLetters, ParkedDeliveries
from bot.ports.outbox import Enqueued, Outbox, Parked
from bot.settings import Settings
from bot.stores.away import kafka_unavailable
from bot.stores.deadletters import KafkaDeadLetters
from bot.stores.letters import read_letter
from bot.wiring.stores import now_ms
from consumers.kafka import Record, producer
from consumers.keeper import at_hand
from consumers.replay import chunks, enter
from consumers.span import Reader, Span, reader

Tell = Callable[[int], None]
"""Called with how many records were read."""

Progress = Callable[[int], AbstractContextManager[Tell]]
"""Given how many records there are to read, what is told of them."""

SHOWN_MATCHES = 10


class NoSuchLetterError(TidingsError):
    """No open letter, or several, begin with what was typed; the text lists them."""


class Letters:
    """The dead-letter topic as it stood when it was read first."""

    def __init__(
        self,
        reader: Reader,
        span: Span,
        places: Mapping[LetterId, tuple[tuple[int, int], ...]],
        progress: Progress,
    ) -> None:
        self._reader = reader
        self._span = span
        self._places = places
        self._progress = progress

    @classmethod
    async def read(cls, reader: Reader, progress: Progress) -> "Letters":
        """Find out which letters are open."""
        span = await reader.span()
        ledger = Ledger()
        with progress(span.size) as tell:
            async with aclosing(reader.records(span, tell)) as records:
                async for record in records:
                    ledger.read(_letter(record))
        return cls(reader, span, ledger.open(), progress)

    def __len__(self) -> int:
        return len(self._places)

    def ids(self, typed: list[str]) -> frozenset[LetterId]:
        """The letters that are meant by the beginnings of ids. Raises NoSuchLetterError unless each means just one."""
        return frozenset(self._one(text) for text in typed)

    def _one(self, typed: str) -> LetterId:
        match matching(self._places, typed):
            case [one]:
                return one
            case []:
                raise NoSuchLetterError(
                    f"no open dead letter begins with {typed!r}; `tidings dead list` shows what there is"
                )
            case many:
                shown = "\n".join(f"  {letter}" for letter in many[:SHOWN_MATCHES])
                more = f"\n  and {len(many) - SHOWN_MATCHES} more" if len(many) > SHOWN_MATCHES else ""
                raise NoSuchLetterError(f"{typed!r} begins {len(many)} ids; type more of it:\n{shown}{more}")

    async def shown(self, selection: Selection) -> AsyncIterator[DeadLetter]:
        """As `those`, with a bar: for those who only look."""
        with self._progress(self._span.size) as tell:
            async for letter in self.those(selection, tell):
                yield letter

    async def those(self, selection: Selection, tell: Tell = lambda _: None) -> AsyncIterator[DeadLetter]:
        """Yield the open letters that are meant, in the order in which they were buried."""
        async with aclosing(self._reader.records(self._span, tell)) as records:
            async for record in records:
                found = _letter(record)
                if isinstance(found, Closing):
                    continue
                places = self._places.get(found.id, ())
                if places[:1] == ((found.where.partition, found.where.offset),) and selection.takes(found):
                    yield found

    def closing(self, letter: DeadLetter, fate: Fate, *, by: str) -> Closing:
        """What closes a letter, as far as this reading saw it."""
        covers = tuple(
            Position(topic=letter.where.topic, partition=partition, offset=offset)
            for partition, offset in self._places[letter.id]
        )
        return Closing(id=letter.id, fate=fate, covers=covers, by=by, at=now_ms())


@dataclass(frozen=True, slots=True, kw_only=True)
class Replayed:
    """What a replay came to: deliveries, records produced again, and letters that nothing can be made of."""

    deliveries: Enqueued = field(default_factory=Enqueued)
    records: int = 0
    garbled: int = 0


class Mending:
    """Replays and drops letters. `topic` is that of the events; `by` is noted with each closing."""

    def __init__(
        self,
        letters: Letters,
        dead_letters: DeadLetters,
        outbox: Outbox,
        journal: ParkedDeliveries,
        producer: AIOKafkaProducer,
        *,
        topic: str,
        by: str,
    ) -> None:
        self._letters = letters
        self._dead_letters = dead_letters
        self._outbox = outbox
        self._journal = journal
        self._producer = producer
        self._topic = topic
        self._by = by

    async def replay(self, selection: Selection, tell: Tell = lambda _: None) -> Replayed:
        """Put the letters that are meant on their way again, oldest first. Raises UnavailableError; run it again."""
        counts, records, garbled, done = Enqueued(), 0, 0, 0
        async for chunk in chunks(self._weighed(selection)):
            deliveries = [_anew(letter) for letter in chunk if isinstance(letter, Buried)]
            if deliveries:
                counts += await enter(self._outbox, self._journal, deliveries)
            for letter in chunk:
                if isinstance(letter, Unread):
                    await self._produce(letter)
                    records += 1
            mended = [letter for letter in chunk if not isinstance(letter, Garbled)]
            garbled += len(chunk) - len(mended)
            await self._close(mended, Fate.REPLAYED)
            done += len(chunk)
            tell(done)
        return Replayed(deliveries=counts, records=records, garbled=garbled)

    async def drop(self, selection: Selection, tell: Tell = lambda _: None) -> int:
        """Forget the letters that are meant; returns how many. Raises UnavailableError; run it again."""
        dropped = 0
        async for chunk in chunks(self._weighed(selection)):
            await self._close(chunk, Fate.DROPPED)
            dropped += len(chunk)
            tell(dropped)
        return dropped

    async def _weighed(self, selection: Selection) -> AsyncIterator[tuple[DeadLetter, int]]:
        async for letter in self._letters.those(selection):
            match letter:
                case Buried(body=body):
                    yield letter, len(body)
                case Unread(value=value):
                    yield letter, len(value or b"")
                case Garbled():
                    yield letter, 0

    async def _produce(self, letter: Unread) -> None:
        """Into the partition it lay in, if that is there: its neighbours are those it had."""
        place = letter.position
        with kafka_unavailable():
            known = await self._producer.partitions_for(self._topic)
            partition = place.partition if place.topic == self._topic and place.partition in known else None
            await self._producer.send_and_wait(
                self._topic, letter.value, key=letter.key, headers=list(letter.headers), partition=partition
            )

    async def _close(self, letters: Sequence[DeadLetter], fate: Fate) -> None:
        await self._dead_letters.close([self._letters.closing(letter, fate, by=self._by) for letter in letters])


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """How many letters are meant, by kind."""

    buried: int = 0
    unread: int = 0
    garbled: int = 0

    @property
    def total(self) -> int:
        """All of them."""
        return self.buried + self.unread + self.garbled


async def tally(letters: Letters, selection: Selection) -> Tally:
    """Count the letters that are meant."""
    kinds = Counter([type(letter) async for letter in letters.shown(selection)])
    return Tally(buried=kinds[Buried], unread=kinds[Unread], garbled=kinds[Garbled])


async def newest(letters: Letters, selection: Selection, limit: int) -> tuple[int, list[DeadLetter]]:
    """How many letters are meant, and the `limit` buried last, newest first."""
    count = 0
    kept: list[tuple[int, int, DeadLetter]] = []
    async for letter in letters.shown(selection):
        count += 1
        heapq.heappush(kept, (letter.at, count, letter))
        if len(kept) > limit:
            heapq.heappop(kept)
    return count, [letter for _, _, letter in sorted(kept, reverse=True)]


@asynccontextmanager
async def opened(settings: Settings, progress: Progress) -> AsyncIterator[Letters]:
    """The dead letters of an installation. Raises UnavailableError."""
    async with reader(settings.kafka, settings.dead_topic) as reading:
        yield await Letters.read(reading, progress)


@asynccontextmanager
async def mending(settings: Settings, progress: Progress) -> AsyncIterator[tuple[Letters, Mending]]:
    """The dead letters of an installation, and what they can be replayed with. Raises UnavailableError."""
    async with opened(settings, progress) as letters, at_hand(settings) as kept, producer(settings.kafka) as kafka:
        dead_letters = KafkaDeadLetters(kafka, settings.dead_topic)
        by = f"{getpass.getuser()}@{socket.gethostname()}"
        yield letters, Mending(letters, dead_letters, kept.outbox, kept.parked, kafka, topic=settings.topic, by=by)


def _anew(letter: Buried) -> Parked:
    """The delivery as it begins again: of its past only the doubt is kept."""
    delivery = Delivery(
        id=letter.delivery,
        event=letter.event.key,
        destination=destination_id(letter.destination),
        appended=now_ms(),
        doubt=letter.doubt,
    )
    return Parked(
        delivery=delivery,
        lane=letter.lane,
        destination=letter.destination,
        body=letter.body,
        position=letter.position or letter.where,
    )


def _letter(record: Record) -> DeadLetter | Closing:
    where = Position(topic=record.topic, partition=record.partition, offset=record.offset)
    return read_letter(record.key, record.value, record.headers, where=where, timestamp=record.timestamp)
