import json
from typing import Any

import pytest
from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

from bot.core.answers import Actor
from bot.core.destination import SlackPerson
from bot.core.errors import UnavailableError
from bot.core.filters import parse
from bot.core.looks import Change
from bot.core.subscription import Subscription, SubscriptionId
from bot.stores.audit import RedisAudit
from bot.stores.keys import Keys

MINE = Subscription(
    id=SubscriptionId("aaaaaa"),
    team="T1",
    owner="U1",
    filter=parse("status:failed"),
    destination=SlackPerson(team="T1", user="U1"),
)


async def test_a_change_is_kept_with_who_when_before_and_after(redis: Redis, keys: Keys) -> None:
    audit = RedisAudit(redis, keys)
    who = Actor(team="T1", user="U1")
    await audit.record(Change(at=5, actor=who, act="subscribe", subject=MINE.id, after=MINE))
    await audit.record(Change(at=6, actor=who, act="unsubscribe", subject=MINE.id, before=MINE))
    entries: list[Any] = [fields for _, fields in await redis.xrange(keys.audit) or ()]
    assert entries[0] == {
        b"at": b"5",
        b"team": b"T1",
        b"user": b"U1",
        b"act": b"subscribe",
        b"via": b"slack",
        b"subject": b"aaaaaa",
        b"after": entries[1][b"before"],
    }
    assert json.loads(entries[1][b"before"])["filter"] == "status:failed"
    assert b"after" not in entries[1]


async def test_a_redis_that_is_away_raises_our_own_error(keys: Keys) -> None:
    async with Redis(unix_socket_path="/nonexistent/redis.sock", retry=Retry(NoBackoff(), 0)) as nowhere:
        with pytest.raises(UnavailableError):
            await RedisAudit(nowhere, keys).record(
                Change(at=5, actor=Actor(team="T1", user="U1"), act="subscribe", subject=MINE.id)
            )
