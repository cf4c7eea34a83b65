"""Requests from Slack, in Redis from before their acknowledgement until they are done: any replica can go on with one.

Slack sends a command or a click once and an event at least once, each to any replica. A request has one *owner* at a
time, a process with a lease that it renews; when the lease expires another process takes the request over. Each step of
an owner is refused once somebody else has the request, so that a process that was merely slow can't answer after the
one that took over.

A request holds the payload, with the texts and URLs in it that work like passwords: it is deleted when it is done, and
expires with Slack's own limit for an answer.
"""

import secrets
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, cast

import orjson
from redis.asyncio import Redis

from bot.stores.away import unavailable
from bot.stores.epoch import Epoch
from bot.stores.keys import Keys
from bot.stores.script import Script

REMEMBER_SECONDS = 2 * 3_600
"""Slack repeats an event up to an hour later (docs.slack.dev, Events API, delayed events come hourly)."""
KEEP_SECONDS = 30 * 60
"""A response URL takes answers for half an hour (docs.slack.dev, handling user interaction); then nobody waits."""
LEASE_SECONDS = 10.0
MOST = 5_000
"""Requests that are not done, of all replicas together; beyond them none is acknowledged."""


class Receipt(Enum):
    """What the inbox says to a request."""

    OURS = "ours"
    """It is kept, and this process is to do it."""
    KNOWN = "known"
    """It was received before: it is done, or somebody works on it."""
    FULL = "full"
    """Too many wait; it is not kept."""


class LetGoError(Exception):
    """Leave this request alone: somebody else has it, or, with `again`, it is done again when Redis is back."""

    def __init__(self, *, again: bool) -> None:
        super().__init__("put off until Redis is back" if again else "taken over by another process")
        self.again = again


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """A request to go on with. `answer` is what was noted, or empty; `begun`: somebody began to send it.

    `tries` counts the owners that had it before and are gone; `former` is the last one.
    """

    id: str
    body: Mapping[str, Any] = field(repr=False)
    answer: bytes = field(repr=False)
    begun: bool
    tries: int
    former: str


class Inbox:
    """This process's share of the inbox. Each method raises UnavailableError; `lease` is in seconds.

    Whoever receives requests has to `look` several times a lease.
    """

    def __init__(self, redis: Redis, keys: Keys, *, epoch: Epoch | None = None, lease: float = LEASE_SECONDS) -> None:
        self.owner = secrets.token_hex(8)
        self.lease = lease
        self._redis = redis
        self._keys = keys
        self._receive = Script(redis, "receive", epoch=epoch)
        self._handle = Script(redis, "handle", epoch=epoch)
        self._takeover = Script(redis, "takeover", epoch=epoch)

    async def receive(self, request: str, body: Mapping[str, Any]) -> Receipt:
        """Keep a request, by its identity, unless it was received before; once it is kept it is not lost."""
        k = self._keys
        answer = await self._receive(
            [k.inbox, k.inbox_owners, k.seen(request), k.request(request)],
            [
                request,
                self.owner,
                orjson.dumps(body),
                round(self.lease * 1000),
                KEEP_SECONDS * 1000,
                REMEMBER_SECONDS * 1000,
                MOST,
            ],
        )
        return Receipt(answer.decode())

    async def note(self, request: str, answer: bytes) -> None:
        """Keep the answer: from here on the work is not done again. Raises LetGoError."""
        await self._step(request, "note", answer)

    async def begin(self, request: str) -> None:
        """Keep that the answer is being sent: from here on it is not sent by another. Raises LetGoError."""
        await self._step(request, "begin")

    async def done(self, request: str) -> None:
        """Forget the request, and only remember that it was there. Raises LetGoError."""
        await self._step(request, "done")

    async def look(self, *, room: int, again: Collection[str] = ()) -> list[Kept]:
        """Renew the lease, and take over up to `room` requests: own ones in `again`, and those of who is gone."""
        k = self._keys
        again = list(again)[:room]
        found = await self._takeover(
            [k.inbox, k.inbox_owners],
            [k.prefix, self.owner, round(self.lease * 1000), KEEP_SECONDS * 1000, room, *again],
        )
        return [
            Kept(
                id=request.decode(),
                body=orjson.loads(body),
                answer=answer,
                begun=begun == b"1",
                tries=int(tries),
                former=former.decode(),
            )
            for request, body, answer, begun, tries, former in found
        ]

    async def leave(self) -> None:
        """Give up the lease: what is not done is for the others, from now on."""
        with unavailable():
            await cast("Any", self._redis.zadd(self._keys.inbox_owners, {self.owner: 0}))

    async def _step(self, request: str, step: str, text: bytes = b"") -> None:
        k = self._keys
        answer = await self._handle([k.inbox, k.seen(request), k.request(request)], [request, self.owner, step, text])
        if answer == b"overtaken":
            raise LetGoError(again=False)


def identity(body: Mapping[str, Any]) -> str | None:
    """What stays the same when Slack sends a request again: an event's id, or the id of a person's act."""
    match body:
        case {"event_id": str(event)}:
            return f"event/{event}"
        case {"trigger_id": str(trigger)}:
            return f"trigger/{trigger}"
        case _:
            return None
