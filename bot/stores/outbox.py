"""All lanes, in Redis. The scripts under lua/ are the whole of it; this file gives them values and reads their answers.

Cost: append is one round trip a batch and O(1) work a delivery; a delivery costs one settle, and a lane one lease more
whenever it changes hands. A waiting lane costs its keys and nothing else.
"""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import Any, cast

from redis.asyncio import Redis

from bot.core.delivery import (
    DeliveryId,
    Lane,
    Step,
    send_by,
)
from bot.core.destination import Destination, DestinationId, InstallationId, destination_id
from bot.core.errors import UnavailableError
from bot.core.event import Event, Position, read_position
from bot.core.filters import parse
from bot.core.looks import Trace
from bot.core.pacing import SLACK
from bot.core.pressure import RUN, crowd
from bot.core.routing import Router, own_lane
from bot.core.subscription import Style, Subscription, SubscriptionId
from bot.ports.outbox import (
    Appended,
    Arrival,
    Behind,
    Enqueued,
    Entered,
    Full,
    Leased,
    OutboxState,
    Parked,
    Recalled,
    Settled,
    Stale,
    Standing,
    Taken,
)
from bot.stores.away import unavailable
from bot.stores.codec import destination_from_json, destination_json
from bot.stores.epoch import Epoch
from bot.stores.keys import Keys
from bot.stores.partitions import RedisPartitions
from bot.stores.script import Script
from bot.stores.values import arguments, deliveries, entry, held, made_up, standing, trace_of
from bot.stores.wakes import Wakes

MERGING_KINDS = ("slack",)
LOOKING_KINDS = ("slack",)
"""Kinds of far side where an outlet can look whether a delivery in doubt arrived."""
LONE_KINDS = ("slack",)
"""Kinds of far side that take one message at a time in a place, however many lanes lead there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """`lease` and `remember` are milliseconds; `run` is how many deliveries of a merging kind are begun at once.

    `long` is how many where the lane holds more than `crowd`, or has a summary.
    `age` is how long a delivery may wait in a paused lane before it is given up, in milliseconds.
    `most` is how many deliveries the outbox takes in all, `most_a_lane` how many a lane does; each by one batch more.
    """

    lease: int = 60_000
    remember: int = 24 * 3_600_000
    run: int = 10
    long: int = RUN
    crowd: int = crowd(SLACK.interval)
    age: int = 72 * 3_600_000
    shards: int = 8
    most: int = 200_000
    most_a_lane: int = 100_000


class RedisOutbox:
    """The outbox of one installation; any number of processes may share it. `partitions` is its side towards Kafka.

    `now` gives the scripts another clock than the server's, for tests.
    """

    def __init__(
        self, redis: Redis, keys: Keys, limits: Limits, *, epoch: Epoch | None = None, now: int | None = None
    ) -> None:
        self._redis = redis
        self._keys = keys
        self._limits = limits
        self.now = now
        self.partitions = RedisPartitions(redis, keys, clock=self._clock, epoch=epoch)
        self._append = Script(redis, "append", "begin", epoch=epoch)
        self._lease = Script(redis, "lease", "begin", epoch=epoch)
        self._settle = Script(redis, "settle", "begin", epoch=epoch)
        self._resume = Script(redis, "resume", "begin", epoch=epoch)
        self._show = Script(redis, "show", "begin", epoch=epoch)
        self._enqueue = Script(redis, "enqueue", "begin", epoch=epoch)
        self._nudge = Script(redis, "nudge", "begin", epoch=epoch)
        self._trace = Script(redis, "trace", "begin", epoch=epoch)

    async def append(
        self, topic: str, partition: int, arrivals: Sequence[Arrival], *, version: int, read_from: int | None
    ) -> Appended:
        """Watermark, dedup and append in one script; see append.lua."""
        k = self._keys
        field = f"{topic}/{partition}"
        places: dict[DestinationId, Destination] = {}
        records: list[Any] = []
        for arrival in arrivals:
            records += (arrival.offset, arrival.timestamp, arrival.key or "", arrival.body, len(arrival.routed))
            for routed in arrival.routed:
                place = destination_id(routed.destination)
                places[place] = routed.destination
                records += (routed.delivery, routed.lane, place)
        answer = await self._append(
            [
                *(k.watermarks, k.unsettled(topic, partition), k.due, k.leased, k.destinations),
                *(k.subscriptions_version, k.waiting, k.wake, k.reread),
            ],
            [
                *(self._clock(), version, "" if read_from is None else read_from, field, k.prefix),
                *(self._limits.most, self._limits.most_a_lane, len(places)),
                *(part for place, known in places.items() for part in (place, destination_json(known))),
                *(len(arrivals), *records),
            ],
        )
        match answer:
            case [b"stale"]:
                return Stale()
            case [b"behind", watermark]:
                return Behind(watermark=int(watermark) if watermark else None)
            case [b"full", lane]:
                return Full(lane=Lane(lane.decode()) if lane else None)
            case [_, appended, known, replayed]:
                return Entered(appended=appended, known=known, replayed=replayed)
        raise AssertionError(answer)

    async def enqueue(self, deliveries: Sequence[Parked], *, again: bool = False) -> Enqueued | Full:
        """Enter deliveries of no partition, which the journal has; see enqueue.lua."""
        return await self._enter_all([(one.destination, entry(one)) for one in deliveries], again=again, journaled=True)

    async def test(self, subscription: Subscription, event: Event) -> None:
        """Enter a made-up event for each place of the subscription, as if it wanted it promptly; see enqueue.lua.

        Nothing is written to the journal, so a wipe of Redis takes it along.
        """
        prompt = replace(subscription, filter=parse(""), style=Style(), hold=None)
        routed = Router([prompt], shards=self._limits.shards).route(event)
        entries = [(one.destination, made_up(one, event)) for one in routed]
        if isinstance(await self._enter_all(entries, again=False, journaled=False), Full):
            raise UnavailableError("the outbox is full")

    async def _enter_all(
        self, entries: Sequence[tuple[Destination, Sequence[Any]]], *, again: bool, journaled: bool
    ) -> Enqueued | Full:
        k = self._keys
        places = {destination_id(place): place for place, _ in entries}
        answer = await self._enqueue(
            [k.due, k.leased, k.destinations, k.waiting, k.wake, k.parked, k.unparked],
            [
                *(self._clock(), k.prefix, int(again), int(journaled), self._limits.most, self._limits.most_a_lane),
                *(len(places), *(part for place, known in places.items() for part in (place, destination_json(known)))),
                *(len(entries), *(part for _, parts in entries for part in parts)),
            ],
        )
        match answer:
            case [b"full", lane]:
                return Full(lane=Lane(lane.decode()) if lane else None)
            case [_, entered, waiting, delivered]:
                return Enqueued(entered=entered, waiting=waiting, delivered=delivered)
        raise AssertionError(answer)

    async def standing(self, deliveries: Sequence[DeliveryId]) -> list[Standing]:
        """What is known of each."""
        with unavailable():
            async with self._redis.pipeline(transaction=False) as pipe:
                for delivery in deliveries:
                    pipe.get(self._keys.delivery(delivery))
                return [standing(memory) for memory in await pipe.execute(raise_on_error=False)]

    async def position(self, delivery: DeliveryId) -> Position | None:
        """Where the event of a waiting delivery lies."""
        with unavailable():
            found = await cast("Any", self._redis.hget(self._keys.delivery(delivery), "p"))
        return None if found is None else read_position(found.decode())

    async def lease(
        self, worker: str, *, lanes: int, kinds: Sequence[str], rooms: Mapping[DestinationId, int] | None = None
    ) -> Taken:
        """Take up to `lanes` due lanes of the given kinds; see lease.lua."""
        others, rooms = lanes if rooms is None else 1, rooms or {}
        k = self._keys
        runs = [part for kind in kinds for part in self._manner_of(kind)]
        answer = await self._lease(
            [k.due, k.leased, k.fence, k.paused, k.destinations, k.cool, k.pulse, k.quiet, k.holders],
            [
                *(self._clock(), self._limits.lease, lanes, k.prefix, worker, self._limits.age, len(kinds), *runs),
                *(others, len(rooms), *(part for place, room in rooms.items() for part in (place, room))),
            ],
        )
        return Taken(
            expired=answer[0],
            lanes=tuple(
                Leased(
                    lane=Lane(lane.decode()),
                    token=token,
                    until=int(until),
                    send_by=send_by(int(until), lease=self._limits.lease),
                    destination=destination_from_json(place.decode()),
                    deliveries=deliveries(lane, begun),
                    waiting=waiting,
                    window=int(window) if window else None,
                )
                for lane, token, until, place, begun, waiting, window in answer[1:]
            ),
        )

    async def settle(
        self, leased: Leased, steps: Mapping[DeliveryId, Step | None], *, due: int, wait: int = 0, more: bool = False
    ) -> Settled:
        """Apply the steps if the lease still holds; see settle.lua. A step of None: begun, but not tried."""
        k = self._keys
        runs = self._runs_of(leased.lane.partition("/")[0]) if more else (0, 0, 0)
        answer = await self._settle(
            [k.due, k.leased, k.paused, k.cool, k.waiting, k.wake, k.pulse, k.parked, k.unparked, k.holders],
            [
                *(self._clock(), self._limits.lease, k.prefix, leased.lane, leased.token, due, wait, *runs),
                *(self._limits.remember, self._limits.age, len(steps)),
                *(part for delivery, step in steps.items() for part in (delivery, *arguments(leased.lane, step))),
            ],
        )
        if answer[0] == b"lost":
            return Settled(held=False)
        until = int(answer[1])
        return Settled(
            held=True,
            until=until,
            send_by=send_by(until, lease=self._limits.lease),
            next=deliveries(leased.lane.encode(), answer[2]),
            waiting=answer[3],
            window=int(answer[4]) if answer[4] else None,
        )

    async def next_due(self) -> int | None:
        """When the earliest waiting lane is due or the earliest lease expires; None when there is neither."""
        with unavailable():
            async with self._redis.pipeline(transaction=False) as pipe:
                pipe.zrange(self._keys.due, 0, 0, withscores=True)
                pipe.zrange(self._keys.leased, 0, 0, withscores=True)
                times = [int(found[0][1]) for found in await pipe.execute() if found]
        return min(times, default=None)

    async def paused(self) -> dict[DestinationId | InstallationId, str]:
        """Paused destinations and installations, each with its reason."""
        with unavailable():
            found = await cast("Any", self._redis.hgetall(self._keys.paused))
        return {held(name.decode()): reason.decode() for name, reason in found.items()}

    async def resume(self, held: DestinationId | InstallationId) -> int:
        """Let the lanes of a paused destination or installation go on; see resume.lua."""
        k = self._keys
        answer: int = await self._resume([k.due, k.paused, k.wake], [self._clock(), k.prefix, held])
        return answer

    async def nudge(self, subscription: SubscriptionId | None, places: Sequence[DestinationId]) -> None:
        """Have the subscription's own lanes, or the places', looked at now; see nudge.lua."""
        k = self._keys
        lanes = [Lane(place) if subscription is None else own_lane(place, subscription) for place in places]
        await self._nudge([k.due, k.leased, k.wake], [self._clock(), k.prefix, *lanes])

    async def trace(self, deliveries: Sequence[DeliveryId]) -> list[Trace]:
        """What is known of each; see trace.lua."""
        found = await self._trace([self._keys.due], [self._clock(), self._keys.prefix, *deliveries])
        return [trace_of(delivery, known) for delivery, known in zip(deliveries, found, strict=True)]

    async def show(self, installation: InstallationId, deliveries: Sequence[DeliveryId]) -> Recalled:
        """Put deliveries that were asked about back into their lanes, each once; see show.lua."""
        k = self._keys
        shown, known, gone = await self._show(
            [k.due, k.leased, k.waiting, k.wake],
            [self._clock(), k.prefix, installation, *deliveries],
        )
        return Recalled(shown=shown, known=known, gone=gone)

    async def state(self) -> OutboxState:
        """How much waits."""
        k = self._keys
        with unavailable():
            async with self._redis.pipeline(transaction=False) as pipe:
                pipe.get(k.waiting)
                pipe.zcard(k.due)
                pipe.zcard(k.leased)
                pipe.hkeys(k.paused)
                pipe.scard(k.parked)
                waiting, due, held, paused, parked = await pipe.execute()
        halted = sum(name.count(b"/") == 1 for name in paused)
        return OutboxState(
            deliveries=int(waiting or 0),
            lanes=due + held,
            held=held,
            paused=len(paused) - halted,
            halted=halted,
            parked=parked,
        )

    @asynccontextmanager
    async def wakes(self) -> AsyncIterator["Wakes"]:
        """Listen for lanes that become due, in a task of its own: a cancelled read would cost the connection."""
        heard = Wakes()
        async with self._redis.pubsub(ignore_subscribe_messages=True) as pubsub:
            with unavailable():
                await pubsub.subscribe(self._keys.wake)
            listener = asyncio.create_task(heard.listen(pubsub), name="outbox-wakes")
            try:
                yield heard
            finally:
                listener.cancel()
                await asyncio.gather(listener, return_exceptions=True)

    def _manner_of(self, kind: str) -> tuple[str | int, ...]:
        """How lanes of a kind are leased."""
        return kind, *self._runs_of(kind), int(kind in LOOKING_KINDS), int(kind in LONE_KINDS)

    def _runs_of(self, kind: str) -> tuple[int, int, int]:
        """How many are begun at once: of a usual lane, of a long one, and how long that is."""
        return (self._limits.run, self._limits.long, self._limits.crowd) if kind in MERGING_KINDS else (1, 1, 0)

    def _clock(self) -> str:
        return "" if self.now is None else str(self.now)
