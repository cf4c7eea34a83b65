"""Budgets in plain Python, as reserve.lua, charge.lua and cool.lua promise them: written to be read, and no Redis."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

from bot.core.budget import CUT, FLOOR, GRACE, WINDOW, Budget, Cost
from bot.ports.budgets import Beyond, Expense, Go, Later, Turn


@dataclass(kw_only=True)
class Schedule:
    """One workspace's budget: when its next call would be, and what is learned."""

    budget: Budget
    next: float = 0
    share: float = 1
    cool: int = 0
    era: int = 0
    spent: list[int] = field(default_factory=list)

    @property
    def interval(self) -> float:
        return self.budget.interval / self.share

    def slot(self, now: int) -> int:
        burst = self.budget.burst if self.share == 1 else 1
        return max(now, math.ceil(self.next - (burst - 1) * self.interval - 0.01))

    def take(self, at: int) -> None:
        self.next = max(self.next, at) + self.interval

    def free_at(self) -> int:
        return self.spent[-self.budget.most] + WINDOW if len(self.spent) >= self.budget.most else 0


@dataclass(kw_only=True)
class Ticket:
    stage: int
    at: int
    era: int


@dataclass(kw_only=True)
class Line:
    """Who waits to call a method for a channel, in order, each with the time at which they were told to come."""

    waiting: dict[str, int] = field(default_factory=dict)
    ticket: Ticket | None = None


@dataclass(kw_only=True)
class Model:
    """All workspaces; `now` is milliseconds."""

    costs: Mapping[str, Cost]
    now: int
    lines: dict[Expense, Line] = field(default_factory=dict)
    ready: dict[tuple[str, str], int] = field(default_factory=dict)
    schedules: dict[tuple[str, str], Schedule] = field(default_factory=dict)

    def reserve(self, expense: Expense, *, holder: str, patience: int | None) -> Turn:
        cost, line = self.costs[expense.method], self.lines.setdefault(expense, Line())
        schedules = self._schedules(expense)
        for other, told in list(line.waiting.items()):
            if other != holder and told + GRACE < self.now:
                del line.waiting[other]
        at = self._turn(expense, cost, line, schedules, holder, patience)
        if at > self.now:
            if patience is not None and at - self.now > patience:
                line.waiting.pop(holder, None)
                return Beyond(until=at)
            line.waiting[holder] = at
            return Later(until=at)
        for schedule in schedules:
            schedule.spent.append(self.now)
            schedule.share = min(1, schedule.share + schedule.budget.gain)
        self._hold(expense, cost, self.now)
        line.waiting.pop(holder, None)
        line.ticket = None
        return Go()

    def _turn(
        self,
        expense: Expense,
        cost: Cost,
        line: Line,
        schedules: list[Schedule],
        holder: str,
        patience: int | None,
    ) -> int:
        """When the holder may call, as far as that is known."""
        ready = self.ready.get((expense.team, expense.channel), 0) if cost.spacing else 0
        order = list(line.waiting)
        ahead = order.index(holder) if holder in order else len(order)
        if ahead:
            first = max(self.now, ready, line.ticket.at if line.ticket else 0)
            return first + ahead * max(cost.spacing, math.ceil(schedules[0].interval))
        if ready > self.now:
            return ready
        if line.ticket is not None and schedules[line.ticket.stage].era != line.ticket.era:
            line.ticket = None
        stage = -1 if line.ticket is None else line.ticket.stage
        at = 0 if line.ticket is None else line.ticket.at
        while stage == -1 or (stage + 1 < len(schedules) and at <= self.now):
            schedule = schedules[stage + 1]
            at = schedule.slot(self.now)
            if patience is not None and at - self.now > patience:
                return at
            schedule.take(at)
            stage += 1
            line.ticket = Ticket(stage=stage, at=at, era=schedule.era)
        return max(at, *(schedule.free_at() for schedule in schedules))

    def charge(self, expense: Expense) -> None:
        cost = self.costs[expense.method]
        for schedule in self._schedules(expense):
            schedule.take(self.now)
            schedule.spent.append(self.now)
        self._hold(expense, cost, max(self.now, self.ready.get((expense.team, expense.channel), 0)))

    def cool(self, expense: Expense, *, after: int) -> None:
        schedule = self._schedules(expense)[0]
        if schedule.cool <= self.now:
            schedule.share = max(FLOOR, schedule.share * CUT)
        if self.now + after > schedule.cool:
            schedule.era += 1
            schedule.cool = self.now + after
            schedule.next = self.now + after

    def _hold(self, expense: Expense, cost: Cost, since: int) -> None:
        if cost.spacing:
            self.ready[expense.team, expense.channel] = since + cost.spacing

    def _schedules(self, expense: Expense) -> list[Schedule]:
        return [
            self.schedules.setdefault((expense.team, budget.method), Schedule(budget=budget))
            for budget in self.costs[expense.method].budgets
        ]
