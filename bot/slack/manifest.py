"""The app's manifest, made of the table of commands: what Slack must know to let people and Tidings meet.

https://docs.slack.dev/reference/app-manifest
"""

from typing import Any

import yaml

from bot.render.modals import LESS, MORE, SUBSCRIBE
from bot.render.usage import COMMAND, DESCRIPTION, usage_hint

BASE_URL = "https://tidings.example.com"
"""Stands for the installation's public URL until someone fills in theirs."""

SCOPES = {
    "channels:history": "look whether a message arrived when Slack's answer was lost, in public channels",
    "channels:join": "enter a public channel that somebody subscribes",
    "channels:read": "tell whether a channel exists, is archived or shared, and that it was invited",
    "chat:write": "post results, and answer",
    "commands": "take the slash command",
    "files:write": "send a result that is too long for messages as a file; without it, it comes in many parts",
    "groups:history": "as channels:history, in private channels it was invited to",
    "groups:read": "as channels:read, for private channels it was invited to",
    "im:history": "as channels:history, in its direct messages",
    "im:write": "open a direct message, to look there",
    "usergroups:read": "tell who is in a user group that is subscribed, or that administers Tidings",
    "users:read": "tell who is an admin, a guest or gone, and a person's time zone",
    "users:read.email": "find who asked a model, where an event names them by their address",
}
"""The bot's scopes, each with what it is for."""

EVENTS = {
    "app_home_opened": "draw the Home tab",
    "app_uninstalled": "hold what waits when the app is removed",
    "channel_archive": "hold what an archived channel would get",
    "channel_deleted": "hold what a deleted channel would get",
    "channel_id_changed": "follow a channel to its new id",
    "channel_left": "hold what a channel would get that the bot was removed from",
    "channel_rename": "know that it is the same channel",
    "channel_shared": "let no result leave the organisation unasked",
    "channel_unarchive": "go on where a channel is back",
    "channel_unshared": "go on where a channel is the organisation's own again",
    "group_archive": "as channel_archive, for private channels",
    "group_deleted": "as channel_deleted, for private channels",
    "group_left": "as channel_left, for private channels",
    "group_rename": "as channel_rename, for private channels",
    "group_unarchive": "as channel_unarchive, for private channels",
    "member_joined_channel": "greet who invites the bot, and go on where it was removed",
    "member_left_channel": "as channel_left",
    "subteam_members_changed": "write to those who are in a user group now",
    "subteam_updated": "as subteam_members_changed, and hear that a user group is gone",
    "tokens_revoked": "hold what waits when the token is taken away",
}
"""The events subscribed to, each with what it is for."""
ORG_EVENTS = {
    "team_access_granted": "act in a workspace that an organisation added",
    "team_access_revoked": "hold what waits for a workspace that it took away",
}
"""Those of an app that whole organisations may install."""

SHORTCUTS = (
    {
        "name": "Subscribe",
        "type": "global",
        "callback_id": SUBSCRIBE,
        "description": "Be told when an AI inference is done",
    },
    {
        "name": "More like this",
        "type": "message",
        "callback_id": MORE,
        "description": "Subscribe to results like this one",
    },
    {
        "name": "Less like this",
        "type": "message",
        "callback_id": LESS,
        "description": "No longer get results like this one",
    },
)
"""What stands in the lightning menu, and in the menu of each message."""

_HEAD = """\
# The app's manifest. Slack: api.slack.com/apps > Create New App > From a manifest.
# Generated from bot/slack/manifest.py by `tidings docs`.
"""


def manifest(*, socket_mode: bool, base_url: str = BASE_URL, many: bool = False) -> str:
    """The manifest as YAML with reasons. With Socket Mode it has no URLs, and `base_url` does not matter.

    With `many`, any number of workspaces and organisations may install the app, over `base_url` even with Socket Mode,
    and their tokens rotate: Slack never lets an app turn that off again.
    """
    document = _document(socket_mode=socket_mode, base=base_url.rstrip("/"), many=many)
    text = yaml.safe_dump(document, sort_keys=False, allow_unicode=True, width=120)
    where = "for Socket Mode" if socket_mode else f"for HTTP; put your own URL in place of {BASE_URL}"
    return f"{_HEAD}# This one is {where}.\n{_with_reasons(text)}"


def _document(*, socket_mode: bool, base: str, many: bool) -> dict[str, Any]:
    url = f"{base}/slack/events"

    def at(**rest: Any) -> dict[str, Any]:
        return rest if socket_mode else {"request_url": url, **rest}

    command: dict[str, Any] = {
        "command": COMMAND,
        "description": DESCRIPTION,
        "usage_hint": usage_hint(),
        "should_escape": True,
    }
    return {
        "_metadata": {"major_version": 2, "minor_version": 1},
        "display_information": {
            "name": "Tidings",
            "description": DESCRIPTION,
            "background_color": "#1f3a5f",
        },
        "features": {
            "app_home": {
                "home_tab_enabled": True,
                "messages_tab_enabled": True,
                "messages_tab_read_only_enabled": True,
            },
            "bot_user": {"display_name": "Tidings", "always_online": True},
            "shortcuts": [dict(shortcut) for shortcut in SHORTCUTS],
            "slash_commands": [command if socket_mode else {**command, "url": url}],
        },
        "oauth_config": {
            **({"redirect_urls": [f"{base}/slack/oauth_redirect"]} if many else {}),
            "scopes": {"bot": list(SCOPES)},
        },
        "settings": {
            "event_subscriptions": at(bot_events=[*EVENTS, *(ORG_EVENTS if many else ())]),
            "interactivity": at(is_enabled=True, **({} if socket_mode else {"message_menu_options_url": url})),
            "org_deploy_enabled": many,
            "socket_mode_enabled": socket_mode,
            "token_rotation_enabled": many,
        },
    }


def _with_reasons(text: str) -> str:
    """Write each scope's and event's reason behind it; YAML's own writer has no comments."""
    reasons = {**SCOPES, **EVENTS, **ORG_EVENTS}
    lines = []
    for line in text.splitlines():
        reason = reasons.get(line.strip().removeprefix("- "))
        lines.append(line if reason is None else f"{line}  # {reason}")
    return "\n".join(lines) + "\n"
