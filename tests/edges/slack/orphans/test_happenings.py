"""Each row of the table, from the sandbox's event to the outbox and to what people are told."""

from dataclasses import replace
from typing import Any

import pytest
from redis.asyncio import Redis
from slack_bolt.authorization import AuthorizeResult
from slack_bolt.context.async_context import AsyncBoltContext

from bot.core.destination import DestinationId, SlackThread, destination_id
from bot.core.errors import UnavailableError
from bot.core.notices import Orphanhood
from bot.core.orphans import Happening
from bot.core.subscription import Hold, Holding, SubscriptionId
from bot.sandbox.channel import Channel
from bot.slack.desk import Desk
from bot.slack.orphans.happenings import heard
from bot.slack.orphans.keeper import OrphanKeeper
from bot.stores.keys import Keys
from tests.edges.slack.orphans.conftest import TEAM, Office, eventually


async def paused(office: Office, place: DestinationId) -> None:
    async def is_paused() -> bool:
        return place in await office.means.lanes.paused()

    await eventually(is_paused)


async def going(office: Office, place: DestinationId) -> None:
    async def is_going() -> bool:
        return place not in await office.means.lanes.paused()

    await eventually(is_going)


def channel(office: Office, name: str) -> Channel:
    found = office.sandbox.workspace.channel_named(name)
    assert found is not None
    return found


def lose(office: Office, name: str, how: Orphanhood) -> None:
    workspace, room, boss = office.sandbox.workspace, channel(office, name), office.user("priya")
    match how:
        case Orphanhood.ARCHIVED:
            workspace.archive(room, boss)
        case Orphanhood.DELETED:
            workspace.delete(room, boss)
        case Orphanhood.EXTERNAL:
            workspace.share(room, boss, shared=True)
        case Orphanhood.REMOVED:
            workspace.leave(room, workspace.bot.id)
        case _:
            raise AssertionError(how)


def regain(office: Office, name: str, how: Orphanhood) -> None:
    workspace, room, boss = office.sandbox.workspace, channel(office, name), office.user("priya")
    match how:
        case Orphanhood.ARCHIVED:
            workspace.unarchive(room, boss)
        case Orphanhood.EXTERNAL:
            workspace.share(room, boss, shared=False)
        case Orphanhood.REMOVED:
            workspace.join(room, workspace.bot.id, inviter=boss)
        case _:
            raise AssertionError(how)


LOSSES = (Orphanhood.ARCHIVED, Orphanhood.DELETED, Orphanhood.EXTERNAL, Orphanhood.REMOVED)


@pytest.mark.parametrize("name", ["fraud-alerts", "risk-leads"])
@pytest.mark.parametrize("how", LOSSES)
@pytest.mark.usefixtures("listening")
async def test_a_lost_channel_is_paused_with_its_threads_and_told_once(
    office: Office, how: Orphanhood, name: str
) -> None:
    room = office.place(name)
    thread = SlackThread(team=TEAM, channel=room.channel, thread="1.5")
    mine = await office.subscribe("tomas", room)
    bosses = await office.subscribe("maya", room)
    deep = await office.subscribe("amara", thread)
    elsewhere = await office.subscribe("tomas", office.place("general"))
    await office.append(room, "e1", "e2")
    await office.append(office.place("general"), "e3")
    lose(office, name, how)
    await paused(office, destination_id(room))
    await paused(office, destination_id(thread))
    assert await office.sendable() == [destination_id(office.place("general"))]
    for _ in range(3):
        await office.look()
    cards = {(users, card.place): card for users, card in office.cards()}
    assert len(office.all_told()) == len(cards) == 4
    tomas, amara = (office.user("tomas"),), (office.user("amara"),)
    assert set(cards) == {
        (office.admins, destination_id(room)),
        (tomas, destination_id(room)),
        (office.admins, destination_id(thread)),
        (amara, destination_id(thread)),
    }
    assert {card.what for card in cards.values()} == {how}
    everyone = cards[office.admins, destination_id(room)]
    assert {one.id for one in everyone.subscriptions} == {mine.id, bosses.id}
    assert everyone.waiting == 2
    assert everyone.held_until is not None
    assert 0 <= office.clock() + office.means.hold - everyone.held_until < 60_000
    assert [one.id for one in cards[tomas, destination_id(room)].subscriptions] == [mine.id]
    rests = {one.id: await office.now(one) for one in (mine, bosses, deep, elsewhere)}
    held = {name for name, one in rests.items() if one is not None and one.hold is not None}
    assert held == ({mine.id, bosses.id, deep.id} if how is Orphanhood.EXTERNAL else set())


@pytest.mark.parametrize("how", [how for how in LOSSES if how is not Orphanhood.DELETED])
@pytest.mark.usefixtures("listening")
async def test_a_channel_that_is_back_goes_on_by_itself_and_that_is_told(office: Office, how: Orphanhood) -> None:
    room = office.place("risk-leads")
    mine = await office.subscribe("tomas", room)
    await office.append(room, "e1")
    lose(office, "risk-leads", how)
    await paused(office, destination_id(room))
    await office.look()
    regain(office, "risk-leads", how)
    await going(office, destination_id(room))
    assert await office.sendable() == [destination_id(room)]
    found = await office.now(mine)
    assert found is not None
    assert found.hold is None
    for _ in range(2):
        await office.look()
    [(users, notice)] = office.recovered()
    assert (notice.place, notice.subscriptions) == (destination_id(room), (mine.id,))
    assert users == (*office.admins, office.user("tomas"))
    lose(office, "risk-leads", how)
    await paused(office, destination_id(room))
    await office.look()
    assert len(office.cards()) == 4, "the next time is told again"


@pytest.mark.parametrize("how", [Orphanhood.ARCHIVED, Orphanhood.REMOVED])
@pytest.mark.usefixtures("listening")
async def test_what_heals_another_loss_does_not_let_results_go_to_others(office: Office, how: Orphanhood) -> None:
    room = office.place("risk-leads")
    await office.subscribe("tomas", room)
    lose(office, "risk-leads", how)
    await paused(office, destination_id(room))
    lose(office, "risk-leads", Orphanhood.EXTERNAL)

    regain(office, "risk-leads", how)

    async def is_external() -> bool:
        reason = (await office.means.lanes.paused()).get(destination_id(room), "")
        return "another organisation" in reason

    await eventually(is_external)
    # The next event says that this one was dealt with.
    await office.subscribe("tomas", office.place("general"))
    lose(office, "general", Orphanhood.ARCHIVED)
    await paused(office, destination_id(office.place("general")))
    assert destination_id(room) in await office.means.lanes.paused()


@pytest.mark.usefixtures("listening")
async def test_another_name_changes_nothing(office: Office) -> None:
    room = office.place("fraud-alerts")
    mine = await office.subscribe("tomas", room)
    office.sandbox.workspace.rename(channel(office, "fraud-alerts"), "fraud-news", office.user("priya"))
    # The next event says that this one was dealt with.
    await office.subscribe("tomas", office.place("general"))
    lose(office, "general", Orphanhood.ARCHIVED)
    await paused(office, destination_id(office.place("general")))
    assert await office.now(mine) == mine
    assert destination_id(room) not in await office.means.lanes.paused()


@pytest.mark.usefixtures("listening")
async def test_a_channel_is_followed_to_its_new_id_with_what_waits(office: Office) -> None:
    room = office.place("risk-leads")
    thread = SlackThread(team=TEAM, channel=room.channel, thread="1.5")
    mine, deep = await office.subscribe("tomas", room), await office.subscribe("amara", thread)
    await office.append(room, "e1", "e2")
    await office.append(thread, "e3")
    office.sandbox.workspace.renumber(channel(office, "risk-leads"), office.user("priya"))
    there = office.place("risk-leads")
    assert there != room
    to_room, to_thread = destination_id(there), destination_id(replace(thread, channel=there.channel))

    async def has_moved() -> bool:
        held = [await office.means.halts.held(place) for place in (to_room, to_thread)]
        return [one.deliveries for one in held] == [2, 1]

    await eventually(has_moved)
    assert await office.sendable() == [to_room, to_thread]
    assert await office.now(mine) == replace(mine, destination=there)
    assert await office.now(deep) == replace(deep, destination=replace(thread, channel=there.channel))
    changes = await office.means.audit.newest(TEAM, limit=9)
    assert {(change.act, change.subject, change.actor.via) for change in changes} == {
        ("move", mine.id, "tidings"),
        ("move", deep.id, "tidings"),
    }
    await office.look()
    assert office.all_told() == []


async def test_where_the_new_id_has_an_equal_subscription_one_remains(office: Office) -> None:
    room, there = office.place("risk-leads"), office.place("general")
    mine = await office.subscribe("tomas", room)
    equal = replace(mine, id=SubscriptionId("999999"), destination=there, owner=office.user("amara"))
    await office.means.subscriptions.save(equal)
    await office.keeper.hear(TEAM, room.channel, Happening.RENUMBERED, to=there.channel)
    assert await office.now(mine) is None
    assert await office.now(equal) == equal


async def test_what_is_paused_follows_paused(office: Office) -> None:
    room, there = office.place("risk-leads"), office.place("general")
    await office.subscribe("tomas", room)
    await office.append(room, "e1")
    await office.keeper.hear(TEAM, room.channel, Happening.SHARED)
    await office.keeper.hear(TEAM, room.channel, Happening.RENUMBERED, to=there.channel)
    assert await office.sendable() == []
    assert (await office.means.halts.held(destination_id(there))).deliveries == 1


async def test_what_a_worker_holds_follows_when_it_is_given_back(office: Office) -> None:
    room, there = office.place("risk-leads"), office.place("general")
    await office.subscribe("tomas", room)
    await office.append(room, "e1")
    [leased] = (await office.outbox.lease("worker", lanes=1, kinds=("slack",))).lanes
    await office.keeper.hear(TEAM, room.channel, Happening.RENUMBERED, to=there.channel)
    steps: dict[Any, Any] = {delivery.id: None for delivery, _ in leased.deliveries}
    await office.outbox.settle(leased, steps, due=0)
    await office.look()
    assert await office.sendable() == [destination_id(there)]


@pytest.mark.usefixtures("listening")
async def test_a_channel_that_nobody_subscribed_is_nobodys_business(office: Office) -> None:
    await office.subscribe("tomas", office.place("general"))
    lose(office, "risk-leads", Orphanhood.ARCHIVED)
    lose(office, "general", Orphanhood.ARCHIVED)
    await paused(office, destination_id(office.place("general")))
    assert set(await office.means.lanes.paused()) == {destination_id(office.place("general"))}


async def test_who_paused_a_subscription_finds_it_paused_when_the_channel_is_its_own_again(office: Office) -> None:
    hold = Hold(kind=Holding.PAUSED, at=1, by=office.user("tomas"))
    mine = await office.subscribe("tomas", office.place("general"), hold=hold)
    for happening in (Happening.SHARED, Happening.UNSHARED):
        await office.keeper.hear(TEAM, office.place("general").channel, happening)
    assert await office.now(mine) == mine


def context(**more: Any) -> AsyncBoltContext:
    installed = AuthorizeResult(enterprise_id=None, team_id=TEAM, bot_user_id="U0BOT")
    return AsyncBoltContext({"authorize_result": installed, **more})


def a_desk(keeper: OrphanKeeper | None) -> Desk:
    nothing: Any = None
    return Desk(actions=nothing, errands=nothing, inbox=nothing, web=nothing, orphans=keeper)


async def test_what_cannot_be_written_down_is_not_acknowledged_so_that_slack_says_it_again(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    await office.subscribe("tomas", office.place("general"))
    event = {"type": "channel_archive", "channel": office.place("general").channel}

    async def away(*_: Any, **__: Any) -> bool:
        raise UnavailableError("Redis is away")

    with monkeypatch.context() as broken:
        broken.setattr(office.means.halts, "halt", away)
        assert not await heard(a_desk(office.keeper), event, context(), Happening.ARCHIVED)
    assert await heard(a_desk(office.keeper), event, context(), Happening.ARCHIVED)
    assert destination_id(office.place("general")) in await office.means.lanes.paused()


async def test_unshared_with_one_of_several_organisations_is_still_shared(office: Office) -> None:
    room = office.place("general")
    await office.subscribe("tomas", room)
    await office.keeper.hear(TEAM, room.channel, Happening.SHARED)
    event = {"type": "channel_unshared", "channel": room.channel, "is_ext_shared": True}
    assert await heard(a_desk(office.keeper), event, context(), Happening.UNSHARED)
    assert destination_id(room) in await office.means.lanes.paused()


@pytest.mark.parametrize("event", [{}, {"channel": {}}, {"channel": ""}])
async def test_what_names_no_channel_is_let_pass(office: Office, event: dict[str, Any]) -> None:
    assert await heard(a_desk(office.keeper), event, context(), Happening.ARCHIVED)
    assert await heard(a_desk(None), {"channel": "C1"}, context(), Happening.ARCHIVED)


async def test_what_cannot_be_read_of_what_was_told_is_left_out(office: Office, redis: Redis, keys: Keys) -> None:
    await redis.hset(keys.orphans, "slack/T1/C1", "nonsense")
    assert await office.means.told.all() == {}


async def test_what_heals_one_loss_heals_no_other(office: Office) -> None:
    room = office.place("general")
    await office.subscribe("tomas", room)
    await office.keeper.hear(TEAM, room.channel, Happening.ARCHIVED)
    await office.keeper.hear(TEAM, room.channel, Happening.JOINED)
    assert destination_id(room) in await office.means.lanes.paused()
    await office.keeper.hear(TEAM, room.channel, Happening.UNARCHIVED)
    assert destination_id(room) not in await office.means.lanes.paused()


async def test_whose_owner_left_stays_an_orphan_when_the_channel_is_its_own_again(office: Office) -> None:
    hold = Hold(kind=Holding.ORPHANED, at=1, why="its owner has left")
    mine = await office.subscribe("tomas", office.place("general"), hold=hold)
    for happening in (Happening.SHARED, Happening.UNSHARED):
        await office.keeper.hear(TEAM, office.place("general").channel, happening)
    assert await office.now(mine) == mine


async def test_a_channel_that_was_known_is_looked_at_anew_when_the_bot_is_back(office: Office) -> None:
    room, workspace = office.place("general"), office.sandbox.workspace
    await office.subscribe("tomas", room)
    assert await office.means.channels.find(TEAM, room.channel)
    workspace.channel(room.channel).is_ext_shared = True
    await office.keeper.hear(TEAM, room.channel, Happening.JOINED)
    assert "another organisation" in (await office.means.lanes.paused())[destination_id(room)]
