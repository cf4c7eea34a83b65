"""The harness, whole and short: real processes, each kind of violence once, and a clean audit."""

import asyncio
import os
import signal
import sys
from functools import partial
from pathlib import Path

import orjson
import pytest

from consumers.chaos.run import perform
from consumers.chaos.trial import ChaosError, Trial
from tests.apache_kafka.server import apache_kafka

__all__ = ["apache_kafka"]

ACTS = ("kill", "zombie", "redis-kill", "broker-kill", "slack-drop", "hook-reset")


async def test_kills_and_cuts_lose_and_repeat_nothing(tmp_path: Path) -> None:
    trial = Trial(
        preset="tour", acts=ACTS, seed=5, rate=20, members=2, lease=2, session=2, settle=30, folder=tmp_path / "run"
    )
    report, clean = await perform(trial)
    assert clean, report
    assert report["kills"] >= 3
    assert set(report["acts"]) == set(ACTS)
    assert report["events"] > 20
    assert report["delivered"] == report["expected"] > report["events"]
    assert report["logs"] == str(tmp_path / "run")
    lines = (tmp_path / "run" / "acts.jsonl").read_bytes().splitlines()
    assert sorted(orjson.loads(line)["act"] for line in lines) == sorted(ACTS)


@pytest.mark.apache_kafka
async def test_members_that_die_join_and_leave_lose_nothing_on_apache_kafka(tmp_path: Path, apache_kafka: str) -> None:
    acts = ("kill", "term", "join", "redis-kill", "redis-cut", "slack-drop", "hook-reset")
    trial = Trial(
        preset="tour",
        acts=acts,
        rate=20,
        members=3,
        lease=4,
        session=2,
        settle=60,
        kafka=apache_kafka,
        folder=tmp_path / "run",
    )
    report, clean = await perform(trial)
    assert clean, report
    assert set(report["acts"]) == set(acts)
    assert report["delivered"] == report["expected"] > report["events"] > 20


@pytest.mark.slow
@pytest.mark.parametrize("preset", ["rolling", "zombie", "redis-cut", "redis-wipe"])
async def test_a_round_of_each_preset_loses_nothing(tmp_path: Path, preset: str) -> None:
    trial = Trial(preset=preset, rounds=1, rate=20, members=2, lease=4, session=2, settle=40, folder=tmp_path / "run")
    report, clean = await perform(trial)
    assert clean, report
    assert set(report["acts"]) == {preset}
    assert report["delivered"] == report["expected"] > report["events"] > 20


REST = ("term", "join", "broker-pause", "slack-429", "slack-html", "hook-5xx")


@pytest.mark.slow
async def test_the_gentler_acts_lose_nothing(tmp_path: Path) -> None:
    trial = Trial(
        preset="tour", acts=REST, rate=20, members=3, lease=4, session=2, settle=40, split=True, folder=tmp_path / "run"
    )
    report, clean = await perform(trial)
    assert clean, report
    assert set(report["acts"]) == set(REST)


@pytest.mark.parametrize(
    ("trial", "said"),
    [
        (Trial(acts=("kill", "earthquake")), "no such act: earthquake; there are broker-kill, "),
        (Trial(split=True, members=2), "--split needs 3 members"),
        (Trial(preset="waltz"), "no such preset: waltz; there are tour, "),
    ],
)
async def test_what_there_is_not_is_told_before_anything_starts(trial: Trial, said: str) -> None:
    with pytest.raises(ChaosError, match=said):
        await perform(trial)


def processes_of(group: int) -> list[int]:
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdecimal():
            try:
                words = (entry / "stat").read_text().rpartition(")")[2].split()
            except OSError:
                continue
            if int(words[2]) == group and words[0] != "Z":
                found.append(int(entry.name))
    return found


@pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")
@pytest.mark.slow
@pytest.mark.parametrize("blow", [signal.SIGINT, signal.SIGKILL])
async def test_no_process_is_left_behind_by_an_interrupted_run(tmp_path: Path, blow: signal.Signals) -> None:
    folder = tmp_path / "run"
    words = ["chaos", "--only", "kill", "--members", "2", "--minutes", "1", "--folder", str(folder)]
    run = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "consumers", *words),
        process_group=0,
        stderr=asyncio.subprocess.PIPE,
        # A shell that runs the tests in its background has them ignore SIGINT, and whatever they start, too.
        preexec_fn=partial(signal.signal, signal.SIGINT, signal.SIG_DFL),
    )
    try:
        async with asyncio.timeout(60):
            while not (folder / "webhooks.jsonl").exists() or not (folder / "webhooks.jsonl").stat().st_size:  # noqa: ASYNC110 - a file tells nobody
                await asyncio.sleep(0.05)
        assert len(processes_of(run.pid)) > 5
        os.kill(run.pid, blow)
        await asyncio.wait_for(run.communicate(), 60)
        # A member whose Redis and broker went first may wait out each stage of its orderly stop.
        async with asyncio.timeout(60):
            while processes_of(run.pid):  # noqa: ASYNC110 - the kernel tells nobody
                await asyncio.sleep(0.05)
    finally:
        if processes_of(run.pid):
            os.killpg(run.pid, signal.SIGKILL)
