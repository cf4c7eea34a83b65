"""One living message for each inference, in a sandbox that stores, forgets, drops answers and refuses changes."""

import time
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from redis.asyncio import Redis

from bot.core.cards import GAP, TOLD, Card, CardKey, card_key
from bot.core.delivery import Asked, Failed, Partly, Scope, Sent, Throttled, Unknown
from bot.core.destination import (
    DestinationId,
    SlackChannel,
    SlackPerson,
    SlackPlace,
    SlackThread,
    Webhook,
    destination_id,
)
from bot.core.errors import UnavailableError
from bot.core.event import Event, Status
from bot.core.filters import parse
from bot.core.pressure import Held
from bot.core.subscription import Doubt, Style, Subscription, SubscriptionId, Threading
from bot.outlets.slack.gathering import gather
from bot.outlets.slack.outlet import SlackOutlet
from bot.outlets.slack.web import SlackWeb
from bot.ports.outlet import Parcel
from bot.render.message import carried
from bot.sandbox.limits import Rates
from bot.sandbox.message import Content
from bot.sandbox.server import Sandbox
from bot.stores.cards import RedisCards
from bot.stores.keys import Keys
from bot.stores.leading import Leading
from bot.stores.subscriptions import RedisSubscriptions
from bot.stores.threads import RedisThreads
from tests.core.examples import event
from tests.edges.outlets.parcels import gone_on, ids, item, parcel, told

TEAM = "T0SANDBOX"
HOUR = 3_600_000
ORDER = (Status.QUEUED, Status.RUNNING, Status.NEEDS_REVIEW, Status.COMPLETED, Status.FAILED, Status.CANCELLED)


@pytest.fixture
async def sandbox() -> AsyncIterator[Sandbox]:
    async with Sandbox(rates=Rates(enabled=False)) as made:
        yield made


@pytest.fixture
def channel(sandbox: Sandbox) -> SlackChannel:
    return SlackChannel(team=TEAM, channel=sandbox.channel_id("fraud-alerts"))


class World:
    """An outlet with cards; `doubt` is the policy, `later` moves its clock, `away` takes its memory."""

    def __init__(self, sandbox: Sandbox, redis: Redis, keys: Keys) -> None:
        self.sandbox = sandbox
        self.now = time.time()
        self.kept = Forgetful(redis, keys, lasting=HOUR)
        self.subscriptions = RedisSubscriptions(redis, keys)
        leading = Leading(self.subscriptions, clock=self.milliseconds)
        self.threads = RedisThreads(redis, keys, leading, lasting=HOUR, clock=self.milliseconds)
        self.called: tuple[str, ...] = ()
        self.doubt = Doubt.REPEAT
        self.redis = redis
        self.keys = keys

    def outlet(self) -> SlackOutlet:
        return SlackOutlet(
            SlackWeb(self.sandbox.api_url),
            self._token_of,
            policy_of=self._policy_of,
            threads=self.threads,
            cards=self.kept,
            called_in=self._called_in,
            clock=lambda: self.now,
        )

    async def _token_of(self, _: str) -> str:
        return self.sandbox.bot_token

    async def _policy_of(self, _place: DestinationId, _events: Sequence[Event]) -> Doubt:
        return self.doubt

    async def _called_in(self, _place: DestinationId, _events: Sequence[Event]) -> tuple[str, ...]:
        return self.called

    def milliseconds(self) -> int:
        return round(self.now * 1000)

    def later(self, milliseconds: int = GAP) -> None:
        self.now += milliseconds / 1000

    async def wipe(self) -> None:
        async for key in self.redis.scan_iter(match=f"{self.keys.prefix}card:*"):
            await self.redis.delete(key)

    def ledger(self, kind: str = "all") -> list[dict[str, Any]]:
        entries: list[dict[str, Any]] = self.sandbox.workspace.ledger.page(after=0, limit=1_000, kind=kind)["entries"]
        return [entry for entry in entries if entry["metadata"]]

    def acts(self) -> list[tuple[str, str]]:
        """What was done, and of which events its message tells by then."""
        return [(entry["kind"], entry["metadata"]["event_payload"]["events"]) for entry in self.ledger()]


class Forgetful(RedisCards):
    """Redis, which can be away for reading or for writing."""

    reading = writing = True

    async def get(self, place: DestinationId, key: CardKey) -> Card | None:
        if not self.reading:
            raise UnavailableError("Redis is away")
        return await super().get(place, key)

    async def keep(self, place: DestinationId, key: CardKey, card: Card) -> None:
        if not self.writing:
            raise UnavailableError("Redis is away")
        await super().keep(place, key, card)


@pytest.fixture
def world(sandbox: Sandbox, redis: Redis, keys: Keys) -> World:
    return World(sandbox, redis, keys)


@pytest.fixture
async def outlet(world: World) -> AsyncIterator[SlackOutlet]:
    async with world.outlet() as made:
        yield made


def said(status: Status, identity: str = "", inference: str = "i", minute: int | None = None) -> Event:
    at = event().time + timedelta(minutes=ORDER.index(status) if minute is None else minute)
    return event(id=identity or status, status=status, inference=inference, time=at, session="s")


def doubted(world: World, sent: Parcel) -> Parcel:
    now = round(world.now * 1000)
    items = (replace(each, delivery=replace(each.delivery, doubt=now)) for each in sent.items)
    return replace(sent, items=tuple(items))


def context(entry: dict[str, Any]) -> str:
    """The line of the way, as a reader without the times sees it."""
    return " ".join(
        element["text"]
        for block in entry["blocks"]
        if block["type"] == "context"
        for element in block["elements"]
        if element["type"] == "mrkdwn" and "<!date" in element["text"]
    )


@pytest.mark.parametrize("kind", ["channel", "person", "thread"])
async def test_an_inference_is_one_message_that_goes_on_in_its_place(
    world: World, outlet: SlackOutlet, sandbox: Sandbox, channel: SlackChannel, kind: str
) -> None:
    places: dict[str, SlackPlace] = {
        "channel": channel,
        "person": SlackPerson(team=TEAM, user=sandbox.user_id("amara.nwosu")),
    }
    if kind == "thread":
        where = sandbox.workspace.channel(channel.channel)
        parent = sandbox.workspace.post(where, sandbox.workspace.bot, Content(text="a thread"))
        places["thread"] = SlackThread(team=TEAM, channel=channel.channel, thread=parent.ts)
    place = places[kind]

    references = []
    for status in (Status.QUEUED, Status.RUNNING):
        references.append(await outlet.send(parcel(place, said(status))))
        world.later()
    await outlet.send(parcel(place, said(Status.COMPLETED)))

    posted, running, completed, *calls = world.ledger()
    assert [posted["kind"], running["kind"], completed["kind"]] == ["post", "update", "update"]
    assert posted["ts"] == running["ts"] == completed["ts"]
    assert references == [Sent(reference=f"{posted['channel']}/{posted['ts']}")] * 2
    assert "queued" in posted["text"]
    assert "completed" in completed["text"]
    assert context(posted) == ""
    assert context(completed).startswith("queued <!date^1782907200^{time}|12:00 UTC> · running <!date^")
    assert context(completed).endswith("completed <!date^1782907380^{time}|12:03 UTC> (3 min)")
    assert len(calls) == (kind == "person")
    if kind == "thread":
        assert posted["thread_ts"] == completed["thread_ts"] != posted["ts"]


async def test_people_are_called_to_what_is_urgent_by_a_reply_that_the_channel_sees(
    world: World, outlet: SlackOutlet, channel: SlackChannel
) -> None:
    first, failed = parcel(channel, said(Status.RUNNING)), parcel(channel, said(Status.FAILED))
    await outlet.send(first)
    outcome = await outlet.send(failed)
    posted, changed, call = world.ledger()
    assert changed["ts"] == posted["ts"]
    assert (call["kind"], call["thread_ts"]) == ("post", posted["ts"])
    assert outcome == Sent(reference=f"{call['channel']}/{call['ts']}")
    assert "failed" in call["text"]
    assert "Chargeback of order 7" in call["text"]
    message = world.sandbox.workspace.channel(channel.channel).message(call["ts"])
    assert message.subtype == "thread_broadcast"
    # each delivery is named once: by the card, or by the call
    assert carried(changed["metadata"]) == frozenset(ids(first))
    assert carried(call["metadata"]) == frozenset(ids(failed))
    assert "Details" not in call["text"]


async def test_a_call_does_not_say_what_only_few_may_read(
    world: World, outlet: SlackOutlet, channel: SlackChannel
) -> None:
    for status in (Status.RUNNING, Status.FAILED):
        secret = replace(said(status), title="Salaries", sensitivity=event().sensitivity.RESTRICTED)
        await outlet.send(parcel(channel, secret))
    assert len(world.ledger()) == 3
    assert "Salaries" not in str(world.ledger())


@pytest.mark.parametrize("called", [(), ("U1", "S2")])
async def test_a_change_to_an_end_calls_whom_a_subscription_mentions_and_else_nobody(
    world: World, outlet: SlackOutlet, channel: SlackChannel, called: tuple[str, ...]
) -> None:
    await outlet.send(parcel(channel, said(Status.RUNNING)))
    world.called = called
    await outlet.send(parcel(channel, said(Status.COMPLETED)))
    _, *calls = world.ledger("post")
    assert [call["text"].split(" ✅")[0] for call in calls] == (["<@U1> <!subteam^S2>"] if called else [])


async def test_a_run_of_one_inference_is_one_message_with_its_way(
    world: World, outlet: SlackOutlet, channel: SlackChannel
) -> None:
    run = parcel(channel, said(Status.QUEUED), said(Status.RUNNING), said(Status.COMPLETED))
    await outlet.send(run)
    (card,) = world.ledger()
    assert carried(card["metadata"]) == frozenset(ids(run))
    assert "completed" in card["text"]
    assert "3 results" not in card["text"]
    assert context(card).startswith("queued ")


async def test_a_merged_message_shows_each_inference_once_and_is_nobody_s_card(
    world: World, outlet: SlackOutlet, channel: SlackChannel
) -> None:
    run = parcel(
        channel,
        said(Status.QUEUED, "a1", "a"),
        said(Status.QUEUED, "b1", "b"),
        said(Status.RUNNING, "a2", "a"),
    )
    await outlet.send(run)
    await outlet.send(parcel(channel, said(Status.COMPLETED, "a3", "a")))
    merged, alone = world.ledger()
    assert carried(merged["metadata"]) == frozenset(ids(run))
    assert merged["text"].startswith("2 results")
    assert (alone["kind"], "card" in merged["metadata"]["event_payload"]) == ("post", False)


@pytest.mark.parametrize("statuses", [(Status.COMPLETED,), (Status.NEEDS_REVIEW, Status.COMPLETED)])
async def test_what_a_window_held_back_is_the_windows_message_and_no_card(
    world: World, outlet: SlackOutlet, channel: SlackChannel, statuses: tuple[Status, ...]
) -> None:
    window = Held(kind="hourly", opens="13:00", closes="14:00", end=1_782_907_200_000)
    card = await outlet.send(parcel(channel, said(Status.RUNNING)))
    digest = await outlet.send(replace(parcel(channel, *map(said, statuses)), held=window))
    world.later()
    again = await outlet.send(parcel(channel, said(Status.RUNNING, "again", minute=20)))
    assert isinstance(digest, Sent)
    assert card == again != digest
    posted, windows, changed = world.ledger()
    assert windows["text"].startswith("Hourly digest · 13:00–14:00 · 1 result")  # noqa: RUF001 (a span of time)
    assert windows["metadata"]["event_payload"].get("card") is None
    assert (changed["kind"], changed["ts"]) == ("update", posted["ts"])


async def test_what_comes_too_soon_waits_in_its_lane_and_an_end_does_not(
    world: World, outlet: SlackOutlet, channel: SlackChannel
) -> None:
    await outlet.send(parcel(channel, said(Status.QUEUED)))
    world.later(500)
    outcome = await outlet.send(parcel(channel, said(Status.RUNNING)))
    assert isinstance(outcome, Throttled)
    assert (outcome.scope, abs(outcome.after - 1_500) <= 1) == (Scope.LANE, True)
    assert world.acts() == [("post", "queued")]
    assert isinstance(await outlet.send(parcel(channel, said(Status.COMPLETED))), Sent)
    assert world.acts()[1:] == [("update", "queued,completed")]


async def test_an_older_state_is_told_by_the_next_change_and_shown_by_none(
    world: World, outlet: SlackOutlet, channel: SlackChannel
) -> None:
    await outlet.send(parcel(channel, said(Status.COMPLETED)))
    world.later()
    late = await outlet.send(parcel(channel, said(Status.RUNNING)))
    (card,) = world.ledger()
    assert late == Sent(reference=f"{card['channel']}/{card['ts']}")
    await outlet.send(parcel(channel, said(Status.CANCELLED)))
    last = world.ledger()[-1]
    assert last["metadata"]["event_payload"]["events"] == "completed,running,cancelled"
    assert context(last).startswith("running ")


async def test_a_card_s_metadata_stays_small(world: World, outlet: SlackOutlet, channel: SlackChannel) -> None:
    for number in range(2 * TOLD):
        await outlet.send(parcel(channel, said(Status.RUNNING, f"{'x' * 57}{number:03}", minute=number)))
        world.later()
    last = world.ledger()[-1]
    assert len(carried(last["metadata"])) == TOLD
    assert len(str(last["metadata"])) < 1_500
    assert last["metadata"]["event_payload"]["events"].endswith(f"{2 * TOLD - 1:03}")


async def test_what_is_delivered_again_on_purpose_is_a_new_card(
    world: World, outlet: SlackOutlet, channel: SlackChannel
) -> None:
    for status in (Status.RUNNING, Status.FAILED, Status.FAILED):
        await outlet.send(parcel(channel, said(status)))
    assert world.acts() == [("post", "running"), ("update", "running"), ("post", "failed"), ("post", "failed")]
    again = world.ledger()[-1]
    assert again["thread_ts"] is None
    await outlet.send(parcel(channel, said(Status.CANCELLED)))
    assert world.ledger()[-1]["ts"] == again["ts"]


GONE = pytest.mark.parametrize(
    "error",
    [
        "message_not_found",
        "cant_update_message",
        "edit_window_closed",
        "is_inactive",
        "channel_not_found",
        "is_archived",
    ],
)


@GONE
async def test_where_the_card_is_gone_the_state_is_posted_once_and_goes_on_there(
    world: World, outlet: SlackOutlet, channel: SlackChannel, error: str
) -> None:
    await outlet.send(parcel(channel, said(Status.QUEUED)))
    world.later()
    world.sandbox.fault("error", method="chat.update", error=error, times=1)
    outcome = await outlet.send(parcel(channel, said(Status.FAILED)))
    first, second = world.ledger()
    assert second["kind"] == "post"
    assert second["thread_ts"] is None
    assert outcome == Sent(reference=f"{second['channel']}/{second['ts']}")
    assert context(second).startswith("queued ")
    assert carried(second["metadata"]).isdisjoint(carried(first["metadata"]))
    await outlet.send(parcel(channel, said(Status.CANCELLED)))
    assert world.ledger()[-1]["ts"] == second["ts"]


async def test_a_deleted_card_comes_again(world: World, outlet: SlackOutlet, channel: SlackChannel) -> None:
    await outlet.send(parcel(channel, said(Status.QUEUED)))
    world.later()
    where = world.sandbox.workspace.channel(channel.channel)
    world.sandbox.workspace.erase(where, where.message(world.ledger()[0]["ts"]))
    await outlet.send(parcel(channel, said(Status.RUNNING)))
    assert [kind for kind, _ in world.acts()] == ["post", "delete", "post"]


@pytest.mark.parametrize("wait", [2, 40])
async def test_a_change_waits_for_its_limit_or_is_posted_under_the_card(
    world: World, outlet: SlackOutlet, channel: SlackChannel, wait: int
) -> None:
    await outlet.send(parcel(channel, said(Status.QUEUED)))
    world.later()
    world.sandbox.fault("ratelimited", method="chat.update", retry_after=wait)
    outcome = await outlet.send(parcel(channel, said(Status.RUNNING)))
    if wait == 2:
        assert isinstance(outcome, Throttled)
        assert (outcome.after, outcome.scope) == (2_000, Scope.LANE)
        assert world.acts() == [("post", "queued")]
        return
    first, second = world.ledger("post")
    assert isinstance(outcome, Sent)
    assert second["thread_ts"] == first["ts"]
    world.later()
    await outlet.send(parcel(channel, said(Status.COMPLETED)))
    last = world.ledger()[-1]
    assert (last["kind"], last["ts"]) == ("update", second["ts"])
    assert world.sandbox.workspace.channel(channel.channel).message(last["ts"]).subtype == "thread_broadcast"


async def test_a_change_whose_answer_was_lost_is_made_again_and_is_no_repeat(
    world: World, outlet: SlackOutlet, channel: SlackChannel
) -> None:
    await outlet.send(parcel(channel, said(Status.QUEUED)))
    world.later(60_000)
    sent = parcel(channel, said(Status.RUNNING))
    world.sandbox.fault("drop", method="chat.update", after=True)
    assert isinstance(await outlet.send(sent), Unknown)
    assert isinstance(await outlet.send(doubted(world, sent)), Sent)
    assert [kind for kind, _ in world.acts()] == ["post", "update", "update"]
    assert len({entry["ts"] for entry in world.ledger()}) == 1


async def test_a_first_post_whose_answer_was_lost_becomes_the_card(
    world: World, outlet: SlackOutlet, channel: SlackChannel
) -> None:
    sent = parcel(channel, said(Status.QUEUED))
    world.sandbox.fault("drop", method="chat.postMessage", after=True)
    assert isinstance(await outlet.send(sent), Unknown)
    assert isinstance(await outlet.send(doubted(world, sent)), Sent)
    world.later()
    await outlet.send(parcel(channel, said(Status.RUNNING)))
    assert [kind for kind, _ in world.acts()] == ["post", "update"]
    assert context(world.ledger()[-1]).startswith("queued ")


@pytest.mark.parametrize("lost", ["chat.update", "chat.postMessage"])
@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("wiped", [False, True])
async def test_whatever_answer_is_lost_people_are_called_once(
    world: World, outlet: SlackOutlet, channel: SlackChannel, lost: str, *, after: bool, wiped: bool
) -> None:
    await outlet.send(parcel(channel, said(Status.RUNNING)))
    sent = parcel(channel, said(Status.FAILED))
    world.sandbox.fault("drop", method=lost, after=after)
    assert isinstance(await outlet.send(sent), Unknown)
    if wiped:
        await world.wipe()
    assert isinstance(await outlet.send(doubted(world, sent)), Sent)
    assert [events for _, events in world.acts()].count("failed") == 1
    assert len(world.ledger("post")) == 2
    card = world.ledger("post")[0]["ts"]
    assert "failed" in world.sandbox.workspace.channel(channel.channel).message(card).content.text
    # and not again for the same state
    assert isinstance(await outlet.send(doubted(world, sent)), Sent)
    assert len(world.ledger("post")) == 2


@pytest.mark.parametrize("told", [True, False])
async def test_a_card_that_redis_forgot_is_found_by_its_mark(
    world: World, outlet: SlackOutlet, channel: SlackChannel, *, told: bool
) -> None:
    await outlet.send(parcel(channel, said(Status.QUEUED)))
    world.later(20 * 60_000)
    sent = parcel(channel, said(Status.RUNNING))
    if told:
        await outlet.send(sent)
    await world.wipe()
    world.later()
    before = len(world.ledger())
    outcome = await outlet.send(doubted(world, sent))
    assert len(world.ledger("post")) == 1
    assert len(world.ledger()) == before + (not told)
    card = world.ledger()[0]
    assert outcome == Sent(reference=f"{card['channel']}/{card['ts']}")
    assert carried(world.ledger()[-1]["metadata"]) == frozenset(ids(parcel(channel, said(Status.QUEUED)))) | set(
        ids(sent)
    )
    await outlet.send(parcel(channel, said(Status.COMPLETED)))
    assert len(world.ledger("post")) == 1


async def test_a_wiped_redis_without_doubt_begins_another_card(
    world: World, outlet: SlackOutlet, channel: SlackChannel
) -> None:
    await outlet.send(parcel(channel, said(Status.QUEUED)))
    await world.wipe()
    await outlet.send(parcel(channel, said(Status.RUNNING)))
    assert [kind for kind, _ in world.acts()] == ["post", "post"]


@pytest.mark.parametrize("policy", Doubt)
async def test_where_nobody_may_look_a_known_card_is_changed_and_nobody_is_called(
    world: World, outlet: SlackOutlet, channel: SlackChannel, policy: Doubt
) -> None:
    world.doubt = policy
    await outlet.send(parcel(channel, said(Status.RUNNING)))
    sent = parcel(channel, said(Status.FAILED))
    world.sandbox.fault("error", method="conversations.history", error="missing_scope", times=3)
    assert isinstance(await outlet.send(doubted(world, sent)), Sent)
    assert world.acts() == [("post", "running"), ("update", "running,failed")]
    assert isinstance(await outlet.send(doubted(world, sent)), Sent)
    assert len(world.ledger()) == 2


@pytest.mark.parametrize("policy", Doubt)
async def test_where_nobody_may_look_and_no_card_is_known_the_policy_decides(
    world: World, outlet: SlackOutlet, channel: SlackChannel, policy: Doubt
) -> None:
    world.doubt = policy
    world.sandbox.fault("error", method="conversations.history", error="missing_scope")
    outcome = await outlet.send(doubted(world, parcel(channel, said(Status.RUNNING))))
    (entry,) = world.ledger()
    if policy is Doubt.ASK:
        assert isinstance(outcome, Asked)
    else:
        assert "May be shown twice" in entry["text"]
        world.later()
        await outlet.send(parcel(channel, said(Status.COMPLETED)))
        assert world.ledger()[-1]["kind"] == "update"


async def test_a_redis_that_is_away_costs_a_try_before_and_a_second_card_after(
    world: World, outlet: SlackOutlet, channel: SlackChannel
) -> None:
    world.kept.reading = False
    queued = parcel(channel, said(Status.QUEUED))
    assert isinstance(await outlet.send(queued), Failed)
    assert isinstance(await outlet.send(doubted(world, queued)), Failed)
    assert world.ledger() == []
    world.kept.reading, world.kept.writing = True, False
    assert isinstance(await outlet.send(queued), Sent)
    world.kept.writing = True
    await outlet.send(parcel(channel, said(Status.RUNNING)))
    assert [kind for kind, _ in world.acts()] == ["post", "post"]


@pytest.mark.parametrize(
    ("policy", "expected"),
    [
        (Threading.SESSION, [("post", "queued"), ("post", "other"), ("update", "other,running")]),
        (Threading.INFERENCE, [("post", "queued"), ("post", "other"), ("post", "running")]),
    ],
)
async def test_in_a_session_s_thread_each_inference_has_its_card_and_in_its_own_thread_each_event_is_a_reply(
    world: World, outlet: SlackOutlet, channel: SlackChannel, policy: Threading, expected: list[tuple[str, str]]
) -> None:
    await world.subscriptions.save(
        Subscription(
            id=SubscriptionId("aaaaa0"),
            team=TEAM,
            owner="U1",
            filter=parse(""),
            destination=channel,
            style=Style(thread=policy),
        )
    )
    await outlet.send(parcel(channel, said(Status.QUEUED, inference="first")))
    await outlet.send(parcel(channel, said(Status.QUEUED, "other", "second")))
    world.later()
    await outlet.send(parcel(channel, said(Status.RUNNING, inference="second")))
    assert world.acts() == expected
    first, *rest = world.ledger()
    if policy is Threading.SESSION:
        assert {entry["thread_ts"] for entry in rest} == {first["ts"]}
        await outlet.send(parcel(channel, said(Status.FAILED, inference="second")))
        call = world.ledger()[-1]
        assert call["thread_ts"] == first["ts"]
        assert world.sandbox.workspace.channel(channel.channel).message(call["ts"]).subtype is None


@pytest.mark.parametrize(
    ("policy", "kept", "expected"),
    [
        (Threading.OFF, True, [["q", "r"], ["b", "c"]]),
        (Threading.OFF, False, [["b", "q", "c", "r"]]),
        (Threading.SESSION, True, [["q", "r"], ["b", "c"]]),
        (Threading.INFERENCE, True, [["b"], ["q"], ["c"], ["r"]]),
    ],
)
async def test_a_run_is_told_card_by_card(
    world: World,
    outlet: SlackOutlet,
    channel: SlackChannel,
    policy: Threading,
    expected: list[list[str]],
    *,
    kept: bool,
) -> None:
    await world.subscriptions.save(
        Subscription(
            id=SubscriptionId("aaaaa0"),
            team=TEAM,
            owner="U1",
            filter=parse(""),
            destination=channel,
            style=Style(thread=policy),
        )
    )
    await outlet.send(parcel(channel, said(Status.QUEUED, "first", "a")))
    run = parcel(
        channel,
        said(Status.QUEUED, "b", "b"),
        said(Status.QUEUED, "q", "a"),
        said(Status.QUEUED, "c", "c"),
        said(Status.RUNNING, "r", "a"),
    )
    cards = world.kept if kept else None
    left, told = list(run.items), list[list[str]]()
    while left:
        together = await gather(world.threads, cards, channel, left)
        assert together[0] is left[0]
        told.append([each.event.id for each in together])
        left = [each for each in left if each not in together]
    assert sorted(told) == sorted(expected)
    hook = Webhook(team=TEAM, url="https://example.com/h")
    assert await gather(world.threads, cards, hook, run.items) == run.items
    person = SlackPerson(team=TEAM, user="U1")
    assert len(await gather(world.threads, cards, person, run.items)) == len(run.items)


async def test_a_card_found_in_its_session_s_thread_goes_on_there(
    world: World, outlet: SlackOutlet, channel: SlackChannel
) -> None:
    await world.subscriptions.save(
        Subscription(
            id=SubscriptionId("aaaaa0"),
            team=TEAM,
            owner="U1",
            filter=parse(""),
            destination=channel,
            style=Style(thread=Threading.SESSION),
        )
    )
    await outlet.send(parcel(channel, said(Status.QUEUED, inference="first")))
    await outlet.send(parcel(channel, said(Status.QUEUED, "other", "second")))
    world.later(20 * 60_000)
    await world.wipe()
    await outlet.send(doubted(world, parcel(channel, said(Status.RUNNING, inference="second"))))
    assert [kind for kind, _ in world.acts()] == ["post", "post", "update"]
    assert world.ledger()[-1]["ts"] == world.ledger()[1]["ts"]


async def test_a_card_is_kept_as_long_as_it_lasts(
    world: World, outlet: SlackOutlet, channel: SlackChannel, redis: Redis, keys: Keys
) -> None:
    run = parcel(channel, said(Status.RUNNING))
    await outlet.send(run)
    key = keys.card(destination_id(channel), card_key(said(Status.RUNNING)))
    assert HOUR - 60_000 < await redis.pttl(key) <= HOUR
    other = card_key(event(inference="other"))
    assert await world.kept.living(destination_id(channel), [other, card_key(said(Status.RUNNING)), other]) == {
        card_key(said(Status.RUNNING))
    }
    kept = await world.kept.get(destination_id(channel), card_key(said(Status.RUNNING)))
    assert kept is not None
    assert [one.delivery for one in kept.told] == [item(channel, said(Status.RUNNING)).delivery.id]


LONG = " ".join(f"w{number:05d}" for number in range(3_600))


def _parts(world: World) -> list[tuple[str | None, int]]:
    """The thread and number of each part that was posted."""
    posted = world.sandbox.workspace.ledger.page(after=0, limit=1_000, kind="post")["entries"]
    data = [(entry["thread_ts"], (entry["metadata"] or {}).get("event_payload", {})) for entry in posted]
    return [(thread, payload["part"]) for thread, payload in data if "part" in payload]


@pytest.mark.parametrize("status", [Status.COMPLETED, Status.NEEDS_REVIEW], ids=["changed", "changed and called to"])
@pytest.mark.parametrize("lost", [None, "first", "part"])
async def test_a_long_result_goes_on_below_the_card_that_shows_its_beginning(
    world: World, channel: SlackChannel, status: Status, lost: str | None
) -> None:
    queued = event(id="a", status=Status.QUEUED, result=None, error=None)
    done = event(id="b", status=status, result=LONG, error=None, time=queued.time + timedelta(seconds=60))
    sent = parcel(channel, done)
    async with world.outlet() as outlet:
        begun = await outlet.send(parcel(channel, queued))
        assert isinstance(begun, Sent)
        world.later()
        if lost == "first":
            world.sandbox.fault("drop", method="chat.update", after=True)
            assert isinstance(await outlet.send(sent), Unknown)
            sent = doubted(world, sent)
        first = await outlet.send(sent)
        assert isinstance(first, Partly)
        if lost == "part":
            world.sandbox.fault("drop", method="chat.postMessage", after=True)
            assert isinstance(await outlet.send(gone_on(sent, first.progress)), Unknown)
            first = await outlet.send(gone_on(sent, first.progress, doubt=world.milliseconds()))
            assert isinstance(first, Partly)
        outcomes = await told(outlet, gone_on(sent, first.progress))
    card = begun.reference.partition("/")[2]
    assert isinstance(outcomes[-1], Sent)
    assert _parts(world) == [(card, 1), (card, 2)]
