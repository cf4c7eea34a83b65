"""`tidings keys` as an operator types it, on real servers."""

import json
import re

import pytest
from typer.testing import CliRunner, Result

from bot.core.apikey import PATTERN
from bot.settings import variable
from consumers import shell
from consumers.__main__ import app
from tests.consumers.test_cli import servers

__all__ = ["servers"]

pytestmark = pytest.mark.usefixtures("logging_put_back")


def keys(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["keys", *arguments])


@pytest.fixture(autouse=True)
def _at_hand(servers: tuple[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in zip(("kafka", "redis"), servers, strict=True):
        monkeypatch.setenv(variable(name), value)


@pytest.fixture(autouse=True)
def _wide_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    for console in (shell.out, shell.err):
        monkeypatch.setattr(console, "_width", 200)


def test_a_key_is_shown_once_listed_without_its_secret_and_revoked() -> None:
    made = keys(
        "create", "terraform", "--owner", "U024BE7LR", "--team", "T9", "--scope", "write", "--expires-in", "90d"
    )
    assert made.exit_code == 0, made.output
    (text,) = re.findall(PATTERN, made.stdout)
    assert made.stdout == f"{text}\n"
    identity = text.split("_")[1]
    (listed,) = json.loads(keys("list", "--json", "--team", "T9").stdout)
    assert (listed["id"], listed["name"], listed["owner"]) == (identity, "terraform", "U024BE7LR")
    assert (listed["scopes"], listed["used"]) == (["write"], None)
    shown = keys("list", "--team", "T9").output
    assert identity in shown
    assert text.split("_")[2] not in shown
    refused = keys("revoke", identity)
    assert (refused.exit_code, "add --yes" in refused.output) == (2, True)
    assert keys("revoke", identity, "--yes").exit_code == 0
    assert json.loads(keys("list", "--json", "--team", "T9").stdout) == []
    assert "No keys yet" in keys("list", "--team", "T9").output
    assert keys("revoke", identity, "--yes").exit_code == 2


def test_a_key_as_json_is_for_machines() -> None:
    made = json.loads(keys("create", "ci", "--owner", "U024BE7LR", "--team", "T8", "--json").stdout)
    assert re.fullmatch(PATTERN, made["key"])
    assert made["key"].split("_")[1] == made["id"]


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("create", "", "--owner", "U024BE7LR", "--team", "T9"), "a key's name is"),
        (("create", "ci", "--owner", "ann", "--team", "T9"), "'ann' is no Slack user ID"),
        (("create", "ci", "--owner", "U024BE7LR", "--team", "acme"), "'acme' is no workspace"),
        (("create", "ci", "--owner", "U024BE7LR", "--team", "T9", "--scope", "root"), "there are read, write, admin"),
        (("create", "ci", "--owner", "U024BE7LR", "--team", "T9", "--expires-in", "soon"), "a time span is written"),
        (("create", "ci", "--owner", "U024BE7LR"), "add --team"),
    ],
)
def test_a_mistake_says_what_to_type_instead(arguments: tuple[str, ...], told: str) -> None:
    result = keys(*arguments)
    assert result.exit_code == 2
    assert told in result.output
