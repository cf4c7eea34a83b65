"""Many workspaces and organisations: their installations, with tokens that are renewed before they expire.

Tokens that rotate live for twelve hours, and each refresh token works once, so that one process at a time renews
(docs.slack.dev, using token rotation). From two hours before the end whoever meets the token has it renewed, and goes
on with the one it has; only who meets it afterwards waits.
"""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from typing import Final, Self

import structlog
from tenacity import AsyncRetrying, retry_if_exception_type, stop_after_delay, wait_exponential

from bot.core.errors import UnavailableError
from bot.ports.installation import Installation
from bot.slack.grant import Granted, Granting
from bot.stores.installations import InstallationStore
from bot.stores.keys import Keys
from bot.stores.lock import Lock

log = structlog.get_logger()

EARLY: Final = 2 * 3_600_000
"""Milliseconds before its end from which a token is renewed."""
LOCK_MS: Final = 60_000
"""Longer than Slack may take to answer, and we to write it down."""
WAIT_SECONDS: Final = 8.0
POLL_SECONDS: Final = 0.05
AGAIN: Final = 10_000
"""Milliseconds after a renewal that failed before this process tries the next."""
KEEP_SECONDS: Final = 15.0
"""How long we try to write down a token that Slack gave: the one before it is used up."""
REFUSED: Final = ("invalid_refresh_token", "token_expired", "token_revoked", "invalid_auth", "account_inactive")


class ManyInstallations:
    """The port `Installations`. `clock` gives milliseconds since the epoch. An async context manager."""

    def __init__(
        self, store: InstallationStore, granting: Granting, lock: Lock, keys: Keys, *, clock: Callable[[], int]
    ) -> None:
        self._store = store
        self._granting = granting
        self._lock = lock
        self._keys = keys
        self._clock = clock
        self._renewing: dict[str, asyncio.Task[Installation]] = {}
        self._again: dict[str, int] = {}

    async def __aenter__(self) -> Self:
        """Nothing to open."""
        return self

    async def __aexit__(self, *_: object) -> None:
        """Finish what Slack was asked for: its answer is the only copy."""
        await asyncio.gather(*self._renewing.values(), return_exceptions=True)

    async def find(self, team: str | None, enterprise: str | None) -> Installation | None:
        """The installation that serves a workspace, with a token that works; None where there is none."""
        found = await self._store.find(team, enterprise)
        if found is None or found.refresh_token is None or found.expires_at is None:
            return found
        left = found.expires_at - self._clock()
        if left > EARLY:
            return found
        if left > 0:
            if self._clock() >= self._again.get(found.key, 0):
                self._renew(found)
            return found
        renewed = await self._renewed(found)
        return None if renewed.broken else replace(renewed, team=found.team)

    async def token_of(self, team: str) -> str | None:
        """The bot's token in a workspace; None where the app is not installed. Raises UnavailableError."""
        found = await self.find(team, None)
        return None if found is None else found.token

    async def renew(self, team: str, refused: str) -> str | None:
        """Another token in place of one that Slack refused: what was installed since, or what rotates in."""
        found = await self._store.find(team, None)
        if found is None or found.token != refused:
            return None if found is None else found.token
        if found.refresh_token is None:
            return None
        renewed = await self._renewed(found)
        return None if renewed.broken or renewed.token == refused else renewed.token

    async def _renewed(self, found: Installation) -> Installation:
        if self._clock() < self._again.get(found.key, 0):
            raise UnavailableError(f"the token of {found.key} has expired and could not be renewed just now")
        # Whoever waits may be cancelled; the renewal may not.
        return await asyncio.shield(self._renew(found))

    def _renew(self, found: Installation) -> asyncio.Task[Installation]:
        """Begin to renew, if this process hasn't yet."""
        key = found.key
        task = self._renewing.get(key)
        if task is None:
            task = asyncio.create_task(self._alone(found), name=f"renew-{key}")
            self._renewing[key] = task
            task.add_done_callback(lambda done: self._ended(key, done))
        return task

    def _ended(self, key: str, task: asyncio.Task[Installation]) -> None:
        del self._renewing[key]
        if not task.cancelled() and (error := task.exception()) is not None:
            self._again[key] = self._clock() + AGAIN
            log.warning("slack_token_not_renewed", installation=key, reason=str(error))

    async def _alone(self, found: Installation) -> Installation:
        """Renew, unless another process does or has."""
        key = self._keys.rotating(found.key)
        held = await self._lock.take(key)
        if held is None:
            return await self._from_another(found)
        try:
            current = await self._store.get(found.key)
            if current is None or current.broken or current.token != found.token or current.refresh_token is None:
                return current or replace(found, broken="it was removed")
            return await self._exchange(current, current.refresh_token)
        finally:
            await self._lock.give_back(key, held)

    async def _from_another(self, found: Installation) -> Installation:
        for _ in range(round(WAIT_SECONDS / POLL_SECONDS)):
            current = await self._store.get(found.key)
            if current is not None and (current.token != found.token or current.broken):
                return current
            await asyncio.sleep(POLL_SECONDS)
        raise UnavailableError(f"another process renews the token of {found.key} and has not ended")

    async def _exchange(self, current: Installation, refresh_token: str) -> Installation:
        granted = await self._granting.refresh(refresh_token)
        if isinstance(granted, Granted):
            renewed = await self._keep(current, _renewed(current, granted, now=self._clock()))
            log.info("slack_token_renewed", installation=current.key)
            return renewed
        error = getattr(granted, "error", None)
        if error in REFUSED and self._clock() >= (current.expires_at or 0):
            log.error("slack_token_lost", installation=current.key, error=error)
            return await self._keep(current, replace(current, broken=f"Slack refuses its refresh token ({error})"))
        raise UnavailableError(f"Slack does not renew the token of {current.key} ({error or 'no answer'})")

    async def _keep(self, former: Installation, wanted: Installation) -> Installation:
        """Write it down, unless a new installation came between."""
        tries = AsyncRetrying(
            retry=retry_if_exception_type(UnavailableError),
            wait=wait_exponential(multiplier=0.1, max=2),
            stop=stop_after_delay(KEEP_SECONDS),
            sleep=asyncio.sleep,
            reraise=True,
        )
        kept: Installation | None = await tries(
            self._store.change, former.key, lambda found: wanted if found.token == former.token else found
        )
        return kept or replace(former, broken="it was removed")


def _renewed(current: Installation, granted: Granted, *, now: int) -> Installation:
    expires_in = granted.expires_in
    return replace(
        current,
        token=granted.token,
        refresh_token=granted.refresh_token,
        expires_at=None if expires_in is None else now + expires_in * 1000,
        scopes=granted.scopes or current.scopes,
    )
