from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from bot.outlets.slack.web import SlackWeb
from bot.sandbox.server import Sandbox
from bot.slack.directory.channels import SlackChannels
from bot.slack.directory.groups import SlackGroups
from bot.slack.directory.lookup import Lookup
from bot.slack.directory.people import SlackPeople

TEAM = "T0SANDBOX"


@dataclass(kw_only=True)
class Clock:
    """Seconds that pass when a test says so."""

    now: float = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def lookup(sandbox: Sandbox, web: SlackWeb) -> Lookup:
    async def token_of(team: str) -> str:
        assert team == TEAM
        return sandbox.bot_token

    return Lookup(web=web, token_of=token_of)


MakePeople = Callable[..., SlackPeople]


@pytest.fixture
def make_people(lookup: Lookup, clock: Clock) -> MakePeople:
    def make(*admins: str) -> SlackPeople:
        return SlackPeople(lookup, SlackGroups(lookup, clock=clock), clock=clock, admins=admins)

    return make


@pytest.fixture
def directory(make_people: MakePeople) -> SlackPeople:
    return make_people()


@pytest.fixture
def channels(lookup: Lookup, clock: Clock) -> SlackChannels:
    return SlackChannels(lookup, clock=clock)


def calls(sandbox: Sandbox, method: str) -> int:
    methods: dict[str, Any] = sandbox.backend.stats.to_json()["methods"]
    count: int = methods.get(method, {}).get("calls", 0)
    return count


def group_id(sandbox: Sandbox, handle: str) -> str:
    return next(group.id for group in sandbox.workspace.usergroups.values() if group.handle == handle)
