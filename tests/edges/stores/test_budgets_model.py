"""The scripts and the model answer the same, whatever is asked of them and when."""

import asyncio
from collections.abc import Iterator
from typing import ClassVar
from uuid import uuid4

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule, run_state_machine_as_test
from redis.asyncio import Redis

from bot.core.budget import LOOK, POST, UPDATE, UPLOAD, costs
from bot.ports.budgets import Expense
from bot.stores.budgets import RedisBudgets
from bot.stores.keys import Keys
from tests.edges.stores.turns import Model

T0 = 1_800_000_000_000
COSTS = costs(messages=12, updates=5, uploads=7)
expenses = st.builds(
    Expense, team=st.sampled_from(["T1", "T2"]), channel=st.sampled_from("AB"), method=st.sampled_from([*COSTS])
)
holders = st.sampled_from(["x", "y", "z"])


class Machine(RuleBasedStateMachine):
    """Keys expire by Redis's own clock, long after an example has ended: time goes on here only."""

    redis: ClassVar[Redis]
    loop: ClassVar[asyncio.AbstractEventLoop]

    def __init__(self) -> None:
        super().__init__()
        self.budgets = RedisBudgets(self.redis, Keys(uuid4().hex), COSTS, now=T0)
        self.model = Model(costs=COSTS, now=T0)

    @rule(milliseconds=st.sampled_from([1, 50, 1_050, 4_000, 5_000, 61_000]))
    def time_passes(self, milliseconds: int) -> None:
        self.model.now += milliseconds
        self.budgets.now = self.model.now

    @rule(expense=expenses, holder=holders, patience=st.sampled_from([None, None, 0, 3_000]))
    def reserve(self, expense: Expense, holder: str, patience: int | None) -> None:
        turn = self.loop.run_until_complete(self.budgets.reserve(expense, holder=holder, patience=patience))
        assert turn == self.model.reserve(expense, holder=holder, patience=patience)

    @rule(expense=expenses)
    def charge(self, expense: Expense) -> None:
        self.loop.run_until_complete(self.budgets.charge(expense))
        self.model.charge(expense)

    @rule(expense=expenses, after=st.sampled_from([0, 1_000, 30_000]))
    def cool(self, expense: Expense, after: int) -> None:
        self.loop.run_until_complete(self.budgets.cool(expense, after=after))
        self.model.cool(expense, after=after)
        learned = self.loop.run_until_complete(self.budgets.learned())
        assert learned == {key: schedule.share for key, schedule in self.model.schedules.items() if schedule.share < 1}


@pytest.fixture
def machine(valkey: str) -> Iterator[type[Machine]]:
    loop = asyncio.new_event_loop()
    redis = Redis(unix_socket_path=valkey, protocol=3)
    Machine.redis, Machine.loop = redis, loop
    yield Machine
    loop.run_until_complete(redis.aclose())
    loop.close()


def test_the_scripts_do_what_the_model_does(machine: type[Machine]) -> None:
    assert {POST, UPDATE, UPLOAD, LOOK} == COSTS.keys()
    run_state_machine_as_test(machine, settings=settings(stateful_step_count=40))
