"""What an installation that was begun in a browser is known by until it comes back: single use, for ten minutes."""

import secrets
from hashlib import sha256
from hmac import compare_digest
from typing import Any, Final

from redis.asyncio import Redis

from bot.stores.away import unavailable
from bot.stores.keys import Keys

STATE_SECONDS: Final = 600
"""As long as Slack's code works (docs.slack.dev, installing with OAuth)."""


class States:
    """OAuth states (RFC 6749, section 10.12), each bound to the browser that began. Raises UnavailableError."""

    def __init__(self, redis: Redis, keys: Keys) -> None:
        self._redis = redis
        self._keys = keys

    async def issue(self, browser: str) -> str:
        """A new state for a browser, known by what its cookie holds."""
        state = secrets.token_urlsafe(32)
        with unavailable():
            await self._redis.set(self._keys.oauth_state(state), _hashed(browser), ex=STATE_SECONDS)
        return state

    async def consume(self, state: str, browser: str) -> bool:
        """Use it up; whether it was good, and this browser's."""
        with unavailable():
            kept: Any = await self._redis.getdel(self._keys.oauth_state(state))
        return isinstance(kept, bytes) and compare_digest(kept, _hashed(browser))


def _hashed(browser: str) -> bytes:
    return sha256(browser.encode()).hexdigest().encode()
