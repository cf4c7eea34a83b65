"""Deliveries are parked, and Redis forgets: the last steps, or everything."""

from hypothesis import strategies as st

from bot.core.destination import destination_id
from tests.edges.outbox.bench import LIMITS, Bench, mostly, partitions
from tests.edges.outbox.found import put_back
from tests.edges.outbox.model import Model


class Forgetting(Bench):
    """The journal, and the recoveries that read it."""

    def write_overdue(self, data: st.DataObject) -> None:
        """What waits long is written to the journal."""
        partition, age = data.draw(partitions), data.draw(st.sampled_from((0, LIMITS.lease)))
        limit = data.draw(st.sampled_from((1, 50)))
        overdue = self.run(self.outbox.partitions.overdue("events", partition, age=age, limit=limit))
        assert [one.delivery.id for one in overdue] == self.model.overdue(partition, age=age, limit=limit)
        for one in overdue:
            known = self.model.waiting[one.delivery.id]
            self.same(one.delivery, one.body, begun=True)
            assert (one.position.partition, one.position.offset) == (partition, known.offset)
            assert (one.lane, destination_id(one.destination)) == (known.lane, self.model.place(known.lane))
        self.journal.keep(overdue)
        self.keeping = overdue

    def note_parked(self, data: st.DataObject) -> None:
        """The outbox learns that the journal has them, or the process died in between."""
        ids = [one.delivery.id for one in self.keeping]
        self.keeping = ()
        if data.draw(mostly):
            gone = self.run(self.outbox.partitions.park(ids))
            assert list(gone) == self.model.park(ids)
            self.journal.forget(gone)

    def let_go(self, _: st.DataObject) -> None:
        settled = self.run(self.outbox.partitions.unparked(500))
        assert set(settled) == self.model.unparked
        if settled:
            self.journal.forget(settled)
            self.run(self.outbox.partitions.forget_parked(settled))
            self.model.unparked -= set(settled)

    def lose(self, data: st.DataObject) -> None:
        """Redis is killed, and comes back without what happened in the last steps, or with nothing."""
        back = data.draw(st.integers(0, len(self.past)))
        if back == len(self.past):
            self.wipe()
            return
        pictured, model = self.past[-1 - back]
        now, version = self.model.now, self.model.version
        self.run(put_back(self.redis, self.prefix, pictured))
        self.run(self.redis.set(self.keys.epoch, "another:server"))
        self.model = model.copy()
        self.model.now, self.model.version = now, version
        self.run(self.redis.set(self.keys.subscriptions_version, version))
        self.recover(wiped=False)

    def wipe(self) -> None:
        now, version = self.model.now, self.model.version
        self.run(put_back(self.redis, self.prefix, {}))
        self.model = Model(limits=LIMITS, now=now, version=version)
        self.run(self.redis.set(self.keys.subscriptions_version, version))
        self.recover(wiped=True)
