"""The app as the workspace knows it: its manifest, identity and development secrets."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from bot.sandbox.answers import Json

BOT_TOKEN = "xoxb-sandbox-2600000000-development"  # noqa: S105 - opens nothing but this sandbox
APP_TOKEN = "xapp-sandbox-1-A0SANDBOX-development"  # noqa: S105 - opens nothing but this sandbox
SIGNING_SECRET = "5a4db0c5e0f94e3a8b7d5a4db0c5e0f9"  # noqa: S105 - signs nothing but this sandbox's requests
CLIENT_SECRET = "sandbox-client-secret"  # noqa: S105 - opens nothing but this sandbox
VERIFICATION_TOKEN = "sandbox-verification-token"  # noqa: S105 - Slack's deprecated predecessor of signatures

ALL_SCOPES = [
    "app_mentions:read",
    "assistant:write",
    "channels:history",
    "channels:join",
    "channels:manage",
    "channels:read",
    "chat:write",
    "chat:write.customize",
    "chat:write.public",
    "commands",
    "files:read",
    "files:write",
    "groups:history",
    "groups:read",
    "groups:write",
    "im:history",
    "im:read",
    "im:write",
    "incoming-webhook",
    "metadata.message:read",
    "reactions:read",
    "reactions:write",
    "team:read",
    "usergroups:read",
    "users:read",
    "users:read.email",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """A slash command that the composer offers."""

    command: str
    description: str = ""
    usage_hint: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shortcut:
    """A shortcut: ``global`` ones start anywhere, ``message`` ones at a message."""

    name: str
    type: str
    callback_id: str
    description: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SlackApp:
    """One app, as its manifest describes it.

    Attributes:
        events: subscribed bot events; None when no manifest was given, which means every event.
        commands: registered slash commands; empty without a manifest, and then any command is delivered.
    """

    name: str = "Sandbox app"
    description: str = ""
    id: str = "A0SANDBOX"
    client_id: str = "2600000000.2600000001"
    client_secret: str = CLIENT_SECRET
    signing_secret: str = SIGNING_SECRET
    verification_token: str = VERIFICATION_TOKEN
    bot_token: str = BOT_TOKEN
    app_token: str = APP_TOKEN
    scopes: tuple[str, ...] = tuple(ALL_SCOPES)
    events: frozenset[str] | None = None
    commands: tuple[Command, ...] = ()
    shortcuts: tuple[Shortcut, ...] = ()
    redirect_urls: tuple[str, ...] = ()
    home_tab_enabled: bool = True
    messages_tab_enabled: bool = True
    token_rotation_enabled: bool = False
    is_described: bool = field(default=False)

    def hears(self, event: str) -> bool:
        """Whether the app subscribed to an event such as ``message.im``."""
        return self.events is None or event in self.events


def read_app(manifest: Path | str | Mapping[str, Any] | None) -> SlackApp:
    """The app of a manifest (a YAML or JSON file, or its content); a capable default app without one."""
    match manifest:
        case None:
            return SlackApp()
        case Path() | str():
            content = yaml.safe_load(Path(manifest).read_text(encoding="utf-8"))
        case _:
            content = dict(manifest)
    return _described(content)


def _described(manifest: Json) -> SlackApp:
    display = manifest.get("display_information", {})
    features = manifest.get("features", {})
    oauth = manifest.get("oauth_config", {})
    settings = manifest.get("settings", {})
    home = features.get("app_home", {})
    scopes = oauth.get("scopes", {})
    return SlackApp(
        name=features.get("bot_user", {}).get("display_name") or display.get("name", "Sandbox app"),
        description=display.get("description", ""),
        scopes=tuple(dict.fromkeys([*scopes.get("bot", []), *scopes.get("bot_optional", [])])),
        events=frozenset(settings.get("event_subscriptions", {}).get("bot_events", [])),
        commands=tuple(
            Command(
                command=each["command"],
                description=each.get("description", ""),
                usage_hint=each.get("usage_hint", ""),
            )
            for each in features.get("slash_commands", [])
        ),
        shortcuts=tuple(
            Shortcut(
                name=each["name"],
                type=each["type"],
                callback_id=each["callback_id"],
                description=each.get("description", ""),
            )
            for each in features.get("shortcuts", [])
        ),
        redirect_urls=tuple(oauth.get("redirect_urls", [])),
        home_tab_enabled=home.get("home_tab_enabled", False),
        messages_tab_enabled=home.get("messages_tab_enabled", True),
        token_rotation_enabled=settings.get("token_rotation_enabled", False),
        is_described=True,
    )
