"""Who changed what, in a Redis stream."""

from collections.abc import Mapping
from typing import Any

from redis.asyncio import Redis

from bot.core.answers import Actor
from bot.core.looks import Change
from bot.core.subscription import SubscriptionId
from bot.stores.away import unavailable
from bot.stores.codec import subscription_from_json, subscription_json
from bot.stores.keys import Keys
from bot.stores.persons import person_from_json, person_json

KEPT = 100_000
"""How many changes are kept at least; the stream is trimmed in whole blocks."""
LOOKED = 5_000
READ_AT_ONCE = 500
_PERSONS = (b"were", b"are")


class RedisAudit:
    """The port `Audit`."""

    def __init__(self, redis: Redis, keys: Keys) -> None:
        self._redis = redis
        self._keys = keys

    async def record(self, change: Change) -> None:
        """Append it. Raises UnavailableError."""
        fields: dict[Any, Any] = {
            "at": change.at,
            "team": change.actor.team,
            "user": change.actor.user,
            "act": change.act,
            "via": change.actor.via,
            "subject": change.subject,
        }
        if change.undoes is not None:
            fields["undoes"] = change.undoes
        for name, person in (("were", change.were), ("are", change.are)):
            if person is not None:
                fields[name] = person_json(person)
        for name, value in (("before", change.before), ("after", change.after)):
            if value is not None:
                fields[name] = subscription_json(value)
        with unavailable():
            await self._redis.xadd(self._keys.audit, fields, maxlen=KEPT, approximate=True)

    async def newest(
        self, team: str, *, limit: int, user: str | None = None, subject: SubscriptionId | None = None
    ) -> tuple[Change, ...]:
        """The newest changes first; looks at LOOKED entries at most. Raises UnavailableError."""
        found: list[Change] = []
        end = "+"
        for _ in range(LOOKED // READ_AT_ONCE):
            with unavailable():
                entries: list[Any] = await self._redis.xrevrange(self._keys.audit, end, count=READ_AT_ONCE) or []
            for name, fields in entries:
                end = f"({name.decode()}"
                change = _change(fields)
                if (
                    change.actor.team == team
                    and user in {None, change.actor.user}
                    and subject in {None, change.subject}
                ):
                    found.append(change)
            if len(found) >= limit or len(entries) < READ_AT_ONCE:
                break
        return tuple(found[:limit])


def _change(fields: Mapping[bytes, bytes]) -> Change:
    before, after, undoes = fields.get(b"before"), fields.get(b"after"), fields.get(b"undoes")
    team, user = fields[b"team"].decode(), fields[b"user"].decode()
    were, are = (None if text is None else person_from_json(team, user, text) for text in map(fields.get, _PERSONS))
    return Change(
        at=int(fields[b"at"]),
        actor=Actor(team=team, user=user, via=fields.get(b"via", b"slack").decode()),
        act=fields[b"act"].decode(),
        subject=SubscriptionId(fields[b"subject"].decode()),
        before=None if before is None else subscription_from_json(before),
        after=None if after is None else subscription_from_json(after),
        undoes=None if undoes is None else int(undoes),
        were=were,
        are=are,
    )
