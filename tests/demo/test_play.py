"""The demo, whole: real processes, a short play, a clean audit."""

from pathlib import Path

import pytest

from consumers.demo.play import perform
from consumers.demo.stage import Play, StageError


def play(*, seconds: float = 3, rate: float = 12, as_json: bool = True, replay: Path | None = None) -> Play:
    return Play(seconds=seconds, replay=replay, speed=60, rate=rate, seed=3, port=0, as_json=as_json)


async def test_a_short_play_misses_repeats_and_disorders_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    report, clean = await perform(play(as_json=False))
    assert clean, report
    assert report["published"] > 10
    assert report["delivered"] == report["expected"]
    assert report["expected"]["webhook"] == report["expected"]["browser"] == report["published"]
    assert report["expected"]["slack"] > 0
    assert report["latency_ms"]["p50"] > 0
    shown = capsys.readouterr().out
    for line in ("Slack sandbox", "Live console", "Webhooks to", "nothing repeated, nothing out of order"):
        assert line in shown


async def test_a_trace_that_is_not_there_ends_the_demo_with_its_name(tmp_path: Path) -> None:
    with pytest.raises(StageError, match=r"azure_llm_trace_conv\.csv is missing"):
        await perform(play(replay=tmp_path))
