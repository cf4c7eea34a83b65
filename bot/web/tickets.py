"""Single-use tickets: a browser's EventSource and WebSocket can't send an Authorization header.

A ticket stands in the URL, where a token must not: it is worthless after one use or after half a minute.
"""

from collections.abc import Callable
from hashlib import blake2b
from secrets import token_urlsafe
from time import monotonic
from typing import Final, Protocol

LIFETIME_SECONDS: Final = 30


class Tickets(Protocol):
    """Where tickets are kept; processes behind one address need to share them."""

    async def issue(self) -> str:
        """A new ticket, good for one use within LIFETIME_SECONDS."""
        ...

    async def redeem(self, ticket: str) -> bool:
        """Use the ticket up; whether it was good."""
        ...


class LocalTickets:
    """Tickets of one process, kept as hashes. The oldest goes when there are more than `capacity`."""

    def __init__(self, *, clock: Callable[[], float] = monotonic, capacity: int = 10_000) -> None:
        self._clock = clock
        self._capacity = capacity
        self._good_until: dict[bytes, float] = {}

    async def issue(self) -> str:
        """A new ticket."""
        now = self._clock()
        while self._good_until:
            oldest = next(iter(self._good_until))  # insertion order is the order of expiry
            if self._good_until[oldest] > now and len(self._good_until) < self._capacity:
                break
            del self._good_until[oldest]
        ticket = token_urlsafe(24)
        self._good_until[_digest(ticket)] = now + LIFETIME_SECONDS
        return ticket

    async def redeem(self, ticket: str) -> bool:
        """Use the ticket up. It is looked up by its hash, so that the time it takes tells nothing."""
        until = self._good_until.pop(_digest(ticket), None)
        return until is not None and self._clock() < until


def _digest(ticket: str) -> bytes:
    return blake2b(ticket.encode("utf-8", "surrogatepass"), digest_size=16).digest()
