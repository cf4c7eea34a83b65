"""Records are published and read, in order and out of it, by one process or by two that both believe in themselves."""

from collections.abc import Sequence

from hypothesis import strategies as st

from bot.ports.outbox import Appended, Arrival, Behind, Entered
from tests.edges.outbox.bench import Bench, mostly, partitions
from tests.edges.outbox.world import PLACES, Reader, arrival

targets = st.lists(st.sampled_from(PLACES), unique=True, max_size=3)
batches = st.lists(st.tuples(targets, st.integers(0, 9)), min_size=1, max_size=3)


class Reading(Bench):
    """Kafka and ingest."""

    def publish(self, data: st.DataObject) -> None:
        """Records; one in ten repeats an event, maybe in another partition and for other places."""
        partition, records = data.draw(partitions), data.draw(batches)
        log = self.truth.log[partition]
        for places, again in records:
            if again or not self.events:
                self.events += 1
            number = self.events if again else 1 + len(log) % self.events
            log.append(arrival(len(log), number, places, now=self.model.now, patient=number % 3 == 0))
        if data.draw(mostly):
            self.read(partition, len(records))

    def ingest(self, data: st.DataObject) -> None:
        stale = not data.draw(mostly)
        self.read(data.draw(st.sampled_from(self.unread)), data.draw(st.integers(1, 4)), stale=stale)

    def follow(self, data: st.DataObject) -> None:
        """What happens beside the reading."""
        partition = data.draw(partitions)
        match data.draw(st.sampled_from(("zombie", "take up", "subscribe", "commit"))):
            case "zombie":
                self.ingest_as_a_zombie(partition, data)
            case "take up":
                self.take_up(partition)
            case "subscribe":
                self.change_subscriptions()
            case _:
                self.commit(partition)

    def read(self, partition: int, count: int, *, stale: bool = False) -> None:
        reader = self.readers[partition]
        batch = self.truth.log[partition][reader.at : reader.at + count]
        match self.append(partition, batch, version=self.model.version - stale, read_from=reader.read_from):
            case Entered():
                reader.at = reader.read_from = batch[-1].offset + 1
            case Behind():
                self.take_up(partition)

    def ingest_as_a_zombie(self, partition: int, data: st.DataObject) -> None:
        """A former member of the group appends what it had read, from where its own reading began."""
        log = self.truth.log[partition][: self.readers[partition].at]
        if log:
            start = data.draw(st.integers(0, len(log) - 1))
            batch = log[start : start + data.draw(st.integers(1, 3))]
            self.append(partition, batch, version=self.model.version, read_from=start)

    def append(self, partition: int, batch: Sequence[Arrival], *, version: int, read_from: int | None) -> Appended:
        expected = self.model.append(partition, batch, version=version, read_from=read_from)
        answer = self.run(self.outbox.append("events", partition, batch, version=version, read_from=read_from))
        assert answer == expected
        return answer

    def take_up(self, partition: int) -> None:
        """A process begins to read where the outbox, or else the committed offset, says."""
        watermark = self.run(self.outbox.partitions.watermark("events", partition))
        at = self.truth.committed.get(partition, 0) if watermark is None else watermark
        self.readers[partition] = Reader(at=at, read_from=watermark)

    def change_subscriptions(self) -> None:
        self.model.version += 1
        self.run(self.redis.incr(self.keys.subscriptions_version))

    def commit(self, partition: int) -> None:
        offset = self.run(self.outbox.partitions.committable("events", partition))
        assert offset == self.model.committable(partition)
        if offset is None:
            return
        for record in self.truth.log[partition][:offset]:
            for routed in record.routed:
                one = self.model.waiting.get(routed.delivery)
                elsewhere = one is not None and (one.partition, one.offset) != (partition, record.offset)
                assert routed.delivery in self.truth.finished | self.journal.kept.keys() or elsewhere
        self.truth.committed[partition] = offset
