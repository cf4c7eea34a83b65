"""The periodic look: what is paused, whatever paused it; owners who left; user groups; one process at a time."""

import asyncio
from dataclasses import replace
from typing import Any

import pytest
from redis.asyncio import Redis
from structlog.testing import capture_logs

from bot.core.delivery import Scope
from bot.core.destination import DestinationId, SlackGroup, SlackPerson, Webhook, destination_id
from bot.core.notices import Orphaned, Orphanhood, Recovered
from bot.core.orphans import Happening, is_orphan
from bot.core.subscription import Hold, Holding, Subscription
from bot.slack.orphans.groups import EVERY
from bot.slack.orphans.keeper import OrphanKeeper
from bot.slack.orphans.owners import AT_A_LOOK, DAY
from bot.stores.keys import Keys
from bot.stores.orphans import TURN_SECONDS, RedisOrphans
from tests.edges.slack.directory.conftest import calls, group_id
from tests.edges.slack.orphans.conftest import TEAM, Office, eventually

HOOK = Webhook(team=TEAM, url="https://hooks.example.com/a")


async def held(office: Office, one: Subscription) -> Hold | None:
    found = await office.now(one)
    assert found is not None
    return found.hold


@pytest.mark.parametrize(
    ("reason", "what"),
    [
        ("Slack: is_archived; choose another destination", Orphanhood.ARCHIVED),
        ("Slack: not_in_channel", Orphanhood.REMOVED),
        ("Slack: restricted_action", Orphanhood.UNREACHABLE),
    ],
)
async def test_what_slack_refused_is_told_once_to_owners_and_admins(
    office: Office, reason: str, what: Orphanhood
) -> None:
    room = office.place("general")
    mine = await office.subscribe("tomas", room)
    await office.append(room, "e1")
    await office.refuse(reason)
    for _ in range(3):
        await office.look()
    expected = Orphaned(place=destination_id(room), what=what, why=reason, subscriptions=(mine,), held_until=None)
    told = [(users, replace(card, held_until=None, waiting=0)) for users, card in office.cards()]
    assert told == [(office.admins, expected), ((office.user("tomas"),), expected)]


async def test_an_endpoint_that_is_gone_is_told_too(office: Office) -> None:
    mine = await office.subscribe("tomas", HOOK)
    await office.append(HOOK, "e1")
    await office.refuse("HTTP 410")
    await office.look()
    assert {(users, card.what, card.subscriptions) for users, card in office.cards()} == {
        (office.admins, Orphanhood.UNREACHABLE, (mine,)),
        ((office.user("tomas"),), Orphanhood.UNREACHABLE, (mine,)),
    }


async def test_a_revoked_token_is_told_to_admins_with_all_that_it_stops(office: Office) -> None:
    room = office.place("general")
    mine = await office.subscribe("tomas", room)
    await office.subscribe("tomas", HOOK)
    await office.append(room, "e1")
    await office.append(office.place("ml-platform"), "e2")
    await office.refuse("Slack: token_revoked", scope=Scope.INSTALLATION)
    await office.look()
    [(users, card)] = office.cards()
    assert (users, card.what, card.place) == (office.admins, Orphanhood.INSTALLATION, f"slack/{TEAM}")
    assert (card.subscriptions, card.waiting) == ((mine,), 2)


async def test_where_slack_tells_no_admins_any_more_a_revoked_token_is_logged_and_noted(office: Office) -> None:
    await office.subscribe("tomas", office.place("general"))
    await office.append(office.place("general"), "e1")
    await office.refuse("Slack: token_revoked", scope=Scope.INSTALLATION)
    office.sandbox.fault("error", error="token_revoked", times=None)
    with capture_logs() as logs:
        await office.look()
        await office.look()
    assert [entry["event"] for entry in logs if entry["event"] in {"nobody_can_be_told", "orphaned"}] == [
        "nobody_can_be_told",
        "orphaned",
    ]


async def test_while_slack_is_away_nothing_is_noted_as_told(office: Office) -> None:
    room = office.place("general")
    await office.subscribe("tomas", room)
    await office.append(room, "e1")
    await office.refuse("Slack: is_archived")
    fault = office.sandbox.fault("drop", method="users.list", times=None)
    await office.look()
    assert office.all_told() == []
    fault.times = 0
    await office.look()
    assert len(office.cards()) == 2


async def test_a_place_that_cannot_be_told_of_holds_up_no_other(office: Office) -> None:
    await office.subscribe("tomas", office.place("general"))
    await office.means.halts.halt(destination_id(office.place("general")), "the channel was archived")
    office.sandbox.fault("drop", method="users.list", times=None)
    group = SlackGroup(team=TEAM, group=group_id(office.sandbox, "risk-oncall"))
    one = await office.subscribe("maya", group)
    await office.look()
    found = await office.now(one)
    assert found is not None
    assert len(found.members) == 2


async def test_what_somebody_resumed_is_told_to_those_who_were_told(office: Office) -> None:
    room = office.place("general")
    mine = await office.subscribe("tomas", room)
    await office.append(room, "e1")
    await office.refuse("Slack: restricted_action")
    await office.look()
    await office.means.lanes.resume(destination_id(room))
    for _ in range(2):
        await office.look()
    expected = Recovered(place=destination_id(room), subscriptions=(mine.id,))
    assert office.recovered() == [((*office.admins, office.user("tomas")), expected)]


async def test_a_place_that_is_refused_again_after_a_decision_is_told_again(office: Office) -> None:
    room = office.place("general")
    await office.subscribe("tomas", room)
    for _ in range(2):
        await office.append(room, f"e{office.offset}")
        await office.refuse("Slack: restricted_action")
        await office.look()
        assert await office.keeper.was_told(destination_id(room)) is Orphanhood.UNREACHABLE
        await office.means.lanes.resume(destination_id(room))
        await office.keeper.decided(destination_id(room))
        assert await office.keeper.was_told(destination_id(room)) is None
    assert (len(office.cards()), office.recovered()) == (4, [])


async def test_a_place_that_nothing_leads_to_is_forgotten(office: Office) -> None:
    room, other = office.place("general"), office.place("random")
    mine = await office.subscribe("tomas", room)
    for place in (room, other):
        await office.means.halts.halt(destination_id(place), "the channel was archived")
    await office.look()
    assert set(await office.means.lanes.paused()) == {destination_id(room)}
    await office.means.subscriptions.remove(mine.id)
    await office.look()
    assert await office.means.lanes.paused() == {}
    await office.look()
    assert office.recovered() == []


async def test_what_waits_for_a_place_that_nothing_leads_to_is_told_to_admins(office: Office) -> None:
    room = office.place("general")
    await office.append(room, "e1")
    await office.refuse("Slack: is_archived")
    await office.look()
    [(users, card)] = office.cards()
    assert (users, card.subscriptions, card.waiting) == (office.admins, (), 1)


# -- owners ----------------------------------------------------------------------------------------


async def test_what_an_owner_who_left_leaves_behind_rests_and_admins_get_one_card(office: Office) -> None:
    room, tomas = office.place("general"), office.user("tomas")
    to_room, to_hook = await office.subscribe("tomas", room), await office.subscribe("tomas", HOOK)
    members = (office.user("maya"), tomas)
    group = SlackGroup(team=TEAM, group=group_id(office.sandbox, "ml-oncall"))
    to_group = await office.subscribe("tomas", group, members=members)
    to_self = await office.subscribe("tomas", SlackPerson(team=TEAM, user=tomas))
    muted = await office.subscribe("tomas", office.place("random"), hold=Hold(kind=Holding.MUTED, at=1, by=tomas))
    others = await office.subscribe("amara", room)
    await office.look()
    assert office.all_told() == []
    office.sandbox.deactivate(tomas)
    office.clock.ahead += DAY
    for _ in range(3):
        await office.look()
    [(users, card)] = office.cards()
    assert users == office.admins
    assert (card.what, card.place) == (Orphanhood.OWNER_GONE, f"slack/{TEAM}/@{tomas}")
    assert {one.id for one in card.subscriptions} == {to_room.id, to_hook.id, to_group.id, muted.id}
    resting = {one.id for one in (to_room, to_hook, to_group, to_self, muted, others) if await is_resting(office, one)}
    assert resting == {to_room.id, to_hook.id, to_group.id}
    changes = await office.means.audit.newest(TEAM, limit=9)
    assert [change.act for change in changes] == ["orphan"] * 3


async def is_resting(office: Office, one: Subscription) -> bool:
    found = await office.now(one)
    return found is not None and is_orphan(found)


async def test_what_was_resumed_after_its_owner_left_goes_on(office: Office) -> None:
    mine = await office.subscribe("tomas", office.place("general"))
    office.sandbox.deactivate(office.user("tomas"))
    await office.look()
    found = await office.now(mine)
    assert found is not None
    assert is_orphan(found)
    await office.means.subscriptions.save(replace(found, hold=None))
    office.clock.ahead += DAY
    await office.look()
    assert await held(office, mine) is None
    assert len(office.cards()) == 1


async def test_an_owner_who_is_back_has_theirs_back(office: Office) -> None:
    mine = await office.subscribe("tomas", office.place("general"))
    tomas = office.user("tomas")
    office.sandbox.deactivate(tomas)
    await office.look()
    people = office.sandbox.workspace.people
    people[tomas] = replace(people[tomas], deleted=False)
    office.clock.ahead += DAY
    await office.look()
    assert await held(office, mine) is None
    [(users, notice)] = office.recovered()
    assert (users, notice.subscriptions) == (office.admins, (mine.id,))


async def test_what_was_taken_over_is_no_orphan_any_more(office: Office) -> None:
    mine = await office.subscribe("tomas", office.place("general"))
    office.sandbox.deactivate(office.user("tomas"))
    await office.look()
    assert set(await office.means.told.all()) == {f"owner/{TEAM}/{office.user('tomas')}"}
    await office.means.subscriptions.save(replace(mine, owner=office.user("maya")))
    await office.look()
    assert await office.means.told.all() == {}
    assert office.recovered() == []


async def test_a_refused_direct_message_has_its_owner_looked_at_at_once(office: Office) -> None:
    tomas = office.user("tomas")
    me = SlackPerson(team=TEAM, user=tomas)
    await office.subscribe("tomas", me)
    await office.subscribe("tomas", office.place("general"))
    await office.look()
    office.sandbox.deactivate(tomas)
    await office.append(me, "e1")
    await office.refuse("Slack: user_disabled")
    office.clock.ahead += 400_000  # what Slack said of them is forgotten by now
    await office.look()
    [(users, card)] = office.cards()
    assert (users, card.what) == (office.admins, Orphanhood.OWNER_GONE)


async def test_owners_are_looked_at_a_few_at_a_time_about_once_a_day(office: Office) -> None:
    names = ("maya", "priya", "tomas", "amara", "hiro.tanabe", "jonas.weber", "ines.duarte")
    for name in names:
        await office.subscribe(name, office.place("general"))
    counts = []
    for _ in range(4):
        await office.look()
        counts.append(calls(office.sandbox, "users.info"))
    assert counts == [AT_A_LOOK, len(names), len(names), len(names)]
    office.clock.ahead += DAY - 60_000
    await office.look()
    assert calls(office.sandbox, "users.info") == len(names)
    office.clock.ahead += 120_000
    await office.look()
    assert calls(office.sandbox, "users.info") == len(names) + AT_A_LOOK


async def test_an_owner_who_is_nobody_in_slack_is_not_asked_for(office: Office) -> None:
    one = await office.subscribe("tomas", HOOK)
    await office.means.subscriptions.save(replace(one, owner="operator"))
    await office.look()
    assert calls(office.sandbox, "users.info") == 0


async def test_while_slack_does_not_tell_an_owner_is_taken_to_be_there(office: Office) -> None:
    mine = await office.subscribe("tomas", office.place("general"))
    office.sandbox.fault("drop", method="users.info", times=None)
    await office.look()
    assert await held(office, mine) is None


# -- groups ----------------------------------------------------------------------------------------


async def test_who_is_in_a_group_is_looked_up_again_and_again(office: Office) -> None:
    group = group_id(office.sandbox, "risk-oncall")
    one = await office.subscribe("maya", SlackGroup(team=TEAM, group=group))
    other = await office.subscribe("tomas", SlackGroup(team=TEAM, group=group))

    async def members(of: Subscription) -> tuple[str, ...]:
        found = await office.now(of)
        assert found is not None
        return found.members

    await office.look()
    tomas, amara, hiro = office.user("tomas"), office.user("amara"), office.user("hiro.tanabe")
    assert await members(one) == await members(other) == (tomas, amara)
    office.sandbox.workspace.regroup(group, (amara, hiro))
    await office.look()
    assert await members(one) == (tomas, amara), "not before its time"
    office.clock.ahead += EVERY
    await office.look()
    assert await members(one) == await members(other) == (amara, hiro)
    version = await office.means.subscriptions.version()
    office.clock.ahead += EVERY
    await office.look()
    assert await office.means.subscriptions.version() == version, "nothing is written where nothing changed"
    assert office.all_told() == []
    assert await office.means.audit.newest(TEAM, limit=9) == ()


async def test_a_group_that_is_gone_is_an_orphan_and_comes_back(office: Office) -> None:
    group = group_id(office.sandbox, "risk-oncall")
    place = SlackGroup(team=TEAM, group=group)
    one = await office.subscribe("tomas", place)
    await office.look()
    office.sandbox.workspace.disable(group)
    office.clock.ahead += EVERY
    for _ in range(2):
        await office.look()
        office.clock.ahead += EVERY
    assert [(users, card.what, card.place) for users, card in office.cards()] == [
        (office.admins, Orphanhood.DELETED, destination_id(place)),
        ((office.user("tomas"),), Orphanhood.DELETED, destination_id(place)),
    ]
    found = await office.now(one)
    assert found is not None
    assert is_orphan(found)
    assert len(found.members) == 2, "as of the last look"
    groups = office.sandbox.workspace.usergroups
    groups[group] = replace(groups[group], disabled=False)
    await office.look()
    assert await held(office, one) is None
    assert [notice.subscriptions for _, notice in office.recovered()] == [(one.id,)]


async def test_a_group_that_nobody_wants_any_more_is_forgotten(office: Office) -> None:
    group = group_id(office.sandbox, "risk-oncall")
    one = await office.subscribe("tomas", SlackGroup(team=TEAM, group=group))
    office.sandbox.workspace.disable(group)
    await office.look()
    assert len(await office.means.told.all()) == 1
    await office.means.subscriptions.remove(one.id)
    await office.look()
    assert await office.means.told.all() == {}


@pytest.mark.usefixtures("listening")
async def test_a_change_of_a_group_is_heard_at_once(office: Office) -> None:
    group = group_id(office.sandbox, "risk-oncall")
    one = await office.subscribe("maya", SlackGroup(team=TEAM, group=group))
    hiro = office.user("hiro.tanabe")
    office.sandbox.workspace.regroup(group, (hiro,))

    async def is_known() -> bool:
        found = await office.now(one)
        return found is not None and found.members == (hiro,)

    await eventually(is_known)
    await office.keeper.hear_of_group(TEAM, "S0OTHER")
    assert calls(office.sandbox, "usergroups.users.list") >= 1


async def test_while_slack_does_not_tell_a_group_stays_as_it_was(office: Office) -> None:
    group = group_id(office.sandbox, "risk-oncall")
    one = await office.subscribe("maya", SlackGroup(team=TEAM, group=group), members=("U1",))
    office.sandbox.fault("drop", method="usergroups.list", times=None)
    await office.look()
    assert await office.now(one) == one


# -- one process at a time -------------------------------------------------------------------------


async def test_one_process_looks_at_a_time_and_another_takes_over(office: Office, redis: Redis, keys: Keys) -> None:
    other = OrphanKeeper(replace(office.means, told=RedisOrphans(redis, keys)))
    assert await office.keeper.look()
    assert not await other.look()
    assert await office.keeper.look(), "who has the turn keeps it"
    assert 0 < await redis.ttl(keys.turn("orphans")) <= TURN_SECONDS
    await other._means.told.leave()
    assert not await other.look(), "what another has is not given away"
    await office.means.told.leave()
    assert await other.look()


async def test_two_that_look_at_once_tell_once(office: Office, redis: Redis, keys: Keys) -> None:
    room = office.place("general")
    await office.subscribe("tomas", room)
    await office.append(room, "e1")
    await office.refuse("Slack: is_archived")
    other = OrphanKeeper(replace(office.means, told=RedisOrphans(redis, keys)))
    await office.look()
    await redis.delete(keys.turn("orphans"))
    assert await other.look()
    assert len(office.cards()) == 2


async def test_two_that_see_it_untold_tell_once(
    office: Office, redis: Redis, keys: Keys, monkeypatch: pytest.MonkeyPatch
) -> None:
    await office.subscribe("tomas", office.place("general"))
    await office.append(office.place("general"), "e1")
    await office.refuse("Slack: is_archived")
    told = RedisOrphans(redis, keys)

    async def nothing() -> dict[str, Any]:
        return {}

    monkeypatch.setattr(told, "all", nothing)
    other = OrphanKeeper(replace(office.means, told=told))
    await office.look()
    await redis.delete(keys.turn("orphans"))
    assert await other.look()
    assert len(office.cards()) == 2


async def test_the_loop_outlives_what_goes_wrong(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    keeper = OrphanKeeper(office.means, look_seconds=0.01)
    troubles: list[Any] = [RuntimeError("unforeseen")]
    real, looked = keeper.look, asyncio.Event()

    async def look() -> bool:
        if troubles:
            raise troubles.pop()
        looked.set()
        return await real()

    monkeypatch.setattr(keeper, "look", look)
    with capture_logs() as logs:
        async with keeper.serving():
            await asyncio.wait_for(looked.wait(), 30)
    assert "orphan_look_failed" in [entry["event"] for entry in logs]
    assert await office.keeper.look(), "the turn was left"


async def test_what_is_heard_is_looked_at_at_once(office: Office) -> None:
    room = office.place("general")
    await office.subscribe("tomas", room)
    async with office.keeper.serving():
        await office.keeper.hear(TEAM, room.channel, Happening.ARCHIVED)

        async def is_told() -> bool:
            return bool(office.cards())

        await eventually(is_told)
    assert office.cards()[0][1].place == DestinationId(f"slack/{TEAM}/{room.channel}")
