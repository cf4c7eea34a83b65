"""The outbox in plain Python, as the docstrings of `bot.ports` and `bot.stores.recovery` promise it.

Written to be read, not to be quick: one dictionary for each idea, and no Redis. `begin` tells what a worker is handed.
Where the promise leaves something open (when exactly a doubt begins), the model knows only whether there is one.
"""

from collections.abc import Iterable, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, field

from bot.core.delivery import Attempt, Bury, Continue, Cool, DeliveryId, Done, Lane, Pause, Retry, Scope, Step
from bot.core.destination import DestinationId
from bot.core.event import EventKey
from bot.core.progress import Progress
from bot.ports.outbox import Appended, Arrival, Behind, Entered, Full, Parked, Stale
from bot.stores.outbox import Limits

MERGING = "slack"


@dataclass(kw_only=True)
class Waiting:
    """One delivery. `partition` is None for one that holds back no commit."""

    event: EventKey
    lane: Lane
    body: bytes
    appended: int
    partition: int | None
    offset: int
    attempts: int = 0
    history: tuple[Attempt, ...] = ()
    progress: Progress | None = None
    begun: bool = False
    doubt: bool = False


@dataclass(kw_only=True)
class Model:
    """All that an outbox knows. `leases` has each held lane's token and expiry; times are milliseconds.

    `put_off` has lanes that found another one's turn: maybe nobody looks at them again before that time.
    """

    limits: Limits
    now: int
    version: int = 0
    waiting: dict[DeliveryId, Waiting] = field(default_factory=dict)
    lanes: dict[Lane, list[DeliveryId]] = field(default_factory=dict)
    settled: set[DeliveryId] = field(default_factory=set)
    watermarks: dict[int, int] = field(default_factory=dict)
    leases: dict[Lane, tuple[int, int]] = field(default_factory=dict)
    due: dict[Lane, int] = field(default_factory=dict)
    pace: dict[DestinationId, int] = field(default_factory=dict)
    nudged: set[Lane] = field(default_factory=set)
    put_off: dict[Lane, int] = field(default_factory=dict)
    cool: dict[str, int] = field(default_factory=dict)
    paused: dict[DestinationId, str] = field(default_factory=dict)
    parked: set[DeliveryId] = field(default_factory=set)
    unparked: set[DeliveryId] = field(default_factory=set)
    reread: dict[int, int] = field(default_factory=dict)

    def copy(self) -> "Model":
        return deepcopy(self)

    # -- in ------------------------------------------------------------------------------------------------------

    def append(self, partition: int, arrivals: Sequence[Arrival], *, version: int, read_from: int | None) -> Appended:
        watermark = self.watermarks.get(partition)
        if version != self.version:
            return Stale()
        if read_from is not None and (watermark is None or watermark < read_from):
            return Behind(watermark=watermark)
        if (full := self._full(arrivals, watermark or 0)) is not None:
            return full
        appended = known = replayed = 0
        for arrival in arrivals:
            if arrival.offset < (watermark or 0):
                replayed += 1
                continue
            for routed in arrival.routed:
                if routed.delivery in self.waiting or routed.delivery in self.settled:
                    known += 1
                else:
                    appended += 1
                    assert arrival.key is not None
                    self._enter(
                        routed.delivery,
                        Waiting(
                            event=arrival.key,
                            lane=routed.lane,
                            body=arrival.body,
                            appended=self.now,
                            partition=partition,
                            offset=arrival.offset,
                            doubt=arrival.offset < self.reread.get(partition, 0),
                        ),
                    )
            watermark = self.watermarks[partition] = arrival.offset + 1
        if self.watermarks.get(partition, 0) >= self.reread.get(partition, 0):
            self.reread.pop(partition, None)
        return Entered(appended=appended, known=known, replayed=replayed)

    def _full(self, arrivals: Sequence[Arrival], watermark: int) -> Full | None:
        if len(self.waiting) >= self.limits.most:
            return Full(lane=None)
        asked = (routed.lane for arrival in arrivals if arrival.offset >= watermark for routed in arrival.routed)
        crowded = [lane for lane in asked if len(self.lanes.get(lane, ())) >= self.limits.most_a_lane]
        return Full(lane=crowded[0]) if crowded else None

    def _enter(self, delivery: DeliveryId, one: Waiting, due: int | None = None) -> None:
        self.waiting[delivery] = one
        self.lanes.setdefault(one.lane, []).append(delivery)
        if one.lane not in self.leases:
            self.due.setdefault(one.lane, max(self.now, self.pace.get(self.place(one.lane), 0)) if due is None else due)

    def committable(self, partition: int) -> int | None:
        held = [one.offset for one in self.waiting.values() if one.partition == partition]
        return min(held, default=self.watermarks.get(partition))

    # -- out -----------------------------------------------------------------------------------------------------

    def expire(self, limit: int) -> int:
        """Take lanes back from workers that went silent, longest first; returns how many."""
        silent = sorted((until, lane) for lane, (_, until) in self.leases.items() if until <= self.now)[:limit]
        for _, lane in silent:
            del self.leases[lane]
            self.nudged.discard(lane)
            self.due[lane] = self.now
        return len(silent)

    def eligible(self, kinds: Iterable[str]) -> set[Lane]:
        return {
            lane
            for lane, due in self.due.items()
            if due <= self.now
            and lane.partition("/")[0] in kinds
            and self._open(lane)
            and not self.waits_its_turn(lane)
        }

    def surely(self, lanes: Iterable[Lane]) -> set[Lane]:
        """Those of them that are looked at now."""
        return {lane for lane in lanes if self.put_off.get(lane, 0) <= self.now}

    def waits_its_turn(self, lane: Lane) -> bool:
        """Slack's lanes to one place are held one at a time."""
        return lane.startswith(MERGING) and any(self.place(lane) == self.place(held) for held in self.leases)

    def put_off_the_others(self) -> None:
        """Of lanes that find another one's turn somebody may think again at the next full 50 ms."""
        later = (self.now // 50 + 1) * 50
        self.put_off |= {lane: later for lane, due in self.due.items() if due <= self.now and self.waits_its_turn(lane)}

    def turns(self, lanes: Iterable[Lane]) -> int:
        """How many of them may be held at once."""
        return len({self.place(lane) if lane.startswith(MERGING) else lane for lane in lanes})

    def _open(self, lane: Lane) -> bool:
        """Nothing stands in the way; of a paused lane what is too old is taken out to be given up."""
        if self.place(lane) in self.paused:
            return self._expires(lane) <= self.now
        return not self.cooling(lane) and self.pace.get(self.place(lane), 0) <= self.now

    def _expires(self, lane: Lane) -> int:
        return self.waiting[self.lanes[lane][0]].appended + self.limits.age + 1

    def cooling(self, lane: Lane) -> bool:
        scopes = (self.place(lane), installation(lane))
        return any(self.cool.get(scope, 0) > self.now for scope in scopes)

    def lease(self, lane: Lane, token: int) -> list[DeliveryId]:
        del self.due[lane]
        self.put_off.pop(lane, None)
        self.leases[lane] = (token, self.now + self.limits.lease)
        return self.begin(lane)

    def _run(self, lane: Lane) -> int:
        """Several of a kind that merges; more of a long lane, and of a subscription's own."""
        if not lane.startswith(MERGING):
            return 1
        many = len(self.lanes[lane]) > self.limits.crowd or "#" in lane
        return self.limits.long if many else self.limits.run

    def begin(self, lane: Lane) -> list[DeliveryId]:
        begun = self.lanes[lane][: self._run(lane)]
        for delivery in begun:
            one = self.waiting[delivery]
            one.doubt = one.doubt or one.begun
            one.begun = True
        return begun

    def settle(
        self, lane: Lane, token: int, steps: Mapping[DeliveryId, Step | None], *, due: int, wait: int, more: bool
    ) -> list[DeliveryId] | None:
        """The next deliveries, begun; None where the lease was lost."""
        if self.leases.get(lane, (0, 0))[0] != token:
            return None
        blocked, pace, due = False, due, due if lane in self.nudged else max(due, wait)
        for delivery, step in steps.items():
            blocked = blocked or isinstance(step, Retry | Cool | Pause)
            due = max(due, self._reach(lane, step))
            if delivery in self.waiting:
                self._apply(delivery, step)
        open_ = not blocked and self.place(lane) not in self.paused and not self.cooling(lane)
        if more and open_ and self.lanes.get(lane):
            self.leases[lane] = (token, self.now + self.limits.lease)
            return self.begin(lane)
        del self.leases[lane]
        self.nudged.discard(lane)
        if pace > self.now:
            self.pace[self.place(lane)] = max(pace, self.pace.get(self.place(lane), 0))
        if self.lanes.get(lane):
            self.due[lane] = max(self._expires(lane) if self.place(lane) in self.paused else due, self.now)
        return []

    def _apply(self, delivery: DeliveryId, step: Step | None) -> None:
        one = self.waiting[delivery]
        match step:
            case Done() | Bury():
                del self.waiting[delivery]
                self._strike(one.lane, delivery)
                self.settled.add(delivery)
                if delivery in self.parked:
                    self.parked.discard(delivery)
                    self.unparked.add(delivery)
                return
            case Continue(progress=progress, doubt=doubt):
                one.progress, one.doubt = progress, one.doubt and doubt
            case Retry(attempt=attempt, doubt=doubt):
                self._note(one, attempt)
                one.doubt = one.doubt or doubt
            case Pause(attempt=attempt):
                self._note(one, attempt)
            case Cool() | None:
                pass
        one.begun = False

    def _reach(self, lane: Lane, step: Step | None) -> int:
        """What a step means beyond its delivery; returns the time before which the lane has to wait."""
        match step:
            case Retry(at=at):
                return at
            case Pause(attempt=attempt):
                self.paused[self.place(lane)] = attempt.reason
            case Cool(until=until, scope=scope):
                name = {Scope.LANE: "", Scope.METHOD: "", Scope.DESTINATION: self.place(lane)}.get(
                    scope, installation(lane)
                )
                if name:
                    self.cool[name] = max(until, self.cool.get(name, 0))
                return until
        return 0

    def _note(self, one: Waiting, attempt: Attempt) -> None:
        one.attempts += 1
        one.history = (*one.history, attempt)

    def _strike(self, lane: Lane, delivery: DeliveryId) -> None:
        self.lanes[lane].remove(delivery)
        if not self.lanes[lane]:
            del self.lanes[lane]
            self.due.pop(lane, None)

    def resume(self, place: DestinationId) -> int:
        self.paused.pop(place, None)
        woken = [lane for lane in self.lanes if self.place(lane) == place and lane not in self.leases]
        self.wake(woken)
        return len(woken)

    def wake(self, lanes: Iterable[Lane]) -> None:
        for lane in lanes:
            self.due[lane] = self.now
            self.put_off.pop(lane, None)

    def nudge(self, lane: Lane) -> None:
        if lane in self.leases:
            self.nudged.add(lane)
        elif lane in self.lanes:
            self.wake([lane])

    # -- the journal ---------------------------------------------------------------------------------------------

    def overdue(self, partition: int, *, age: int, limit: int) -> list[DeliveryId]:
        held = sorted((one.offset, key) for key, one in self.waiting.items() if one.partition == partition)
        found = [key for _, key in held[:limit] if self.now - self.waiting[key].appended >= age]
        self.parked |= set(found)
        return found

    def park(self, deliveries: Iterable[DeliveryId]) -> list[DeliveryId]:
        gone = []
        for delivery in deliveries:
            if delivery in self.waiting:
                self.parked.add(delivery)
                self.waiting[delivery].partition = None
            else:
                gone.append(delivery)
        return gone

    # -- recovery ------------------------------------------------------------------------------------------------

    def recover(self, journal: Sequence[Parked], ends: Mapping[int, int], *, wiped: bool) -> None:
        self.reread = dict(ends)
        for one in self.waiting.values():
            one.doubt = True
        for parked in journal:
            delivery, at = parked.delivery, parked.position
            if delivery.id in self.settled:
                self.unparked.add(delivery.id)
                continue
            self.parked.add(delivery.id)
            if delivery.id in self.waiting:
                self.waiting[delivery.id].partition = None
                continue
            made = Waiting(
                event=delivery.event,
                lane=parked.lane,
                body=parked.body,
                appended=delivery.appended,
                partition=None,
                offset=at.offset,
                attempts=delivery.attempts,
                history=delivery.history,
                doubt=True,
            )
            self._enter(delivery.id, made, due=0)
        if wiped:
            where = {one.delivery.id: (one.position.partition, one.position.offset) for one in journal}
            for lane in self.lanes.values():
                lane.sort(key=where.__getitem__)

    @staticmethod
    def place(lane: Lane) -> DestinationId:
        return DestinationId(lane.partition("#")[0])


def installation(lane: Lane) -> str:
    """`slack/T1` of `slack/T1/C1`."""
    return "/".join(lane.split("/")[:2])
