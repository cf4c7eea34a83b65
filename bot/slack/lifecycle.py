"""What begins and ends an installation: somebody installs the app, removes it, or takes its token away.

Slack tells of an end in events that come in any order, and after the app was installed anew. So an end is believed
where it is later than the installation and Slack refuses the token, too. Nothing is deleted: an installation is marked
as broken, the first delivery that finds it so halts all others of the workspace, and installing the app again lets them
go on. Where we can't ask Slack the event is not acknowledged, and comes again.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Protocol

import structlog
from slack_bolt.async_app import AsyncApp
from slack_bolt.context.ack.async_ack import AsyncAck

from bot.core.destination import DestinationId, InstallationId, slack_installation
from bot.core.errors import UnavailableError
from bot.outlets.slack.errors import Answer
from bot.outlets.slack.web import Said, SlackWeb
from bot.ports.installation import Installation
from bot.stores.installations import Access, InstallationStore

log = structlog.get_logger()

GONE = ("token_revoked", "account_inactive", "invalid_auth", "not_authed")
"""How auth.test answers a token that was taken away (docs.slack.dev/reference/methods/auth.test)."""


class Halted(Protocol):
    """What of the outbox is held until it is resumed."""

    async def paused(self) -> dict[DestinationId | InstallationId, str]:
        """Paused destinations and installations, each with its reason."""
        ...

    async def resume(self, held: DestinationId | InstallationId) -> int:
        """Let the lanes of it go on."""
        ...


class Lifecycle:
    """Keeps installations as Slack tells of them. Each method raises UnavailableError."""

    def __init__(self, web: SlackWeb, store: InstallationStore, halted: Halted) -> None:
        self._web = web
        self._store = store
        self._halted = halted

    async def begin(self, installation: Installation) -> int:
        """Keep a new installation, and let go on what was halted for want of it; returns how many lanes."""
        await self._store.save(installation)
        resumed = 0
        for held in await self._halted.paused():
            kind, _, team = held.partition("/")
            if kind == "slack" and "/" not in team:
                serving = await self._store.find(team, None)
                if serving is not None and serving.key == installation.key:
                    resumed += await self._halted.resume(held)
        log.info("slack_installed", installation=installation.key, by=installation.installer, lanes_resumed=resumed)
        return resumed

    async def end(self, key: str, *, at: int, why: str) -> None:
        """Mark an installation as broken, if it ended at `at` (milliseconds) and not before it was made."""
        found = await self._store.get(key)
        if found is None or found.broken:
            return
        if at < found.installed_at:
            log.info("slack_end_outdated", installation=key, why=why)
            return
        match await self._web.ask(self._web.api.auth_test(token=found.token)):
            case Said():
                log.info("slack_end_disproved", installation=key, why=why)
            case Answer(error=error) if error in GONE:
                await self._store.change(key, lambda now: _broken(now, why) if now.token == found.token else now)
                log.warning("slack_installation_ended", installation=key, why=why)
            case _:
                raise UnavailableError(f"Slack does not tell whether the token of {key} still works")

    async def access(self, team: str, access: Access) -> None:
        """Keep whether an organisation's installation may act in a workspace."""
        if await self._store.tell_access(team, access):
            log.info("slack_access", team=team, installation=access.enterprise, granted=access.granted)
            if access.granted and await self._store.find(team, access.enterprise) is not None:
                await self._halted.resume(slack_installation(team))


def listen(bolt: AsyncApp, lifecycle: Lifecycle | None) -> None:
    """Heed the events of an end. Without a lifecycle, where a token comes from the settings, they are only told."""

    @bolt.event("app_uninstalled")
    async def uninstalled(ack: AsyncAck, body: dict[str, Any]) -> None:
        await _end(lifecycle, body, "the app was removed")
        await ack()

    @bolt.event("tokens_revoked")
    async def revoked(ack: AsyncAck, body: dict[str, Any]) -> None:
        if (body["event"].get("tokens") or {}).get("bot"):
            await _end(lifecycle, body, "its token was revoked")
        await ack()

    @bolt.event("team_access_granted")
    async def granted(ack: AsyncAck, body: dict[str, Any]) -> None:
        await _access(lifecycle, body, granted=True)
        await ack()

    @bolt.event("team_access_revoked")
    async def denied(ack: AsyncAck, body: dict[str, Any]) -> None:
        await _access(lifecycle, body, granted=False)
        await ack()


async def _end(lifecycle: Lifecycle | None, body: Mapping[str, Any], why: str) -> None:
    # An organisation's end may come in the name of a workspace; what else is kept under the other id is disproved.
    ids = sorted({str(body[name]) for name in ("team_id", "enterprise_id") if body.get(name)})
    if lifecycle is None:
        log.warning("slack_installation_ended", installation=ids, why=why)
        return
    for key in ids:
        await lifecycle.end(key, at=_at(body), why=why)


async def _access(lifecycle: Lifecycle | None, body: Mapping[str, Any], *, granted: bool) -> None:
    enterprise = str(body.get("enterprise_id") or "")
    if lifecycle is not None and enterprise:
        for team in body["event"].get("team_ids") or ():
            await lifecycle.access(str(team), Access(enterprise=enterprise, granted=granted, at=_at(body)))


def _at(body: Mapping[str, Any]) -> int:
    """When it happened, in milliseconds. Slack tells whole seconds, the last of which may have followed."""
    return int(body.get("event_time") or 0) * 1000 + 999


def _broken(found: Installation, why: str) -> Installation:
    return replace(found, broken=why)
