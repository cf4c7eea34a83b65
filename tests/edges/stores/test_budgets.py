"""Budgets in a real Redis, on virtual time, against the sandbox's limits, which know nothing of them."""

import heapq
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import count, pairwise
from random import Random
from statistics import mean

import pytest
from redis.asyncio import Redis

from bot.core.backoff import MINUTE, SECOND
from bot.core.budget import CUT, FLOOR, GRACE, POST, SPACING, UPDATE, UPLOAD, WINDOW, Budget, costs
from bot.ports.budgets import Beyond, Expense, Go, Later, Turn
from bot.sandbox.limits import Limits, Rates
from bot.stores.budgets import RedisBudgets
from bot.stores.keys import Keys

T0 = 1_800_000_000_000
TIERS = {POST: None, UPDATE: 3, UPLOAD: 4}


@pytest.fixture
def budgets(redis: Redis, keys: Keys) -> RedisBudgets:
    return RedisBudgets(redis, keys, costs(), now=T0)


def post(channel: str = "C1", *, method: str = POST, team: str = "T1") -> Expense:
    return Expense(team=team, channel=channel, method=method)


async def ask(budgets: RedisBudgets, at: int, holder: str, channel: str = "C1", *, method: str = POST) -> Turn:
    budgets.now = T0 + at
    return await budgets.reserve(post(channel, method=method), holder=holder)


@dataclass
class World:
    """Callers that ask when they are told to, a bit late, whose calls take a while to arrive; and a far side."""

    budgets: RedisBudgets
    limits: Limits
    random: Random
    late: int
    way: int
    refused: int = 0
    began: dict[str, int] = field(default_factory=dict)
    calls: list[tuple[int, str, str]] = field(default_factory=list)
    waits: dict[str, list[int]] = field(default_factory=lambda: defaultdict(list))
    asked: int = 0

    async def run(self, callers: Sequence[tuple[str, str, str]], *, seconds: float, again: int = 0) -> None:
        """Callers (channel, name, method) that each have something to say, and then again after `again` ms."""
        numbers = count()
        agenda = [(T0 + self.random.randrange(1_000), next(numbers), caller, 0) for caller in callers]
        heapq.heapify(agenda)
        arriving: list[tuple[int, int, str, str]] = []
        while agenda and agenda[0][0] < T0 + seconds * SECOND:
            now, _, caller, said = heapq.heappop(agenda)
            channel, name, method = caller
            holder = f"{name}-{said}"
            self.began.setdefault(holder, now)
            self.budgets.now = now
            self.asked += 1
            match await self.budgets.reserve(post(channel, method=method), holder=holder):
                case Go():
                    self.calls.append((now, channel, method))
                    self.waits[channel].append(now - self.began[holder])
                    arriving.append((now + self.random.randrange(self.way), next(numbers), channel, method))
                    heapq.heappush(agenda, (now + again + 1, next(numbers), caller, said + 1))
                case Later(until=until) | Beyond(until=until):
                    assert until > now
                    heapq.heappush(agenda, (until + self.random.randrange(self.late), next(numbers), caller, said))
        for at, _, channel, method in sorted(arriving):
            self.refused += self.limits.call(method, at / SECOND) > 0
            if method != UPDATE:
                self.refused += self.limits.message(channel, at / SECOND) > 0

    def per_minute(self, method: str, *, seconds: float) -> float:
        return sum(made == method for _, _, made in self.calls) * 60 / seconds


@pytest.fixture
def world(budgets: RedisBudgets) -> World:
    return World(budgets, Limits(Rates(), TIERS), Random(5), late=1_500, way=1_500)  # noqa: S311 (dice that repeat)


async def test_slack_never_says_no_and_gets_nine_tenths_of_what_it_takes(world: World) -> None:
    channels = [f"C{number}" for number in range(50)]
    await world.run([(channel, channel, POST) for channel in channels], seconds=150, again=1_200)
    assert world.refused == 0
    assert 0.9 * 300 <= world.per_minute(POST, seconds=150) <= 300
    means = [mean(world.waits[channel]) for channel in channels]
    assert max(means) <= 2 * mean(means)
    for channel in channels:
        times = [at for at, said, _ in world.calls if said == channel]
        assert all(later - earlier >= SPACING for earlier, later in pairwise(times))
    # Told when to come: about two questions a call, and not a poll.
    assert world.asked < 2.5 * len(world.calls)


async def test_methods_that_share_a_channel_share_its_pace_and_none_is_refused(world: World) -> None:
    callers = [
        (f"C{number}", f"{method}-{number}-{each}", method)
        for number in range(8)
        for method in (POST, UPDATE, UPLOAD)
        for each in range(2)
    ]
    await world.run(callers, seconds=150)
    assert world.refused == 0
    assert world.per_minute(UPDATE, seconds=150) >= 0.9 * 50
    assert world.per_minute(UPLOAD, seconds=150) >= 0.85 * 100
    assert world.per_minute(POST, seconds=150) + world.per_minute(UPLOAD, seconds=150) >= 0.9 * 300
    for number in range(8):
        times = [at for at, said, method in world.calls if said == f"C{number}" and method != UPDATE]
        assert all(later - earlier >= SPACING for earlier, later in pairwise(times))


async def test_a_channel_with_many_callers_gets_no_more_than_one_with_one(world: World) -> None:
    crowd = [("C0", f"thread-{number}", POST) for number in range(20)]
    alone = [(f"C{number}", f"C{number}", POST) for number in range(1, 40)]
    await world.run(crowd + alone, seconds=120)
    calls = Counter(channel for _, channel, _ in world.calls)
    assert world.refused == 0
    assert max(calls.values()) - min(calls.values()) <= 2


async def test_callers_of_one_channel_take_turns(world: World) -> None:
    await world.run([("C1", f"thread-{number}", POST) for number in range(5)], seconds=120)
    waits = world.waits["C1"]
    assert len(waits) >= 0.5 * 120  # each comes up to 1.5 s late, and the next one may not be early
    assert max(waits) <= 3 * mean(waits)


async def test_a_quiet_workspace_goes_at_once(budgets: RedisBudgets) -> None:
    burst = Budget(method=POST, most=300).burst
    assert burst > 1
    turns = [await ask(budgets, 0, f"d{number}", f"C{number}") for number in range(burst + 1)]
    assert turns[:-1] == [Go()] * burst
    assert turns[-1] == Later(until=T0 + 211)


async def test_a_turn_that_came_is_used_once(budgets: RedisBudgets) -> None:
    assert await ask(budgets, 0, "a") == Go()
    assert await ask(budgets, 10, "b") == Later(until=T0 + SPACING)
    assert await ask(budgets, SPACING - 1, "b") == Later(until=T0 + SPACING)
    assert await ask(budgets, SPACING, "b") == Go()
    assert await ask(budgets, SPACING, "b") == Later(until=T0 + 2 * SPACING)


async def test_who_asked_first_goes_first_and_the_others_are_told_after_whom(budgets: RedisBudgets) -> None:
    await ask(budgets, 0, "a")
    assert await ask(budgets, 1, "z") == Later(until=T0 + SPACING)
    assert await ask(budgets, 2, "b") == Later(until=T0 + 2 * SPACING)
    assert await ask(budgets, SPACING, "b") == Later(until=T0 + 2 * SPACING)
    assert await ask(budgets, SPACING, "z") == Go()


async def test_who_does_not_come_loses_the_place(budgets: RedisBudgets) -> None:
    await ask(budgets, 0, "a")
    await ask(budgets, 1, "gone")
    await ask(budgets, 2, "b")
    assert isinstance(await ask(budgets, SPACING + GRACE, "b"), Later)
    assert await ask(budgets, SPACING + GRACE + 1, "b") == Go()
    assert isinstance(await ask(budgets, SPACING + GRACE + 2, "gone"), Later)


async def test_the_turn_of_one_who_is_gone_is_the_next_ones_of_the_channel(budgets: RedisBudgets) -> None:
    for number in range(40):
        await ask(budgets, 0, f"d{number}", f"C{number}")
    gone = await ask(budgets, 0, "gone", "C")
    assert isinstance(gone, Later)
    at = gone.until - T0
    assert isinstance(await ask(budgets, at, "heir", "C"), Later)
    assert await ask(budgets, at + GRACE + 1, "heir", "C") == Go()


async def test_turns_that_were_slept_through_do_not_come_all_at_once(budgets: RedisBudgets) -> None:
    """As when every process was stopped for a while: the far side's minute has no more than it takes."""
    channels = [f"C{number}" for number in range(320)]
    went = sum([await ask(budgets, 0, "d", channel) == Go() for channel in channels])
    turns = [await ask(budgets, 100_000, "d", channel) for channel in channels[went:]]
    assert turns[:300] == [Go()] * 300
    assert turns[300:] == [Later(until=T0 + 100_000 + WINDOW)] * (20 - went)


async def test_a_change_that_would_come_too_late_takes_nothing(budgets: RedisBudgets, redis: Redis, keys: Keys) -> None:
    for number in range(10):
        await ask(budgets, 0, f"d{number}", f"C{number}", method=UPDATE)
    known = {key: await redis.dump(key) for key in await redis.keys(f"{keys.prefix}*")}
    far = await budgets.reserve(post("C", method=UPDATE), holder="card", patience=3_000)
    assert isinstance(far, Beyond)
    assert far.until > T0 + 3_000
    assert {key: await redis.dump(key) for key in await redis.keys(f"{keys.prefix}*")} == known
    assert await budgets.reserve(post("C", method=UPDATE), holder="card", patience=60_000) == Later(until=far.until)
    # and who has a place gives it up
    assert await budgets.reserve(post("C", method=UPDATE), holder="card", patience=3_000) == Beyond(until=far.until)


async def test_a_quick_turn_is_had_with_patience_too(budgets: RedisBudgets) -> None:
    assert await budgets.reserve(post(), holder="a", patience=0) == Go()
    assert await budgets.reserve(post(), holder="b", patience=SPACING) == Later(until=T0 + SPACING)
    assert isinstance(await budgets.reserve(post(), holder="c", patience=SPACING), Beyond)


async def test_what_is_said_without_asking_delays_those_who_ask(budgets: RedisBudgets) -> None:
    await budgets.charge(post())
    await budgets.charge(post())
    assert await ask(budgets, 0, "a") == Later(until=T0 + 2 * SPACING)
    for number in range(40):
        await budgets.charge(post(f"C{number}"))
    assert isinstance(await ask(budgets, 0, "b", "C"), Later)


async def test_a_no_holds_the_method_of_the_workspace_for_all(budgets: RedisBudgets, redis: Redis, keys: Keys) -> None:
    for number in range(30):
        await ask(budgets, 0, f"d{number}", f"C{number}")
    await budgets.cool(post(), after=30_000)
    other = RedisBudgets(redis, keys, costs(), now=T0 + 10_000)  # another process
    first = await other.reserve(post("C29"), holder="d29")
    second = await other.reserve(post("C28"), holder="d28")
    interval = Budget(method=POST, most=300).interval / CUT
    assert first == Later(until=T0 + 30_000)  # a turn from before is void
    assert second == Later(until=T0 + 30_000 + round(interval + 0.5))
    assert await other.reserve(post(method=UPDATE), holder="d") == Go()
    assert await other.reserve(post(team="T2"), holder="d") == Go()
    other.now = T0 + 30_000
    assert await other.reserve(post("C29"), holder="d29") == Go()


async def test_one_no_for_many_calls_under_way_cuts_once_and_the_longest_wait_holds(budgets: RedisBudgets) -> None:
    await budgets.cool(post(), after=5_000)
    await budgets.cool(post(), after=30_000)
    await budgets.cool(post(), after=1_000)
    assert await budgets.learned() == {("T1", POST): CUT}
    assert await ask(budgets, 0, "a") == Later(until=T0 + 30_000)


async def test_nos_in_a_row_leave_a_little(budgets: RedisBudgets) -> None:
    for minute in range(10):
        budgets.now = T0 + minute * MINUTE
        await budgets.cool(post(), after=1_000)
    assert await budgets.learned() == {("T1", POST): FLOOR}


async def test_a_rate_that_was_cut_heals_by_use_and_never_grows_above_the_ceiling(
    budgets: RedisBudgets, world: World
) -> None:
    await budgets.cool(post(), after=1)
    callers = [(f"C{number}", f"C{number}", POST) for number in range(50)]
    await world.run(callers, seconds=60)
    early = len(world.calls)
    assert early < 0.75 * 300
    share = (await budgets.learned())["T1", POST]
    assert CUT < share < 1
    await world.run(callers, seconds=200)
    assert await budgets.learned() == {}
    assert world.refused == 0


async def test_a_wiped_redis_costs_no_more_than_a_burst(world: World, redis: Redis) -> None:
    callers = [(f"C{number}", f"C{number}", POST) for number in range(50)]
    await world.run(callers, seconds=30)
    before = len(world.calls)
    for key in await redis.keys(f"{world.budgets._keys.prefix}*"):
        await redis.delete(key)
    await world.run(callers, seconds=30)
    burst = Budget(method=POST, most=300).burst
    assert len(world.calls) - before <= before + burst


async def test_a_process_that_starts_anew_finds_the_turns_of_the_former(
    budgets: RedisBudgets, redis: Redis, keys: Keys
) -> None:
    await ask(budgets, 0, "a")
    assert await ask(budgets, 1, "b") == Later(until=T0 + SPACING)
    anew = RedisBudgets(redis, keys, costs(), now=T0 + 2)
    assert await anew.reserve(post(), holder="b") == Later(until=T0 + SPACING)
    anew.now = T0 + SPACING
    assert await anew.reserve(post(), holder="b") == Go()


async def test_without_a_clock_of_ones_own_it_is_redis_time(redis: Redis, keys: Keys) -> None:
    budgets = RedisBudgets(redis, keys, costs())
    assert await budgets.reserve(post(), holder="a") == Go()
    turn = await budgets.reserve(post(), holder="b")
    seconds, micro = await redis.time()
    assert isinstance(turn, Later)
    assert 0 < turn.until - (seconds * 1_000 + micro // 1_000) <= SPACING


async def test_what_is_kept_goes_when_it_no_longer_matters(budgets: RedisBudgets, redis: Redis, keys: Keys) -> None:
    await ask(budgets, 0, "a")
    await ask(budgets, 0, "b")
    await budgets.charge(post("C2"))
    found = {key: await redis.pttl(key) for key in await redis.keys(f"{keys.prefix}*")}
    assert len(found) == 5
    assert all(0 < left <= WINDOW + 10 * SECOND for left in found.values())
