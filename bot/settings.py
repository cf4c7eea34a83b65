"""The one frozen settings object; nothing else reads the environment.

Every setting is an environment variable `TIDINGS_…` (or a line of `.env`). `.env.example` and the README's table are
generated from this file, so the text beside each setting is the documentation.
"""

import base64
import re
from enum import StrEnum
from ipaddress import IPv4Network, IPv6Network
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AliasChoices, Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from bot.core.permission import Admission


class Role(StrEnum):
    """A part of the service that may run in a process of its own."""

    INGEST = "ingest"
    DISPATCH = "dispatch"
    BROADCAST = "broadcast"
    SLACK = "slack"
    WEB = "web"


class SettingsError(Exception):
    """Settings that can't be started with; `problems` has one line each, naming the variable and the remedy."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


class Settings(BaseSettings):
    """What an operator decides."""

    model_config = SettingsConfigDict(env_prefix="TIDINGS_", env_file=".env", extra="ignore", frozen=True)

    kafka: str = Field(
        "localhost:9092", description="Kafka's bootstrap servers, comma-separated. Get them from whoever runs Kafka."
    )
    topic: str = Field("inference.events", description="The topic that services publish inference events to.")
    dead_topic: str = Field("inference.dead", description="The dead-letter topic.")
    feedback_topic: str = Field(
        "inference.feedback", description="The topic that what people say of results goes to. Made if missing."
    )
    subscriptions_topic: str = Field(
        "inference.subscriptions",
        description="Compacted topic that holds every subscription, for a Redis that was wiped. Made if missing.",
    )
    registry_topic: str = Field(
        "inference.registry",
        description="Compacted topic that holds Slack installations, encrypted, and people's preferences, for a Redis "
        "that was wiped. Made if missing.",
    )
    parked_topic: str = Field(
        "inference.parked",
        description="Compacted topic that holds the deliveries that have waited long. Made if missing.",
    )
    on_topic_reset: Literal["earliest", "halt"] = Field(
        "earliest",
        description="When the events topic was recreated: earliest reads the new one from its beginning, halt reads "
        "nothing of it until a person acts.",
    )
    group: str = Field("tidings", description="The consumer group of ingest.")
    session_seconds: float = Field(
        30,
        ge=1,
        le=1800,
        description="How long Kafka waits for a silent ingest before it gives its partitions to others. "
        "Brokers allow 6 seconds or more, unless told otherwise.",
    )
    redis: str = Field("redis://localhost:6379/0", description="Redis 6.2 or newer, or Valkey: AOF on, noeviction.")
    namespace: str = Field("tidings", description="Prefix of every Redis key; give each installation its own.")
    secret: SecretStr = Field(
        SecretStr(""),
        description="Master secret from which webhook signing secrets are derived, at least 32 characters. "
        "Make one with: python -c 'import secrets; print(secrets.token_urlsafe(48))'",
    )
    slack_bot_token: SecretStr = Field(
        SecretStr(""),
        description="The bot's token, xoxb-… Slack: your app > OAuth & Permissions > Bot User OAuth Token.",
    )
    slack_client_id: str = Field(
        "",
        description="With it, in place of TIDINGS_SLACK_BOT_TOKEN, many workspaces may install the app, at "
        "/slack/install (docs/install.md). Slack: your app > Basic Information > App Credentials > Client ID.",
    )
    slack_client_secret: SecretStr = Field(
        SecretStr(""), description="Proves that we are the app. Slack: your app > Basic Information > Client Secret."
    )
    slack_teams: Annotated[tuple[str, ...], NoDecode] = Field(
        (),
        description="IDs of the workspaces (T…) and organisations (E…) that may install the app, comma-separated; "
        "* lets any. Slack in a browser: app.slack.com/client/T….",
    )
    public_url: str = Field(
        "",
        description="Where browsers reach the web role, e.g. https://tidings.example.com; the app's redirect URL is "
        "that and /slack/oauth_redirect. Plain http for localhost only.",
    )
    encryption_keys: Annotated[tuple[SecretStr, ...], NoDecode] = Field(
        (),
        description="Keys that Slack's tokens are encrypted with at rest, comma-separated: the first encrypts, all "
        "decrypt. Make one with: python -c 'from cryptography.fernet import Fernet; "
        "print(Fernet.generate_key().decode())'",
    )
    slack_app_token: SecretStr = Field(
        SecretStr(""),
        description="The app-level token, xapp-…, for Socket Mode; empty means that Slack calls /slack/events over "
        "HTTP. Slack: your app > Basic Information > App-Level Tokens, scope connections:write.",
    )
    slack_signing_secret: SecretStr = Field(
        SecretStr(""),
        description="Checks Slack's requests over HTTP. Slack: your app > Basic Information > Signing Secret.",
    )
    slack_api_url: str = Field(
        "https://slack.com/api/",
        validation_alias=AliasChoices("TIDINGS_SLACK_API_URL", "SLACK_API_URL"),
        description="Where Slack's Web API answers; another value points at the sandbox.",
    )
    admins: Annotated[tuple[str, ...], NoDecode] = Field(
        (),
        description="Who administers Tidings besides the workspace's admins and owners: ids of people (U…) and of user "
        "groups (S…), comma-separated. They are told what goes wrong; if nobody is named, the workspace's admins are.",
    )
    host: str = Field("127.0.0.1", description="Address on which the web role listens.")
    port: int = Field(8080, ge=0, le=65535, description="Port on which the web role listens; 0 picks a free one.")
    guests: Admission = Field(
        Admission.DENY,
        description="What guests of the workspace may do. deny: nothing; self: what concerns themselves only; "
        "allow: what members may.",
    )
    strangers: Admission = Field(
        Admission.DENY, description="The same for people of other organisations, met through Slack Connect."
    )
    stream_token: SecretStr = Field(
        SecretStr(""),
        description="Bearer token that /stream and /ws ask for; empty closes both. "
        "Make one with: python -c 'import secrets; print(secrets.token_urlsafe(32))'",
    )
    stream_origins: Annotated[tuple[str, ...], NoDecode] = Field(
        (), description="Origins whose pages may open /stream and /ws, comma-separated, e.g. https://ml.example.com."
    )
    webhook_allow: Annotated[tuple[IPv4Network | IPv6Network, ...], NoDecode] = Field(
        (),
        description="Networks in CIDR form that webhooks may reach though they are not public, comma-separated. "
        "Plain http is allowed there too.",
    )
    webhook_ports: Annotated[tuple[int, ...], NoDecode] = Field(
        (443,), description="Ports that webhooks may reach, comma-separated; networks in TIDINGS_WEBHOOK_ALLOW: any."
    )
    workers: int = Field(128, ge=1, le=512, description="How many lanes one dispatch process drains at once.")
    lease_seconds: float = Field(
        60, ge=2, le=600, description="How long a worker may hold a lane before another takes it over."
    )
    inbox_lease_seconds: float = Field(
        10,
        ge=0.5,
        le=600,
        description="How long a killed process's commands and clicks wait until another process goes on with them.",
    )
    drain_seconds: float = Field(20, ge=0, le=600, description="How long a stopping process may finish what it began.")
    remember_hours: float = Field(
        24, gt=0, description="How long a delivery is remembered, so that a producer's retry is not delivered again."
    )
    park_after: float = Field(
        600,
        gt=0,
        description="Seconds that a delivery may hold back what is committed to Kafka; "
        "after that it is written to TIDINGS_PARKED_TOPIC.",
    )
    max_age_hours: float = Field(
        72,
        gt=0,
        description="Age at which a delivery that still waits is given up: to the dead-letter topic, as expired.",
    )
    hold_hours: float = Field(
        72,
        gt=0,
        description="Hours that a delivery waits for a place that was lost (archived, shared with others, refusing), "
        "before it goes to the dead-letter topic; at most TIDINGS_MAX_AGE_HOURS.",
    )
    outbox_max: int = Field(
        200_000, ge=1, description="Deliveries that may wait in Redis in all; at that many, ingest waits."
    )
    lane_max: int = Field(
        100_000, ge=1, description="Deliveries that may wait in one lane; at that many, ingest waits."
    )
    thread_hours: float = Field(
        24,
        gt=0,
        description="How long a thread of a session or an inference takes replies; after that the next event begins "
        "another.",
    )
    card_hours: float = Field(
        24,
        ge=0,
        description="How long after its last event an inference's message is changed in place; after that the next "
        "event is a new message. 0: every event is a message of its own.",
    )
    log_level: str = Field("info", pattern="^(debug|info|warning|error)$", description="debug, info, warning or error.")
    log_format: str = Field("console", pattern="^(console|json)$", description="console for people, json for machines.")

    @field_validator(
        "admins",
        "stream_origins",
        "webhook_allow",
        "webhook_ports",
        "slack_teams",
        "encryption_keys",
        mode="before",
    )
    @classmethod
    def _split(cls, value: Any) -> Any:
        return tuple(part.strip() for part in value.split(",") if part.strip()) if isinstance(value, str) else value

    @field_validator("public_url")
    @classmethod
    def _no_slash(cls, value: str) -> str:
        return value.rstrip("/")

    @field_validator("slack_api_url")
    @classmethod
    def _slash(cls, value: str) -> str:
        return value if value.endswith("/") else f"{value}/"


def load(roles: frozenset[Role], *, env_file: Path | None = Path(".env"), **overrides: Any) -> Settings:
    """Read the environment and the .env file, and check that the roles can start.

    Raises SettingsError with one line per problem.
    """
    try:
        settings = Settings(_env_file=env_file, **overrides)
    except ValidationError as error:
        raise SettingsError([_wrong(problem) for problem in error.errors()]) from error
    problems = [_missing(name) for name in _needed(settings, roles) if not _given(settings, name)]
    problems += _contradictions(settings)
    secret = settings.secret.get_secret_value()
    if "secret" in _needed(settings, roles) and 0 < len(secret) < MIN_SECRET:
        problems.append(f"TIDINGS_SECRET is too short ({len(secret)} characters). {_how('secret')}")
    if problems:
        raise SettingsError(problems)
    return settings


MIN_SECRET = 32


def has_slack(settings: Settings) -> bool:
    """Whether the app is installed somewhere, or may be."""
    return bool(settings.slack_client_id or settings.slack_bot_token.get_secret_value())


KEY_BYTES = 32
"""A Fernet key's, before its URL-safe base64 (https://github.com/fernet/spec)."""


def variable(name: str) -> str:
    """The environment variable of a setting."""
    return f"TIDINGS_{name.upper()}"


def example() -> str:
    """The text of `.env.example`: every setting with its meaning; those with a default are commented out."""
    lines = ["# Settings of Tidings. Copy to .env and fill in; generated from bot/settings.py by `tidings docs`.", ""]
    for name, field in Settings.model_fields.items():
        shown = _shown(field.default)
        lines += [f"# {field.description}", f"{'# ' if shown else ''}{variable(name)}={shown}", ""]
    return "\n".join(lines)


def table() -> str:
    """The README's table of settings, in Markdown."""
    rows = [
        f"| `{variable(name)}` | {f'`{shown}`' if (shown := _shown(field.default)) else ''} | {field.description} |"
        for name, field in Settings.model_fields.items()
    ]
    return "\n".join(["| variable | default | meaning |", "|---|---|---|", *rows])


def _shown(default: Any) -> str:
    if isinstance(default, SecretStr):
        return ""
    return ",".join(map(str, default)) if isinstance(default, tuple) else str(default)


def _needed(settings: Settings, roles: frozenset[Role]) -> list[str]:
    # The web role's REST API does what people do in Slack, where there is one; else it leaves that out.
    if not roles & {Role.DISPATCH, Role.SLACK} and not (Role.WEB in roles and has_slack(settings)):
        return []
    needed = ["secret"]
    if settings.slack_client_id:
        needed += ["slack_client_secret", "encryption_keys"]
        needed += ["slack_teams", "public_url"] if Role.SLACK in roles else []
    else:
        needed.append("slack_bot_token")
    if Role.SLACK in roles and not settings.slack_app_token.get_secret_value():
        needed.append("slack_signing_secret")
    return needed


def _contradictions(settings: Settings) -> list[str]:
    """What is given and can't be, by itself or together."""
    found = []
    if settings.slack_client_id and settings.slack_bot_token.get_secret_value():
        found.append(
            "TIDINGS_SLACK_BOT_TOKEN and TIDINGS_SLACK_CLIENT_ID are both given. Keep the token for one workspace, "
            "or the client ID for many."
        )
    if not settings.slack_client_id and settings.slack_client_secret.get_secret_value():
        found.append(_missing("slack_client_id"))
    for number, key in enumerate(settings.encryption_keys, start=1):
        if not _is_key(key.get_secret_value()):
            found.append(f"TIDINGS_ENCRYPTION_KEYS is wrong: number {number} is no key. {_how('encryption_keys')}")
    if settings.public_url and not _PUBLIC.fullmatch(settings.public_url):
        found.append(f"TIDINGS_PUBLIC_URL is wrong: {settings.public_url} is no https URL. {_how('public_url')}")
    return found


_PUBLIC = re.compile(r"https://[^\s/?#@]+|http://(localhost|127\.0\.0\.1|\[::1\])(:\d+)?")


def _is_key(text: str) -> bool:
    try:
        return len(base64.urlsafe_b64decode(text)) == KEY_BYTES
    except ValueError:
        return False


def _given(settings: Settings, name: str) -> bool:
    value = getattr(settings, name)
    return bool(value.get_secret_value() if isinstance(value, SecretStr) else value)


def _how(name: str) -> str:
    return Settings.model_fields[name].description or ""


def _missing(name: str) -> str:
    return f"{variable(name)} is missing. {_how(name)}"


def _wrong(problem: Any) -> str:
    name = str(problem["loc"][0])
    name = name if name in Settings.model_fields else name.removeprefix("TIDINGS_").lower()
    how = _how(name) if name in Settings.model_fields else ""
    return f"{variable(name)} is wrong: {problem['msg'][0].lower()}{problem['msg'][1:]}. {how}"
