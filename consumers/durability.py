"""What of a Redis weakens a promise: its version, its append-only file, and whether it may evict."""

from collections.abc import Mapping
from typing import Any, Final

from redis.asyncio import Redis
from redis.exceptions import RedisError, ResponseError

from consumers.findings import Finding, error, warning

MIN_REDIS: Final = (6, 2)


async def look(redis: Redis) -> list[Finding]:
    """Look at its configuration. A Redis that can't be asked is a finding, too."""
    try:
        version = str((await redis.info("server"))["redis_version"])
        return judge(version, await _config(redis))
    except (RedisError, OSError) as failure:
        what = f"Redis could not be looked at: {str(failure) or type(failure).__name__}"
        return [warning(what, "see whether TIDINGS_REDIS is right and Redis answers")]


async def _config(redis: Redis) -> Mapping[str, str]:
    try:
        found: Mapping[Any, Any] = await redis.config_get("append*", "maxmemory-policy")
    except ResponseError:  # forbidden
        return {}
    return {_text(name): _text(value) for name, value in found.items()}


def _text(value: bytes | str) -> str:
    return value.decode() if isinstance(value, bytes) else value


def judge(version: str, config: Mapping[str, str]) -> list[Finding]:
    """What of a Redis weakens a promise. `config` has `appendonly`, `appendfsync` and `maxmemory-policy`.

    A setting that the server does not tell (CONFIG is forbidden at some hosts) is taken to be wrong: nobody can know.
    """
    found: list[Finding] = []
    if tuple(int(part) for part in version.split(".")[:2]) < MIN_REDIS:
        found.append(error(f"Redis is of version {version}", "upgrade to Redis 6.2 or newer, or Valkey"))
    if config.get("appendonly") != "yes":
        found.append(
            error(
                "Redis keeps no append-only file: a restart forgets what was delivered since the last snapshot",
                "CONFIG SET appendonly yes, and write it to redis.conf",
            )
        )
    elif config.get("appendfsync") == "no":
        found.append(
            warning(
                "Redis leaves it to the system when its file is written (appendfsync no)",
                "CONFIG SET appendfsync everysec, and write it to redis.conf",
            )
        )
    if config.get("maxmemory-policy") != "noeviction":
        found.append(
            error(
                f"Redis may evict keys (maxmemory-policy {config.get('maxmemory-policy', 'unknown')}): "
                "an evicted key is a forgotten delivery",
                "CONFIG SET maxmemory-policy noeviction, and write it to redis.conf",
            )
        )
    return found
