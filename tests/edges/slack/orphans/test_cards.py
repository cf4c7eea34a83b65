"""The cards as people see and click them, in the sandbox's own page."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import replace
from typing import Any

import pytest
from redis.asyncio import Redis

from bot.core.answers import Actor
from bot.core.budget import POST, costs
from bot.core.destination import DestinationId, SlackChannel, SlackGroup, destination_id
from bot.core.errors import UnavailableError
from bot.core.notices import ChangedByAnother, Orphaned, Orphanhood, Recovered
from bot.core.orphans import Happening, is_orphan
from bot.ports.budgets import Expense, Later
from bot.render import notices as words
from bot.render.message import Message
from bot.render.pieces import section
from bot.slack.app import SlackApp
from bot.slack.directory.lookup import Lookup
from bot.slack.notices import SlackNotices
from bot.slack.orphans import cards
from bot.stores.budgets import RedisBudgets
from bot.stores.keys import Keys
from tests.edges.slack.conftest import Person, button, text_of
from tests.edges.slack.directory.conftest import calls, group_id
from tests.edges.slack.orphans.conftest import DEADLINE, TEAM, Office


@pytest.fixture(autouse=True)
def plain_replies(monkeypatch: pytest.MonkeyPatch) -> None:
    """What an act came to is worded, and its wording tested, elsewhere."""

    def worded(answer: Any) -> Message:
        name = type(answer).__name__
        return Message(text=name, blocks=(section(name),))

    monkeypatch.setattr(cards, "reply", worded)


@pytest.fixture
async def telling(lookup: Lookup) -> AsyncIterator[SlackNotices]:
    """Notices that are posted, in the place of those that are noted."""
    notices = SlackNotices(lookup.web, lookup.token_of, gap=0)
    async with notices.serving(DEADLINE):
        yield notices


@pytest.fixture
async def desk(office: Office, telling: SlackNotices, listening: SlackApp) -> SlackApp:
    """The app whose keeper tells people for real."""
    means = replace(office.means, notices=telling)
    office.keeper.__init__(means)  # type: ignore[misc]
    return listening


async def click(person: Person, message: dict[str, Any], action_id: str) -> None:
    place = {"type": "message", "channel": message["channel"], "ts": message["ts"]}
    await person.do("action", container=place, action=button(message, action_id))


async def enter(office: Office, name: str, stack: AsyncExitStack) -> Person:
    return await Person.enter(office.sandbox, name, stack)


async def lost(office: Office, name: str, happening: Happening = Happening.ARCHIVED) -> SlackChannel:
    room = office.place(name)
    await office.append(room, "e1")
    await office.keeper.hear(TEAM, room.channel, happening)
    await office.look()
    return room


@pytest.mark.usefixtures("desk")
async def test_an_owner_resumes_a_place_from_the_card(office: Office, people: dict[str, Person]) -> None:
    await office.subscribe("tomas", office.place("general"))
    room = await lost(office, "general")
    card = await people["tomas"].sees("message")
    assert "was archived" in text_of(card)
    assert "1 result waits" in text_of(card)
    await click(people["tomas"], card, words.RESUME)
    changed = await people["tomas"].sees("message_changed")
    assert text_of(changed) == "PlaceResumed"
    assert await office.means.lanes.paused() == {}
    assert await office.means.told.all() == {}
    assert await office.sendable() == [destination_id(room)]


@pytest.mark.usefixtures("desk")
async def test_only_an_admin_lets_results_into_a_shared_channel(office: Office, people: dict[str, Person]) -> None:
    one = await office.subscribe("tomas", office.place("general"))
    await lost(office, "general", Happening.SHARED)
    theirs, admins = await people["tomas"].sees("message"), await people["maya"].sees("message")
    await click(people["tomas"], theirs, words.RESUME)
    assert text_of(await people["tomas"].sees("message_changed")) == "NotAllowed"
    found = await office.now(one)
    assert found is not None
    assert is_orphan(found)
    await click(people["maya"], admins, words.RESUME)
    assert text_of(await people["maya"].sees("message_changed")) == "PlaceResumed"
    assert await office.now(one) == one


@pytest.mark.usefixtures("desk")
async def test_an_owner_ends_what_led_to_a_lost_place(office: Office, people: dict[str, Person]) -> None:
    one, other = (
        await office.subscribe("tomas", office.place("general")),
        await office.subscribe("amara", office.place("general")),
    )
    await lost(office, "general")
    card = await people["tomas"].sees("message")
    await click(people["tomas"], card, words.END)
    assert "Ended 1 subscription." in text_of(await people["tomas"].sees("message_changed"))
    assert (await office.now(one), await office.now(other)) == (None, other)


@pytest.mark.usefixtures("desk")
async def test_an_admin_takes_over_what_somebody_left_behind(office: Office, people: dict[str, Person]) -> None:
    one = await office.subscribe("tomas", office.place("general"))
    office.sandbox.deactivate(office.user("tomas"))
    await office.look()
    card = await people["maya"].sees("message")
    assert "has left, and owned 1 subscription" in text_of(card)
    await click(people["maya"], card, words.ADOPT)
    assert text_of(await people["maya"].sees("message_changed")) == "Adopted"
    assert await office.now(one) == replace(one, owner=office.user("maya"))


@pytest.mark.usefixtures("desk")
async def test_a_groups_card_resumes_its_subscriptions(office: Office, people: dict[str, Person]) -> None:
    group = group_id(office.sandbox, "risk-oncall")
    one = await office.subscribe("tomas", SlackGroup(team=TEAM, group=group))
    office.sandbox.workspace.usergroups[group] = replace(office.sandbox.workspace.usergroups[group], disabled=True)
    await office.look()
    card = await people["tomas"].sees("message")
    await click(people["tomas"], card, words.RESUME)
    assert "Resumed 1 subscription" in text_of(await people["tomas"].sees("message_changed"))
    found = await office.now(one)
    assert found is not None
    assert found.hold is None


@pytest.mark.usefixtures("desk")
async def test_everything_of_a_lost_place_is_moved_with_a_modal(office: Office, people: dict[str, Person]) -> None:
    tomas = people["tomas"]
    one = await office.subscribe("tomas", office.place("fraud-alerts"))
    room, there = await lost(office, "fraud-alerts"), office.place("general")
    card = await tomas.sees("message")
    await click(tomas, card, words.MOVE)
    modal = await tomas.sees("view")
    assert modal["private_metadata"] == destination_id(room)
    values = {"to": {"channel": {"type": "conversations_select", "selected_conversation": there.channel}}}
    await tomas.do("submit", view_id=modal["id"], state={"values": values})
    assert text_of(await tomas.sees("message")) == "Moved"
    assert await office.now(one) == replace(one, destination=there)
    assert await office.sendable() == [destination_id(there)]
    await office.look()
    assert await office.means.lanes.paused() == {}
    assert await office.means.told.all() == {}


@pytest.mark.usefixtures("desk")
async def test_a_place_that_others_still_want_is_not_decided_by_one_who_leaves_it(
    office: Office, people: dict[str, Person]
) -> None:
    tomas = people["tomas"]
    one = await office.subscribe("tomas", office.place("fraud-alerts"))
    other = await office.subscribe("maya", office.place("fraud-alerts"))
    room, there = await lost(office, "fraud-alerts"), office.place("general")
    card = await tomas.sees("message")
    await click(tomas, card, words.MOVE)
    modal = await tomas.sees("view")
    values = {"to": {"channel": {"type": "conversations_select", "selected_conversation": there.channel}}}
    await tomas.do("submit", view_id=modal["id"], state={"values": values})
    assert text_of(await tomas.sees("message")) == "Moved"
    assert await office.now(one) == replace(one, destination=there)
    assert await office.now(other) == other
    assert set(await office.means.told.all()) == {destination_id(room)}
    assert set(await office.means.lanes.paused()) == {destination_id(room)}


@pytest.mark.usefixtures("desk")
async def test_a_modal_that_cannot_be_opened_is_logged(office: Office, people: dict[str, Person]) -> None:
    await office.subscribe("tomas", office.place("fraud-alerts"))
    await lost(office, "fraud-alerts")
    card = await people["tomas"].sees("message")
    office.sandbox.fault("error", method="views.open", error="expired_trigger_id")
    await click(people["tomas"], card, words.MOVE)
    async with asyncio.timeout(DEADLINE):
        while calls(office.sandbox, "views.open") == 0:  # noqa: ASYNC110 (the far side has no event to wait for)
            await asyncio.sleep(0.01)


# -- notices ---------------------------------------------------------------------------------------


async def test_each_is_told_once_by_direct_message(
    office: Office, telling: SlackNotices, people: dict[str, Person]
) -> None:
    one = await office.subscribe("tomas", office.place("general"))
    notice = ChangedByAnother(
        actor=Actor(team=TEAM, user=office.user("maya")), act="unsubscribe", before=one, after=None
    )
    tomas, amara = office.user("tomas"), office.user("amara")
    await telling.tell(TEAM, (tomas, amara, tomas), notice)
    told = [await people[name].sees("message") for name in ("tomas", "amara")]
    assert ["ended your subscription" in text_of(told[0]), "ended a subscription" in text_of(told[1])] == [True, True]
    assert calls(office.sandbox, "chat.postMessage") == 2


@pytest.mark.parametrize("kind", ["drop", "html", "error"])
async def test_a_notice_that_cannot_be_told_fails_nothing_and_is_not_repeated(
    office: Office, lookup: Lookup, kind: Any
) -> None:
    office.sandbox.fault(kind, method="chat.postMessage", times=1)
    notices = SlackNotices(lookup.web, lookup.token_of, gap=0)
    recovered = Recovered(place=DestinationId(f"slack/{TEAM}/C1"), subscriptions=())
    async with notices.serving(DEADLINE):
        await notices.tell(TEAM, (office.user("tomas"), office.user("amara")), recovered)
    posts = office.sandbox.workspace.ledger.page(after=0, limit=10, kind="post")["entries"]
    assert len(posts) == 1


async def test_a_notice_waits_as_long_as_slack_says(office: Office, lookup: Lookup) -> None:
    office.sandbox.fault("ratelimited", method="chat.postMessage", retry_after=0, times=2)
    notices = SlackNotices(lookup.web, lookup.token_of, gap=0)
    recovered = Recovered(place=DestinationId(f"slack/{TEAM}/C1"), subscriptions=())
    async with notices.serving(DEADLINE):
        await notices.tell(TEAM, (office.user("tomas"),), recovered)
    assert len(office.sandbox.workspace.ledger.page(after=0, limit=10, kind="post")["entries"]) == 1


async def test_a_notice_is_counted_so_that_results_make_room(
    office: Office, lookup: Lookup, redis: Redis, keys: Keys
) -> None:
    budgets = RedisBudgets(redis, keys, costs())
    notices = SlackNotices(lookup.web, lookup.token_of, budgets=budgets, gap=0)
    user = office.user("tomas")
    async with notices.serving(DEADLINE):
        await notices.tell(TEAM, (user,), Recovered(place=DestinationId(f"slack/{TEAM}/C1"), subscriptions=()))
    turn = await budgets.reserve(Expense(team=TEAM, channel=user, method=POST), holder="result")
    assert isinstance(turn, Later)


async def test_a_notice_is_told_though_nobody_can_count_it(office: Office, lookup: Lookup, keys: Keys) -> None:
    async with Redis(unix_socket_path="/nowhere", protocol=3) as away:
        notices = SlackNotices(lookup.web, lookup.token_of, budgets=RedisBudgets(away, keys, costs()), gap=0)
        async with notices.serving(DEADLINE):
            recovered = Recovered(place=DestinationId(f"slack/{TEAM}/C1"), subscriptions=())
            await notices.tell(TEAM, (office.user("tomas"),), recovered)
    assert calls(office.sandbox, POST) == 1


@pytest.mark.parametrize(("retry_after", "tries"), [(0, 3), (3_600, 1)])
async def test_a_notice_is_given_up_where_slack_asks_too_much(
    office: Office, lookup: Lookup, retry_after: int, tries: int
) -> None:
    office.sandbox.fault("ratelimited", method="chat.postMessage", retry_after=retry_after, times=None)
    notices = SlackNotices(lookup.web, lookup.token_of, gap=0)
    async with notices.serving(DEADLINE):
        await notices.tell(
            TEAM, (office.user("tomas"),), Recovered(place=DestinationId(f"slack/{TEAM}/C1"), subscriptions=())
        )
    assert calls(office.sandbox, "chat.postMessage") == tries


async def test_without_a_token_nothing_is_told_and_nothing_fails(office: Office, lookup: Lookup) -> None:
    async def token_of(_: str) -> str:
        raise UnavailableError("no token")

    notices = SlackNotices(lookup.web, token_of, gap=0)
    orphaned = Orphaned(
        place=DestinationId(f"slack/{TEAM}"), what=Orphanhood.INSTALLATION, why="x", subscriptions=(), held_until=None
    )
    async with notices.serving(DEADLINE):
        await notices.tell(TEAM, (office.user("tomas"),), orphaned)
    assert calls(office.sandbox, "chat.postMessage") == 0
