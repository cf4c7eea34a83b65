"""The manifest is valid, current, asks for no more than is used, and says what the app does."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

import pytest
import yaml
from jsonschema import Draft202012Validator
from jsonschema.validators import validator_for

from bot.core.answers import Actor, Listing, Shelf, Subscribed
from bot.core.commands import TOPICS, VERBS, Help
from bot.core.destination import DestinationId, SlackPerson
from bot.core.filters import parse
from bot.core.form import Form, Setting, Where
from bot.core.looks import Passed, Preferred, Report
from bot.core.person import Person
from bot.core.reader import parse_command
from bot.core.subscription import Subscription, subscription_id
from bot.render import help as manual
from bot.render.home import Page, Shown, Tab
from bot.render.home import home as draw_home
from bot.render.modals import SUBSCRIBE, Draft, form_view
from bot.render.preferences import MOVE, PREFER
from bot.render.replies import listing, reply
from bot.render.usage import COMMAND, usage_hint
from bot.render.usage import VERBS as USAGES
from bot.sandbox.methods.table import METHODS
from bot.slack import buttons, channels, commands, home, lifecycle, modals, preferences, shortcuts, unexpected
from bot.slack.manifest import EVENTS, ORG_EVENTS, SCOPES, manifest
from bot.slack.orphans import cards, happenings
from tests.core.examples import event

ROOT = Path(__file__).resolve().parents[2]
SCHEMAS = ROOT.parent / "shared" / "data"
MODES = pytest.mark.parametrize("socket_mode", [False, True])


def document(*, socket_mode: bool, many: bool = False) -> dict[str, Any]:
    text = manifest(socket_mode=socket_mode, base_url="https://t.example.org/", many=many)
    loaded: dict[str, Any] = yaml.safe_load(text)
    return loaded


@MODES
@pytest.mark.parametrize("version", [1, 2])
def test_slacks_own_schema_accepts_it(version: int, socket_mode: bool) -> None:  # noqa: FBT001 (a table's column)
    path = SCHEMAS / f"slack_manifest.schema.v{version}.json"
    if not path.exists():
        pytest.skip(f"NOT CHECKED against Slack's schema: {path} is not there (slackapi/manifest-schema on GitHub)")
    schema = json.loads(path.read_text())
    validator = validator_for(schema, default=Draft202012Validator)(schema)
    described = document(socket_mode=socket_mode)
    of_many = document(socket_mode=socket_mode, many=True)
    for one in (described, of_many):
        one["_metadata"]["major_version"] = version
        assert [error.message for error in validator.iter_errors(one)] == []
    described["features"]["slash_commands"][0]["colour"] = "red"
    assert not validator.is_valid(described)


def test_the_file_is_what_the_code_generates() -> None:
    assert (ROOT / "manifest.yml").read_text(encoding="utf-8") == manifest(socket_mode=False)


def test_over_http_every_url_is_ours_and_over_the_socket_there_is_none() -> None:
    http, socket = manifest(socket_mode=False, base_url="https://t.example.org/"), manifest(socket_mode=True)
    assert re.findall(r"https://t\.example\.org\S*", http) == ["https://t.example.org/slack/events"] * 4
    assert "url:" not in socket
    assert document(socket_mode=True)["settings"]["socket_mode_enabled"] is True
    assert document(socket_mode=False)["settings"]["socket_mode_enabled"] is False


@MODES
def test_an_app_of_many_has_a_redirect_and_tokens_that_rotate(socket_mode: bool) -> None:  # noqa: FBT001 (a table's column)
    one, many = document(socket_mode=socket_mode), document(socket_mode=socket_mode, many=True)
    assert "redirect_urls" not in one["oauth_config"]
    assert many["oauth_config"]["redirect_urls"] == ["https://t.example.org/slack/oauth_redirect"]
    for switch in ("org_deploy_enabled", "token_rotation_enabled"):
        assert (one["settings"][switch], many["settings"][switch]) == (False, True)


@MODES
def test_every_scope_and_event_stands_beside_its_reason(socket_mode: bool) -> None:  # noqa: FBT001 (a table's column)
    text = manifest(socket_mode=socket_mode)
    for name, reason in {**SCOPES, **EVENTS}.items():
        assert f"- {name}  # {reason}\n" in text
    of_many = manifest(socket_mode=socket_mode, many=True)
    assert all(f"- {name}  # {reason}\n" in of_many for name, reason in ORG_EVENTS.items())


def test_the_scopes_are_those_that_the_methods_we_call_need() -> None:
    source = "\n".join(
        path.read_text() for part in ("outlets", "slack") for path in (ROOT / "bot" / part).rglob("*.py")
    )
    called = {name.replace("_", ".") for name in re.findall(r"\bapi\.([a-z]+_\w+)\(", source)}
    methods = {name: method for name, method in METHODS.items() if name.replace("_", ".") in called}
    assert {"chat.postMessage", "views.publish", "users.info"} <= set(methods)
    of_the_bot = [method.scopes for method in methods.values() if method.token == "bot" and method.scopes]
    assert all(set(scopes) & set(SCOPES) for scopes in of_the_bot)
    assert set(SCOPES) - {scope for scopes in of_the_bot for scope in scopes} == {"commands"}


class Listeners:
    """Stands for Bolt's app, and notes what is listened for."""

    def __init__(self) -> None:
        self.noted: list[tuple[str, str | re.Pattern[str]]] = []

    def __getattr__(self, kind: str) -> Callable[[str | re.Pattern[str]], Callable[[Any], Any]]:
        def register(what: str | re.Pattern[str]) -> Callable[[Any], Any]:
            self.noted.append((kind, what))
            return lambda function: function

        return register


@pytest.fixture
def listeners() -> Listeners:
    noting: Any = Listeners()
    desk: Any = None
    for part in (commands, buttons, modals, home, preferences, shortcuts, channels, happenings, cards):
        part.listen(noting, desk)
    lifecycle.listen(noting, None)
    unexpected.listen(noting)
    return cast("Listeners", noting)


def test_commands_in_the_manifest_are_those_listened_for_and_explained(listeners: Listeners) -> None:
    described = document(socket_mode=True)["features"]["slash_commands"]
    listened = [what for kind, what in listeners.noted if kind == "command" and isinstance(what, str)]
    assert [command["command"] for command in described] == listened == [COMMAND]
    assert described[0]["usage_hint"] == usage_hint()
    assert tuple(usage.name for usage in USAGES) == VERBS
    assert len(usage_hint()) <= 1_000
    assert all(verb in usage_hint() for verb in VERBS)


def test_events_in_the_manifest_are_those_listened_for(listeners: Listeners) -> None:
    listened = {what for kind, what in listeners.noted if kind == "event" and isinstance(what, str)}
    of_many = document(socket_mode=True, many=True)["settings"]["event_subscriptions"]["bot_events"]
    assert set(of_many) == listened
    of_one = document(socket_mode=True)["settings"]["event_subscriptions"]["bot_events"]
    assert set(of_one) == listened - set(ORG_EVENTS)


def test_shortcuts_in_the_manifest_are_those_listened_for(listeners: Listeners) -> None:
    described = document(socket_mode=True)["features"]["shortcuts"]
    listened = {what for kind, what in listeners.noted if kind == "shortcut" and isinstance(what, str)}
    assert {shortcut["callback_id"] for shortcut in described} == listened
    assert all(len(shortcut["name"]) <= 24 and len(shortcut["description"]) <= 150 for shortcut in described)


def test_every_form_that_is_drawn_is_taken_up(listeners: Listeners) -> None:
    listened = {what for kind, what in listeners.noted if kind == "view" and isinstance(what, str)}
    assert listened >= {SUBSCRIBE, PREFER, MOVE}


def test_every_button_that_is_drawn_is_listened_for(listeners: Listeners) -> None:
    viewer = Actor(team="T1", user="U1")
    mine = tuple(
        Subscription(
            id=subscription_id(number),
            team="T1",
            owner="U1",
            filter=parse(f"model:m{number}"),
            destination=SlackPerson(team="T1", user="U1"),
        )
        for number in range(30)
    )
    found = Listing(shelf=Shelf.NEAR, subscriptions=mine, viewer=viewer)
    report = Report(
        waiting=0, lanes=0, parked=0, paused={DestinationId("slack/T1/C1"): "gone"}, subscriptions=30, events=0,
        since=None, viewer=viewer, detailed=True,
    )  # fmt: skip
    preferred = Preferred(person=Person(team="T1", user="U1"), zone="UTC", results=None, viewer=viewer)
    passed = Passed(event=event(), subscription=mine[0])
    drawn = [
        listing(found, page=2).blocks,
        reply(Subscribed(subscription=mine[0])).blocks,
    ]
    views = [
        draw_home(
            Page(
                shown=Shown(tab=tab, page=2, wanted="m"), listing=found, is_admin=True, report=report,
                preferred=preferred, lately=(passed,),
            )
        )
        for tab in Tab
    ]  # fmt: skip
    setting = Setting(team="T1", user="U1")
    views += [form_view(Draft(form=Form(where=where, quiet=True), setting=setting), metadata="") for where in Where]
    action_ids = set(re.findall(r'"action_id": "([^"]+)"', json.dumps([drawn, views])))
    assert len(action_ids) > 20
    listened = [what for kind, what in listeners.noted if kind == "action" and getattr(what, "pattern", None) != ""]
    for action_id in action_ids:
        assert [what for what in listened if what == action_id or getattr(what, "match", lambda _: None)(action_id)]


def test_what_nobody_listens_for_is_caught_last(listeners: Listeners) -> None:
    caught = {kind for kind, what in listeners.noted if isinstance(what, re.Pattern) and what.pattern == ""}
    assert caught == {"event", "action", "view_submission", "view_closed", "shortcut", "command", "options"}
    first = min(place for place, (_, what) in enumerate(listeners.noted) if getattr(what, "pattern", None) == "")
    assert all(getattr(what, "pattern", None) == "" for _, what in listeners.noted[first:])


@pytest.mark.parametrize("example", [example for usage in USAGES for example in usage.examples])
def test_every_example_in_the_help_text_is_understood(example: str) -> None:
    as_slack_sends_it = re.sub(r"#([\w-]+)", r"<#C0123456|\1>", example).replace("@ana", "<@U0123456|ana>")
    assert parse_command(as_slack_sends_it.replace("<0", "&lt;0")) != Help()


@pytest.mark.parametrize("topic", TOPICS)
def test_every_topic_of_help_has_a_text_of_its_own(topic: str) -> None:
    assert parse_command(f"help {topic}") == Help(topic=topic)
    others = [manual.about(other) for other in (None, *TOPICS) if other != topic]
    assert manual.about(topic) not in others
