"""Takes up the state of a Redis that was restarted or wiped, so that nothing is lost and no message appears twice.

1. One process at a time: `recovering` is its lease.
2. What Redis last knew is its *pulse*. Events that were read since are read again by ingest, because the watermark went
   back with everything else; `reread` says which those are, and their deliveries start in doubt.
3. Deliveries that Redis still has may have been sent since the pulse: the front of each lane is put in doubt. Where
   an outlet can look for what is in doubt, it does so only when the last attempt from before has ended (`quiet`).
4. The journal gives back what Redis does not have: subscriptions, the registry, and deliveries that had waited long.
5. A new epoch: every process may go on. Holders of leases from before are told apart by their fencing tokens.

Each step may be done again: a recovery that dies half-way is begun anew by another process. A fresh Redis is a wiped
one whose journal may be empty.
"""

import asyncio
import secrets
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, cast

import structlog
from redis.asyncio import Redis

from bot.core.errors import UnavailableError
from bot.stores.away import unavailable
from bot.stores.codec import attempt_json, destination_json
from bot.stores.epoch import Epoch, Found, new_epoch
from bot.stores.journal import KafkaJournal
from bot.stores.keys import Keys
from bot.stores.parked import ParkedJournal
from bot.stores.registry import Registry
from bot.stores.script import Script
from bot.stores.subscriptions import RedisSubscriptions

log = structlog.get_logger()

HOLD_MS = 15_000
"""How long a process may say nothing before another begins the recovery anew."""
CLOCKS_MS = 1_000
EVERYTHING = 1_000_000_000
POLL_SECONDS = 0.2
LANES_AT_ONCE = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Recovered:
    """What a recovery came to. `wiped`: Redis knew nothing; else it remembered up to `pulse` (milliseconds)."""

    wiped: bool
    pulse: int | None
    subscriptions: int
    registered: int
    parked: int
    doubted: int
    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Front:
    """What bounds how many deliveries of a lane can have been begun in a time: at most `run` every `interval` ms.

    `sending` is how long after its beginning an attempt may still be on its way, in milliseconds.
    """

    run: int
    interval: int
    sending: int

    def depth(self, gap: int | None) -> int:
        """The deliveries at the front of a lane that may have been begun within `gap` ms; None: nobody knows."""
        return EVERYTHING if gap is None else self.run * (max(0, gap) // self.interval + 2)


class Recovery:
    """Sees to it that the process's epoch is one whose state was checked; see the module.

    `bare` is a Redis client whose connections aren't compared; `ends` tells each partition's end offset.
    """

    def __init__(
        self,
        bare: Redis,
        keys: Keys,
        epoch: Epoch,
        *,
        subscriptions: KafkaJournal,
        registry: KafkaJournal,
        parked: ParkedJournal,
        ends: Callable[[], Awaitable[Mapping[tuple[str, int], int]]],
        front: Front,
    ) -> None:
        self._bare = bare
        self._keys = keys
        self._epoch = epoch
        self._subscriptions = subscriptions
        self._registry = registry
        self._parked = parked
        self._ends = ends
        self._front = front
        self._doubt, self._restore, self._found = (
            Script(bare, "doubt"),
            Script(bare, "restore", "begin"),
            Script(bare, "found", "begin"),
        )

    async def take_up(self) -> Recovered | None:
        """Go by the epoch that Redis has; recover first where nobody has. Raises UnavailableError.

        Returns what was recovered here; None where nothing had to be, or another process did it.
        """
        while True:
            found = await self._epoch.look()
            if self._epoch.adopt(found):
                return None
            recovered = await self._alone(found)
            if recovered is not None:
                self._epoch.adopt(await self._epoch.look())
                return recovered
            await asyncio.sleep(POLL_SECONDS)  # another process is at it

    async def _alone(self, found: Found) -> Recovered | None:
        """Recover, if no other process does."""
        token = secrets.token_hex(8)
        with unavailable():
            if not await self._bare.set(self._keys.recovering, token, nx=True, px=HOLD_MS):
                return None
        holding = asyncio.create_task(self._hold(token), name="recovery-hold")
        try:
            found = await self._epoch.look()
            if found.checked:
                return None
            log.warning("recovery_begins", wiped=found.epoch is None, remembers_until=found.pulse)
            recovered = await self._recover(found)
            if not await self._found(
                [self._keys.recovering, self._keys.epoch, self._keys.fence], [token, new_epoch(found.run)]
            ):
                raise UnavailableError("the recovery took too long, and another process began it anew")
        finally:
            holding.cancel()
            await asyncio.gather(holding, return_exceptions=True)
            with suppress(UnavailableError):
                await self._let_go(token)
        log.warning("recovery_ended", **{name: getattr(recovered, name) for name in recovered.__slots__})
        return recovered

    async def _hold(self, token: str) -> None:
        while True:
            await asyncio.sleep(HOLD_MS / 5_000)
            with suppress(UnavailableError), unavailable():
                if await self._bare.get(self._keys.recovering) == token.encode():
                    await self._bare.pexpire(self._keys.recovering, HOLD_MS)

    async def _let_go(self, token: str) -> None:
        with unavailable():
            if await self._bare.get(self._keys.recovering) == token.encode():
                await self._bare.delete(self._keys.recovering)

    async def _recover(self, found: Found) -> Recovered:
        began = time.monotonic()
        wiped = found.epoch is None
        pulse = None if wiped else found.pulse
        since = 0 if pulse is None else pulse - CLOCKS_MS
        journal = [entry async for entry in self._subscriptions.entries()]
        if journal or not wiped:  # else nobody has ever subscribed, and nothing was ever sent
            await self._keep_quiet()
            await self._read_again(since)
        doubted = 0 if wiped else await self._put_in_doubt(pulse, since)
        subscriptions = await RedisSubscriptions(self._bare, self._keys).restore(journal)
        registered = await Registry(self._bare, self._keys).restore([entry async for entry in self._registry.entries()])
        parked = await self._return_parked(since, wiped=wiped)
        return Recovered(
            wiped=wiped,
            pulse=pulse,
            subscriptions=subscriptions,
            registered=registered,
            parked=parked,
            doubted=doubted,
            seconds=round(time.monotonic() - began, 3),
        )

    async def _keep_quiet(self) -> None:
        """Attempts from before may be on their way: what is in doubt is looked for when they have ended."""
        sending = self._front.sending
        with unavailable():
            await self._bare.set(self._keys.quiet, await self._now() + sending, px=sending)

    async def _now(self) -> int:
        seconds, microseconds = await cast("Any", self._bare.time())
        return int(seconds) * 1000 + int(microseconds) // 1000

    async def _read_again(self, since: int) -> None:
        """Records up to here may have been delivered already, as far as Redis can tell."""
        ends = await self._ends()
        k = self._keys
        with unavailable():
            former = await cast("Any", self._bare.hgetall(k.reread))
            fields = {f"{topic}/{partition}": end for (topic, partition), end in ends.items()}
            told = {
                field: f"{end}:{min(since, _since(former[field.encode()])) if field.encode() in former else since}"
                for field, end in fields.items()
            }
            if told:
                await cast("Any", self._bare.hset(k.reread, mapping=cast("Any", told)))

    async def _put_in_doubt(self, pulse: int | None, since: int) -> int:
        with unavailable():
            now = await self._now()
        depth = self._front.depth(None if pulse is None else now - pulse)
        doubted = 0
        async for lanes in self._lanes():
            doubted += await self._doubt([], [self._keys.prefix, since, depth, *lanes])
        return doubted

    async def _lanes(self) -> AsyncIterator[list[bytes]]:
        """Every lane with deliveries, some at a time: each is due, if only to be given up one day, or leased."""
        for index in (self._keys.due, self._keys.leased):
            first = 0
            while True:
                with unavailable():
                    lanes = await cast("Any", self._bare.zrange(index, first, first + LANES_AT_ONCE - 1))
                if not lanes:
                    break
                yield lanes
                first += LANES_AT_ONCE

    async def _return_parked(self, since: int, *, wiped: bool) -> int:
        """Give back what had waited long; in a wiped Redis, in the order in which the events lie in Kafka."""
        k = self._keys
        made, order = 0, dict[str, list[tuple[tuple[str, int, int], str]]]()
        async for parked in self._parked.living():
            delivery, at = parked.delivery, parked.position
            doubt = min(delivery.doubt or since, since) if since else delivery.doubt or delivery.appended
            answer = await self._restore(
                [k.parked, k.unparked, k.destinations, k.waiting, k.due, k.leased],
                [
                    *(k.prefix, delivery.id, delivery.event, parked.body, delivery.appended, delivery.attempts),
                    *(b"\n".join(attempt_json(attempt) for attempt in delivery.history), doubt, parked.lane),
                    *(delivery.destination, destination_json(parked.destination), str(at)),
                ],
            )
            if answer == b"made":
                made += 1
            if answer != b"settled":
                order.setdefault(parked.lane, []).append(((at.topic, at.partition, at.offset), delivery.id))
        if wiped:
            for lane, waiting in order.items():
                await self._line_up(lane, waiting)
        return made

    async def _line_up(self, lane: str, waiting: list[tuple[tuple[str, int, int], str]]) -> None:
        """Some of them may have been made by a recovery that died; whatever else is in the lane comes after them."""
        key = f"{self._keys.prefix}lane:{lane}"
        wanted = [identity.encode() for _, identity in sorted(waiting)]
        with unavailable():
            former: list[bytes] = await cast("Any", self._bare.lrange(key, 0, -1))
            others = set(former) - set(wanted)
            wanted += [identity for identity in former if identity in others]
            if wanted == former:
                return
            async with self._bare.pipeline(transaction=True) as pipe:
                pipe.delete(key)
                pipe.rpush(key, *wanted)
                await pipe.execute()


def _since(former: bytes) -> int:
    return int(former.decode().partition(":")[2])
