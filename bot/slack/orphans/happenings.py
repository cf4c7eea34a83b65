"""What Slack says happened to channels and user groups, written down before it is acknowledged.

An event that can't be written down is not acknowledged: Slack sends it again, at once, after a minute and after five
(docs.slack.dev, Events API).
"""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final

import structlog
from slack_bolt.async_app import AsyncApp
from slack_bolt.context.ack.async_ack import AsyncAck
from slack_bolt.context.async_context import AsyncBoltContext

from bot.core.errors import UnavailableError
from bot.core.orphans import Happening
from bot.slack.desk import Desk

log = structlog.get_logger()

HAPPENINGS: Final = {
    "channel_archive": Happening.ARCHIVED,
    "channel_deleted": Happening.DELETED,
    "channel_id_changed": Happening.RENUMBERED,
    "channel_left": Happening.LEFT,
    "channel_rename": Happening.RENAMED,
    "channel_shared": Happening.SHARED,
    "channel_unarchive": Happening.UNARCHIVED,
    "channel_unshared": Happening.UNSHARED,
    "group_archive": Happening.ARCHIVED,
    "group_deleted": Happening.DELETED,
    "group_left": Happening.LEFT,
    "group_rename": Happening.RENAMED,
    "group_unarchive": Happening.UNARCHIVED,
}
"""Slack's event types that are about a channel as a whole."""
GROUPS: Final = ("subteam_members_changed", "subteam_updated")

Listener = Callable[[AsyncAck, dict[str, Any], AsyncBoltContext], Awaitable[None]]


def listen(bolt: AsyncApp, desk: Desk) -> None:
    """Hear what happens."""
    for event, happening in HAPPENINGS.items():
        bolt.event(event)(_of_channel(desk, happening))
    for event in GROUPS:
        bolt.event(event)(_of_group(desk))

    @bolt.event("member_left_channel")
    async def left(ack: AsyncAck, body: dict[str, Any], context: AsyncBoltContext) -> None:
        event = body["event"]
        if event.get("user") != context.bot_user_id or await heard(desk, event, context, Happening.LEFT):
            await ack()


async def heard(desk: Desk, event: Mapping[str, Any], context: AsyncBoltContext, happening: Happening) -> bool:
    """Write it down; False where that can't be done now."""
    channel = event.get("old_channel_id") or event.get("channel")
    if isinstance(channel, dict):
        channel = channel.get("id")
    team = _team(context)
    if desk.orphans is None or not channel or not team:
        return True
    # Shared with several organisations, and unshared with one of them.
    still = happening is Happening.UNSHARED and event.get("is_ext_shared") is True
    if still:
        return True
    try:
        await desk.orphans.hear(team, str(channel), happening, to=str(event.get("new_channel_id") or ""))
    except UnavailableError as error:
        log.warning("happening_put_off", happening=happening, channel=channel, reason=str(error))
        return False
    return True


def _of_channel(desk: Desk, happening: Happening) -> Listener:
    async def happened(ack: AsyncAck, body: dict[str, Any], context: AsyncBoltContext) -> None:
        if await heard(desk, body["event"], context, happening):
            await ack()

    return happened


def _of_group(desk: Desk) -> Listener:
    """Slack is asked who is in it now: events may overtake each other. The periodic look makes good what fails."""

    async def changed(ack: AsyncAck, body: dict[str, Any], context: AsyncBoltContext) -> None:
        event = body["event"]
        group = event.get("subteam_id") or (event.get("subteam") or {}).get("id")
        team = _team(context)
        if desk.orphans is not None and team and group:
            desk.errands.start("group", _visit(desk, team, str(group)))
        await ack()

    return changed


async def _visit(desk: Desk, team: str, group: str) -> None:
    try:
        if desk.orphans is not None:
            await desk.orphans.hear_of_group(team, group)
    except UnavailableError as error:
        log.warning("group_unknown", team=team, group=group, reason=str(error))


def _team(context: AsyncBoltContext) -> str | None:
    installed = context.authorize_result
    return None if installed is None else installed.team_id
