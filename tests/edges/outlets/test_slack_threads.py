"""Results of a session under one message, in a sandbox that stores, forgets and drops answers."""

import time
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from typing import Any

import pytest
from redis.asyncio import Redis

from bot.core.delivery import Asked, Failed, Refused, Scope, Sent, Unknown
from bot.core.destination import DestinationId, SlackChannel, SlackPerson, SlackThread, destination_id
from bot.core.errors import UnavailableError
from bot.core.event import Event, Status
from bot.core.filters import parse
from bot.core.subscription import Doubt, Style, Subscription, SubscriptionId, Threading
from bot.core.threads import threads_of
from bot.outlets.slack.outlet import SlackOutlet
from bot.outlets.slack.web import SlackWeb
from bot.ports.outlet import Parcel
from bot.render.message import carried
from bot.sandbox.limits import Rates
from bot.sandbox.message import Content
from bot.sandbox.server import Sandbox
from bot.stores.keys import Keys
from bot.stores.leading import CACHED, Leading
from bot.stores.subscriptions import RedisSubscriptions
from bot.stores.threads import RedisThreads
from tests.core.examples import event
from tests.edges.outlets.parcels import ids, parcel

TEAM = "T0SANDBOX"
HOUR = 3_600_000


@pytest.fixture
async def sandbox() -> AsyncIterator[Sandbox]:
    async with Sandbox(rates=Rates(enabled=False)) as made:
        yield made


@pytest.fixture
def channel(sandbox: Sandbox) -> SlackChannel:
    return SlackChannel(team=TEAM, channel=sandbox.channel_id("fraud-alerts"))


class Clock:
    now = round(time.time() * 1000)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def subscriptions(redis: Redis, keys: Keys) -> RedisSubscriptions:
    return RedisSubscriptions(redis, keys)


async def subscribe(
    subscriptions: RedisSubscriptions, place: SlackChannel | SlackPerson, thread: Threading, identity: str = "aaaaa0"
) -> None:
    await subscriptions.save(
        Subscription(
            id=SubscriptionId(identity),
            team=TEAM,
            owner="U1",
            filter=parse(""),
            destination=place,
            style=Style(thread=thread),
        )
    )


@pytest.fixture
def threads(redis: Redis, keys: Keys, leading: Leading, clock: Clock) -> RedisThreads:
    return RedisThreads(redis, keys, leading, lasting=HOUR, clock=lambda: clock.now)


@pytest.fixture
def leading(subscriptions: RedisSubscriptions, clock: Clock) -> Leading:
    return Leading(subscriptions, clock=lambda: clock.now)


@pytest.fixture
async def outlet(
    sandbox: Sandbox, threads: RedisThreads, channel: SlackChannel, subscriptions: RedisSubscriptions, leading: Leading
) -> AsyncIterator[SlackOutlet]:
    async def token_of(_: str) -> str:
        return sandbox.bot_token

    async def asking(_place: DestinationId, _events: Sequence[Event]) -> Doubt:
        return Doubt.ASK

    await subscribe(subscriptions, channel, Threading.SESSION)
    async with SlackOutlet(
        SlackWeb(sandbox.api_url), token_of, threads=threads, policy_of=asking, called_in=leading.called
    ) as made:
        yield made


def said(identity: str, session: str = "s") -> Event:
    return event(id=identity, session=session, inference=f"inf-{identity}")


def posted(sandbox: Sandbox) -> list[dict[str, Any]]:
    entries: list[dict[str, Any]] = sandbox.workspace.ledger.page(after=0, limit=1_000, kind="post")["entries"]
    return [entry for entry in entries if entry["metadata"]]


def shown(sandbox: Sandbox) -> list[tuple[str, str | None]]:
    """Event ids, each with that of the message it is under."""
    names = {entry["ts"]: entry["metadata"]["event_payload"]["events"] for entry in posted(sandbox)}
    return [(names[entry["ts"]], names.get(entry.get("thread_ts") or "")) for entry in posted(sandbox)]


def doubted(sent: Parcel) -> Parcel:
    now = round(time.time() * 1000)
    items = (replace(each, delivery=replace(each.delivery, doubt=now)) for each in sent.items)
    return replace(sent, items=tuple(items))


async def test_results_of_a_session_are_shown_under_the_first(
    sandbox: Sandbox, outlet: SlackOutlet, channel: SlackChannel
) -> None:
    for name, session in (("a", "s"), ("b", "s"), ("c", "other"), ("d", "s")):
        assert isinstance(await outlet.send(parcel(channel, said(name, session))), Sent)
    assert shown(sandbox) == [("a", None), ("b", "a"), ("c", None), ("d", "a")]


async def test_results_of_two_sessions_in_one_message_are_in_the_channel(
    sandbox: Sandbox, outlet: SlackOutlet, channel: SlackChannel
) -> None:
    await outlet.send(parcel(channel, said("a")))
    await outlet.send(parcel(channel, said("b"), said("c", "other")))
    assert [under for _, under in shown(sandbox)] == [None, None]


async def test_who_wants_results_in_the_channel_gets_them_there(
    sandbox: Sandbox, outlet: SlackOutlet, channel: SlackChannel, subscriptions: RedisSubscriptions, clock: Clock
) -> None:
    await outlet.send(parcel(channel, said("a")))
    await subscribe(subscriptions, channel, Threading.OFF, "bbbbb0")
    clock.now += CACHED
    await outlet.send(parcel(channel, said("b")))
    assert shown(sandbox) == [("a", None), ("b", None)]


async def test_a_person_gets_no_threads(
    sandbox: Sandbox, outlet: SlackOutlet, subscriptions: RedisSubscriptions
) -> None:
    person = SlackPerson(team=TEAM, user=sandbox.user_id("amara.nwosu"))
    await subscribe(subscriptions, person, Threading.SESSION, "bbbbb0")
    for name in "ab":
        await outlet.send(parcel(person, said(name)))
    assert shown(sandbox) == [("a", None), ("b", None)]


async def test_a_thread_that_is_too_old_is_begun_anew(
    sandbox: Sandbox, outlet: SlackOutlet, channel: SlackChannel, redis: Redis, keys: Keys
) -> None:
    await outlet.send(parcel(channel, said("a")))
    kept = keys.thread(destination_id(channel), threads_of(said("a"))[0])
    assert HOUR - 60_000 < await redis.pttl(kept) <= HOUR
    await redis.delete(kept)
    for name in "bc":
        await outlet.send(parcel(channel, said(name)))
    assert shown(sandbox) == [("a", None), ("b", None), ("c", "b")]


def delete(sandbox: Sandbox, channel: SlackChannel, ts: str) -> None:
    place = sandbox.workspace.channel(channel.channel)
    sandbox.workspace.erase(place, place.message(ts))


async def test_a_deleted_parent_is_replaced_by_the_next_result(
    sandbox: Sandbox, outlet: SlackOutlet, channel: SlackChannel
) -> None:
    await outlet.send(parcel(channel, said("a")))
    delete(sandbox, channel, posted(sandbox)[0]["ts"])
    for name in "bc":
        assert isinstance(await outlet.send(parcel(channel, said(name))), Sent)
    assert shown(sandbox) == [("a", None), ("b", None), ("c", "b")]


@pytest.mark.parametrize("error", ["restricted_action_thread_locked", "cannot_reply_to_message"])
async def test_a_thread_that_takes_no_replies_is_replaced(
    sandbox: Sandbox, outlet: SlackOutlet, channel: SlackChannel, error: str
) -> None:
    await outlet.send(parcel(channel, said("a")))
    sandbox.fault("error", method="chat.postMessage", error=error)
    for name in "bc":
        await outlet.send(parcel(channel, said(name)))
    assert shown(sandbox) == [("a", None), ("b", None), ("c", "b")]


async def test_a_thread_that_somebody_chose_as_the_destination_is_not_left(
    sandbox: Sandbox, outlet: SlackOutlet, channel: SlackChannel
) -> None:
    gone = SlackThread(team=TEAM, channel=channel.channel, thread="1.000001")
    outcome = await outlet.send(parcel(gone, said("a")))
    assert isinstance(outcome, Refused)
    assert outcome.scope is Scope.DESTINATION
    assert posted(sandbox) == []


@pytest.mark.parametrize("beginning", [True, False])
async def test_what_is_in_doubt_is_looked_for_where_it_was_sent(
    sandbox: Sandbox, outlet: SlackOutlet, channel: SlackChannel, *, beginning: bool
) -> None:
    if not beginning:
        await outlet.send(parcel(channel, said("before")))
    sent = parcel(channel, said("a"))
    sandbox.fault("drop", method="chat.postMessage", after=True)
    assert isinstance(await outlet.send(sent), Unknown)
    known = len(posted(sandbox))
    assert isinstance(await outlet.send(doubted(sent)), Sent)
    assert len(posted(sandbox)) == known


async def test_what_did_not_arrive_is_sent_to_the_thread_after_looking(
    sandbox: Sandbox, outlet: SlackOutlet, channel: SlackChannel
) -> None:
    await outlet.send(parcel(channel, said("a")))
    await outlet.send(doubted(parcel(channel, said("b"))))
    assert shown(sandbox) == [("a", None), ("b", "a")]


async def test_what_went_to_the_channel_as_its_thread_was_gone_is_found_there(
    sandbox: Sandbox, outlet: SlackOutlet, channel: SlackChannel, threads: RedisThreads
) -> None:
    await outlet.send(parcel(channel, said("a")))
    sent = parcel(channel, said("b"))
    await outlet.send(sent)
    place, key = destination_id(channel), threads_of(said("a"))[0]
    delete(sandbox, channel, posted(sandbox)[0]["ts"])
    await outlet.send(parcel(channel, said("c")))
    assert await threads.parent(place, key) == posted(sandbox)[2]["ts"]
    assert isinstance(await outlet.send(doubted(parcel(channel, said("c")))), Sent)
    assert len(posted(sandbox)) == 3


async def test_a_thread_that_redis_forgot_is_found_when_something_in_it_is_in_doubt(
    sandbox: Sandbox, outlet: SlackOutlet, channel: SlackChannel, redis: Redis, keys: Keys
) -> None:
    """Redis was wiped: what is read again starts in doubt, and lies under a message of which nothing is kept."""
    for name in "ab":
        await outlet.send(parcel(channel, said(name)))
    for number in range(250):
        sandbox.workspace.post(
            sandbox.workspace.channel(channel.channel), sandbox.workspace.bot, Content(text=f"chatter {number}")
        )
    await redis.delete(keys.thread(destination_id(channel), threads_of(said("a"))[0]))
    assert isinstance(await outlet.send(doubted(parcel(channel, said("b")))), Sent)
    assert len(posted(sandbox)) == 2
    await outlet.send(doubted(parcel(channel, said("c"))))
    assert shown(sandbox)[2] == ("c", None), "and the next one begins a thread"


async def test_of_a_run_in_doubt_parts_are_found_in_different_places(
    sandbox: Sandbox, outlet: SlackOutlet, channel: SlackChannel
) -> None:
    for name in "ab":
        await outlet.send(parcel(channel, said(name)))
    run = doubted(parcel(channel, said("a"), said("b"), said("c")))
    assert isinstance(await outlet.send(run), Sent)
    assert [carried(entry["metadata"]) for entry in posted(sandbox)] == [frozenset({each}) for each in ids(run)]


@pytest.mark.parametrize("method", ["conversations.history", "conversations.replies"])
async def test_where_we_may_not_look_the_policy_decides(
    sandbox: Sandbox, outlet: SlackOutlet, channel: SlackChannel, method: str
) -> None:
    await outlet.send(parcel(channel, said("a")))
    sandbox.fault("error", method=method, error="missing_scope")
    assert isinstance(await outlet.send(doubted(parcel(channel, said("b")))), Asked)
    assert posted(sandbox)[1]["metadata"]["event_type"] == "tidings_question"


@pytest.mark.parametrize("forgotten", [True, False])
async def test_a_slack_that_can_not_say_now_is_asked_later(
    sandbox: Sandbox, outlet: SlackOutlet, channel: SlackChannel, redis: Redis, keys: Keys, *, forgotten: bool
) -> None:
    await outlet.send(parcel(channel, said("a")))
    if forgotten:
        await redis.delete(keys.thread(destination_id(channel), threads_of(said("a"))[0]))
    sandbox.fault(
        "ratelimited", method="conversations.history" if forgotten else "conversations.replies", retry_after=3
    )
    outcome = await outlet.send(doubted(parcel(channel, said("b"))))
    assert isinstance(outcome, Unknown)
    assert outcome.after == 3_000


async def test_a_forgotten_thread_that_may_not_be_looked_for_leaves_it_to_the_policy(
    sandbox: Sandbox, outlet: SlackOutlet, channel: SlackChannel
) -> None:
    sandbox.fault("error", method="conversations.history", error="missing_scope")
    assert isinstance(await outlet.send(doubted(parcel(channel, said("b")))), Asked)


class Away:
    """Threads of a Redis that is away, from the `after`th question on."""

    lasting = HOUR

    def __init__(self, threads: RedisThreads, after: int) -> None:
        self._threads = threads
        self._left = after

    def _asked(self) -> RedisThreads:
        self._left -= 1
        if self._left < 0:
            raise UnavailableError("Redis is away")
        return self._threads

    async def of(self, place: DestinationId, events: Sequence[Event]) -> Any:
        return await self._asked().of(place, events)

    async def parent(self, place: DestinationId, key: Any) -> str | None:
        return await self._asked().parent(place, key)

    async def begin(self, place: DestinationId, key: Any, ts: str) -> None:
        await self._asked().begin(place, key, ts)


@pytest.mark.usefixtures("outlet")
@pytest.mark.parametrize(("after", "outcome"), [(0, Failed), (1, Failed), (2, Unknown), (9, Sent)])
async def test_a_redis_that_is_away_leaves_nothing_undecided(
    sandbox: Sandbox,
    channel: SlackChannel,
    threads: RedisThreads,
    after: int,
    outcome: type,
) -> None:
    async def token_of(_: str) -> str:
        return sandbox.bot_token

    async with SlackOutlet(SlackWeb(sandbox.api_url), token_of, threads=Away(threads, after)) as away:
        assert isinstance(await away.send(doubted(parcel(channel, said("a")))), outcome)


@pytest.mark.usefixtures("outlet")
async def test_a_first_message_that_could_not_be_kept_is_sent_all_the_same(
    sandbox: Sandbox, channel: SlackChannel, threads: RedisThreads
) -> None:
    async def token_of(_: str) -> str:
        return sandbox.bot_token

    async with SlackOutlet(SlackWeb(sandbox.api_url), token_of, threads=Away(threads, 2)) as away:
        assert isinstance(await away.send(parcel(channel, said("a"))), Sent)


async def test_who_is_mentioned_for_a_status_is_called_with_it_and_with_no_other(
    sandbox: Sandbox, outlet: SlackOutlet, channel: SlackChannel, subscriptions: RedisSubscriptions
) -> None:
    ana = sandbox.user_id("maya.lindqvist")
    style = Style(mention=ana, mention_on=(Status.FAILED,), thread=Threading.SESSION)
    await subscriptions.save(
        Subscription(
            id=SubscriptionId("aaaaa1"), team=TEAM, owner="U1", filter=parse(""), destination=channel, style=style
        )
    )
    for name, status in (("a", Status.COMPLETED), ("b", Status.FAILED)):
        assert isinstance(await outlet.send(parcel(channel, event(id=name, status=status))), Sent)
    done, failed = posted(sandbox)
    assert ana not in str(done["blocks"])
    assert failed["blocks"][0]["elements"][0]["elements"] == [{"type": "user", "user_id": ana}]
    assert failed["text"].startswith(f"<@{ana}> ")


async def test_a_result_waits_where_nobody_can_tell_whom_it_calls(sandbox: Sandbox, channel: SlackChannel) -> None:
    async def token_of(_: str) -> str:
        return sandbox.bot_token

    async def away(_place: DestinationId, _events: Sequence[Event]) -> Sequence[str]:
        raise UnavailableError("Redis is away")

    async with SlackOutlet(SlackWeb(sandbox.api_url), token_of, called_in=away) as outlet:
        assert isinstance(await outlet.send(parcel(channel, event())), Failed)
    assert posted(sandbox) == []
