"""An outbox and its model side by side, and what every act on them needs."""

import asyncio
from collections import deque
from collections.abc import Awaitable
from typing import Any, ClassVar, TypeVar
from uuid import uuid4

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine
from redis.asyncio import Redis

from bot.core.delivery import Delivery, DeliveryId, Step
from bot.ports.outbox import Parked
from bot.stores.epoch import Epoch
from bot.stores.keys import Keys
from bot.stores.outbox import Limits, RedisOutbox
from bot.stores.recovery import Front, Recovery
from tests.edges.outbox.model import Model
from tests.edges.outbox.world import SHARDS, Hold, Paper, Reader, Truth

T = TypeVar("T")
T0 = 1_700_000_000_000
PARTITIONS = (0, 1)
LONG = 60_000
"""A wait, in milliseconds, longer than a lease and than any example takes: pacing keys expire by Redis's own clock."""
LIMITS = Limits(
    lease=10_000, remember=3_600_000, run=2, long=3, crowd=3, age=250_000, shards=SHARDS, most=12, most_a_lane=5
)
REMEMBERED = 8
"""How many steps a restarted Redis may be behind."""

partitions = st.sampled_from(PARTITIONS)
mostly = st.sampled_from((True, True, True, False))


class Bench(RuleBasedStateMachine):
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
            registry=Paper(),  # type: ignore[arg-type] # as above
            parked=self.journal,  # type: ignore[arg-type] # as above
            ends=self.ends,
            front=Front(run=LIMITS.run, interval=1_000, sending=1),
        )
        self.model = Model(limits=LIMITS, now=T0)
        self.truth = Truth(log={partition: [] for partition in PARTITIONS})
        self.readers = {partition: Reader() for partition in PARTITIONS}
        self.events = 0
        self.holds: list[Hold] = []
        self.spent: list[tuple[Hold, dict[DeliveryId, Step | None]]] = []
        self.keeping: tuple[Parked, ...] = ()
        self.past: deque[tuple[Any, Model]] = deque(maxlen=REMEMBERED)

    def run(self, answer: Awaitable[T]) -> T:
        return self.loop.run_until_complete(answer)

    @property
    def unread(self) -> list[int]:
        return [partition for partition, log in self.truth.log.items() if self.readers[partition].at < len(log)]

    async def ends(self) -> dict[tuple[str, int], int]:
        return {("events", partition): len(records) for partition, records in self.truth.log.items()}

    def recover(self, *, wiped: bool) -> None:
        """Workers go on with what they hold, up to the end of their leases; a settling on its way reaches nothing."""
        assert self.run(self.recovery.take_up()) is not None
        self.run(self.redis.delete(self.keys.quiet))  # what was on its way has ended
        ends = {partition: len(records) for partition, records in self.truth.log.items()}
        self.model.recover(tuple(self.journal.kept.values()), ends, wiped=wiped)
        self.holds = [hold for hold in self.holds if hold.until > self.model.now]
        self.spent, self.keeping = [], ()
        self.truth.forgotten = bool(self.past)

    def same(self, delivery: Delivery, body: bytes, *, begun: bool = False) -> None:
        one = self.model.waiting[delivery.id]
        assert (delivery.event, delivery.appended, delivery.attempts) == (one.event, one.appended, one.attempts)
        # The journal has no progress: whoever makes a delivery anew from it looks what arrived.
        assert delivery.progress == (None if begun else one.progress)
        assert (delivery.history, body) == (one.history, one.body)
        assert (delivery.doubt is not None) == (one.doubt or (begun and one.begun))
