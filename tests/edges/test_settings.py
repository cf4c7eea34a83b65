"""Settings: what is missing or wrong is said in one line that names the variable and the remedy."""

from pathlib import Path

import pytest

from bot.settings import Role, Settings, SettingsError, example, load, table, variable

ALL = frozenset(Role)
GOOD = {
    "TIDINGS_SECRET": "s" * 40,
    "TIDINGS_SLACK_BOT_TOKEN": "xoxb-1",
    "TIDINGS_SLACK_SIGNING_SECRET": "abc",
}


@pytest.fixture(autouse=True)
def no_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in Settings.model_fields:
        monkeypatch.delenv(variable(name), raising=False)
    monkeypatch.delenv("SLACK_API_URL", raising=False)


def given(monkeypatch: pytest.MonkeyPatch, **values: str) -> None:
    for name, value in values.items():
        monkeypatch.setenv(name, value)


def problems(roles: frozenset[Role] = ALL) -> list[str]:
    with pytest.raises(SettingsError) as caught:
        load(roles, env_file=None)
    return caught.value.problems


def test_what_is_needed_is_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    given(monkeypatch, **GOOD)
    settings = load(ALL, env_file=None)
    assert settings.kafka == "localhost:9092"
    assert settings.slack_bot_token.get_secret_value() == "xoxb-1"


def test_everything_missing_is_said_at_once_with_where_to_get_it() -> None:
    found = problems()
    assert [line.split()[0] for line in found] == [
        "TIDINGS_SECRET",
        "TIDINGS_SLACK_BOT_TOKEN",
        "TIDINGS_SLACK_SIGNING_SECRET",
    ]
    assert all("is missing" in line for line in found)
    assert "secrets.token_urlsafe" in found[0]
    assert "OAuth & Permissions" in found[1]
    assert "Signing Secret" in found[2]


def test_socket_mode_needs_no_signing_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    given(monkeypatch, **GOOD, TIDINGS_SLACK_APP_TOKEN="xapp-1")
    monkeypatch.delenv("TIDINGS_SLACK_SIGNING_SECRET")
    assert load(ALL, env_file=None).slack_app_token.get_secret_value() == "xapp-1"


MANY = {
    "TIDINGS_SECRET": "s" * 40,
    "TIDINGS_SLACK_SIGNING_SECRET": "abc",
    "TIDINGS_SLACK_CLIENT_ID": "1.2",
    "TIDINGS_SLACK_CLIENT_SECRET": "shh",
    "TIDINGS_SLACK_TEAMS": "T1, E2",
    "TIDINGS_PUBLIC_URL": "https://tidings.example.com/",
    "TIDINGS_ENCRYPTION_KEYS": f"{'A' * 43}=, {'B' * 43}=",
}


def test_many_workspaces_need_a_client_instead_of_a_token(monkeypatch: pytest.MonkeyPatch) -> None:
    given(monkeypatch, **MANY)
    settings = load(ALL, env_file=None)
    assert settings.slack_teams == ("T1", "E2")
    assert settings.public_url == "https://tidings.example.com"
    assert [key.get_secret_value()[0] for key in settings.encryption_keys] == ["A", "B"]
    assert "A" * 43 not in repr(settings)


def test_of_many_workspaces_everything_missing_is_said_with_what_to_put(monkeypatch: pytest.MonkeyPatch) -> None:
    given(monkeypatch, TIDINGS_SLACK_CLIENT_ID="1.2", TIDINGS_SECRET="s" * 40)
    found = problems()
    assert [line.split()[0] for line in found] == [
        "TIDINGS_SLACK_CLIENT_SECRET",
        "TIDINGS_ENCRYPTION_KEYS",
        "TIDINGS_SLACK_TEAMS",
        "TIDINGS_PUBLIC_URL",
        "TIDINGS_SLACK_SIGNING_SECRET",
    ]
    assert "Fernet.generate_key" in found[1]
    assert "* lets any" in found[2]
    assert [line.split()[0] for line in problems(frozenset({Role.DISPATCH}))] == [line.split()[0] for line in found[:2]]


def test_a_web_role_that_serves_what_people_do_in_slack_needs_what_that_needs(monkeypatch: pytest.MonkeyPatch) -> None:
    web = frozenset({Role.WEB})
    load(web, env_file=None)
    given(monkeypatch, TIDINGS_SLACK_CLIENT_ID="1.2")
    assert [line.split()[0] for line in problems(web)] == [
        "TIDINGS_SECRET",
        "TIDINGS_SLACK_CLIENT_SECRET",
        "TIDINGS_ENCRYPTION_KEYS",
    ]
    given(monkeypatch, TIDINGS_SLACK_CLIENT_ID="", TIDINGS_SLACK_BOT_TOKEN="xoxb-1")
    assert [line.split()[0] for line in problems(web)] == ["TIDINGS_SECRET"]


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("TIDINGS_SLACK_BOT_TOKEN", "xoxb-1", "Keep the token for one workspace, or the client ID for many"),
        ("TIDINGS_SLACK_CLIENT_ID", "", "TIDINGS_SLACK_CLIENT_ID is missing"),
        ("TIDINGS_ENCRYPTION_KEYS", "hunter2", "number 1 is no key"),
        ("TIDINGS_ENCRYPTION_KEYS", f"{'A' * 43}=,{'B' * 40}", "number 2 is no key"),
        ("TIDINGS_PUBLIC_URL", "http://tidings.example.com", "is no https URL"),
        ("TIDINGS_PUBLIC_URL", "https://tidings.example.com/slack", "is no https URL"),
    ],
)
def test_settings_of_many_that_can_not_be_are_said(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, says: str
) -> None:
    given(monkeypatch, **{**MANY, name: value})
    found = "\n".join(problems())
    assert says in found
    assert "hunter2" not in found


@pytest.mark.parametrize("url", ["http://localhost:8080", "http://127.0.0.1:9", "http://[::1]:9"])
def test_on_this_machine_browsers_may_come_without_tls(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    given(monkeypatch, **{**MANY, "TIDINGS_PUBLIC_URL": url})
    assert load(ALL, env_file=None).public_url == url


def test_a_role_asks_only_for_what_it_needs() -> None:
    load(frozenset({Role.INGEST, Role.BROADCAST, Role.WEB}), env_file=None)
    assert len(problems(frozenset({Role.DISPATCH}))) == 2


def test_a_short_secret_is_refused_without_being_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    given(monkeypatch, **{**GOOD, "TIDINGS_SECRET": "hunter2"})
    (line,) = problems()
    assert line.startswith("TIDINGS_SECRET is too short (7 characters).")
    assert "hunter2" not in line


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("TIDINGS_PORT", "http", "valid integer"),
        ("TIDINGS_PORT", "70000", "less than or equal to 65535"),
        ("TIDINGS_WORKERS", "0", "greater than or equal to 1"),
        ("TIDINGS_LOG_LEVEL", "loud", "should match pattern"),
        ("TIDINGS_WEBHOOK_ALLOW", "10.0.0.0/99", "not a valid"),
        ("TIDINGS_WEBHOOK_PORTS", "443,https", "valid integer"),
    ],
)
def test_a_wrong_value_is_named_with_its_meaning(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, says: str
) -> None:
    given(monkeypatch, **GOOD, **{name: value})
    line = problems()[0]
    assert line.startswith(f"{name} is wrong:")
    assert says in line


def test_lists_are_written_with_commas(monkeypatch: pytest.MonkeyPatch) -> None:
    given(monkeypatch, **GOOD, TIDINGS_WEBHOOK_ALLOW="10.0.0.0/8, fd00::/8", TIDINGS_WEBHOOK_PORTS="443, 8443,")
    settings = load(ALL, env_file=None)
    assert [str(network) for network in settings.webhook_allow] == ["10.0.0.0/8", "fd00::/8"]
    assert settings.webhook_ports == (443, 8443)


def test_slack_api_url_alone_points_at_another_slack(monkeypatch: pytest.MonkeyPatch) -> None:
    given(monkeypatch, **GOOD, SLACK_API_URL="http://127.0.0.1:9/api")
    assert load(ALL, env_file=None).slack_api_url == "http://127.0.0.1:9/api/"


def test_the_environment_wins_over_the_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    file = tmp_path / ".env"
    file.write_text("TIDINGS_KAFKA=file:9092\nTIDINGS_GROUP=file\n")
    given(monkeypatch, **GOOD, TIDINGS_GROUP="environment")
    settings = load(ALL, env_file=file)
    assert (settings.kafka, settings.group) == ("file:9092", "environment")


def test_settings_show_no_secret() -> None:
    shown = repr(load(frozenset(), env_file=None, secret="canary-1", slack_bot_token="canary-2"))
    assert "canary" not in shown


def test_the_example_has_every_setting_and_can_be_read_back(tmp_path: Path) -> None:
    file = tmp_path / ".env"
    file.write_text(example())
    assert load(frozenset(), env_file=file) == load(frozenset(), env_file=None)
    for name in Settings.model_fields:
        assert f"{variable(name)}=" in example()
        assert f"`{variable(name)}`" in table()
