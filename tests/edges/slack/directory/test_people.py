import asyncio
from dataclasses import replace
from typing import Any

import pytest

from bot.core.errors import UnavailableError
from bot.core.permission import Rank
from bot.ports.people import GroupFacts, People, PersonFacts
from bot.sandbox.people import Person
from bot.sandbox.server import Sandbox
from bot.slack.directory import lookup as reading
from bot.slack.directory.groups import FRESH_SECONDS, SlackGroups
from bot.slack.directory.lookup import Lookup
from bot.slack.directory.people import ADMINS_SECONDS, KEEP_SECONDS, SlackPeople, rank_of
from tests.edges.slack.directory.conftest import TEAM, Clock, MakePeople, calls, group_id

RANKS = [
    ({}, Rank.MEMBER),
    ({"is_admin": True}, Rank.ADMIN),
    ({"is_owner": True}, Rank.ADMIN),
    ({"is_primary_owner": True}, Rank.ADMIN),
    ({"enterprise_user": {"is_admin": True, "teams": ["T1"]}}, Rank.ADMIN),
    ({"enterprise_user": {"is_owner": True, "teams": ["T1"]}}, Rank.ADMIN),
    ({"is_restricted": True}, Rank.GUEST),
    ({"is_ultra_restricted": True}, Rank.GUEST),
    ({"team_id": "T2"}, Rank.STRANGER),
    ({"team_id": "T2", "is_admin": True}, Rank.STRANGER),
    ({"is_stranger": True}, Rank.STRANGER),
    ({"team_id": "E1", "enterprise_user": {"teams": ["T2", "T1"]}}, Rank.MEMBER),
    ({"team_id": "T2", "enterprise_user": {"teams": ["T2"]}}, Rank.STRANGER),
    ({"deleted": True, "is_admin": True}, Rank.GONE),
    ({"is_bot": True}, Rank.GONE),
    ({"id": "USLACKBOT"}, Rank.GONE),
]


@pytest.mark.parametrize(("flags", "rank"), RANKS)
def test_a_rank_is_read_from_the_user_objects_flags(flags: dict[str, Any], rank: Rank) -> None:
    assert rank_of("T1", {"id": "U1", "team_id": "T1", **flags}) is rank


async def test_what_slack_tells_about_a_person(directory: SlackPeople, sandbox: Sandbox) -> None:
    port: People = directory
    maya = sandbox.user_id("maya.lindqvist")
    assert await port.person(TEAM, maya) == PersonFacts(
        user=maya, rank=Rank.ADMIN, name="maya.lindqvist", zone="Europe/Berlin", email="maya.lindqvist@example.com"
    )
    assert await port.person(TEAM, "U0NOBODY") is None
    bot = await port.person(TEAM, sandbox.workspace.bot.id)
    assert bot is not None
    assert bot.rank is Rank.GONE


async def test_somebody_met_in_a_shared_channel_is_a_stranger(directory: SlackPeople, sandbox: Sandbox) -> None:
    zoe = Person(id="U0PARTNER", name="zoe", real_name="Zoe", team_id="T0PARTNER", is_stranger=True)
    sandbox.workspace.people[zoe.id] = zoe
    found = await directory.person(TEAM, zoe.id)
    assert found is not None
    assert found.rank is Rank.STRANGER


async def test_a_person_is_remembered_for_five_minutes_unless_slack_is_to_be_asked_now(
    directory: SlackPeople, sandbox: Sandbox, clock: Clock
) -> None:
    maya = sandbox.user_id("maya.lindqvist")

    async def rank(*, fresh: bool = False) -> Rank | None:
        found = await directory.person(TEAM, maya, fresh=fresh)
        return None if found is None else found.rank

    for _ in range(3):
        assert await rank() is Rank.ADMIN
    assert calls(sandbox, "users.info") == 1
    sandbox.workspace.people[maya] = replace(sandbox.workspace.people[maya], is_admin=False)
    clock.now += KEEP_SECONDS - 1
    assert await rank() is Rank.ADMIN
    assert await rank(fresh=True) is Rank.MEMBER
    assert await rank() is Rank.MEMBER, "the fresh answer is remembered, too"
    sandbox.deactivate(maya)
    clock.now += KEEP_SECONDS
    assert await rank() is Rank.GONE


async def test_many_who_ask_at_once_are_one_call(directory: SlackPeople, sandbox: Sandbox) -> None:
    maya = sandbox.user_id("maya.lindqvist")
    found = await asyncio.gather(*[directory.person(TEAM, maya) for _ in range(50)])
    assert {one and one.rank for one in found} == {Rank.ADMIN}
    assert calls(sandbox, "users.info") == 1


async def test_whom_the_settings_name_is_an_admin_too(make_people: MakePeople, sandbox: Sandbox) -> None:
    tomas, amara, hiro, leo = (
        sandbox.user_id(name) for name in ("tomas.okafor", "amara.nwosu", "hiro.tanabe", "leo.castellanos")
    )
    people = make_people(hiro, leo, group_id(sandbox, "risk-oncall"))
    ranks = {user: await people.person(TEAM, user) for user in (tomas, amara, hiro, leo)}
    assert {found and found.rank for found in ranks.values()} == {Rank.ADMIN}
    assert calls(sandbox, "usergroups.users.list") == 1
    maya = await people.person(TEAM, sandbox.user_id("maya.lindqvist"))
    assert maya is not None
    assert maya.rank is Rank.ADMIN
    ines = await people.person(TEAM, sandbox.user_id("ines.duarte"))
    assert ines is not None
    assert ines.rank is Rank.MEMBER
    assert await people.admins(TEAM) == tuple(sorted((tomas, amara, hiro, leo)))
    assert calls(sandbox, "users.list") == 0


async def test_nobody_of_another_organisation_is_an_admin_by_the_settings(
    make_people: MakePeople, sandbox: Sandbox
) -> None:
    zoe = Person(id="U0PARTNER", name="zoe", real_name="Zoe", team_id="T0PARTNER")
    sandbox.workspace.people[zoe.id] = zoe
    found = await make_people(zoe.id).person(TEAM, zoe.id)
    assert found is not None
    assert found.rank is Rank.STRANGER


async def test_who_left_the_admins_group_is_no_admin_where_slack_is_asked_now(
    make_people: MakePeople, sandbox: Sandbox, clock: Clock
) -> None:
    group, tomas = group_id(sandbox, "risk-oncall"), sandbox.user_id("tomas.okafor")
    people = make_people(group)
    assert (found := await people.person(TEAM, tomas))
    assert found.rank is Rank.ADMIN
    sandbox.workspace.usergroups[group] = replace(sandbox.workspace.usergroups[group], members=())
    clock.now += FRESH_SECONDS
    assert (found := await people.person(TEAM, tomas))
    assert found.rank is Rank.ADMIN
    assert (found := await people.person(TEAM, tomas, fresh=True))
    assert found.rank is Rank.MEMBER


async def test_without_a_setting_the_workspaces_admins_are_found_once_page_by_page(
    directory: SlackPeople, sandbox: Sandbox, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "PAGE", 4)
    expected = tuple(sorted(sandbox.user_id(name) for name in ("maya.lindqvist", "priya.raman")))
    assert await asyncio.gather(*[directory.admins(TEAM) for _ in range(5)]) == [expected] * 5
    assert calls(sandbox, "users.list") == 3
    clock.now += ADMINS_SECONDS - 1
    assert await directory.admins(TEAM) == expected
    assert calls(sandbox, "users.list") == 3


async def test_a_list_without_an_end_is_cut_off(
    directory: SlackPeople, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "PAGE", 1)
    monkeypatch.setattr(reading, "MOST_PAGES", 2)
    assert await directory.admins(TEAM) == (sandbox.user_id("maya.lindqvist"),)


async def test_a_person_is_found_by_their_address(directory: SlackPeople, sandbox: Sandbox) -> None:
    tomas = sandbox.user_id("tomas.okafor")
    for written in ("tomas.okafor@example.com", " Tomas.Okafor@Example.com"):
        assert await directory.by_email(TEAM, written) == tomas
    for _ in range(2):
        assert await directory.by_email(TEAM, "nobody@example.com") is None
    assert calls(sandbox, "users.lookupByEmail") == 2


async def test_without_the_scope_nobody_is_found_by_their_address(directory: SlackPeople, sandbox: Sandbox) -> None:
    sandbox.fault("error", method="users.lookupByEmail", error="missing_scope")
    assert await directory.by_email(TEAM, "tomas.okafor@example.com") is None


async def test_what_slack_tells_about_a_group(directory: SlackPeople, sandbox: Sandbox, clock: Clock) -> None:
    group = group_id(sandbox, "ml-oncall")
    members = tuple(sandbox.user_id(name) for name in ("hiro.tanabe", "jonas.weber"))
    facts = GroupFacts(group=group, handle="ml-oncall", members=members)
    for _ in range(3):
        assert await directory.group(TEAM, group) == facts
    assert (calls(sandbox, "usergroups.list"), calls(sandbox, "usergroups.users.list")) == (1, 1)
    sandbox.workspace.usergroups[group] = replace(sandbox.workspace.usergroups[group], members=members[:1])
    clock.now += FRESH_SECONDS
    assert await directory.group(TEAM, group) == facts
    assert await directory.group(TEAM, group, fresh=True) == replace(facts, members=members[:1])
    sandbox.workspace.usergroups[group] = replace(sandbox.workspace.usergroups[group], disabled=True)
    clock.now += FRESH_SECONDS
    assert await directory.group(TEAM, group, fresh=True) is None


async def test_a_group_made_just_now_is_found(directory: SlackPeople, sandbox: Sandbox, clock: Clock) -> None:
    assert await directory.group(TEAM, "S0NEW") is None
    old = sandbox.workspace.usergroups[group_id(sandbox, "ml-oncall")]
    sandbox.workspace.usergroups["S0NEW"] = replace(old, id="S0NEW", handle="new")
    assert await directory.group(TEAM, "S0NEW") is None, "a typing error asked again and again is not a burst of calls"
    clock.now += FRESH_SECONDS
    assert await directory.group(TEAM, "S0NEW") == GroupFacts(group="S0NEW", handle="new", members=old.members)


@pytest.mark.parametrize("error", ["plan_upgrade_required", "missing_scope"])
@pytest.mark.parametrize("method", ["usergroups.list", "usergroups.users.list"])
async def test_a_workspace_without_groups_for_us_has_none(
    directory: SlackPeople, sandbox: Sandbox, error: str, method: str
) -> None:
    sandbox.fault("error", method=method, error=error, times=None)
    assert await directory.group(TEAM, group_id(sandbox, "ml-oncall")) is None


async def test_a_group_that_goes_while_it_is_asked_for_is_none(lookup: Lookup, clock: Clock) -> None:
    assert await SlackGroups(lookup, clock=clock).members(TEAM, "S0GONE") is None


@pytest.mark.parametrize("kind", ["drop", "html", "text", "ratelimited"])
async def test_a_slack_that_does_not_answer_properly_is_unavailable(
    directory: SlackPeople, sandbox: Sandbox, lookup: Lookup, clock: Clock, kind: Any
) -> None:
    sandbox.fault(kind, times=None)
    maya, group = sandbox.user_id("maya.lindqvist"), group_id(sandbox, "ml-oncall")
    with pytest.raises(UnavailableError, match=r"users\.info"):
        await directory.person(TEAM, maya)
    with pytest.raises(UnavailableError, match=r"users\.lookupByEmail"):
        await directory.by_email(TEAM, "maya.lindqvist@example.com")
    with pytest.raises(UnavailableError, match=r"users\.list"):
        await directory.admins(TEAM)
    with pytest.raises(UnavailableError, match=r"usergroups\.list"):
        await directory.group(TEAM, group)
    with pytest.raises(UnavailableError, match=r"usergroups\.users\.list"):
        await SlackGroups(lookup, clock=clock).members(TEAM, group)
    sandbox.backend.faults.clear()
    assert await directory.person(TEAM, maya), "a failure is not remembered"
