"""`tidings subs export|import|diff` as an operator types them, on real servers and a Slack workspace."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from consumers import shell
from consumers.__main__ import app
from tests.consumers.premises import Premises, premises

pytestmark = pytest.mark.usefixtures("logging_put_back")


@pytest.fixture(scope="module")
def place() -> Iterator[Premises]:
    with premises() as made:
        yield made


@pytest.fixture(autouse=True)
def _wide_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    for console in (shell.out, shell.err):
        monkeypatch.setattr(console, "_width", 250)


@pytest.fixture
def env(place: Premises, request: pytest.FixtureRequest) -> dict[str, str]:
    """Each test in a namespace of its own."""
    name = re.sub(r"\W", "", request.node.name)
    return place.environment | {
        "TIDINGS_NAMESPACE": name,
        "TIDINGS_SUBSCRIPTIONS_TOPIC": f"{name}.subscriptions",
        "TIDINGS_PARKED_TOPIC": f"{name}.parked",
        "TIDINGS_REGISTRY_TOPIC": f"{name}.registry",
    }


def subs(env: dict[str, str], *arguments: str) -> Result:
    return CliRunner().invoke(app, ["subs", *arguments], env=env)


def written(place: Premises) -> str:
    team, sandbox = place.team, place.sandbox
    user, channel = sandbox.user_id("tomas.okafor"), sandbox.channel_id("fraud-alerts")
    return f"""version: 1
team: {team}
subscriptions:
- id: '012345'
  to: '#{channel}'
  filter: model:fraud-* status:failed
  owner: {user}
  mention: {user}
  digest: daily 17:30
  quiet: 22:00-07:00
  thread: session
  hold: muted until 2099-12-01T10:00:00+00:00
- id: k7m2qx
  to: '#{channel}/1700000000.000100'
  filter: ''
  owner: {user}
  doubt: ask
- id: zzzzzz
  to: '@{user}'
  filter: '"charge back" -tag:test'
  owner: {user}
  hold: paused
- id: 3f9k2m
  to: https://hooks.example.com/very/secret
  filter: confidence<0.8
  owner: {user}
"""


def test_what_was_exported_comes_back_after_a_wipe_just_as_it_was(
    place: Premises, env: dict[str, str], tmp_path: Path
) -> None:
    file, empty = tmp_path / "subs.yaml", tmp_path / "empty.yaml"
    file.write_text(written(place), encoding="utf-8")
    first = subs(env, "import", str(file), "--yes")
    assert first.exit_code == 0, first.output
    assert "4 changes made, 0 failed" in first.output
    exported = subs(env, "export")
    assert exported.stdout == written(place)
    empty.write_text(f"version: 1\nteam: {place.team}\nsubscriptions: []\n", encoding="utf-8")
    wiped = subs(env, "import", str(empty), "--prune", "--yes")
    assert wiped.output.count("- remove") == 4
    assert "k7m2qx" not in subs(env, "list").output
    file.write_text(exported.stdout, encoding="utf-8")
    assert subs(env, "import", str(file), "--yes").exit_code == 0
    assert subs(env, "export").stdout == exported.stdout
    again = subs(env, "import", str(file), "--yes")
    assert "0 to create, 0 to change, 0 to remove, 4 as they are" in again.output
    assert subs(env, "diff", str(file)).exit_code == 0


def test_a_changed_file_shows_its_plan_and_changes_what_it_says(
    place: Premises, env: dict[str, str], tmp_path: Path
) -> None:
    file = tmp_path / "subs.yaml"
    file.write_text(written(place), encoding="utf-8")
    assert subs(env, "import", str(file), "--yes").exit_code == 0
    before = subs(env, "export").stdout
    other = place.sandbox.user_id("priya.raman")
    text = before.replace("digest: daily 17:30", "digest: hourly").replace("status:failed", "status:cancelled")
    text = text.replace("  hold: paused\n", "").replace("doubt: ask", f"mention: {other}")
    text = re.sub(r"- id: 3f9k2m\n(  .*\n)*", "", text)
    text = re.sub(r"- id: k7m2qx\n((?:  .*\n)*?)  owner: \w+\n", rf"- id: k7m2qx\n\1  owner: {other}\n", text)
    text += "- to: '@" + other + "'\n  filter: tag:new\n"
    file.write_text(text, encoding="utf-8")
    missing = subs(env, "import", str(file), "--dry-run")
    assert (missing.exit_code, "add --owner" in missing.output) == (2, True)
    planned = subs(env, "import", str(file), "--prune", "--dry-run", "--owner", other)
    assert planned.exit_code == 0
    assert "1 to create, 3 to change, 1 to remove, 0 as they are" in planned.output
    assert "filter: model:fraud-* status:failed → model:fraud-* status:cancelled" in planned.output
    assert "hold: paused → ∅" in planned.output
    assert subs(env, "export").stdout == before
    refused = subs(env, "import", str(file), "--prune", "--owner", other)
    assert (refused.exit_code, "add --yes" in refused.output) == (2, True)
    compared = subs(env, "diff", str(file))
    assert (compared.exit_code, "- remove" in compared.output) == (1, True)
    assert subs(env, "import", str(file), "--prune", "--yes", "--owner", other).exit_code == 0
    after = subs(env, "export").stdout
    assert "3f9k2m" not in after
    assert f"owner: {other}\n  mention: {other}" in after
    assert "tag:new" in after
    assert subs(env, "diff", str(file)).exit_code == 0


def test_a_step_that_fails_is_told_and_the_others_are_done(
    place: Premises, env: dict[str, str], tmp_path: Path
) -> None:
    file, user = tmp_path / "subs.yaml", place.sandbox.user_id("tomas.okafor")
    file.write_text(
        f"version: 1\nteam: {place.team}\nsubscriptions:\n"
        f"- to: '#C0NOWHERE'\n  owner: {user}\n"
        f"- to: http://10.0.0.1/hook\n  owner: {user}\n"
        f"- to: '@{user}'\n  owner: {user}\n",
        encoding="utf-8",
    )
    result = subs(env, "import", str(file), "--yes")
    assert result.exit_code == 1
    assert "#C0NOWHERE : nothing can be delivered there: unseen" in result.output
    assert "nothing can be delivered there: url" in result.output
    assert "1 change made, 2 failed" in result.output
    assert subs(env, "export").stdout.count("- id:") == 1


def test_a_file_that_cant_be_read_says_where(place: Premises, env: dict[str, str], tmp_path: Path) -> None:
    file = tmp_path / "subs.yaml"
    for text, told in (
        (None, "can't be read"),
        (
            f"version: 1\nteam: {place.team}\nsubscriptions:\n- to: general\n",
            "subs.yaml:4: to: 'general'",
        ),
    ):
        if text is not None:
            file.write_text(text, encoding="utf-8")
        result = subs(env, "import", str(file), "--yes")
        assert result.exit_code == 2
        assert told in result.output


def test_of_several_workspaces_one_is_named_and_two_that_change_places_are_told(
    place: Premises, env: dict[str, str], tmp_path: Path
) -> None:
    file, user = tmp_path / "subs.yaml", place.sandbox.user_id("tomas.okafor")
    assert subs(env, "export").stdout == f"version: 1\nteam: {place.team}\nsubscriptions: []\n"

    def imported(team: str, first: str, second: str) -> Result:
        rows = (
            f"- id: {name}\n  to: '@{user}'\n  filter: {wanted}\n"
            for name, wanted in (("aaaaaa", first), ("bbbbbb", second))
        )
        file.write_text(f"version: 1\nteam: {team}\nsubscriptions:\n{''.join(rows)}", encoding="utf-8")
        return subs(env, "import", str(file), "--yes", "--owner", user)

    assert imported(place.team, "tag:a", "tag:b").exit_code == 0
    swapped = imported(place.team, "tag:b", "tag:a")
    assert (swapped.exit_code, swapped.output.count("gets just these events there already")) == (1, 2)
    assert imported("T9", "tag:a", "tag:b").exit_code == 0
    asked = subs(env, "export")
    assert (asked.exit_code, f"add --team T… {place.team}, T9" in asked.output) == (2, True)
    assert subs(env, "export", "--team", "T9").stdout.startswith("version: 1\nteam: T9\n")
