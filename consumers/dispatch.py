"""Drains the lanes: outcome, settle, step.

One task leases lanes while there is room; each leased lane is a task of its own for one turn. A turn sends, settles in
one script, and goes on with the lane's next deliveries or gives it back. Waiting is never done here: a lane that has to
wait is given back with the time at which it is due.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace

import structlog

from bot.core.delivery import (
    ENDED,
    EXPIRED,
    Ask,
    Attempt,
    Bury,
    DeliveryId,
    Paced,
    Pause,
    Step,
    Tried,
    expire,
    settle,
)
from bot.core.errors import UnavailableError
from bot.core.pacing import next_send
from bot.core.window import Windows
from bot.ports.gate import Ended, Gate, Let, Verdict, Wait
from bot.ports.letters import DeadLetters
from bot.ports.outbox import Leased, Outbox, Settled, Taken, Wakes
from bot.ports.outlet import Item, Service
from bot.telemetry import Metrics
from consumers.attempt import Attempts, place_of
from consumers.race import first

log = structlog.get_logger()

IDLE_SECONDS = 1.0
RETRY_SECONDS = 0.5
UNANSWERED = 1_000
"""Milliseconds until a gate that could not answer is asked again."""
LOOK_AGAIN = 15 * 60_000
"""Milliseconds after which a lane that waits for somebody is looked at: their nudge may have been lost."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Decided:
    """What follows for those that were tried; without any, the lane waits until `wait` (milliseconds)."""

    tried: Sequence[Item] = ()
    steps: Mapping[DeliveryId, Step] = field(default_factory=dict)
    wait: int = 0


class Dispatch:
    """Drains lanes of the kinds in `services`, `workers` at a time.

    A delivery older than `age` milliseconds is given up. What waits for somebody is sent when the `gate` lets it.
    `clock` gives milliseconds since the epoch, by Redis's clock; `dice` numbers within 0 and 1.
    """

    def __init__(
        self,
        outbox: Outbox,
        services: Mapping[str, Service],
        dead_letters: DeadLetters,
        metrics: Metrics,
        *,
        name: str,
        workers: int,
        age: int,
        clock: Callable[[], int],
        dice: Callable[[], float],
        gate: Gate | None = None,
    ) -> None:
        self._outbox = outbox
        self._services = services
        self._dead_letters = dead_letters
        self._metrics = metrics
        self._name = name
        self._workers = workers
        self._age = age
        self._clock = clock
        self._dice = dice
        self._gate = gate
        self._windows = Windows(workers)
        self._attempts = Attempts(self._windows, metrics, clock=clock)
        self._turns: set[asyncio.Task[None]] = set()
        self._freed = asyncio.Event()
        self.waiting_for: str | None = None

    async def run(self, stop: asyncio.Event, *, drain: float) -> None:
        """Lease and send until `stop` is set; then finish what was begun, within `drain` seconds.

        What is not finished by then keeps its lease until that expires, and is in doubt for whoever takes it over.
        """
        try:
            while not stop.is_set():
                try:
                    async with self._outbox.wakes() as wakes:
                        await self._lease_until(stop, wakes)
                except UnavailableError as error:
                    if self.waiting_for is None:
                        log.warning("dispatch_waits", why=str(error), cause=str(error.__cause__))
                    self.waiting_for = str(error)
                    await first(stop.wait(), seconds=RETRY_SECONDS)
        finally:
            await self._drain(drain)

    async def _lease_until(self, stop: asyncio.Event, wakes: Wakes) -> None:
        while not stop.is_set():
            room = self._workers - len(self._turns)
            taken = await self._take(room) if room else None
            if self.waiting_for is not None:
                log.info("dispatch_goes_on")
                self.waiting_for = None
            if taken is not None and taken.expired:
                self._metrics.takeovers.inc(taken.expired)
                log.warning("leases_expired", lanes=taken.expired)
            for leased in taken.lanes if taken else ():
                self._windows.begin(place_of(leased))
                turn = asyncio.create_task(self._turn(leased, stop), name=f"lane {leased.lane}")
                self._turns.add(turn)
                turn.add_done_callback(self._turn_ended)
            if taken is None:
                self._freed.clear()
                await first(self._freed.wait(), stop.wait(), seconds=IDLE_SECONDS)
            elif not taken.lanes:
                due = await self._outbox.next_due()
                idle = IDLE_SECONDS if due is None else min(IDLE_SECONDS, max(0.0, (due - self._clock()) / 1000))
                await first(wakes.wait(idle + 0.001), stop.wait(), seconds=IDLE_SECONDS)

    async def _take(self, room: int) -> Taken:
        kinds, rooms = list(self._services), self._windows.rooms()
        return await self._outbox.lease(self._name, lanes=room, kinds=kinds, rooms=rooms)

    def _turn_ended(self, turn: asyncio.Task[None]) -> None:
        self._turns.discard(turn)
        self._freed.set()
        if not turn.cancelled() and (error := turn.exception()) is not None:
            log.error("turn_failed", lane=turn.get_name(), exc_info=error)

    async def _turn(self, leased: Leased, stop: asyncio.Event) -> None:
        """Send and settle up to the pace's turn; the lane's lease is given back at the end."""
        with ExitStack() as lane:
            lane.callback(self._windows.end, place_of(leased))
            await self._send_in_turn(leased, stop, lane)

    async def _send_in_turn(self, leased: Leased, stop: asyncio.Event, lane: ExitStack) -> None:
        kind = leased.lane.partition("/")[0]
        service = self._services[kind]
        sends = 0
        while leased.deliveries:
            items = [Item(delivery=delivery, body=body) for delivery, body in leased.deliveries]
            decided = await self._decide(kind, service, leased, items)
            sends += 1
            await self._bury(leased, decided.tried, decided.steps)
            now = self._clock()
            turn = sends < service.pace.turn and not stop.is_set() and now < leased.send_by
            more = turn and bool(decided.tried)
            if not more:
                # Before the lane is given back, and so before it can be leased anew: else there seems to be no room.
                lane.close()
            settled = await self._settle(leased, items, decided, service, more=more)
            self._count(kind, decided.tried, decided.steps, settled)
            leased = replace(
                leased,
                until=settled.until,
                send_by=settled.send_by,
                deliveries=settled.next,
                waiting=settled.waiting,
                window=settled.window,
            )

    async def _decide(self, kind: str, service: Service, leased: Leased, items: list[Item]) -> _Decided:
        """Give up what is too old, or what nobody wants any more; send what may be sent; else let the lane wait."""
        if late := self._expired(items):
            return _Decided(tried=[item for item in items if item.delivery.id in late], steps=late)
        match await self._ask(leased, items):
            case Wait(until=until):
                return _Decided(wait=self._wake_at(items[0], until))
            case Ended(count=count):
                bury = Bury(reason=ENDED, attempt=Attempt(at=self._clock(), outcome="ended"))
                return _Decided(tried=items[:count], steps=dict.fromkeys(ids(items[:count]), bury))
            case Let(count=count, held=held):
                tried, outcome = await self._attempts.make(kind, service, leased, items[:count], held)
                if isinstance(outcome, Paced):
                    self._metrics.paced_seconds.labels(kind).observe(max(0, outcome.until - self._clock()) / 1000)
                    return _Decided(wait=self._wake_at(items[0], outcome.until))
                return _Decided(tried=tried, steps=self._steps(service, tried, outcome))

    async def _ask(self, leased: Leased, items: list[Item]) -> Verdict:
        """What the gate says; an ordinary lane to a channel or a webhook is open."""
        if self._gate is None:
            return Let(count=len(items))
        now = self._clock()
        try:
            return await self._gate.ask(leased.lane, leased.destination, items, now=now)
        except UnavailableError as error:
            log.warning("gate_unanswered", lane=leased.lane, why=str(error), cause=str(error.__cause__))
            return Wait(until=now + UNANSWERED)

    def _wake_at(self, head: Item, until: int | None) -> int:
        """When the lane is looked at again: its head must not grow too old unseen."""
        expires = head.delivery.appended + self._age + 1
        return min(expires, self._clock() + LOOK_AGAIN if until is None else until)

    def _expired(self, items: Sequence[Item]) -> dict[DeliveryId, Bury]:
        """Those at the head that have become too old to be sent."""
        now, late = self._clock(), dict[DeliveryId, Bury]()
        for item in items:
            bury = expire(item.delivery, age=self._age, now=now)
            if bury is None:
                break
            late[item.delivery.id] = bury
        return late

    def _steps(self, service: Service, tried: Sequence[Item], outcome: Tried) -> dict[DeliveryId, Step]:
        now, jitter = self._clock(), self._dice()
        return {
            item.delivery.id: settle(item.delivery, outcome, schedule=service.schedule, now=now, jitter=jitter)
            for item in tried
        }

    async def _bury(self, leased: Leased, tried: Sequence[Item], steps: Mapping[DeliveryId, Step]) -> None:
        """The dead-letter topic has it before the outbox forgets it; a crash between the two buries it again."""
        for item in tried:
            match steps[item.delivery.id]:
                case Bury() as bury:
                    await self._keep_letter(item, leased, bury)
                    log.warning("buried", lane=leased.lane, delivery=item.delivery.id, reason=bury.reason)
                case Ask(reason=reason, attempt=attempt):
                    await self._keep_letter(item, leased, Bury(reason=reason, attempt=attempt))
                    log.warning("asked", lane=leased.lane, delivery=item.delivery.id, reason=attempt.reason)
                case Pause(scope=scope, attempt=attempt):
                    log.warning("paused", lane=leased.lane, scope=scope, reason=attempt.reason)
                case _:
                    pass

    async def _keep_letter(self, item: Item, leased: Leased, why: Bury) -> None:
        try:
            position = await self._outbox.position(item.delivery.id)
        except UnavailableError:
            position = None  # good to have, and no reason to send again
        await self._dead_letters.buried(item, leased.destination, why, lane=leased.lane, position=position)

    async def _settle(
        self, leased: Leased, items: Sequence[Item], decided: _Decided, service: Service, *, more: bool
    ) -> Settled:
        """Settle, trying again while the lease may still hold: an answer that is not noted would be in doubt."""
        steps: Mapping[DeliveryId, Step | None] = {**dict.fromkeys(ids(items)), **decided.steps}
        while True:
            now = self._clock()
            try:
                # What only waits leaves the destination's pace to its other lanes.
                due = next_send(service.pace, now=now) if decided.tried else now
                return await self._outbox.settle(leased, steps, due=due, wait=decided.wait, more=more)
            except UnavailableError as error:
                log.warning("settle_put_off", lane=leased.lane, why=str(error), cause=str(error.__cause__))
                if now > leased.until:
                    return Settled(held=False)
                await asyncio.sleep(RETRY_SECONDS)

    def _count(self, kind: str, tried: Sequence[Item], steps: Mapping[DeliveryId, Step], settled: Settled) -> None:
        if not settled.held:
            self._metrics.leases_lost.inc()
            return
        now = self._clock()
        for item in tried:
            followed = steps[item.delivery.id]
            step = type(followed).__name__.lower()
            if isinstance(followed, Bury) and followed.attempt.outcome == EXPIRED:
                self._metrics.deliveries_expired.labels(kind).inc()
            self._metrics.deliveries_settled.labels(kind, step).inc()
            if step == "done":
                self._metrics.delivery_seconds.labels(kind).observe((now - item.delivery.appended) / 1000)

    async def _drain(self, seconds: float) -> None:
        if not self._turns:
            return
        log.info("draining", turns=len(self._turns), seconds=seconds)
        _, late = await asyncio.wait(self._turns, timeout=seconds)
        for turn in late:
            turn.cancel()
        if late:
            log.warning("drain_ended_early", turns=len(late))
            await asyncio.gather(*late, return_exceptions=True)


def ids(items: Sequence[Item]) -> list[DeliveryId]:
    """The items' delivery ids, in order."""
    return [item.delivery.id for item in items]
