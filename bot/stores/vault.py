"""What is secret at rest: Fernet (AES-128-CBC and HMAC-SHA-256, https://github.com/fernet/spec) with keys that change.

The first key encrypts, all decrypt; whoever reads what another than the first has written writes it anew.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from cryptography.fernet import Fernet, InvalidToken, MultiFernet

from bot.core.errors import UnavailableError


class SealedError(UnavailableError):
    """No key opens it; the text names the setting."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """What was sealed. `is_stale`: not with the first key."""

    text: bytes
    is_stale: bool


class Vault:
    """Seals and opens. `keys` are one or more Fernet keys, the newest first. Raises ValueError for what is no key."""

    def __init__(self, keys: Sequence[str]) -> None:
        self._first, *others = [Fernet(key) for key in keys]
        self._others = MultiFernet(others) if others else None

    def seal(self, text: bytes) -> bytes:
        """Encrypt with the first key."""
        return self._first.encrypt(text)

    def open(self, sealed: bytes, *, what: str) -> Opened:
        """Decrypt with whichever key fits. Raises SealedError, naming `what`, where none does."""
        try:
            return Opened(text=self._first.decrypt(sealed), is_stale=False)
        except InvalidToken:
            pass
        try:
            if self._others is not None:
                return Opened(text=self._others.decrypt(sealed), is_stale=True)
        except InvalidToken:
            pass
        raise SealedError(
            f"{what} can't be read: no key in TIDINGS_ENCRYPTION_KEYS fits; put the key it was written with behind the "
            "newest, after a comma"
        )
