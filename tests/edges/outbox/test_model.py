"""The outbox's scripts against a model of it, by a machine that does whatever may be done, in any order.

Redis loses what it knows, workers fall silent and come back late, ingest reads again, deliveries are parked: after each
act Redis holds what the model holds, nothing is lost, and nothing that may have arrived is sent as if it had not.
`HYPOTHESIS_EXAMPLES=2000 pytest tests/edges/outbox/test_model.py` looks longer.
"""

import asyncio

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import initialize, invariant, rule, run_state_machine_as_test
from redis.asyncio import Redis
from structlog.testing import capture_logs

from bot.core.delivery import DeliveryId
from tests.edges.outbox.bench import PARTITIONS
from tests.edges.outbox.forgetting import Forgetting
from tests.edges.outbox.found import look, picture, put_back
from tests.edges.outbox.reading import Reading
from tests.edges.outbox.working import Working


class Machine(Reading, Working, Forgetting):
    """All that may happen to an outbox."""

    @rule(data=st.data())
    def act(self, data: st.DataObject) -> None:
        """One of the things that may happen now, the likelier ones oftener."""
        possible = {
            self.publish: 6,
            self.lease: 6 * bool(self.model.due or self.model.leases),
            self.settle: 10 * bool(self.holds),
            self.ingest: 3 * bool(self.unread),
            self.follow: 2,
            self.misbehave: bool(self.holds or self.spent),
            self.time_passes: 2,
            self.resume: bool(self.model.paused),
            self.nudge: bool(self.model.waiting),
            self.write_overdue: bool(self.model.waiting),
            self.note_parked: 3 * bool(self.keeping),
            self.let_go: bool(self.model.unparked),
            self.lose: bool(self.past),
        }
        acts = {one.__name__: one for one in possible}
        acts[data.draw(st.sampled_from([one.__name__ for one, weight in possible.items() for _ in range(weight)]))](
            data
        )

    @initialize()
    def begin(self) -> None:
        self.recover(wiped=True)

    def teardown(self) -> None:
        self.run(put_back(self.redis, self.prefix, {}))

    @invariant()
    def taking_pictures(self) -> None:
        """Any of the last states may be the one that Redis comes back with."""
        self.past.append((self.run(picture(self.redis, self.prefix)), self.model.copy()))

    # -- what always holds ---------------------------------------------------------------------------------------

    @invariant()
    def redis_holds_what_the_model_holds(self) -> None:
        model, found = self.model, self.run(look(self.redis, self.prefix))
        assert found.lanes == model.lanes
        assert found.waiting == model.waiting.keys()
        assert found.settled == model.settled
        assert self.journal.kept.keys() <= model.waiting.keys() | model.unparked, "the journal keeps what is settled"
        assert found.count == len(model.waiting)
        assert found.watermarks == model.watermarks
        assert found.begun == {key for key, one in model.waiting.items() if one.begun}
        assert found.doubted == {key for key, one in model.waiting.items() if one.doubt}
        assert {lane: (found.leases[lane], until) for lane, until in found.leased.items()} == model.leases
        assert found.leases.keys() == found.leased.keys(), "a lease ends in both places or in neither"
        assert (found.parked, found.unparked) == (model.parked, model.unparked)
        bodies = {one.event: one.body for one in model.waiting.values()}
        refs = [one.event for one in model.waiting.values()]
        assert found.events == {event: (refs.count(event), body) for event, body in bodies.items()}
        unsettled = {
            partition: {key: one.offset for key, one in model.waiting.items() if one.partition == partition}
            for partition in PARTITIONS
        }
        assert {partition: found.unsettled.get(partition, {}) for partition in PARTITIONS} == unsettled
        assert found.lanes.keys() <= found.due | found.leased.keys(), "a lane that nobody looks at"
        assert not found.due & found.leased.keys()
        assert found.due <= found.lanes.keys(), "an empty lane is due"

    @invariant()
    def nothing_is_lost(self) -> None:
        """Each delivery was settled, waits, or is read again: maybe of another record with the same event."""
        safe = self.truth.finished | self.model.waiting.keys()
        entered: set[DeliveryId] = set()
        for partition, records in self.truth.log.items():
            read_to = self.model.watermarks.get(partition, self.truth.committed.get(partition, 0))
            entered |= {routed.delivery for record in records[:read_to] for routed in record.routed}
            safe |= {routed.delivery for record in records[read_to:] for routed in record.routed}
        assert entered <= safe

    @invariant()
    def lanes_are_in_order(self) -> None:
        """Of what was never settled and published once, a later record of a partition is not before an earlier one."""
        where: dict[DeliveryId, list[tuple[int, int]]] = {}
        for partition, records in self.truth.log.items():
            for record in records:
                for routed in record.routed:
                    where.setdefault(routed.delivery, []).append((partition, record.offset))
        for lane in self.model.lanes.values():
            once = [where[key][0] for key in lane if key not in self.truth.finished and len(where[key]) == 1]
            for partition in PARTITIONS:
                offsets = [offset for one, offset in once if one == partition]
                assert offsets == sorted(offsets)


@pytest.mark.timeout(0)  # as long as HYPOTHESIS_EXAMPLES says
def test_the_outbox_does_what_its_model_does(valkey: str) -> None:
    with asyncio.Runner() as runner:
        redis = Redis(unix_socket_path=valkey, protocol=3)
        machine = type("BoundMachine", (Machine,), {"redis": redis, "loop": runner.get_loop()})
        try:
            with capture_logs():  # each recovery says so
                run_state_machine_as_test(machine, settings=settings(stateful_step_count=50))
        finally:
            runner.run(redis.aclose())
