"""Workers lease, settle in every way there is, fall silent, and come back late."""

from collections.abc import Sequence

from hypothesis import strategies as st

from bot.core.delivery import Attempt, Bury, Continue, Cool, DeliveryId, Done, Pause, Retry, Scope, Step
from bot.core.destination import destination_id
from bot.core.progress import Progress
from bot.core.routing import own_lane
from tests.edges.outbox.bench import LIMITS, LONG, Bench, mostly
from tests.edges.outbox.world import PATIENT, PLACES, Hold

KINDS = ("slack", "webhook")
ALL_LANES = 10
SCOPES = (Scope.LANE, Scope.DESTINATION, Scope.METHOD, Scope.INSTALLATION)

waits = st.sampled_from((0, 0, LONG, 2 * LONG))
steps = st.sampled_from(
    ("done", "done", "done", "bury", "part", "plainer", "retry", "unknown", "cool", "pause", "keep", "silence")
)


class Working(Bench):
    """Dispatch, by any number of workers."""

    def lease(self, data: st.DataObject) -> None:
        lanes = ALL_LANES if data.draw(mostly) else 1
        kinds = KINDS if data.draw(mostly) else data.draw(st.sampled_from((KINDS[:1], KINDS[1:])))
        taken = self.run(self.outbox.lease("worker", lanes=lanes, kinds=kinds))
        assert taken.expired == self.model.expire(lanes)
        eligible, leased = self.model.eligible(kinds), {one.lane for one in taken.lanes}
        assert leased <= eligible
        assert len(taken.lanes) == self.model.turns(leased), "of a channel's lanes one is held at a time"
        sure = self.model.turns(self.model.surely(eligible))
        assert min(lanes, sure) <= len(taken.lanes) <= min(lanes, self.model.turns(eligible))
        for one in taken.lanes:
            assert one.token > self.truth.token, "fencing tokens grow"
            self.truth.token = one.token
            begun = self.model.lease(one.lane, one.token)
            assert one.until == self.model.leases[one.lane][1]
            assert destination_id(one.destination) == self.model.place(one.lane)
            hold = Hold(one, one.until, one.deliveries)
            self.begun(hold, begun)
            self.holds.append(hold)
        self.model.put_off_the_others()

    def begun(self, hold: Hold, expected: Sequence[DeliveryId]) -> None:
        """What a worker was handed is what the model hands out."""
        assert [delivery.id for delivery, _ in hold.deliveries] == expected
        for delivery, body in hold.deliveries:
            self.same(delivery, body)
        self.truth.begun(hold, hold.deliveries, self.model.now)

    def settle(self, data: st.DataObject) -> None:
        pace, wait, more = data.draw(waits), data.draw(waits), data.draw(mostly)
        hold = data.draw(st.sampled_from(self.holds))
        chosen: dict[DeliveryId, Step | None] = {}
        for delivery, _ in hold.deliveries:
            name = data.draw(steps)
            if name != "silence":
                chosen[delivery.id] = step = self.step(name, data)
                arrived = isinstance(step, Done | Bury) or (isinstance(step, Retry) and step.doubt)
                self.truth.reported(hold, delivery.id, arrived=arrived)
                if isinstance(step, Continue) and not step.doubt:
                    self.truth.looked(delivery.id)
        now = self.model.now
        self.settle_with(hold, chosen, due=now + pace, wait=now + wait, more=more)

    def settle_with(
        self, hold: Hold, chosen: dict[DeliveryId, Step | None], *, due: int, wait: int = 0, more: bool
    ) -> None:
        leased = hold.leased
        known = self.model.waiting.keys() & chosen.keys()
        begun = self.model.settle(leased.lane, leased.token, chosen, due=due, wait=wait, more=more)
        answer = self.run(self.outbox.settle(leased, chosen, due=due, wait=wait, more=more))
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
            case "part" | "plainer":
                progress = Progress(reference="C1/1.0", thread="1.0", told=data.draw(st.integers(0, 9)))
                return Continue(progress=progress, doubt=name == "plainer")
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

    def nudge(self, data: st.DataObject) -> None:
        place = destination_id(data.draw(st.sampled_from(PLACES)))
        self.run(self.outbox.nudge(PATIENT, [place]))
        self.model.nudge(own_lane(place, PATIENT))
