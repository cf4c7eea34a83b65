"""`tidings chaos`: what it prints, and what it exits with."""

import json
from typing import Any

import pytest
from typer.testing import CliRunner

from consumers.__main__ import app
from consumers.chaos import run
from consumers.chaos.trial import ChaosError, Trial


@pytest.fixture
def trials(monkeypatch: pytest.MonkeyPatch) -> list[Trial]:
    """Runs nothing: seed 1 ends well, seed 2 does not, seed 3 can't start."""
    asked: list[Trial] = []

    async def perform(trial: Trial) -> tuple[dict[str, Any], bool]:
        asked.append(trial)
        if trial.seed == 3:
            raise ChaosError("the broker did not start\nlogs: kept/x")
        clean = trial.seed == 1
        return {
            "missing": 0 if clean else 4,
            "logs": None if clean else "kept/tidings-chaos-x",
            "again": trial.command,
        }, clean

    monkeypatch.setattr(run, "perform", perform)
    return asked


def test_a_clean_run_exits_with_0_and_prints_json_for_machines(trials: list[Trial]) -> None:
    words = ["--minutes", "0.5", "--only", "kill,term", "--split", "--members", "2", "--json"]
    result = CliRunner().invoke(app, ["chaos", *words])
    assert result.exit_code == 0
    assert json.loads(result.stdout)["missing"] == 0
    assert trials == [Trial(seconds=30, acts=("kill", "term"), split=True, members=2)]


def test_a_failure_tells_where_its_logs_lie_and_how_to_repeat_it(trials: list[Trial]) -> None:
    result = CliRunner().invoke(app, ["chaos", "--seed", "2"])
    assert result.exit_code == 1
    assert "missing: 4" in result.stdout
    assert "FAILED. Logs and ledgers: kept/tidings-chaos-x" in result.stderr
    assert "Again: tidings chaos --minutes 5 --seed 2" in result.stderr
    assert trials[0].preset is None


def test_what_can_not_start_exits_with_2_and_says_why(trials: list[Trial]) -> None:
    result = CliRunner().invoke(app, ["chaos", "--seed", "3"])
    assert result.exit_code == 2
    assert "the broker did not start" in result.stderr
    assert len(trials) == 1
