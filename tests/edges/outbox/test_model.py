"""The outbox's scripts against a model of it, by a machine that does whatever may be done, in any order.

Redis loses what it knows, workers fall silent and come back late, ingest reads again, deliveries are parked: after each
act Redis holds what the model holds, nothing is lost, and nothing that may have arrived is sent as if it had not.
`HYPOTHESIS_EXAMPLES=2000 pytest tests/edges/outbox/test_model.py` looks longer.
"""

import asyncio
from collections import deque
from collections.abc import Coroutine, Sequence
from typing import Any, ClassVar, TypeVar
from uuid import uuid4

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)
from redis.asyncio import Redis

from bot.core.delivery import Attempt, Bury, Cool, Delivery, DeliveryId, Done, Pause, Retry, Scope, Step
from bot.core.destination import destination_id
from bot.ports import Behind, Entered, Parked
from bot.stores.epoch import Epoch
from bot.stores.keys import Keys
from bot.stores.outbox import Limits, RedisOutbox
from bot.stores.recovery import Front, Recovery
from tests.edges.outbox.model import Model
from tests.edges.outbox.world import PLACES, SHARDS, Hold, Paper, Reader, Truth, arrival, look, picture, put_back

T = TypeVar("T")
T0 = 1_700_000_000_000
PARTITIONS = (0, 1)
LONG = 60_000
"""A wait, in milliseconds, that is longer than a lease and than any example takes: pacing keys expire by Redis's clock."""
LIMITS = Limits(lease=10_000, remember=3_600_000, run=3, shards=SHARDS, most=12, most_a_lane=5)
KINDS = ("slack", "webhook")
ALL_LANES = 10
REMEMBERED = 8
"""How many steps a restarted Redis may be behind."""

partitions = st.sampled_from(PARTITIONS)
targets = st.lists(st.sampled_from(PLACES), unique=True, max_size=3)
batches = st.lists(st.tuples(targets, st.integers(0, 9)), min_size=1, max_size=3)
mostly = st.sampled_from((True, True, True, False))
waits = st.sampled_from((0, 0, LONG, 2 * LONG))
steps = st.sampled_from(("done", "done", "done", "bury", "retry", "unknown", "cool", "pause", "keep", "silence"))


class Machine(RuleBasedStateMachine):
    """One outbox in a namespace of its own."""

    redis: ClassVar[Redis]
    loop: ClassVar[asyncio.AbstractEventLoop]

    def __init__(self) -> None:
        super().__init__()
        keys = Keys(uuid4().hex)
        self.prefix = keys.prefix
        self.keys = keys
        self.journal = Paper()
        self.epoch = Epoch(self.redis, keys)
        self.outbox = RedisOutbox(self.redis, keys, LIMITS, epoch=self.epoch, now=T0)
        self.recovery = Recovery(
            self.redis,
            keys,
            self.epoch,
            subscriptions=self.journal,  # type: ignore[arg-type] # the two methods that a recovery calls
            parked=self.journal,  # type: ignore[arg-type] # as above
            ends=self.ends,
            front=Front(run=LIMITS.run, interval=1_000),
        )
        self.model = Model(limits=LIMITS, now=T0)
        self.truth = Truth(log={partition: [] for partition in PARTITIONS})
        self.readers = {partition: Reader() for partition in PARTITIONS}
        self.events = 0
        self.holds: list[Hold] = []
        self.spent: list[tuple[Hold, dict[DeliveryId, Step | None]]] = []
        self.keeping: tuple[Parked, ...] = ()
        self.past: deque[tuple[Any, Model]] = deque(maxlen=REMEMBERED)

    def run(self, coroutine: Coroutine[Any, Any, T]) -> T:
        return self.loop.run_until_complete(coroutine)

    @property
    def unread(self) -> list[int]:
        return [partition for partition, log in self.truth.log.items() if self.readers[partition].at < len(log)]

    async def ends(self) -> dict[tuple[str, int], int]:
        return {("events", partition): len(records) for partition, records in self.truth.log.items()}

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

    # -- Kafka and ingest ----------------------------------------------------------------------------------------

    def publish(self, data: st.DataObject) -> None:
        """Records; one in ten repeats an event, maybe in another partition and for other places."""
        partition, records = data.draw(partitions), data.draw(batches)
        log = self.truth.log[partition]
        for places, again in records:
            if again or not self.events:
                self.events += 1
            number = self.events if again else 1 + len(log) % self.events
            log.append(arrival(len(log), number, places, now=self.model.now))
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

    def append(self, partition: int, batch: Sequence[Any], *, version: int, read_from: int | None) -> object:
        expected = self.model.append(partition, batch, version=version, read_from=read_from)
        answer = self.run(self.outbox.append("events", partition, batch, version=version, read_from=read_from))
        assert answer == expected
        return answer

    def take_up(self, partition: int) -> None:
        """A process begins to read where the outbox, or else the committed offset, says."""
        watermark = self.run(self.outbox.watermark("events", partition))
        at = self.truth.committed.get(partition, 0) if watermark is None else watermark
        self.readers[partition] = Reader(at=at, read_from=watermark)

    def change_subscriptions(self) -> None:
        self.model.version += 1
        self.run(self.redis.incr(self.keys.subscriptions_version))

    def commit(self, partition: int) -> None:
        offset = self.run(self.outbox.committable("events", partition))
        assert offset == self.model.committable(partition)
        if offset is None:
            return
        for record in self.truth.log[partition][:offset]:
            for routed in record.routed:
                one = self.model.waiting.get(routed.delivery)
                elsewhere = one is not None and (one.partition, one.offset) != (partition, record.offset)
                assert routed.delivery in self.truth.finished | self.journal.kept.keys() or elsewhere
        self.truth.committed[partition] = offset

    # -- workers -------------------------------------------------------------------------------------------------

    def lease(self, data: st.DataObject) -> None:
        lanes = ALL_LANES if data.draw(mostly) else 1
        kinds = KINDS if data.draw(mostly) else data.draw(st.sampled_from((KINDS[:1], KINDS[1:])))
        taken = self.run(self.outbox.lease("worker", lanes=lanes, kinds=kinds))
        assert taken.expired == self.model.expire(lanes)
        eligible, leased = self.model.eligible(kinds), {one.lane for one in taken.lanes}
        assert leased == eligible if lanes == ALL_LANES else leased <= eligible
        assert len(taken.lanes) == len(leased) <= lanes
        for one in taken.lanes:
            assert one.token > self.truth.token, "fencing tokens grow"
            self.truth.token = one.token
            begun = self.model.lease(one.lane, one.token)
            assert one.until == self.model.leases[one.lane][1]
            assert destination_id(one.destination) == self.model.place(one.lane)
            hold = Hold(one, one.until, one.deliveries)
            self.begun(hold, begun)
            self.holds.append(hold)

    def begun(self, hold: Hold, expected: Sequence[DeliveryId]) -> None:
        """What a worker was handed is what the model hands out."""
        assert [delivery.id for delivery, _ in hold.deliveries] == expected
        for delivery, body in hold.deliveries:
            self.same(delivery, body)
        self.truth.begun(hold, hold.deliveries, self.model.now)

    def same(self, delivery: Delivery, body: bytes, *, begun: bool = False) -> None:
        one = self.model.waiting[delivery.id]
        assert (delivery.event, delivery.appended, delivery.attempts) == (one.event, one.appended, one.attempts)
        assert (delivery.history, body) == (one.history, one.body)
        assert (delivery.doubt is not None) == (one.doubt or (begun and one.begun))

    def settle(self, data: st.DataObject) -> None:
        wait, more = data.draw(waits), data.draw(mostly)
        hold = data.draw(st.sampled_from(self.holds))
        chosen: dict[DeliveryId, Step | None] = {}
        for delivery, _ in hold.deliveries:
            name = data.draw(steps)
            if name != "silence":
                chosen[delivery.id] = step = self.step(name, data)
                arrived = isinstance(step, Done | Bury) or (isinstance(step, Retry) and step.doubt)
                self.truth.reported(hold, delivery.id, arrived=arrived)
        self.settle_with(hold, chosen, due=self.model.now + wait, more=more)

    def settle_with(self, hold: Hold, chosen: dict[DeliveryId, Step | None], *, due: int, more: bool) -> None:
        leased = hold.leased
        known = self.model.waiting.keys() & chosen.keys()
        begun = self.model.settle(leased.lane, leased.token, chosen, due=due, more=more)
        answer = self.run(self.outbox.settle(leased, chosen, due=due, more=more))
        assert answer.held == (begun is not None)
        if answer.held:
            self.truth.finished |= {key for key, step in chosen.items() if isinstance(step, Done | Bury)} & known
        if hold in self.holds:
            self.holds.remove(hold)
        if not answer.next:
            assert not begun
            self.spent.append((hold, chosen))
            return
        hold = Hold(leased, answer.until, answer.next)
        assert answer.until == self.model.leases[leased.lane][1]
        self.begun(hold, begun or ())
        self.holds.append(hold)

    def step(self, name: str, data: st.DataObject) -> Step | None:
        now = self.model.now
        attempt = Attempt(at=now, outcome="failed", reason=f"for {name}")
        match name:
            case "done":
                return Done(reference="ok")
            case "bury":
                return Bury(reason="gave up", attempt=attempt)
            case "retry" | "unknown":
                return Retry(at=now + data.draw(waits), attempt=attempt, doubt=name == "unknown")
            case "cool":
                return Cool(until=now + data.draw(waits), scope=data.draw(st.sampled_from(SCOPES)), reason="slow")
            case "pause":
                return Pause(scope=Scope.DESTINATION, attempt=attempt)
        return None

    def settle_again(self, data: st.DataObject) -> None:
        """A worker whose lease is over settles once more: a client that tries twice, or a late answer."""
        hold, chosen = data.draw(st.sampled_from(self.spent))
        if self.model.leases.get(hold.leased.lane, (0, 0))[0] != hold.leased.token:
            self.settle_with(hold, chosen, due=self.model.now, more=True)

    def misbehave(self, data: st.DataObject) -> None:
        """A worker dies, or settles a second time."""
        if self.spent and (not self.holds or data.draw(st.booleans())):
            self.settle_again(data)
        else:
            self.fall_silent(data)

    def fall_silent(self, data: st.DataObject) -> None:
        """A worker dies; whatever it had begun may have arrived."""
        self.holds.remove(data.draw(st.sampled_from(self.holds)))

    def time_passes(self, data: st.DataObject) -> None:
        self.model.now += data.draw(st.sampled_from((1, LIMITS.lease // 2, LIMITS.lease, LONG, 2 * LONG)))
        self.outbox.now = self.model.now

    def resume(self, data: st.DataObject) -> None:
        name = data.draw(st.sampled_from(sorted(self.model.paused)))
        assert self.run(self.outbox.resume(name)) == self.model.resume(name)

    # -- parking -------------------------------------------------------------------------------------------------

    def write_overdue(self, data: st.DataObject) -> None:
        """What waits long is written to the journal."""
        partition, age = data.draw(partitions), data.draw(st.sampled_from((0, LIMITS.lease)))
        limit = data.draw(st.sampled_from((1, 50)))
        overdue = self.run(self.outbox.overdue("events", partition, age=age, limit=limit))
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
            gone = self.run(self.outbox.park(ids))
            assert list(gone) == self.model.park(ids)
            self.journal.forget(gone)

    def let_go(self, _: st.DataObject) -> None:
        settled = self.run(self.outbox.unparked(500))
        assert set(settled) == self.model.unparked
        if settled:
            self.journal.forget(settled)
            self.run(self.outbox.forget_parked(settled))
            self.model.unparked -= set(settled)

    # -- Redis ---------------------------------------------------------------------------------------------------

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

    def recover(self, *, wiped: bool) -> None:
        """Workers go on with what they hold, up to the end of their leases; a settling on its way reaches nothing."""
        assert self.run(self.recovery.take_up()) is not None
        ends = {partition: len(records) for partition, records in self.truth.log.items()}
        self.model.recover(tuple(self.journal.kept.values()), ends, wiped=wiped)
        self.holds = [hold for hold in self.holds if hold.until > self.model.now]
        self.spent, self.keeping = [], ()

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
        lost = [lane for lane in found.lanes if lane not in found.due | found.leased.keys()]
        assert [lane for lane in lost if model.place(lane) not in model.paused] == [], "a lane that nobody looks at"
        assert not found.due & found.leased.keys()
        assert found.due <= found.lanes.keys(), "an empty lane is due"

    @invariant()
    def nothing_is_lost(self) -> None:
        """Each delivery was settled, waits, or is read again."""
        safe = self.truth.finished | self.model.waiting.keys()
        for partition, records in self.truth.log.items():
            read_to = self.model.watermarks.get(partition, self.truth.committed.get(partition, 0))
            for record in records[:read_to]:
                assert {routed.delivery for routed in record.routed} <= safe, f"{partition}@{record.offset} is lost"

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


SCOPES = (Scope.LANE, Scope.DESTINATION, Scope.METHOD, Scope.INSTALLATION)


@pytest.mark.timeout(0)  # as long as HYPOTHESIS_EXAMPLES says
def test_the_outbox_does_what_its_model_does(valkey: str) -> None:
    with asyncio.Runner() as runner:
        redis = Redis(unix_socket_path=valkey, protocol=3)
        machine = type("BoundMachine", (Machine,), {"redis": redis, "loop": runner.get_loop()})
        try:
            run_state_machine_as_test(machine, settings=settings(stateful_step_count=50))
        finally:
            runner.run(redis.aclose())
