from dataclasses import replace
from typing import Any

import pytest

from bot.core.errors import UnavailableError
from bot.outlets.slack_web import SlackWeb
from bot.ports.people import ChannelFacts, Channels, People
from bot.sandbox.server import Sandbox
from bot.slack.directory import KEEP_SECONDS, KEPT, Directory, Recent

TEAM = "T0SANDBOX"


@pytest.fixture
def clock() -> dict[str, float]:
    return {"now": 0.0}


@pytest.fixture
def directory(sandbox: Sandbox, web: SlackWeb, clock: dict[str, float]) -> Directory:
    async def token_of(team: str) -> str:
        assert team == TEAM
        return sandbox.bot_token

    return Directory(web, token_of, clock=lambda: clock["now"])


def calls(sandbox: Sandbox, method: str) -> int:
    methods: dict[str, Any] = sandbox.backend.stats.to_json()["methods"]
    count: int = methods.get(method, {}).get("calls", 0)
    return count


@pytest.mark.parametrize(
    ("name", "expected"), [("maya.lindqvist", True), ("priya.raman", True), ("tomas.okafor", False)]
)
async def test_admins_and_owners_are_told_from_others(
    directory: Directory,
    sandbox: Sandbox,
    name: str,
    expected: bool,  # noqa: FBT001 (a table's column)
) -> None:
    people: People = directory
    assert await people.is_admin(TEAM, sandbox.user_id(name)) is expected


async def test_who_slack_does_not_know_is_no_admin(directory: Directory) -> None:
    assert await directory.is_admin(TEAM, "U0NOBODY") is False


async def test_an_answer_about_a_person_is_kept_for_a_minute(
    directory: Directory, sandbox: Sandbox, clock: dict[str, float]
) -> None:
    maya = sandbox.user_id("maya.lindqvist")
    for _ in range(3):
        assert await directory.is_admin(TEAM, maya)
    assert calls(sandbox, "users.info") == 1
    sandbox.workspace.people[maya] = replace(sandbox.workspace.people[maya], is_admin=False)
    assert await directory.is_admin(TEAM, maya)
    clock["now"] = KEEP_SECONDS
    assert not await directory.is_admin(TEAM, maya)


async def test_what_slack_tells_about_channels(directory: Directory, sandbox: Sandbox) -> None:
    channels: Channels = directory
    general, random, leads = (sandbox.channel_id(name) for name in ("general", "random", "risk-leads"))
    facts = ChannelFacts(
        channel=general, name="general", is_member=True, is_private=False, is_archived=False, is_external=False
    )
    assert await channels.find(TEAM, general) == facts
    outside = await channels.find(TEAM, random)
    assert outside is not None
    assert not outside.is_member
    private = await channels.find(TEAM, leads)
    assert private is not None
    assert private.is_private
    assert await channels.find(TEAM, "C0NOWHERE") is None
    direct = sandbox.workspace.direct(sandbox.user_id("tomas.okafor"))
    assert await channels.find(TEAM, direct.id) is None


async def test_a_channel_we_are_in_is_kept_for_a_minute_unless_something_happens_to_it(
    directory: Directory, sandbox: Sandbox
) -> None:
    general = sandbox.channel_id("general")
    for _ in range(3):
        await directory.find(TEAM, general)
    assert calls(sandbox, "conversations.info") == 1
    directory.forget(TEAM, general)
    await directory.find(TEAM, general)
    assert calls(sandbox, "conversations.info") == 2


async def test_a_channel_we_are_not_in_is_asked_for_each_time_so_that_an_invitation_counts_at_once(
    directory: Directory, sandbox: Sandbox
) -> None:
    random = sandbox.channel_id("random")
    await directory.find(TEAM, random)
    assert await directory.join(TEAM, random) is True
    facts = await directory.find(TEAM, random)
    assert facts is not None
    assert facts.is_member


@pytest.mark.parametrize("error", ["missing_scope", "restricted_action", "is_archived"])
async def test_a_channel_that_may_not_be_joined_is_told(directory: Directory, sandbox: Sandbox, error: str) -> None:
    sandbox.fault("error", method="conversations.join", error=error)
    assert await directory.join(TEAM, sandbox.channel_id("random")) is False


@pytest.mark.parametrize("kind", ["drop", "html", "text", "ratelimited"])
async def test_a_slack_that_does_not_answer_properly_is_unavailable(
    directory: Directory, sandbox: Sandbox, kind: Any
) -> None:
    sandbox.fault(kind, times=None)
    with pytest.raises(UnavailableError, match=r"users\.info"):
        await directory.is_admin(TEAM, sandbox.user_id("maya.lindqvist"))
    with pytest.raises(UnavailableError, match=r"conversations\.info"):
        await directory.find(TEAM, sandbox.channel_id("general"))
    with pytest.raises(UnavailableError, match=r"conversations\.join"):
        await directory.join(TEAM, sandbox.channel_id("random"))


def test_the_oldest_answer_makes_room() -> None:
    recent: Recent[int, int] = Recent(lambda: 0.0)
    for number in range(KEPT + 1):
        recent.put(number, number)
    assert (recent.get(0), recent.get(1), recent.get(KEPT)) == (None, 1, KEPT)
