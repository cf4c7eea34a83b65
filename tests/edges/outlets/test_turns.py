"""Slack's outlet with budgets: who is not to call does not, and what Slack says is heard by all."""

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace

import pytest
from redis.asyncio import Redis

from bot.core.budget import CUT, POST, SPACING, UPDATE, costs
from bot.core.cards import Card, CardKey
from bot.core.delivery import Failed, Outcome, Paced, Refused, Scope, Sent, Throttled
from bot.core.destination import SlackChannel, SlackPerson, SlackPlace, SlackThread, destination_id
from bot.core.errors import UnavailableError
from bot.outlets.slack.call import Draft, Post, Update
from bot.outlets.slack.outlet import SlackOutlet
from bot.outlets.slack.turns import Turns
from bot.outlets.slack.web import SlackWeb
from bot.ports.budgets import Expense, Go, Later, Turn
from bot.ports.outlet import Parcel
from bot.render.message import Message
from bot.sandbox.limits import Rates
from bot.sandbox.server import Sandbox
from bot.stores.budgets import RedisBudgets
from bot.stores.keys import Keys
from tests.core.examples import event
from tests.edges.outlets.parcels import parcel

TEAM = "T0SANDBOX"
T0 = 1_800_000_000_000


@pytest.fixture
async def sandbox() -> AsyncIterator[Sandbox]:
    async with Sandbox(rates=Rates(enabled=False)) as sandbox:
        yield sandbox


@pytest.fixture
def budgets(redis: Redis, keys: Keys) -> RedisBudgets:
    return RedisBudgets(redis, keys, costs(), now=T0)


def tokens(sandbox: Sandbox) -> Callable[[str], Awaitable[str]]:
    async def token_of(_: str) -> str:
        return sandbox.bot_token

    return token_of


@pytest.fixture
async def outlet(sandbox: Sandbox, budgets: RedisBudgets) -> AsyncIterator[SlackOutlet]:
    async with SlackOutlet(SlackWeb(sandbox.api_url), tokens(sandbox), budgets=budgets) as outlet:
        yield outlet


@pytest.fixture
def channel(sandbox: Sandbox) -> SlackChannel:
    return SlackChannel(team=TEAM, channel=sandbox.channel_id("fraud-alerts"))


def calls(sandbox: Sandbox) -> int:
    return sandbox.backend.stats.calls(POST)


def of(place: SlackPlace, number: int) -> Parcel:
    return parcel(place, event(id=f"e{number}"))


async def test_a_second_message_waits_for_its_turn_and_then_goes(
    sandbox: Sandbox, outlet: SlackOutlet, budgets: RedisBudgets, channel: SlackChannel
) -> None:
    assert isinstance(await outlet.send(of(channel, 1)), Sent)
    assert await outlet.send(of(channel, 2)) == Paced(until=T0 + SPACING)
    assert calls(sandbox) == 1
    budgets.now = T0 + SPACING
    assert isinstance(await outlet.send(of(channel, 2)), Sent)
    assert calls(sandbox) == 2


async def test_a_thread_shares_its_channels_pace_and_a_person_has_one_of_their_own(
    sandbox: Sandbox, outlet: SlackOutlet, channel: SlackChannel
) -> None:
    sent = await outlet.send(of(channel, 1))
    assert isinstance(sent, Sent)
    thread = SlackThread(team=TEAM, channel=channel.channel, thread=sent.reference.partition("/")[2])
    assert await outlet.send(of(thread, 2)) == Paced(until=T0 + SPACING)
    assert isinstance(await outlet.send(of(SlackPerson(team=TEAM, user=sandbox.user_id("amara.nwosu")), 3)), Sent)


async def test_what_is_in_doubt_is_looked_for_whoevers_turn_it_is(
    sandbox: Sandbox, outlet: SlackOutlet, channel: SlackChannel
) -> None:
    there, missing = of(channel, 1), of(channel, 2)
    assert isinstance(await outlet.send(there), Sent)
    now = sandbox.backend.clock()
    there, missing = (
        replace(one, items=tuple(replace(i, delivery=replace(i.delivery, doubt=round(now * 1000))) for i in one.items))
        for one in (there, missing)
    )
    assert isinstance(await outlet.send(there), Sent)
    both = replace(there, items=(*there.items, *missing.items))
    assert await outlet.send(both) == Paced(until=T0 + SPACING)
    assert calls(sandbox) == 1


async def test_a_question_waits_for_its_turn_too(sandbox: Sandbox, outlet: SlackOutlet, channel: SlackChannel) -> None:
    assert isinstance(await outlet.send(of(channel, 1)), Sent)
    sandbox.fault("error", method="conversations.history", error="missing_scope")
    doubted = of(channel, 2)
    item = doubted.items[0]
    doubted = replace(doubted, items=(replace(item, delivery=replace(item.delivery, doubt=1)),))
    assert await outlet.send(doubted) == Paced(until=T0 + SPACING)
    assert calls(sandbox) == 1


async def test_a_call_that_is_mended_needs_no_second_turn_and_is_counted(
    sandbox: Sandbox, outlet: SlackOutlet, channel: SlackChannel
) -> None:
    sandbox.fault("error", method=POST, error="not_in_channel")
    assert isinstance(await outlet.send(of(channel, 1)), Sent)
    assert calls(sandbox) == 2
    assert await outlet.send(of(channel, 2)) == Paced(until=T0 + 2 * SPACING)


async def test_a_parcel_whose_turn_was_taken_already_goes_and_is_counted(
    outlet: SlackOutlet, channel: SlackChannel
) -> None:
    assert isinstance(await outlet.send(of(channel, 1)), Sent)
    assert isinstance(await outlet.send(replace(of(channel, 2), paid=True)), Sent)
    assert await outlet.send(of(channel, 3)) == Paced(until=T0 + 2 * SPACING)


async def test_a_429_is_heard_by_every_process_and_only_for_its_method(
    sandbox: Sandbox, outlet: SlackOutlet, redis: Redis, keys: Keys, channel: SlackChannel
) -> None:
    sandbox.fault("ratelimited", method=POST, retry_after=42)
    outcome: Outcome = await outlet.send(of(channel, 1))
    assert outcome == Throttled(after=42_000, scope=Scope.METHOD, reason="Slack: ratelimited")
    other = RedisBudgets(redis, keys, costs(), now=T0 + 1)
    assert await other.reserve(Expense(team=TEAM, channel="C2", method=POST), holder="x") == Later(until=T0 + 42_000)
    assert await other.reserve(Expense(team=TEAM, channel="C2", method=UPDATE), holder="x") == Go()
    assert await other.learned() == {(TEAM, POST): CUT}


async def test_a_refusal_cools_nothing(outlet: SlackOutlet, budgets: RedisBudgets) -> None:
    assert isinstance(await outlet.send(of(SlackChannel(team=TEAM, channel="C0NOWHERE"), 1)), Refused)
    assert await budgets.learned() == {}


class Away:
    """Budgets in a Redis that is away, from a moment on."""

    def __init__(self, reserved: Turn | None) -> None:
        self._reserved = reserved

    async def reserve(self, expense: Expense, *, holder: str, patience: int | None = None) -> Turn:
        del expense, holder, patience
        if self._reserved is None:
            raise UnavailableError("Redis is away")
        return self._reserved

    async def charge(self, expense: Expense) -> None:
        del expense
        raise UnavailableError("Redis is away")

    async def cool(self, expense: Expense, *, after: int) -> None:
        del expense, after
        raise UnavailableError("Redis is away")


async def test_without_redis_nothing_is_said(sandbox: Sandbox, channel: SlackChannel) -> None:
    async with SlackOutlet(SlackWeb(sandbox.api_url), tokens(sandbox), budgets=Away(None)) as outlet:
        failed = await outlet.send(of(channel, 1))
        paid = await outlet.send(replace(of(channel, 1), paid=True))
    assert failed == paid == Failed(reason="could not tell whether it may be sent now: Redis is away")
    assert calls(sandbox) == 0


async def test_what_cannot_be_counted_or_noted_is_said_nevertheless(sandbox: Sandbox, channel: SlackChannel) -> None:
    async with SlackOutlet(SlackWeb(sandbox.api_url), tokens(sandbox), budgets=Away(Go())) as outlet:
        sandbox.fault("error", method=POST, error="not_in_channel")
        assert isinstance(await outlet.send(of(channel, 1)), Sent)
        sandbox.fault("ratelimited", method=POST, retry_after=42)
        assert isinstance(await outlet.send(of(channel, 2)), Throttled)


async def test_a_change_that_would_have_to_wait_long_is_posted_under_its_card_instead(
    budgets: RedisBudgets, channel: SlackChannel
) -> None:
    turns, sent = Turns(budgets), of(channel, 1)
    said = Message(text="done", blocks=())
    post = Post(token="x", channel=channel.channel, message=said, metadata={})
    card = Card(channel=channel.channel, ts="1.2")
    update = Update(
        token="x",
        channel=channel.channel,
        ts="1.2",
        message=said,
        metadata={},
        shows=Draft(place=destination_id(channel), key=CardKey("k"), card=card),
        instead=post,
    )
    assert await turns.ask(update, sent) is update
    for _ in range(10):
        await budgets.charge(Expense(team=TEAM, channel="C2", method=UPDATE))
    assert await turns.ask(update, sent) == replace(post, thread="1.2", broadcast=True)
    assert await turns.ask(update, sent) == Paced(until=T0 + SPACING)
