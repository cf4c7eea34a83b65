"""The budgets of all workspaces, in Redis: the port `Budgets`, and what was learned of them."""

from collections.abc import Mapping
from typing import Any, cast

from redis.asyncio import Redis

from bot.core.budget import CUT, FLOOR, GRACE, LONGEST_COOL, WINDOW, Budget, Cost
from bot.ports.budgets import Beyond, Expense, Go, Later, Turn
from bot.stores.away import unavailable
from bot.stores.epoch import Epoch
from bot.stores.keys import Keys
from bot.stores.script import Script


class RedisBudgets:
    """One script a question. `costs` tells what each method is counted against; of others it raises KeyError.

    `now` gives the scripts another clock than the server's, for tests.
    """

    def __init__(
        self,
        redis: Redis,
        keys: Keys,
        costs: Mapping[str, Cost],
        *,
        epoch: Epoch | None = None,
        now: int | None = None,
    ) -> None:
        self._redis = redis
        self._keys = keys
        self._costs = costs
        self.now = now
        self._reserve, self._charge, self._cool = (
            Script(redis, name, "begin", "budget", epoch=epoch) for name in ("reserve", "charge", "cool")
        )

    async def reserve(self, expense: Expense, *, holder: str, patience: int | None = None) -> Turn:
        """Ask for a turn; see reserve.lua."""
        cost = self._costs[expense.method]
        answer = await self._reserve(
            [self._keys.queue(expense.team, expense.channel, expense.method), *self._keys_of(expense, cost)],
            [
                *(self._clock(), holder, "" if patience is None else patience, cost.spacing, GRACE, WINDOW),
                *(len(cost.budgets), *(part for budget in cost.budgets for part in _figures(expense, budget))),
            ],
        )
        match answer:
            case [b"go"]:
                return Go()
            case [b"later", until]:
                return Later(until=int(until))
            case [b"beyond", until]:
                return Beyond(until=int(until))
        raise AssertionError(answer)

    async def charge(self, expense: Expense) -> None:
        """Count a call that is made without asking; see charge.lua."""
        cost = self._costs[expense.method]
        await self._charge(
            self._keys_of(expense, cost),
            [
                *(self._clock(), cost.spacing, WINDOW, len(cost.budgets)),
                *(part for budget in cost.budgets for part in _figures(expense, budget)),
            ],
        )

    async def cool(self, expense: Expense, *, after: int) -> None:
        """Let nobody call the method in the workspace for so many milliseconds; see cool.lua."""
        budget = self._costs[expense.method].budgets[0]
        k = self._keys
        await self._cool(
            [k.learned, k.budget(expense.team, budget.method), k.spent(expense.team, budget.method)],
            [self._clock(), min(after, LONGEST_COOL), CUT, FLOOR, *_figures(expense, budget)],
        )

    async def learned(self) -> Mapping[tuple[str, str], float]:
        """What share of its full rate a workspace takes of a method, by both, where it is less than all."""
        with unavailable():
            found = await cast("Any", self._redis.hgetall(self._keys.learned))
        shares = {}
        for field, share in found.items():
            team, _, method = field.decode().partition("/")
            shares[team, method] = float(share)
        return shares

    def _keys_of(self, expense: Expense, cost: Cost) -> list[str]:
        k, team = self._keys, expense.team
        pairs = ((k.budget(team, budget.method), k.spent(team, budget.method)) for budget in cost.budgets)
        return [k.ready(team, expense.channel), k.learned, *(key for pair in pairs for key in pair)]

    def _clock(self) -> str:
        return "" if self.now is None else str(self.now)


def _figures(expense: Expense, budget: Budget) -> tuple[Any, ...]:
    field = f"{expense.team}/{budget.method}"
    return field, budget.most, repr(budget.interval), budget.burst, repr(budget.gain)
