"""`tidings keys` as an operator types it, on real servers."""

import json
import re
from collections.abc import Iterator

import pytest
from typer.testing import CliRunner, Result

from bot.core.apikey import PATTERN
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
        monkeypatch.setattr(console, "_width", 200)


def keys(*arguments: str, env: dict[str, str] | None = None) -> Result:
    return CliRunner().invoke(app, ["keys", *arguments], env=env)


def test_a_key_is_shown_once_listed_without_its_secret_and_revoked(place: Premises) -> None:
    env = place.environment
    assert "No keys yet" in keys("list", env=env).output
    made = keys("create", "terraform", "--owner", "U024BE7LR", "--scope", "write", "--expires-in", "90d", env=env)
    assert made.exit_code == 0, made.output
    (text,) = re.findall(PATTERN, made.stdout)
    assert made.stdout == f"{text}\n"
    identity = text.split("_")[1]
    (listed,) = json.loads(keys("list", "--json", env=env).stdout)
    assert (listed["id"], listed["name"], listed["owner"]) == (identity, "terraform", "U024BE7LR")
    assert (listed["team"], listed["scopes"], listed["used"]) == (place.team, ["write"], None)
    other = json.loads(keys("create", "ci", "--owner", "U024BE7LR", "--team", "T9", "--json", env=env).stdout)
    assert re.fullmatch(PATTERN, other["key"])
    assert other["key"].split("_")[1] == other["id"]
    shown = keys("list", env=env).output
    assert identity in shown
    assert other["id"] in shown
    assert text.split("_")[2] not in shown
    refused = keys("revoke", identity, env=env)
    assert (refused.exit_code, "add --yes" in refused.output) == (2, True)
    assert keys("revoke", identity, "--yes", env=env).exit_code == 0
    assert [one["id"] for one in json.loads(keys("list", "--json", env=env).stdout)] == [other["id"]]
    assert keys("revoke", identity, "--yes", env=env).exit_code == 2


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("", "--owner", "U024BE7LR", "--team", "T9"), "a key's name is"),
        (("ci", "--owner", "ann", "--team", "T9"), "'ann' is no Slack user ID"),
        (("ci", "--owner", "U024BE7LR", "--team", "acme"), "'acme' is no workspace"),
        (("ci", "--owner", "U024BE7LR", "--team", "T9", "--scope", "root"), "there are read, write, admin"),
        (("ci", "--owner", "U024BE7LR", "--team", "T9", "--expires-in", "soon"), "a time span is written"),
        (("ci", "--owner", "U024BE7LR"), "add --team"),
    ],
)
def test_a_mistake_says_what_to_type_instead(arguments: tuple[str, ...], told: str) -> None:
    result = keys("create", *arguments)
    assert result.exit_code == 2
    assert told in result.output
