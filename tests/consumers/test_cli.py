"""The command line as a user types it."""

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from bot.settings import Settings, variable
from consumers.__main__ import app

EVENT = {"id": "1", "model": {"name": "m"}, "status": "completed", "inference_id": "i"}


pytestmark = pytest.mark.usefixtures("logging_put_back")


@pytest.fixture(autouse=True)
def no_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in Settings.model_fields:
        monkeypatch.delenv(variable(name), raising=False)
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def env_file(tmp_path: Path) -> Path:
    return tmp_path / "test.env"


def tidings(*arguments: str, stdin: str | None = None) -> Result:
    return CliRunner().invoke(app, list(arguments), input=stdin)


def said(result: Result) -> str:
    """What was printed, as one line: rich wraps where it likes."""
    return re.sub(r"\s+", " ", result.output)


def test_help_names_every_command() -> None:
    result = tidings("--help")
    assert result.exit_code == 0
    for command in ("run", "demo", "publish", "check", "subs", "manifest", "docs", "bench"):
        assert re.search(rf"\b{command}\b", result.output)


def test_run_without_settings_says_what_is_missing_a_line_each() -> None:
    result = tidings("run")
    assert result.exit_code == 2
    assert [line.split()[0] for line in result.output.splitlines() if " is missing" in line] == [
        "TIDINGS_SECRET",
        "TIDINGS_SLACK_BOT_TOKEN",
        "TIDINGS_SLACK_SIGNING_SECRET",
    ]


@pytest.mark.parametrize(
    ("line", "complaint"),
    [
        ("not json", "line 2: value: is not JSON"),
        (json.dumps({**EVENT, "confidence": 7}), "line 2:"),
        (json.dumps({**EVENT, "status": "done"}), "line 2:"),
    ],
)
def test_a_file_with_a_bad_line_publishes_nothing_and_names_the_line(tmp_path: Path, line: str, complaint: str) -> None:
    file = tmp_path / "events.jsonl"
    file.write_text(f"{json.dumps(EVENT)}\n{line}\n")
    result = tidings("publish", str(file))
    assert result.exit_code == 2
    assert complaint in said(result)


def test_publishing_nothing_says_what_to_give() -> None:
    result = tidings("publish")
    assert result.exit_code == 2
    assert "--model" in said(result)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    result = tidings("publish", str(tmp_path / "none.jsonl"))
    assert result.exit_code == 2
    assert "none.jsonl" in said(result)


@pytest.mark.parametrize("socket_mode", [True, False])
def test_the_manifest_can_be_printed_for_both_ways(*, socket_mode: bool) -> None:
    result = tidings("manifest", *(["--socket-mode"] if socket_mode else ["--url", "https://t.example.org"]))
    assert result.exit_code == 0
    assert ("https://t.example.org/slack/events" in result.output) is not socket_mode
    assert f"socket_mode_enabled: {str(socket_mode).lower()}" in result.output


def test_an_unknown_benchmark_lists_those_there_are() -> None:
    result = tidings("bench", "nonsense")
    assert result.exit_code == 2
    assert "outbox" in said(result)


@pytest.fixture
def servers() -> Iterator[tuple[str, str]]:
    """Kafka's address and Redis's URL, on a loop that runs beside the command's own."""
    import asyncio
    from threading import Thread

    from consumers.embedded.servers import embedded_kafka, embedded_redis

    loop = asyncio.new_event_loop()
    thread = Thread(target=loop.run_forever)
    thread.start()
    kafka, redis = embedded_kafka(), embedded_redis()

    def wait(work: object) -> object:
        return asyncio.run_coroutine_threadsafe(work, loop).result(20)  # type: ignore[arg-type] # coroutines all

    try:
        yield str(wait(kafka.__aenter__())), str(wait(redis.__aenter__()))
    finally:
        wait(kafka.__aexit__(None, None, None))
        wait(redis.__aexit__(None, None, None))
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


def test_publish_check_and_list_on_real_servers(
    servers: tuple[str, str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    kafka, redis = servers
    monkeypatch.setenv("TIDINGS_KAFKA", kafka)
    monkeypatch.setenv("TIDINGS_REDIS", redis)
    file = tmp_path / "events.jsonl"
    file.write_text("".join(f"{json.dumps({**EVENT, 'id': str(number)})}\n\n" for number in range(1_200)))
    assert "published 1200 events to inference.events" in said(tidings("publish", str(file)))
    one = tidings("publish", "--model", "m", "--status", "failed", "--title", "T", "--tag", "a", "--user", "U123")
    assert "published 1 event to inference.events" in said(one)
    assert "published 1 event" in said(tidings("publish", "-", stdin=json.dumps(EVENT)))

    checked = json.loads(tidings("check", "--json").stdout)
    found = {row["what"]: row for row in checked}
    assert found["Redis"]["ok"]
    assert found["Redis durability"]["ok"]
    assert not found["Kafka topics"]["ok"]
    assert found["Kafka"]["found"] == kafka
    assert found["Topic for events"]["ok"]
    assert not found["Topic for dead letters"]["ok"]
    assert "kafka-topics.sh --create --topic inference.dead" in found["Topic for dead letters"]["fix"]
    assert "TIDINGS_SLACK_BOT_TOKEN" in found["Slack"]["fix"]
    assert "/tidings" in found["Manifest"]["found"]
    assert [row["fix"].split()[0] for row in checked if row["what"] == "Settings"] == [
        "TIDINGS_SECRET",
        "TIDINGS_SLACK_BOT_TOKEN",
        "TIDINGS_SLACK_SIGNING_SECRET",
    ]
    lines = tidings("check")
    assert lines.exit_code == 1
    assert "✓ Redis" in lines.output
    assert "✗ Slack" in lines.output

    assert "No subscriptions yet" in said(tidings("subs", "list"))
    assert json.loads(tidings("subs", "list", "--json").stdout) == []


def test_check_says_how_to_start_what_is_away(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TIDINGS_KAFKA", "127.0.0.1:1")
    monkeypatch.setenv("TIDINGS_REDIS", "redis://127.0.0.1:1")
    monkeypatch.setenv("TIDINGS_SLACK_BOT_TOKEN", "xoxb-1")
    monkeypatch.setenv("TIDINGS_SLACK_API_URL", "http://127.0.0.1:1/api/")
    found = {row["what"]: row for row in json.loads(tidings("check", "--json").stdout)}
    assert "TIDINGS_REDIS" in found["Redis"]["fix"]
    assert "TIDINGS_KAFKA" in found["Kafka"]["fix"]
    assert "TIDINGS_SLACK_API_URL" in found["Slack"]["fix"]
    assert found["Manifest"]["ok"]
