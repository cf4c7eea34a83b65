"""Starting while something is away: one clear line a try, and then it goes on by itself."""

import asyncio
from contextlib import suppress

from structlog.testing import capture_logs

from bot.settings import Role, load
from bot.wiring.stores import patiently
from consumers.run import Process
from tests.walk.parts import eventually


async def test_it_tries_until_it_works_and_names_what_is_awaited_and_why() -> None:
    tries = 0
    with capture_logs() as logs:
        async for attempt in patiently("Redis", where="redis://nowhere", failures=(OSError,)):
            with attempt:
                tries += 1
                if tries < 3:
                    raise ConnectionRefusedError("connection refused")
    assert tries == 3
    assert [(one["event"], one["what"], one["url"], one["why"]) for one in logs] == [
        ("waiting_for", "Redis", "redis://nowhere", "connection refused")
    ] * 2
    assert all(one["again_in"] > 0 for one in logs)


async def test_what_is_no_absence_is_raised_at_once() -> None:
    tries = 0
    with suppress(ValueError):
        async for attempt in patiently("Redis", where="redis://nowhere", failures=(OSError,)):
            with attempt:
                tries += 1
                raise ValueError("wrong password")
    assert tries == 1


async def test_a_process_waits_for_kafka_and_then_for_redis(kafka_address: str) -> None:
    async def lines(kafka: str) -> list[str]:
        settings = load(frozenset(), env_file=None, redis="redis://127.0.0.1:1", kafka=kafka, port=0)
        process = Process(settings, frozenset({Role.INGEST}), on_ready=lambda _: None)
        with capture_logs() as logs:
            task = asyncio.create_task(process.serve(asyncio.Event()))
            await eventually(lambda: any(one["event"] == "waiting_for" for one in logs))
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task
        return [one["what"] for one in logs if one["event"] == "waiting_for"]

    assert (await lines("127.0.0.1:1"))[0] == "Kafka"
    assert (await lines(kafka_address))[0] == "Redis"
