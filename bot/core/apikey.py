"""API keys: what they are and what they open. The secret itself is in nobody's hands but the caller's.

A key is written `tdk_ID_SECRET`: the prefix lets secret scanners recognise one that was committed or pasted (the
expression is `docs/api.md`'s), the id is public, the secret is 256 random bits. What is kept is SHA-256 of the secret:
of that much chance a plain hash can't be undone, and a slow one would only slow the service down.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum
from hashlib import sha256
from typing import Final, NewType

KeyId = NewType("KeyId", str)
"""8 characters of Crockford's base 32, lower case."""

ID_LENGTH: Final = 8
SECRET_BYTES: Final = 32
PATTERN: Final = r"tdk_[0-9a-hjkmnp-tv-z]{8}_[0-9a-f]{64}"
"""What secret scanners look for."""

_WHOLE: Final = re.compile(r"tdk_([0-9a-hjkmnp-tv-z]{8})_([0-9a-f]{64})", re.ASCII)


class Scope(StrEnum):
    """What a key opens; each includes those before it."""

    READ = "read"
    """See what its owner may see, preview, ask why."""
    WRITE = "write"
    """Change what its owner may change, in their name."""
    ADMIN = "admin"
    """See and change everything of the workspace."""

    @property
    def includes(self) -> frozenset["Scope"]:
        """This one and those before it."""
        order = list(Scope)
        return frozenset(order[: order.index(self) + 1])


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiKey:
    """A key of a workspace (`team`), in the name of `owner`, a Slack user id: what it makes belongs to them.

    `digest` is SHA-256 of its secret, in hexadecimal. Times are in milliseconds since the epoch: `used` is the last
    use, to the hour; `expires` is None for a key that does not.
    """

    id: KeyId
    name: str
    team: str
    owner: str
    scopes: frozenset[Scope]
    digest: str = field(repr=False)
    created: int
    used: int | None = None
    expires: int | None = None

    def opens(self, scope: Scope) -> bool:
        """Whether one of its scopes includes this one."""
        return any(scope in own.includes for own in self.scopes)

    def lives(self, now: int) -> bool:
        """Whether it has not expired."""
        return self.expires is None or now < self.expires


def write_key(identity: KeyId, secret: str) -> str:
    """The key as its caller gets it, once."""
    return f"tdk_{identity}_{secret}"


def read_key(text: str) -> tuple[KeyId, str] | None:
    """Id and secret of a key, None where the text is none."""
    found = _WHOLE.fullmatch(text)
    return (KeyId(found[1]), found[2]) if found else None


def digest_of(secret: str) -> str:
    """What is kept of a secret."""
    return sha256(secret.encode()).hexdigest()


def scopes_of(names: Iterable[str]) -> frozenset[Scope]:
    """The scopes that are known here; a newer version's are left out."""
    return frozenset(Scope(name) for name in names if name in tuple(Scope))
