"""Changes of the workspace as the events that the app subscribed to.

Shapes: docs.slack.dev/reference/events.
"""

from collections.abc import Callable

from bot.sandbox.answers import Json
from bot.sandbox.changes import (
    Altered,
    Change,
    Deleted,
    Edited,
    HomePublished,
    ModalMoved,
    Moved,
    Posted,
    Reacted,
    Regrouped,
)
from bot.sandbox.channel import Channel
from bot.sandbox.delivery import Deliveries, Envelope
from bot.sandbox.manifest import SlackApp
from bot.sandbox.message import Message
from bot.sandbox.workspace import Workspace

_CHANNEL_TYPE = {"channel": "channel", "private": "group", "im": "im"}
_MESSAGE_EVENT = {"channel": "message.channels", "private": "message.groups", "im": "message.im"}

PARTNER = "T0PARTNER"
"""The workspace of another organisation, with which channels are shared."""


class Events:
    """Listens to the workspace and tells the app, where it may know and wants to."""

    def __init__(
        self, *, app: SlackApp, workspace: Workspace, deliveries: Deliveries, clock: Callable[[], float]
    ) -> None:
        self._app = app
        self._workspace = workspace
        self._deliveries = deliveries
        self._clock = clock

    def hear(self, change: Change) -> None:
        """Turn a change into events."""
        for subscription, event in _events(change, self._workspace):
            self.emit(subscription, event)

    def emit(self, subscription: str, event: Json) -> None:
        """Send an event if the app subscribed to it."""
        if not self._app.hears(subscription):
            return
        event = {**event, "event_ts": event.get("event_ts") or self._workspace.next_ts()}
        bot = self._workspace.bot.id
        authorization = {
            "enterprise_id": None,
            "team_id": self._workspace.team_id,
            "user_id": bot,
            "is_bot": True,
            "is_enterprise_install": False,
        }
        payload: Json = {
            "token": self._app.verification_token,
            "team_id": self._workspace.team_id,
            "api_app_id": self._app.id,
            "event": event,
            "type": "event_callback",
            "event_id": self._workspace.ids.make("Ev"),
            "event_time": int(self._clock()),
            "authorizations": [authorization],
            "is_ext_shared_channel": False,
            "event_context": f"4-{event['type']}",
        }
        self._deliveries.tell(Envelope(kind="events_api", payload=payload))

    def home_opened(self, user: str, tab: str, view: Json | None) -> None:
        """A person looked at the app: its Home or its messages."""
        direct = self._workspace.direct(user)
        event: Json = {"type": "app_home_opened", "user": user, "channel": direct.id, "tab": tab}
        if view is not None and tab == "home":
            event["view"] = view
        self.emit("app_home_opened", event)


def _events(change: Change, workspace: Workspace) -> list[tuple[str, Json]]:
    match change:
        case Posted(channel=channel, message=message):
            return _posted(channel, message, workspace)
        case Edited(channel=channel, message=message, content=True) if not message.audience:
            event = {"subtype": "message_changed", "message": message.to_slack(with_metadata=False)}
            return _about_message(channel, event, workspace)
        case Deleted(channel=channel, message=message) if not message.audience:
            event = {"subtype": "message_deleted", "deleted_ts": message.ts}
            return _about_message(channel, event, workspace)
        case Moved():
            return _moved(change, workspace)
        case Altered():
            return _altered(change, workspace)
        case Regrouped():
            return _regrouped(change, workspace)
        case Reacted(channel=channel, message=message, name=name, user=user):
            item = {"type": "message", "channel": channel.id, "ts": message.ts}
            event = {
                "type": "reaction_added",
                "user": user,
                "reaction": name,
                "item": item,
                "item_user": message.user,
            }
            return [("reaction_added", event)] if workspace.bot.id in channel.members else []
        case Edited() | Deleted() | ModalMoved() | HomePublished():
            return []


def _about_message(channel: Channel, event: Json, workspace: Workspace) -> list[tuple[str, Json]]:
    if workspace.bot.id not in channel.members:
        return []
    about: Json = {
        "type": "message",
        "channel": channel.id,
        "channel_type": _CHANNEL_TYPE[channel.kind],
        "hidden": True,
        "ts": workspace.next_ts(),
    }
    return [(_MESSAGE_EVENT[channel.kind], about | event)]


def _posted(channel: Channel, message: Message, workspace: Workspace) -> list[tuple[str, Json]]:
    bot = workspace.bot
    if message.audience is not None or bot.id not in channel.members:
        return []
    event = message.to_slack(with_metadata=False) | {
        "channel": channel.id,
        "team": workspace.team_id,
        "channel_type": _CHANNEL_TYPE[channel.kind],
        "event_ts": message.ts,
    }
    heard = [(_MESSAGE_EVENT[channel.kind], event)]
    if f"<@{bot.id}>" in message.content.text and channel.kind != "im" and message.user != bot.id:
        heard.append(("app_mention", event | {"type": "app_mention"}))
    return heard


def _moved(change: Moved, workspace: Workspace) -> list[tuple[str, Json]]:
    bot = workspace.bot.id
    name = "member_joined_channel" if change.joined else "member_left_channel"
    if bot not in change.channel.members and change.user != bot:
        return []
    event: Json = {
        "type": name,
        "user": change.user,
        "channel": change.channel.id,
        "channel_type": "C" if change.channel.kind == "channel" else "G",
        "team": workspace.team_id,
    }
    if change.inviter is not None:
        event["inviter"] = change.inviter
    return [(name, event)]


def _altered(change: Altered, workspace: Workspace) -> list[tuple[str, Json]]:
    channel = change.channel
    prefix = "group" if channel.kind == "private" else "channel"
    if channel.kind == "private" and workspace.bot.id not in channel.members:
        return []
    described = {"id": channel.id, "name": channel.name, "created": channel.created}
    match change.how:
        case "archived":
            event = f"{prefix}_archive"
            return [(event, {"type": event, "channel": channel.id, "user": change.user})]
        case "unarchived":
            event = f"{prefix}_unarchive"
            return [(event, {"type": event, "channel": channel.id, "user": change.user})]
        case "renamed":
            return [(f"{prefix}_rename", {"type": f"{prefix}_rename", "channel": described})]
        case "created" if channel.kind == "channel":
            created = described | {"creator": channel.creator}
            return [("channel_created", {"type": "channel_created", "channel": created})]
        case "deleted":
            event = f"{prefix}_deleted"
            return [(event, {"type": event, "channel": channel.id, "actor_id": change.user})]
        case "created" | "opened":
            return []
        case "shared" | "unshared" | "renumbered":
            return [_connected(change)]


def _connected(change: Altered) -> tuple[str, Json]:
    """What Slack Connect does to a channel."""
    event: Json
    match change.how:
        case "shared":
            event = {"type": "channel_shared", "channel": change.channel.id, "connected_team_id": PARTNER}
        case "unshared":
            event = {"type": "channel_unshared", "channel": change.channel.id, "is_ext_shared": False}
            event["previously_connected_team_id"] = PARTNER
        case _:
            event = {"type": "channel_id_changed", "old_channel_id": change.former}
            event["new_channel_id"] = change.channel.id
    return event["type"], event


def _regrouped(change: Regrouped, workspace: Workspace) -> list[tuple[str, Json]]:
    group = change.group
    heard: list[tuple[str, Json]] = [
        ("subteam_updated", {"type": "subteam_updated", "subteam": group.to_slack(with_users=True)})
    ]
    if change.joined or change.left:
        members: Json = {
            "type": "subteam_members_changed",
            "subteam_id": group.id,
            "team_id": workspace.team_id,
            "added_users": list(change.joined),
            "removed_users": list(change.left),
        }
        heard.append(("subteam_members_changed", members))
    return heard
