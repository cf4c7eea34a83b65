"""What of a Redis weakens a promise: each wrong setting is told with its remedy."""

import pytest
from redis.asyncio import Redis

from consumers.durability import judge, look
from consumers.embedded.servers import embedded_redis
from consumers.findings import Severity

GOOD = {"appendonly": "yes", "appendfsync": "everysec", "maxmemory-policy": "noeviction"}


def test_a_redis_as_it_should_be_gives_nothing_to_say() -> None:
    assert judge("6.2.0", GOOD) == []
    assert judge("9.1", {**GOOD, "appendfsync": "always"}) == []


@pytest.mark.parametrize(
    ("version", "wrong", "severity", "what", "remedy"),
    [
        ("6.0.16", {}, Severity.ERROR, "6.0.16", "6.2"),
        ("7.2.4", {"appendonly": "no"}, Severity.ERROR, "append-only file", "appendonly yes"),
        ("7.2.4", {"appendfsync": "no"}, Severity.WARNING, "appendfsync no", "everysec"),
        ("7.2.4", {"maxmemory-policy": "allkeys-lru"}, Severity.ERROR, "allkeys-lru", "noeviction"),
        ("7.2.4", {"maxmemory-policy": "volatile-ttl"}, Severity.ERROR, "volatile-ttl", "noeviction"),
    ],
)
def test_each_weakness_is_told_with_its_remedy(
    version: str, wrong: dict[str, str], severity: Severity, what: str, remedy: str
) -> None:
    (finding,) = judge(version, {**GOOD, **wrong})
    assert finding.severity is severity
    assert what in finding.what
    assert remedy in finding.remedy


def test_a_redis_that_tells_nothing_is_not_trusted() -> None:
    assert [finding.severity for finding in judge("7.2.4", {})] == [Severity.ERROR, Severity.ERROR]


async def test_the_embedded_redis_passes_and_one_that_is_changed_does_not() -> None:
    async with embedded_redis() as url, Redis.from_url(url) as redis:
        assert await look(redis) == []
        await redis.config_set("maxmemory-policy", "allkeys-lru")
        await redis.config_set("appendonly", "no")
        assert len(await look(redis)) == 2


async def test_a_redis_that_does_not_answer_is_a_finding() -> None:
    async with Redis.from_url("redis://127.0.0.1:1", retry_on_error=[]) as redis:
        (finding,) = await look(redis)
    assert "could not be looked at" in finding.what
