"""What is done to the members, to Redis and to the broker: real signals, and only to processes that we started.

Each act leaves things as it found them, also when it is cancelled.
"""

import asyncio
import os
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from random import Random
from typing import Final

from redis.asyncio import Redis
from redis.exceptions import RedisError

from consumers.chaos.chronicle import Chronicle
from consumers.chaos.stage import WORKERS, Member, Stage
from consumers.embedded.servers import StartError

READY_SECONDS: Final = 15.0
TERM_SECONDS: Final = 20.0
LOST_SECONDS: Final = 1.0


@contextmanager
def _taken(stage: Stage, dice: Random) -> Iterator[Member | None]:
    free = [member for member in stage.members if not member.busy and member.program.alive]
    member = dice.choice(free) if free else None
    if member is None:
        yield None
        return
    member.busy = True
    try:
        yield member
    finally:
        member.busy = False


async def _back(member: Member) -> None:
    """Start it again; ready or not after a while (Redis may be away), it is anybody's again."""
    await member.program.start()
    with suppress(StartError):
        await member.program.says("tidings is ready", seconds=READY_SECONDS)


async def kill(stage: Stage, dice: Random, chronicle: Chronicle) -> None:
    """`kill -9` of a member, and a new one in its place."""
    pause = dice.uniform(0, 1.0)
    with _taken(stage, dice) as member:
        if member is None:
            return
        try:
            with chronicle.act("kill", "member", member.program.name) as deed:
                await member.program.kill()
                deed.kills = 1
            await asyncio.sleep(pause)
        finally:
            await asyncio.shield(member.program.start())
        await _back(member)


async def term(stage: Stage, dice: Random, chronicle: Chronicle) -> None:
    """SIGTERM to a member, which drains, and a new one in its place."""
    with _taken(stage, dice) as member:
        if member is not None:
            await restart(member, chronicle, "term")


async def restart(member: Member, chronicle: Chronicle, name: str) -> None:
    """End a member kindly and start it again."""
    try:
        with chronicle.act(name, "member", member.program.name) as deed:
            ended = await member.program.terminate(seconds=TERM_SECONDS)
            deed.kills = 0 if ended else 1
    finally:
        await asyncio.shield(member.program.start())
    await _back(member)


async def zombie(stage: Stage, dice: Random, chronicle: Chronicle) -> None:
    """SIGSTOP for twice the session, then SIGCONT: it wakes up believing that nothing happened."""
    with _taken(stage, dice) as member:
        if member is not None:
            await freeze(member, chronicle, "zombie", seconds=2 * stage.trial.session)


async def freeze(member: Member, chronicle: Chronicle, name: str, *, seconds: float) -> None:
    """SIGSTOP for so long, then SIGCONT."""
    with chronicle.act(name, "member", member.program.name):
        member.program.pause()
        try:
            await asyncio.sleep(seconds)
        finally:
            member.program.resume()


async def join(stage: Stage, dice: Random, chronicle: Chronicle) -> None:
    """One more member joins, works for a while, and leaves."""
    stay = dice.uniform(4, 10)
    leaves_rudely = dice.random() < 0.3  # noqa: PLR2004 - most leave as they should
    member = await stage.join(WORKERS)
    member.busy = True
    try:
        with suppress(StartError):
            await member.program.says("tidings is ready", seconds=READY_SECONDS)
        await asyncio.sleep(stay)
    finally:
        with chronicle.act("join", "member", member.program.name) as deed:
            if leaves_rudely:
                await asyncio.shield(member.program.kill())
                deed.kills = 1
            else:
                await asyncio.shield(member.program.terminate(seconds=TERM_SECONDS))


async def redis_kill(stage: Stage, dice: Random, chronicle: Chronicle) -> None:
    """`kill -9` of Redis, and a start from its append-only file."""
    pause = dice.uniform(0, 1.5)
    with chronicle.act("redis-kill", "redis", "redis") as deed:
        await stage.redis.kill()
        deed.kills = 1
        await _redis_back(stage, pause)


async def redis_cut(stage: Stage, dice: Random, chronicle: Chronicle) -> None:
    """Redis dies and the last second of its append-only file never reached the disk."""
    pause = dice.uniform(0, 1.0)
    file = _append_only_file(stage.redis_folder)
    since, length = time.time(), file.stat().st_size
    await asyncio.sleep(LOST_SECONDS)
    with chronicle.act("redis-cut", "redis_lost", "redis") as deed:
        deed.since = since
        await stage.redis.kill()
        deed.kills = 1
        if file.exists() and file.stat().st_size > length:
            os.truncate(file, length)
        await _redis_back(stage, pause)


async def redis_wipe(stage: Stage, dice: Random, chronicle: Chronicle) -> None:
    """Redis forgets everything: FLUSHALL, or a new server with an empty disk."""
    flush, pause = dice.random() < 0.5, dice.uniform(0, 1.0)  # noqa: PLR2004 - either
    with chronicle.act("redis-wipe", "redis_lost", "flushall" if flush else "empty disk") as deed:
        deed.since = 0.0
        if flush:
            deed.committed = await stage.committed()
            async with Redis.from_url(stage.redis_url) as client:
                with suppress(RedisError):
                    await client.flushall()
            return
        await stage.redis.kill()
        deed.kills = 1
        try:
            deed.committed = await stage.committed()
            shutil.rmtree(stage.redis_folder)
            stage.redis_folder.mkdir()
        finally:
            await asyncio.shield(_redis_back(stage, pause))


def _append_only_file(folder: Path) -> Path:
    files = sorted((folder / "appendonlydir").glob("*.incr.aof"), key=lambda file: int(file.name.split(".")[-3]))
    return files[-1]


async def _redis_back(stage: Stage, pause: float) -> None:
    try:
        await asyncio.sleep(pause)
    finally:
        await asyncio.shield(stage.redis.start())
    await stage.redis_ready()


async def broker_kill(stage: Stage, dice: Random, chronicle: Chronicle) -> None:
    """`kill -9` of the broker, and a start on the same port and data."""
    if stage.broker is None:
        return
    pause = dice.uniform(0, 1.5)
    with chronicle.act("broker-kill", "broker", "broker") as deed:
        await stage.broker.kill()
        deed.kills = 1
        try:
            await asyncio.sleep(pause)
        finally:
            await asyncio.shield(stage.broker.start())
        await stage.broker_ready()


async def broker_pause(stage: Stage, dice: Random, chronicle: Chronicle) -> None:
    """SIGSTOP of the broker for up to a session and a third, then SIGCONT."""
    if stage.broker is None:
        return
    with chronicle.act("broker-pause", "broker", "broker"):
        stage.broker.pause()
        try:
            await asyncio.sleep(dice.uniform(0.5, 1.3 * stage.trial.session))
        finally:
            stage.broker.resume()
