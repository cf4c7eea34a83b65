import asyncio
from typing import Any

import pytest

from bot.core.errors import UnavailableError
from bot.ports.people import ChannelFacts, Channels
from bot.sandbox.server import Sandbox
from bot.slack.directory.channels import KEEP_SECONDS, SlackChannels
from tests.edges.slack.directory.conftest import TEAM, Clock, calls


async def test_what_slack_tells_about_channels(channels: SlackChannels, sandbox: Sandbox) -> None:
    port: Channels = channels
    general, random, leads = (sandbox.channel_id(name) for name in ("general", "random", "risk-leads"))
    facts = ChannelFacts(
        channel=general, name="general", is_member=True, is_private=False, is_archived=False, is_external=False
    )
    assert await port.find(TEAM, general) == facts
    outside = await port.find(TEAM, random)
    assert outside is not None
    assert not outside.is_member
    private = await port.find(TEAM, leads)
    assert private is not None
    assert private.is_private
    assert await port.find(TEAM, "C0NOWHERE") is None
    direct = sandbox.workspace.direct(sandbox.user_id("tomas.okafor"))
    assert await port.find(TEAM, direct.id) is None


async def test_a_channel_we_are_in_is_kept_for_a_minute_unless_something_happens_to_it(
    channels: SlackChannels, sandbox: Sandbox, clock: Clock
) -> None:
    general = sandbox.channel_id("general")
    for _ in range(3):
        await channels.find(TEAM, general)
    assert calls(sandbox, "conversations.info") == 1
    channels.forget(TEAM, general)
    await channels.find(TEAM, general)
    assert calls(sandbox, "conversations.info") == 2
    clock.now += KEEP_SECONDS
    await channels.find(TEAM, general)
    assert calls(sandbox, "conversations.info") == 3


async def test_a_channel_we_are_not_in_is_asked_for_each_time_so_that_an_invitation_counts_at_once(
    channels: SlackChannels, sandbox: Sandbox
) -> None:
    random = sandbox.channel_id("random")
    await channels.find(TEAM, random)
    assert await channels.join(TEAM, random) is True
    facts = await channels.find(TEAM, random)
    assert facts is not None
    assert facts.is_member


@pytest.mark.parametrize("error", ["missing_scope", "restricted_action", "is_archived"])
async def test_a_channel_that_may_not_be_joined_is_told(channels: SlackChannels, sandbox: Sandbox, error: str) -> None:
    sandbox.fault("error", method="conversations.join", error=error)
    assert await channels.join(TEAM, sandbox.channel_id("random")) is False


@pytest.mark.parametrize("room", ["risk-leads", "fraud-alerts"])
async def test_who_is_in_a_channel_is_asked_from_the_persons_side(
    channels: SlackChannels, sandbox: Sandbox, room: str
) -> None:
    channel = sandbox.channel_id(room)
    tomas, leo = sandbox.user_id("tomas.okafor"), sandbox.user_id("leo.castellanos")
    assert await channels.has(TEAM, channel, tomas)
    assert not await channels.has(TEAM, channel, leo)
    assert not await channels.has(TEAM, channel, "U0NOBODY")
    assert calls(sandbox, "conversations.members") == 0


async def test_one_call_answers_for_all_of_a_persons_private_channels(
    channels: SlackChannels, sandbox: Sandbox, clock: Clock
) -> None:
    tomas = sandbox.user_id("tomas.okafor")
    others = [sandbox.workspace.create(f"secret-{number}", tomas, is_private=True) for number in range(3)]
    for room in others:
        sandbox.workspace.join(room, sandbox.workspace.bot.id)
    found = await asyncio.gather(*[channels.has(TEAM, room.id, tomas) for room in others for _ in range(4)])
    assert found == [True] * 12
    assert calls(sandbox, "users.conversations") == 1
    assert calls(sandbox, "conversations.info") == 3
    sandbox.workspace.leave(others[0], tomas)
    clock.now += KEEP_SECONDS
    assert not await channels.has(TEAM, others[0].id, tomas)


async def test_who_is_in_a_channel_that_we_cannot_see_is_not_told(channels: SlackChannels, sandbox: Sandbox) -> None:
    tomas = sandbox.user_id("tomas.okafor")
    hidden = sandbox.workspace.create("hidden", tomas, is_private=True)
    assert not await channels.has(TEAM, hidden.id, tomas)


@pytest.mark.parametrize("kind", ["drop", "html", "text", "ratelimited"])
async def test_a_slack_that_does_not_answer_properly_is_unavailable(
    channels: SlackChannels, sandbox: Sandbox, kind: Any
) -> None:
    leads = sandbox.channel_id("risk-leads")
    await channels.find(TEAM, leads)
    sandbox.fault(kind, times=None)
    with pytest.raises(UnavailableError, match=r"conversations\.info"):
        await channels.find(TEAM, sandbox.channel_id("general"))
    with pytest.raises(UnavailableError, match=r"conversations\.join"):
        await channels.join(TEAM, sandbox.channel_id("random"))
    with pytest.raises(UnavailableError, match=r"users\.conversations"):
        await channels.has(TEAM, leads, sandbox.user_id("tomas.okafor"))
