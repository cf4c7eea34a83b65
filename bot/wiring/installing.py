"""In which workspaces the app acts: one by its token, or many by what was installed."""

import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass

import structlog

from bot.core.errors import UnavailableError
from bot.outlets.slack.web import SlackWeb
from bot.settings import Settings
from bot.slack.directory.channels import SlackChannels
from bot.slack.directory.groups import SlackGroups
from bot.slack.directory.lookup import Lookup
from bot.slack.directory.people import SlackPeople
from bot.slack.grant import Granting
from bot.slack.installation import SingleInstallation
from bot.slack.lifecycle import Lifecycle
from bot.slack.manifest import SCOPES
from bot.slack.many import LOCK_MS, ManyInstallations
from bot.slack.oauth import OAuth
from bot.stores.installations import InstallationStore
from bot.stores.lock import Lock
from bot.stores.states import States
from bot.stores.vault import Vault
from bot.wiring.stores import Stores

log = structlog.get_logger()


async def team_of(settings: Settings) -> str:
    """The workspace of the bot token in the settings. Raises UnavailableError where Slack does not tell."""
    if settings.slack_client_id:
        raise UnavailableError("the app may be installed in many workspaces")
    async with SlackWeb(settings.slack_api_url) as web:
        return (await SingleInstallation(web, settings.slack_bot_token.get_secret_value()).installation()).team


@asynccontextmanager
async def installations(
    settings: Settings, kept: Stores, web: SlackWeb
) -> AsyncIterator[SingleInstallation | ManyInstallations]:
    """One workspace by its token, or many by what was installed."""
    if not settings.slack_client_id:
        yield SingleInstallation(web, settings.slack_bot_token.get_secret_value())
        return
    store = _installation_store(settings, kept)
    lock = Lock(kept.redis, LOCK_MS)
    async with ManyInstallations(store, _granting(settings, web), lock, kept.keys, clock=kept.clock) as many:
        yield many


def _installation_store(settings: Settings, kept: Stores) -> InstallationStore:
    return InstallationStore(kept.registry, Vault([key.get_secret_value() for key in settings.encryption_keys]))


def _granting(settings: Settings, web: SlackWeb) -> Granting:
    return Granting(web, settings.slack_client_id, settings.slack_client_secret.get_secret_value())


async def lifecycle_of(settings: Settings, kept: Stores, web: SlackWeb) -> Lifecycle | None:
    """What keeps installations, where there may be many; all are looked at, which seals them with the first key."""
    if not settings.slack_client_id:
        return None
    store = _installation_store(settings, kept)
    try:
        found = await store.all()
    except UnavailableError as error:
        log.error("slack_installations_unreadable", why=str(error))  # noqa: TRY400 (says it all)
    else:
        broken = sorted(key for key, one in found.items() if one.broken)
        log.info("slack_installations", count=len(found), broken=broken)
    return Lifecycle(web, store, kept.outbox)


def oauth_of(settings: Settings, kept: Stores, web: SlackWeb, lifecycle: Lifecycle) -> OAuth:
    """The pages by which people install the app."""
    return OAuth(
        web,
        _granting(settings, web),
        States(kept.redis, kept.keys),
        lifecycle,
        client_id=settings.slack_client_id,
        api_url=settings.slack_api_url,
        public_url=settings.public_url,
        scopes=tuple(SCOPES),
        teams=settings.slack_teams,
        clock=kept.clock,
    )


async def greet(installations: SingleInstallation) -> None:
    """Learn whose token it is; a Slack that is away is no reason not to start."""
    try:
        found = await installations.installation()
    except UnavailableError as error:
        log.warning("slack_unavailable", why=str(error))
    else:
        log.info("slack_installation", team=found.team, bot=found.bot_user)


@dataclass(frozen=True, slots=True, kw_only=True)
class Directory:
    """What Slack knows of people and channels."""

    people: SlackPeople
    channels: SlackChannels


def directory_of(settings: Settings, web: SlackWeb, found: SingleInstallation | ManyInstallations) -> Directory:
    """The directory, asked with the token of whichever workspace it is about."""
    lookup = Lookup(web=web, token_of=sure_token_of(found))
    groups = SlackGroups(lookup, clock=time.monotonic)
    return Directory(
        people=SlackPeople(lookup, groups, clock=time.monotonic, admins=settings.admins),
        channels=SlackChannels(lookup, clock=time.monotonic),
    )


def sure_token_of(found: SingleInstallation | ManyInstallations) -> Callable[[str], Awaitable[str]]:
    """A workspace's token; raises UnavailableError where the app is not installed."""

    async def token_of(team: str) -> str:
        token = await found.token_of(team)
        if token is None:
            raise UnavailableError(f"Slack: the app is not installed in {team}")
        return token

    return token_of
