"""A recovery dies before and after each of its words to Redis; another one ends with the state that one alone makes."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from itertools import product
from typing import Any, cast
from uuid import uuid4

import orjson
import pytest
from redis.asyncio import Redis
from structlog.testing import capture_logs

from bot.core.delivery import Attempt, DeliveryId, Done, Pause, Scope
from bot.core.filters import parse
from bot.core.subscription import Subscription, SubscriptionId
from bot.stores.codec import subscription_json
from bot.stores.epoch import Epoch
from bot.stores.journal import Entry
from bot.stores.keys import Keys
from bot.stores.outbox import Limits, RedisOutbox
from bot.stores.recovery import Front, Recovery
from tests.edges.outbox.found import look
from tests.edges.outbox.world import PLACES, Paper, arrival
from tests.walk.crashes import Crash, Life

T0 = 1_700_000_000_000
SLACK, OTHER, _ = PLACES
LIMITS = Limits(lease=10_000, remember=3_600_000, run=3, shards=2)


class CrashingRedis(Redis):
    """A client whose every command, pipeline and script is a call to the outside."""

    life: Life

    async def execute_command(self, *args: Any, **options: Any) -> Any:
        def command() -> Any:
            return super(CrashingRedis, self).execute_command(*args, **options)  # type: ignore[no-untyped-call] # upstream

        return await self.life.call(str(args[0]), command)

    def pipeline(self, *args: Any, **kwargs: Any) -> Any:
        made = super().pipeline(*args, **kwargs)
        execute = made.execute

        async def executed(*more: Any, **options: Any) -> Any:
            return await self.life.call("pipeline", lambda: execute(*more, **options))

        made.execute = executed  # type: ignore[method-assign] # to stand in its way
        return made


class Journals(Paper):
    """Parked deliveries, and subscriptions in another order than they were made in."""

    async def entries(self) -> AsyncIterator[Entry]:
        for version in (3, 1, 4, 2):
            one = _subscription(version)
            gone = version == 4
            yield Entry(key=one.id, value=None if gone else subscription_json(one).encode(), version=version)


class Register:
    """The registry's journal, in another order than it was made in."""

    async def entries(self) -> AsyncIterator[Entry]:
        for version, value in ((2, b"old"), (1, b"older"), (4, None), (3, b"new")):
            yield Entry(key=f"person/p{version % 2}", value=value, version=version)


def _subscription(number: int) -> Subscription:
    return Subscription(id=SubscriptionId(f"s{number}"), team="T1", owner="U1", filter=parse(""), destination=OTHER)


@dataclass
class Scene:
    """An outbox as a restart leaves it, or nothing of it, and a journal that has more."""

    valkey: str
    redis: Redis
    wiped: bool

    async def state(self) -> tuple[Keys, Journals]:
        """Events wait, one is begun, one destination is paused, four are parked, two of which Redis has forgotten."""
        keys, journals = Keys(uuid4().hex), Journals()
        outbox = RedisOutbox(self.redis, keys, LIMITS, now=T0)
        await outbox.append("events", 0, [self._record(offset) for offset in range(2)], version=0, read_from=None)
        for leased in (await outbox.lease("w", lanes=10, kinds=("slack",))).lanes:
            first, second = (delivery.id for delivery, _ in leased.deliveries)
            pause = Pause(scope=Scope.DESTINATION, attempt=Attempt(at=T0, outcome="refused", reason="is_archived"))
            step = pause if leased.lane.endswith("C1") else Done(reference="ok")
            await outbox.settle(leased, {first: step, second: None}, due=T0)
        await outbox.lease("w", lanes=10, kinds=("slack",))
        pulse = await self.redis.get(keys.pulse)
        elsewhere = RedisOutbox(self.redis, Keys(uuid4().hex), LIMITS, now=T0)
        await elsewhere.append("events", 0, [self._record(offset) for offset in range(4)], version=0, read_from=None)
        overdue = await elsewhere.partitions.overdue("events", 0, age=0, limit=50)
        journals.keep([overdue[at] for at in (7, 2, 4, 1, 6)])
        if self.wiped:
            names = await self.redis.keys(f"{keys.prefix}*")
            await self.redis.delete(*names)
        else:
            await self.redis.set(keys.epoch, "another:server")
            assert pulse is not None
        return keys, journals

    def _record(self, offset: int) -> Any:
        return arrival(offset, offset, (SLACK, OTHER), now=T0)

    async def recover(self, keys: Keys, journals: Journals, life: Life) -> None:
        async def ends() -> dict[tuple[str, int], int]:
            return {("events", 0): 4}

        bare = CrashingRedis(unix_socket_path=self.valkey, protocol=3)
        bare.life = life
        try:
            recovery = Recovery(
                bare,
                keys,
                Epoch(bare, keys),
                subscriptions=journals,  # type: ignore[arg-type] # the two methods that a recovery calls
                registry=Register(),  # type: ignore[arg-type] # as above
                parked=journals,  # type: ignore[arg-type] # as above
                ends=ends,
                front=Front(run=LIMITS.run, interval=1_000, sending=1),
            )
            await recovery.take_up()
        finally:
            await bare.aclose()

    async def outcome(self, keys: Keys) -> dict[str, Any]:
        """All that a recovery is answerable for."""
        found = await look(self.redis, keys.prefix)
        return {
            "found": found,
            "doubts": {
                one: await cast("Any", self.redis.hget(keys.delivery(DeliveryId(one)), "q"))
                for one in sorted(found.waiting)
            },
            "reread": await cast("Any", self.redis.hgetall(keys.reread)),
            "registry": await cast("Any", self.redis.hgetall(keys.registered("person"))),
            "subscriptions": {
                one.decode(): orjson.loads(text)
                for one, text in sorted((await cast("Any", self.redis.hgetall(keys.subscriptions))).items())
            },
            "version is new": int(await self.redis.get(keys.subscriptions_version) or 0) >= 4,
            "epoch is new": await self.redis.get(keys.epoch) not in {None, b"another:server"},
            "nobody recovers": await self.redis.exists(keys.recovering) == 0,
        }


@pytest.mark.parametrize("wiped", [False, True])
async def test_a_recovery_that_dies_anywhere_is_done_by_another(valkey: str, redis: Redis, *, wiped: bool) -> None:
    scene = Scene(valkey, redis, wiped)
    with capture_logs():
        await scene.recover(*await scene.state(), Life(_unnoted))  # from here on Redis knows the scripts
        keys, journals = await scene.state()
        life = Life(_unnoted)
        await scene.recover(keys, journals, life)
        wanted = await scene.outcome(keys)
        assert len(wanted["found"].waiting) == (5 if wiped else 6)
        assert wanted["subscriptions"].keys() == {"s1", "s2", "s3"}
        assert None not in wanted["doubts"].values(), "everything that waits may have been sent"
        for number, before in product(range(1, len(life.calls) + 1), (True, False)):
            keys, journals = await scene.state()
            with pytest.raises(Crash):
                await scene.recover(keys, journals, Life(_unnoted, dies_at=number, before=before))
            await redis.delete(keys.recovering)  # as its expiry would
            await scene.recover(keys, journals, Life(_unnoted))
            where = f"{'before' if before else 'after'} call {number}, {life.calls[number - 1]}"
            assert await scene.outcome(keys) == wanted, where


def _unnoted(*_: object) -> None:
    """Nobody has to know."""
