"""Who reads where a message goes, as Slack and the subscriptions tell it."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from typing import Any

import pytest
from redis.asyncio import Redis

from bot.core.budget import LOOK, costs
from bot.core.delivery import Failed, Paced, Sent
from bot.core.destination import DestinationId, SlackChannel, SlackPerson, SlackThread
from bot.core.errors import LaterError, UnavailableError
from bot.core.filters import parse
from bot.core.showing import Audience
from bot.core.subscription import Showing, Style, Subscription, SubscriptionId
from bot.outlets.slack import readers
from bot.outlets.slack.onlookers import Onlookers
from bot.outlets.slack.outlet import SlackOutlet
from bot.outlets.slack.readers import FRESH, LISTING, STALE, Readers
from bot.outlets.slack.web import SlackWeb
from bot.ports.audiences import Known, Listing
from bot.sandbox.channel import Channel
from bot.sandbox.limits import Rates
from bot.sandbox.server import Sandbox
from bot.slack.directory.channels import KEEP_SECONDS, SlackChannels
from bot.slack.directory.lookup import Lookup
from bot.stores.audiences import LISTED, READING, RedisAudiences
from bot.stores.budgets import RedisBudgets
from bot.stores.keys import Keys
from tests.core.examples import event
from tests.edges.outlets.parcels import parcel

TEAM = "T0SANDBOX"
MINE = event(title="Mail of ana@acme.com", result="See [it](https://evil.example/x), [wiki](https://wiki.example)")


@pytest.fixture
async def sandbox() -> AsyncIterator[Sandbox]:
    async with Sandbox(rates=Rates(enabled=False)) as made:
        yield made


class House:
    """A workspace with the outlet and what it asks; time passes when a test says so."""

    def __init__(
        self,
        sandbox: Sandbox,
        web: SlackWeb,
        *,
        audiences: RedisAudiences | None = None,
        budgets: RedisBudgets | None = None,
    ) -> None:
        self.now = 1_000_000_000
        self.asked: list[str] = []
        self.away = False
        self.subscriptions: list[Subscription] = []
        self._token = sandbox.bot_token
        channels = SlackChannels(Lookup(web=web, token_of=self._token_of), clock=lambda: self.now / 1_000)
        asked = Readers(channels, audiences=audiences, budgets=budgets, clock=lambda: self.now)
        self.onlookers = Onlookers(asked, self._leading_to, clock=lambda: self.now)
        self.outlet = SlackOutlet(
            SlackWeb(sandbox.api_url),
            self._sending_token,
            views_of=self.onlookers.views_of,
            link_hosts=("wiki.example",),
        )

    async def audience(self, place: SlackChannel | SlackThread | SlackPerson) -> Audience:
        (seen,) = await self.onlookers.views_of(place, [event()])
        return seen.audience

    def ask(self, show: Showing | None, place: SlackChannel) -> None:
        self.subscriptions.append(
            Subscription(
                id=SubscriptionId("k7m2qx"),
                team=TEAM,
                owner="U1",
                filter=parse(""),
                destination=place,
                style=Style(show=show),
            )
        )

    async def _token_of(self, _: str) -> str:
        self.asked.append("token")
        if self.away:
            raise UnavailableError("Slack is away")
        return self._token

    async def _sending_token(self, _: str) -> str:
        return self._token

    async def _leading_to(self, _: DestinationId) -> Sequence[Subscription]:
        return self.subscriptions


@pytest.fixture
async def house(sandbox: Sandbox) -> AsyncIterator[House]:
    async with SlackWeb(sandbox.api_url) as web:
        made = House(sandbox, web)
        async with made.outlet:
            yield made


def place(sandbox: Sandbox, name: str) -> SlackChannel:
    return SlackChannel(team=TEAM, channel=sandbox.channel_id(name))


def calls(sandbox: Sandbox) -> tuple[int, int]:
    """How often Slack was asked for all channels, and for one."""
    counted = sandbox.backend.stats.calls
    return counted("users.conversations"), counted("conversations.info")


def without(shown: dict[str, Any], name: str) -> dict[str, Any]:
    return {key: value for key, value in shown.items() if key != name}


def said(sandbox: Sandbox) -> str:
    (entry,) = sandbox.workspace.ledger.page(after=0, limit=100, kind="post")["entries"]
    return f"{entry['text']}\n{entry['blocks']}"


async def test_who_reads_is_told_by_what_the_channel_is(sandbox: Sandbox, house: House) -> None:
    fraud = place(sandbox, "fraud-alerts")
    assert await house.audience(fraud) is Audience.PUBLIC
    assert await house.audience(SlackThread(team=TEAM, channel=fraud.channel, thread="1.2")) is Audience.PUBLIC
    assert await house.audience(SlackPerson(team=TEAM, user="U1")) is Audience.PERSON
    assert await house.audience(SlackPerson(team=TEAM, user="U024BE7LH")) is Audience.REQUESTER
    sandbox.workspace.share(sandbox.workspace.channel(fraud.channel), sandbox.user_id("amara.nwosu"), shared=True)
    assert await house.audience(fraud) is Audience.PUBLIC  # as of a moment ago
    house.now += FRESH + round(KEEP_SECONDS * 1_000)
    assert await house.audience(fraud) is Audience.SHARED


async def test_a_channel_that_the_bot_can_not_see_counts_as_shared(house: House) -> None:
    assert await house.audience(SlackChannel(team=TEAM, channel="C0NOWHERE")) is Audience.SHARED


async def test_slack_is_asked_once_in_ten_minutes(sandbox: Sandbox, house: House) -> None:
    fraud = place(sandbox, "fraud-alerts")
    for _ in range(3):
        await house.audience(fraud)
    assert len(house.asked) == 1


async def test_what_was_known_is_believed_for_a_day_while_slack_is_away(sandbox: Sandbox, house: House) -> None:
    fraud = place(sandbox, "fraud-alerts")
    await house.audience(fraud)
    house.away = True
    house.now += STALE - 1
    assert await house.audience(fraud) is Audience.PUBLIC
    house.now += 1
    with pytest.raises(UnavailableError):
        await house.audience(fraud)


async def test_what_one_process_learned_the_others_know(sandbox: Sandbox, redis: Redis, keys: Keys) -> None:
    async with SlackWeb(sandbox.api_url) as web:
        one, other = (House(sandbox, web, audiences=RedisAudiences(redis, keys)) for _ in range(2))
        fraud = place(sandbox, "fraud-alerts")
        assert await one.audience(fraud) is await other.audience(fraud) is Audience.PUBLIC
        assert (len(one.asked), len(other.asked)) == (1, 0)


async def test_all_channels_that_the_bot_is_in_are_known_after_one_call(
    sandbox: Sandbox, redis: Redis, keys: Keys
) -> None:
    audiences = RedisAudiences(redis, keys)
    async with SlackWeb(sandbox.api_url) as web:
        one, other = (House(sandbox, web, audiences=audiences) for _ in range(2))
        names = ("fraud-alerts", "ml-platform", "risk-leads")
        theirs = sandbox.workspace.channel(place(sandbox, "ml-platform").channel)
        sandbox.workspace.share(theirs, sandbox.user_id("amara.nwosu"), shared=True)
        found = [await house.audience(place(sandbox, name)) for house in (one, other) for name in names]
        assert found == [Audience.PUBLIC, Audience.SHARED, Audience.PRIVATE] * 2
        assert calls(sandbox) == (1, 0)


async def test_a_channel_that_no_list_has_is_asked_for_by_itself(sandbox: Sandbox, redis: Redis, keys: Keys) -> None:
    outside = sandbox.workspace.create("elsewhere", sandbox.user_id("amara.nwosu")).id
    async with SlackWeb(sandbox.api_url) as web:
        house = House(sandbox, web, audiences=RedisAudiences(redis, keys))
        assert await house.audience(SlackChannel(team=TEAM, channel=outside)) is Audience.PUBLIC
        assert await house.audience(SlackChannel(team=TEAM, channel="C0NOWHERE")) is Audience.SHARED
        assert calls(sandbox) == (1, 2)


async def test_while_another_process_reads_the_list_one_looks_again_soon(
    sandbox: Sandbox, redis: Redis, keys: Keys
) -> None:
    audiences = RedisAudiences(redis, keys)
    async with SlackWeb(sandbox.api_url) as web:
        house, fraud = House(sandbox, web, audiences=audiences), place(sandbox, "fraud-alerts")
        assert await audiences.begin_list(TEAM) is Listing.OURS
        with pytest.raises(LaterError) as later:
            await house.audience(fraud)
        assert later.value.until == house.now + LISTING
        await audiences.end_list(TEAM, {fraud.channel: Known(audience=Audience.SHARED, at=house.now)})
        assert await house.audience(fraud) is Audience.SHARED
        assert calls(sandbox) == (0, 0)


async def test_a_list_that_was_never_ended_is_another_process_s_after_a_while(redis: Redis, keys: Keys) -> None:
    audiences = RedisAudiences(redis, keys)
    assert [await audiences.begin_list(TEAM) for _ in range(2)] == [Listing.OURS, Listing.BEGUN]
    assert 0 < await redis.pttl(keys.listing(TEAM)) <= READING
    await redis.delete(keys.listing(TEAM))  # as it expires
    assert await audiences.begin_list(TEAM) is Listing.OURS
    await audiences.end_list(TEAM, {})
    assert await audiences.begin_list(TEAM) is Listing.DONE
    assert READING < await redis.pttl(keys.listing(TEAM)) <= LISTED


@pytest.mark.parametrize(
    "fault",
    [
        {"kind": "error", "error": "missing_scope"},
        {"kind": "ratelimited", "retry_after": 60},
        {"kind": "html", "status": 502},
        {"kind": "drop", "times": 2},  # aiohttp repeats a GET once by itself
    ],
)
async def test_where_slack_gives_no_list_each_channel_is_asked_for_by_itself(
    sandbox: Sandbox, redis: Redis, keys: Keys, fault: dict[str, Any]
) -> None:
    sandbox.fault(method="users.conversations", **fault)
    async with SlackWeb(sandbox.api_url) as web:
        house = House(sandbox, web, audiences=RedisAudiences(redis, keys))
        for name, expected in (("fraud-alerts", Audience.PUBLIC), ("risk-leads", Audience.PRIVATE)):
            assert await house.audience(place(sandbox, name)) is expected
        assert sandbox.backend.stats.calls("conversations.info") == 2


async def test_a_list_that_takes_too_long_is_given_up(
    sandbox: Sandbox, redis: Redis, keys: Keys, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(readers, "LIST_SECONDS", 0.05)
    sandbox.fault("latency", method="users.conversations", seconds=30)
    async with SlackWeb(sandbox.api_url) as web:
        house = House(sandbox, web, audiences=RedisAudiences(redis, keys))
        async with asyncio.timeout(10):
            assert await house.audience(place(sandbox, "risk-leads")) is Audience.PRIVATE
        assert await house.audience(place(sandbox, "fraud-alerts")) is Audience.PUBLIC
        assert sandbox.backend.stats.calls("conversations.info") == 2


async def test_a_channel_of_which_the_list_does_not_say_who_reads_is_asked_for(
    sandbox: Sandbox, redis: Redis, keys: Keys, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = Channel.to_slack
    monkeypatch.setattr(Channel, "to_slack", lambda self, **how: without(told(self, **how), "is_ext_shared"))
    async with SlackWeb(sandbox.api_url) as web:
        house, fraud = House(sandbox, web, audiences=RedisAudiences(redis, keys)), place(sandbox, "fraud-alerts")
        assert await house.audience(fraud) is Audience.PUBLIC
        assert calls(sandbox) == (1, 1)


async def test_slack_is_asked_about_no_more_channels_than_it_takes(sandbox: Sandbox, redis: Redis, keys: Keys) -> None:
    budgets = RedisBudgets(redis, keys, costs(), now=1_000_000_000)
    most = costs()[LOOK].budgets[0].most
    async with SlackWeb(sandbox.api_url) as web:
        house = House(sandbox, web, audiences=RedisAudiences(redis, keys), budgets=budgets)
        fraud = place(sandbox, "fraud-alerts")
        for number in range(most):
            await house.audience(SlackChannel(team=TEAM, channel=f"C0NOWHERE{number}"))
        with pytest.raises(LaterError) as later:
            await house.audience(SlackChannel(team=TEAM, channel="C0ONEMORE"))
        assert later.value.until > house.now
        async with house.outlet:
            outcome = await house.outlet.send(parcel(SlackChannel(team=TEAM, channel="C0ONEMORE"), MINE))
        assert isinstance(outcome, Paced)
        assert calls(sandbox) == (1, most)
        assert await house.audience(fraud) is Audience.PUBLIC
        house.now += FRESH  # but Redis's clock stands: still no turn
        assert await house.audience(fraud) is Audience.PUBLIC
        assert calls(sandbox) == (1, most)


async def test_nothing_is_posted_where_nobody_can_tell_who_reads(sandbox: Sandbox, house: House) -> None:
    house.away = True
    outcome = await house.outlet.send(parcel(place(sandbox, "fraud-alerts"), MINE))
    assert outcome == Failed(reason="could not tell who reads there: Slack is away")
    assert not sandbox.workspace.ledger.page(after=0, limit=100, kind="post")["entries"]


async def test_a_public_channel_sees_personal_data_masked_and_listed_links_alone(
    sandbox: Sandbox, house: House
) -> None:
    assert isinstance(await house.outlet.send(parcel(place(sandbox, "fraud-alerts"), MINE)), Sent)
    shown = said(sandbox)
    assert "Mail of «email»" in shown
    assert "PII masked: public channel." in shown
    assert "ana@acme.com" not in shown
    assert "'url': 'https://wiki.example'" in shown
    assert "'url': 'https://evil.example" not in shown


async def test_an_owner_may_unmask_and_the_strictest_of_several_counts(sandbox: Sandbox, house: House) -> None:
    fraud = place(sandbox, "fraud-alerts")
    house.ask(Showing.FULL, fraud)
    (alone,) = await house.onlookers.views_of(fraud, [MINE])
    assert alone.showing is Showing.FULL
    house.ask(Showing.METADATA, fraud)
    assert isinstance(await house.outlet.send(parcel(fraud, MINE)), Sent)
    assert "Mail of" not in said(sandbox)
    assert "Content withheld: a subscription here asks for it." in said(sandbox)
