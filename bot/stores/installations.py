"""Slack installations in the registry, sealed; and which organisation's serves a workspace that has none of its own.

A record is kept under the organisation's id where the installation is org-wide, else under the workspace's. It is
sealed whole, with its id in it, so that one record can't be put in the place of another.
"""

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace

import orjson
import structlog

from bot.core.errors import UnavailableError
from bot.ports.installation import Installation
from bot.stores.registry import Kind, Registry
from bot.stores.vault import Vault

log = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """Whether an organisation's installation may act in one of its workspaces, as of `at` (milliseconds)."""

    enterprise: str
    granted: bool
    at: int


class InstallationStore:
    """Any number of processes may share it; each method raises UnavailableError. Nothing is remembered in between.

    So a revocation, or a new token, counts everywhere at once. A look-up is one read of Redis, three for a workspace
    that its organisation's installation serves, and some 20 µs to decrypt.
    """

    def __init__(self, registry: Registry, vault: Vault) -> None:
        self._registry = registry
        self._vault = vault

    async def get(self, key: str) -> Installation | None:
        """What is kept under a workspace's or organisation's id, broken or not."""
        sealed = await self._registry.get(Kind.INSTALLATION, key)
        return None if sealed is None else await self._open(key, sealed)

    async def all(self) -> Mapping[str, Installation]:
        """Every installation, by what it is kept under."""
        found = await self._registry.all(Kind.INSTALLATION)
        return {key: await self._open(key, sealed) for key, sealed in found.items()}

    async def save(self, installation: Installation) -> None:
        """Keep it, in the place of what was there."""
        await self._registry.put(Kind.INSTALLATION, installation.key, self._seal(installation))

    async def change(self, key: str, how: Callable[[Installation], Installation]) -> Installation | None:
        """Change what is kept there now; `how` is called again where somebody else came between. None: nothing there.

        Where `how` gives back what it was given, nothing is written.
        """
        while True:
            sealed = await self._registry.get(Kind.INSTALLATION, key)
            if sealed is None:
                return None
            former = self._read(key, sealed)[0]
            wanted = how(former)
            if wanted == former:
                return former
            if await self._registry.swap(Kind.INSTALLATION, key, sealed, self._seal(wanted)):
                return wanted

    async def find(self, team: str | None, enterprise: str | None) -> Installation | None:
        """The working installation that serves a workspace: its own, else its organisation's, with `team` filled in.

        `enterprise` is what Slack said with a request; without it, what was learned of the workspace before counts, and
        whether its organisation still has us there. Only what Slack says of an organisation as a whole has no `team`.
        """
        own = await self.get(team) if team else None
        if own is not None and not own.broken:
            return own
        access = await self.access(team) if team else None
        organisation = enterprise or (access.enterprise if access and access.granted else None)
        found = await self.get(organisation) if organisation else None
        if found is None or found.broken or not found.is_org_wide:
            return None
        if team and access is None:
            learned = Access(enterprise=found.key, granted=True, at=0)
            await self._registry.swap(Kind.WORKSPACE, team, None, _access_json(learned))
        return replace(found, team=team or "")

    async def access(self, team: str) -> Access | None:
        """What is known of an organisation's installation in a workspace."""
        return _access_from_json(await self._registry.get(Kind.WORKSPACE, team))

    async def tell_access(self, team: str, access: Access) -> bool:
        """Keep what Slack told, unless something newer is known; whether it was kept."""
        while True:
            former = await self._registry.get(Kind.WORKSPACE, team)
            known = _access_from_json(former)
            if known is not None and known.at > access.at:
                return False
            if await self._registry.swap(Kind.WORKSPACE, team, former, _access_json(access)):
                return True

    async def workspaces(self, enterprise: str) -> tuple[str, ...]:
        """The workspaces in which an organisation's installation may act, as far as they are known."""
        known = await self._registry.all(Kind.WORKSPACE)
        found = {team: _access_from_json(text) for team, text in known.items()}
        return tuple(
            sorted(team for team, one in found.items() if one and one.granted and one.enterprise == enterprise)
        )

    async def _open(self, key: str, sealed: bytes) -> Installation:
        found, is_stale = self._read(key, sealed)
        if is_stale and await self._registry.swap(Kind.INSTALLATION, key, sealed, self._seal(found)):
            log.info("installation_sealed_anew", installation=key)
        return found

    def _read(self, key: str, sealed: bytes) -> tuple[Installation, bool]:
        opened = self._vault.open(sealed, what=f"the Slack installation of {key}")
        found = _installation(opened.text)
        if found is None or found.key != key:
            raise UnavailableError(f"the Slack installation of {key} can't be read: install the app there again")
        return found, opened.is_stale

    def _seal(self, installation: Installation) -> bytes:
        kept = replace(installation, team="") if installation.is_org_wide else installation
        return self._vault.seal(orjson.dumps(asdict(kept)))


def _installation(text: bytes) -> Installation | None:
    """The record; fields that a newer version wrote are passed over."""
    try:
        found = orjson.loads(text)
        known = {name: found[name] for name in Installation.__slots__ if name in found}
        return Installation(**{**known, "scopes": tuple(known.get("scopes", ()))})
    except (ValueError, TypeError):
        return None


def _access_json(access: Access) -> bytes:
    return orjson.dumps(asdict(access))


def _access_from_json(text: bytes | None) -> Access | None:
    return None if text is None else Access(**orjson.loads(text))
