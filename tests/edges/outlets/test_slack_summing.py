"""A lane's summary against a real sandbox and a real Redis, with calls whose answers are lost."""

import time
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest
from redis.asyncio import Redis

from bot.core.budget import costs
from bot.core.delivery import Asked, Failed, Lane, Outcome, Paced, Scope, Sent, Throttled, Unknown
from bot.core.destination import SlackChannel, destination_id
from bot.core.errors import UnavailableError
from bot.core.event import Failure, Status
from bot.core.pressure import Held
from bot.core.subscription import Doubt
from bot.outlets.slack.cards import PATIENCE
from bot.outlets.slack.outlet import SlackOutlet
from bot.outlets.slack.web import SlackWeb
from bot.ports.budgets import Expense
from bot.ports.outlet import Item, Parcel, Summing
from bot.ports.summaries import Summary
from bot.render.message import carried, summed_up
from bot.sandbox.limits import Rates
from bot.sandbox.server import Sandbox
from bot.stores.budgets import RedisBudgets
from bot.stores.keys import Keys
from bot.stores.summaries import RedisSummaries
from tests.core.examples import event
from tests.edges.outlets.parcels import item

TEAM = "T0SANDBOX"
WINDOW = Held(kind="hourly", opens="13:00", closes="14:00", end=1_782_907_200_000)


@pytest.fixture
async def sandbox() -> AsyncIterator[Sandbox]:
    async with Sandbox(rates=Rates(enabled=False)) as sandbox:
        yield sandbox


@pytest.fixture
def summaries(redis: Redis, keys: Keys) -> RedisSummaries:
    return RedisSummaries(redis, keys)


@pytest.fixture
def policy() -> list[Doubt]:
    return [Doubt.REPEAT]


@pytest.fixture
async def outlet(sandbox: Sandbox, summaries: RedisSummaries, policy: list[Doubt]) -> AsyncIterator[SlackOutlet]:
    async def token_of(_: str) -> str:
        return sandbox.bot_token

    async def policy_of(*_: Any) -> Doubt:
        return policy[0]

    async with SlackOutlet(SlackWeb(sandbox.api_url), token_of, summaries=summaries, policy_of=policy_of) as outlet:
        yield outlet


@pytest.fixture
def channel(sandbox: Sandbox) -> SlackChannel:
    return SlackChannel(team=TEAM, channel=sandbox.channel_id("fraud-alerts"))


def items(
    channel: SlackChannel, *numbers: int, doubt: bool = False, status: Status = Status.COMPLETED
) -> tuple[Item, ...]:
    error = Failure(type="Timeout", message="too slow") if status is Status.FAILED else None
    began = round(time.time() * 1000) if doubt else None
    return tuple(
        item(channel, event(id=f"e{number}", title=f"Order {number}", status=status, error=error), doubt=began)
        for number in numbers
    )


def whole(
    channel: SlackChannel, *told: Item, aside: tuple[Item, ...] = (), left: int = 7, held: Held | None = None
) -> Parcel:
    lane = Lane(destination_id(channel))
    return Parcel(
        destination=channel, items=told, held=held, summing=Summing(lane=lane, whole=True, aside=aside, left=left)
    )


def entries(sandbox: Sandbox, kind: str = "post") -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = sandbox.workspace.ledger.page(after=0, limit=1_000, kind=kind)["entries"]
    return [entry for entry in found if entry["metadata"]]


def reference(outcome: Outcome) -> str:
    assert isinstance(outcome, Sent), outcome
    return outcome.reference


async def test_a_backlog_becomes_one_card_that_is_updated(
    sandbox: Sandbox, outlet: SlackOutlet, channel: SlackChannel, summaries: RedisSummaries
) -> None:
    first = await outlet.send(
        whole(channel, *items(channel, *range(250)), aside=items(channel, 900, status=Status.FAILED))
    )
    second = await outlet.send(whole(channel, *items(channel, *range(250, 260)), left=0))

    (posted,), (updated,) = entries(sandbox), entries(sandbox, "update")
    assert reference(first) == reference(second) == f"{posted['channel']}/{posted['ts']}"
    assert "250 completed, 1 failed (shown one by one)" in posted["text"]
    assert "up to 7 more to come" in posted["text"]
    assert "260 completed, 1 failed" in updated["text"]
    assert "all shown" in updated["text"]
    card = summed_up(updated["metadata"])
    assert card is not None
    assert (card.told, len(card.marks)) == (260, 250)
    assert len(str(posted["metadata"])) < 1_500
    assert await summaries.living(Lane(destination_id(channel))) is None


async def test_a_post_whose_answer_was_lost_is_found_and_updated_from_then_on(
    sandbox: Sandbox, outlet: SlackOutlet, channel: SlackChannel
) -> None:
    sandbox.fault("drop", method="chat.postMessage", after=True)
    assert isinstance(await outlet.send(whole(channel, *items(channel, 1, 2))), Unknown)
    again = await outlet.send(whole(channel, *items(channel, 1, 2, doubt=True)))
    more = await outlet.send(whole(channel, *items(channel, 3)))

    (posted,) = entries(sandbox)
    assert reference(again) == reference(more) == f"{posted['channel']}/{posted['ts']}"
    assert "3 completed" in entries(sandbox, "update")[-1]["text"]


@pytest.mark.parametrize("arrived", [True, False])
async def test_an_update_whose_answer_was_lost_is_neither_lost_nor_counted_twice(
    sandbox: Sandbox, outlet: SlackOutlet, channel: SlackChannel, *, arrived: bool
) -> None:
    await outlet.send(whole(channel, *items(channel, *range(300))))
    sandbox.fault("drop", method="chat.update", after=arrived)
    assert isinstance(await outlet.send(whole(channel, *items(channel, 301, 302))), Unknown)
    again = await outlet.send(whole(channel, *items(channel, 301, 302, doubt=True), left=0))

    (posted,), updates = entries(sandbox), entries(sandbox, "update")
    assert reference(again) == f"{posted['channel']}/{posted['ts']}"
    assert len(updates) == 1
    assert "302 completed" in updates[-1]["text"]


async def test_one_that_was_told_is_found_though_its_step_was_never_noted(
    sandbox: Sandbox, outlet: SlackOutlet, channel: SlackChannel
) -> None:
    await outlet.send(whole(channel, *items(channel, 0, *range(1, 251))))
    await outlet.send(whole(channel, *items(channel, *range(300, 550)), left=0))

    alone = Parcel(destination=channel, items=items(channel, 0, doubt=True))
    found = await outlet.send(alone)
    new = await outlet.send(Parcel(destination=channel, items=items(channel, 999, doubt=True)))

    posts = entries(sandbox)
    assert reference(found) == f"{posts[0]['channel']}/{posts[0]['ts']}"
    assert reference(new) == f"{posts[1]['channel']}/{posts[1]['ts']}"
    assert len(posts) == 2


@pytest.mark.parametrize("wanted", list(Doubt))
async def test_where_redis_forgot_what_a_card_told_the_policy_decides(
    sandbox: Sandbox,
    outlet: SlackOutlet,
    channel: SlackChannel,
    redis: Redis,
    keys: Keys,
    policy: list[Doubt],
    wanted: Doubt,
) -> None:
    policy[0] = wanted
    await outlet.send(whole(channel, *items(channel, *range(200))))
    await outlet.send(whole(channel, *items(channel, *range(200, 300))))
    async for key in redis.scan_iter(f"{keys.prefix}*"):
        await redis.delete(key)

    marked = await outlet.send(whole(channel, *items(channel, *range(250, 300), doubt=True)))
    early = await outlet.send(whole(channel, *items(channel, 1, 2, doubt=True)))

    first = entries(sandbox)[0]
    assert reference(marked) == f"{first['channel']}/{first['ts']}"
    assert len(entries(sandbox, "update")) == 1
    last = entries(sandbox)[-1]
    if wanted is Doubt.ASK:
        assert isinstance(early, Asked)
        assert carried(last["metadata"]) == frozenset()
    else:
        assert isinstance(early, Sent)
        assert "May be shown twice" in last["text"]


async def test_a_small_card_is_read_even_where_redis_was_wiped(
    sandbox: Sandbox, outlet: SlackOutlet, channel: SlackChannel, redis: Redis, keys: Keys
) -> None:
    await outlet.send(whole(channel, *items(channel, *range(100))))
    async for key in redis.scan_iter(f"{keys.prefix}*"):
        await redis.delete(key)
    assert isinstance(await outlet.send(whole(channel, *items(channel, *range(50), doubt=True))), Sent)
    assert len(entries(sandbox)) == 1
    assert "May be shown twice" not in entries(sandbox)[0]["text"]


async def test_a_card_that_somebody_deleted_is_posted_anew_with_all_its_counts(
    sandbox: Sandbox, outlet: SlackOutlet, channel: SlackChannel
) -> None:
    first = reference(await outlet.send(whole(channel, *items(channel, 1, 2))))
    place = sandbox.workspace.channel(channel.channel)
    sandbox.workspace.erase(place, place.message(first.partition("/")[2]))
    second = await outlet.send(whole(channel, *items(channel, 3)))
    third = await outlet.send(whole(channel, *items(channel, 4)))

    assert reference(second) == reference(third) != first
    assert "3 completed" in entries(sandbox)[-1]["text"]


async def test_a_summary_waits_for_slacks_limit_however_long_and_is_not_posted_anew(
    sandbox: Sandbox, outlet: SlackOutlet, channel: SlackChannel
) -> None:
    first = reference(await outlet.send(whole(channel, *items(channel, 1, 2))))
    sandbox.fault("ratelimited", method="chat.update", retry_after=40)
    limited = await outlet.send(whole(channel, *items(channel, 3)))
    assert limited == Throttled(after=40_000, scope=Scope.LANE, reason="Slack: ratelimited")
    assert reference(await outlet.send(whole(channel, *items(channel, 3)))) == first
    assert len(entries(sandbox)) == 1
    assert "3 completed" in entries(sandbox, "update")[-1]["text"]


async def test_a_summary_waits_for_its_turn_where_many_are_updated(
    sandbox: Sandbox, channel: SlackChannel, summaries: RedisSummaries, redis: Redis, keys: Keys
) -> None:
    async def token_of(_: str) -> str:
        return sandbox.bot_token

    now = 1_800_000_000_000
    budgets = RedisBudgets(redis, keys, costs(), now=now)
    async with SlackOutlet(SlackWeb(sandbox.api_url), token_of, summaries=summaries, budgets=budgets) as outlet:
        first = reference(await outlet.send(whole(channel, *items(channel, 1, 2))))
        for _ in range(20):
            await budgets.charge(Expense(team=TEAM, channel="C2", method="chat.update"))
        paced = await outlet.send(whole(channel, *items(channel, 3)))
        assert isinstance(paced, Paced)
        assert paced.until - now > PATIENCE
        budgets.now = paced.until
        assert reference(await outlet.send(whole(channel, *items(channel, 3)))) == first
    assert len(entries(sandbox)) == 1


async def test_failures_that_are_shown_beside_the_card_are_counted_in_it(
    sandbox: Sandbox, outlet: SlackOutlet, channel: SlackChannel
) -> None:
    beside = Summing(lane=Lane(destination_id(channel)), whole=False)
    await outlet.send(whole(channel, *items(channel, 1, 2)))
    await outlet.send(Parcel(destination=channel, items=items(channel, 5, 6, status=Status.FAILED), summing=beside))
    await outlet.send(whole(channel, *items(channel, 3), left=0))

    _, message = entries(sandbox)
    assert len(carried(message["metadata"])) == 2
    assert "3 completed, 2 failed (shown one by one)" in entries(sandbox, "update")[-1]["text"]


async def test_a_windows_card_is_called_after_it_and_shows_its_failures(
    sandbox: Sandbox, outlet: SlackOutlet, channel: SlackChannel
) -> None:
    told = (*items(channel, *range(56)), *items(channel, 90, status=Status.FAILED))
    await outlet.send(whole(channel, *told, left=0, held=WINDOW))
    (posted,) = entries(sandbox)
    assert posted["text"].startswith("Hourly digest · 13:00–14:00 · 57 results: 56 completed, 1 failed")  # noqa: RUF001 (a span)
    assert "too slow" in str(posted["blocks"])


async def test_without_redis_nothing_is_sent(
    sandbox: Sandbox, channel: SlackChannel, summaries: RedisSummaries
) -> None:
    class Away(RedisSummaries):
        async def tell(self, *_: Any, **__: Any) -> Summary:
            raise UnavailableError("Redis is away")

    async def token_of(_: str) -> str:
        return sandbox.bot_token

    away = Away(summaries._redis, summaries._keys)
    async with SlackOutlet(SlackWeb(sandbox.api_url), token_of, summaries=away) as outlet:
        outcome = await outlet.send(whole(channel, *items(channel, 1)))
        beside = Summing(lane=Lane(destination_id(channel)), whole=False)
        message = await outlet.send(replace(whole(channel, *items(channel, 2)), summing=beside))
    assert outcome == Failed(reason="could not sum up: Redis is away")
    assert isinstance(message, Sent)
    assert len(entries(sandbox)) == 1
