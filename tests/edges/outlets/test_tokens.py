"""A token that Slack refuses while another would do: the message goes out all the same, and once."""

import time
from collections.abc import AsyncIterator
from typing import Any

import pytest

from bot.core.delivery import Refused, Scope, Sent, Throttled
from bot.core.destination import SlackChannel
from bot.core.errors import UnavailableError
from bot.outlets.slack.outlet import SlackOutlet
from bot.outlets.slack.web import SlackWeb
from bot.sandbox.limits import Rates
from bot.sandbox.server import Sandbox
from tests.core.examples import event
from tests.edges.outlets.parcels import parcel

TEAM = "T0SANDBOX"


class Tokens:
    """A token that has expired, and the one that comes next."""

    def __init__(self, sandbox: Sandbox) -> None:
        grants, app = sandbox.backend.grants, sandbox.app
        code = grants.authorize(
            user=sandbox.workspace.first_human().id, scopes=app.scopes, redirect_uri="http://x", now=time.time()
        )
        self.now = sandbox.bot_token
        self.next: str | None = grants.redeem(code, redirect_uri=None, now=time.time())[0].token
        self.asked: list[str] = []
        grants.expire(self.now, 0)

    async def of(self, team: str) -> str:
        assert team == TEAM
        return self.now

    async def renew(self, team: str, refused: str) -> str | None:
        assert team == TEAM
        self.asked.append(refused)
        return self.next


@pytest.fixture
async def sandbox() -> AsyncIterator[Sandbox]:
    async with Sandbox(rates=Rates(enabled=False)) as sandbox:
        yield sandbox


@pytest.fixture
def tokens(sandbox: Sandbox) -> Tokens:
    return Tokens(sandbox)


@pytest.fixture
async def outlet(sandbox: Sandbox, tokens: Tokens) -> AsyncIterator[SlackOutlet]:
    async with SlackOutlet(SlackWeb(sandbox.api_url), tokens.of, renew=tokens.renew) as outlet:
        yield outlet


def place(sandbox: Sandbox) -> SlackChannel:
    return SlackChannel(team=TEAM, channel=sandbox.channel_id("fraud-alerts"))


def posted(sandbox: Sandbox) -> list[dict[str, Any]]:
    entries: list[dict[str, Any]] = sandbox.workspace.ledger.page(after=0, limit=1_000, kind="post")["entries"]
    return [entry for entry in entries if entry["metadata"]]


async def test_an_expired_token_is_replaced_and_the_message_goes_out(
    sandbox: Sandbox, outlet: SlackOutlet, tokens: Tokens
) -> None:
    outcome = await outlet.send(parcel(place(sandbox)))
    assert isinstance(outcome, Sent)
    assert len(posted(sandbox)) == 1
    assert tokens.asked == [tokens.now]


async def test_what_is_in_doubt_is_looked_for_with_the_new_token(
    sandbox: Sandbox, outlet: SlackOutlet, tokens: Tokens
) -> None:
    sent = parcel(place(sandbox), event(id="a"), doubt=round(time.time() * 1000))
    sandbox.backend.grants.restore(tokens.now)
    sandbox.backend.grants.expire(tokens.now, 10**12)
    assert isinstance(await outlet.send(sent), Sent)
    sandbox.backend.grants.expire(tokens.now, 0)
    assert isinstance(await outlet.send(sent), Sent)
    (message,) = posted(sandbox)
    assert "again" not in message["text"].lower()


async def test_where_there_is_no_other_token_the_installation_is_refused(
    sandbox: Sandbox, outlet: SlackOutlet, tokens: Tokens
) -> None:
    tokens.next = None
    outcome = await outlet.send(parcel(place(sandbox)))
    assert outcome == Refused(reason="Slack: token_expired; install the app again", scope=Scope.INSTALLATION)


async def test_another_token_is_asked_for_once(sandbox: Sandbox, outlet: SlackOutlet, tokens: Tokens) -> None:
    tokens.next = tokens.now
    outcome = await outlet.send(parcel(place(sandbox)))
    assert isinstance(outcome, Refused)
    assert tokens.asked == [tokens.now]


async def test_a_channel_that_is_gone_is_no_reason_to_change_the_token(
    sandbox: Sandbox, outlet: SlackOutlet, tokens: Tokens
) -> None:
    sandbox.backend.grants.expire(tokens.now, 10**12)
    outcome = await outlet.send(parcel(SlackChannel(team=TEAM, channel="C0GONE")))
    assert isinstance(outcome, Refused)
    assert tokens.asked == []


@pytest.mark.parametrize("which", ["of", "renew"])
async def test_a_token_that_can_not_be_had_now_makes_the_workspace_wait(
    sandbox: Sandbox, tokens: Tokens, which: str
) -> None:
    async def away(*_: str) -> str:
        raise UnavailableError("no key in TIDINGS_ENCRYPTION_KEYS fits")

    token_of, renew = (away, tokens.renew) if which == "of" else (tokens.of, away)
    async with SlackOutlet(SlackWeb(sandbox.api_url), token_of, renew=renew) as outlet:
        outcome = await outlet.send(parcel(place(sandbox)))
    reason = "no token to send with: no key in TIDINGS_ENCRYPTION_KEYS fits"
    assert outcome == Throttled(after=30_000, scope=Scope.INSTALLATION, reason=reason)
