"""What comes to /slack/events from others than Slack, and from Slack on a bad day."""

import hashlib
import hmac
import json
import time
from collections.abc import AsyncIterator
from io import BytesIO
from typing import Any
from urllib.parse import urlencode

import pytest
from aiohttp import web as aiohttp_web
from aiohttp.test_utils import TestClient, TestServer
from redis.asyncio import Redis

from bot.actions.acts import Actions
from bot.outlets.slack.web import SlackWeb
from bot.slack.app import SlackApp
from bot.slack.endpoint import LARGEST, PATH, Endpoint
from bot.slack.inbox import Inbox
from bot.slack.installation import Installation
from bot.stores.keys import Keys

SECRET = "8f742231b10e8888abcd99yyyzzz85a5"
NOW = 1_531_420_618
FORM = {"Content-Type": "application/x-www-form-urlencoded"}
JSON = {"Content-Type": "application/json"}
CHALLENGE = json.dumps({"type": "url_verification", "challenge": "3eZbrw1a"}).encode()

Client = TestClient[aiohttp_web.Request, aiohttp_web.Application]


@pytest.fixture
async def client(app: SlackApp) -> AsyncIterator[Client]:
    server = aiohttp_web.Application()
    server.add_routes(Endpoint(app, SECRET, clock=lambda: NOW).routes())
    async with TestClient(TestServer(server)) as running:
        yield running


def signed(body: bytes, *, at: int = NOW, secret: str = SECRET) -> dict[str, str]:
    """The headers by Slack's own recipe, written out here as an independent oracle."""
    digest = hmac.new(secret.encode(), b"v0:%d:" % at + body, hashlib.sha256).hexdigest()
    return {"X-Slack-Request-Timestamp": str(at), "X-Slack-Signature": f"v0={digest}"}


async def test_the_challenge_of_a_new_url_is_answered(client: Client) -> None:
    answer = await client.post(PATH, data=CHALLENGE, headers={**JSON, **signed(CHALLENGE)})
    assert (answer.status, await answer.json()) == (200, {"challenge": "3eZbrw1a"})


class Everywhere:
    """An app that is installed in every workspace."""

    async def find(self, team: str | None, enterprise: str | None) -> Installation | None:
        return Installation(team=team or "", enterprise=enterprise, bot="B1", bot_user="U1", token="xoxb-1")


async def test_slacks_own_published_example_is_accepted(
    web: SlackWeb, actions: Actions, redis: Redis, keys: Keys
) -> None:
    # docs.slack.dev/authentication/verifying-requests-from-slack, step by step
    body = (
        b"token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow&channel_id=G8PSS9T3V"
        b"&channel_name=foobar&user_id=U2CERLKJA&user_name=roadrunner&command=%2Fwebhook-collect&text="
        b"&response_url=https%3A%2F%2Fhooks.slack.com%2Fcommands%2FT1DC2JH3J%2F397700885554%2F96rGlfmibIGlgcZRskXaIFfN"
        b"&trigger_id=398738663015.47445629121.803a0bc887a14d10d2c447fce8b6703c"
    )
    headers = {
        **FORM,
        "X-Slack-Request-Timestamp": "1531420618",
        "X-Slack-Signature": "v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503",
    }
    app = SlackApp(web=web, installations=Everywhere(), actions=actions, inbox=Inbox(redis, keys))
    server = aiohttp_web.Application()
    server.add_routes(Endpoint(app, SECRET, clock=lambda: NOW).routes())
    async with TestClient(TestServer(server)) as client:
        assert (await client.post(PATH, data=body, headers=headers)).status == 200
        assert (await client.post(PATH, data=body + b"&", headers=headers)).status == 401


GOOD = signed(CHALLENGE)


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"X-Slack-Signature": GOOD["X-Slack-Signature"]},
        {"X-Slack-Request-Timestamp": GOOD["X-Slack-Request-Timestamp"]},
        {**GOOD, "X-Slack-Request-Timestamp": "soon"},
        {**GOOD, "X-Slack-Request-Timestamp": "1531420618.5"},
        {**GOOD, "X-Slack-Request-Timestamp": "9" * 400},
        {**GOOD, "X-Slack-Request-Timestamp": "١٥٣١٤٢٠٦١٨"},
        {**GOOD, "X-Slack-Signature": ""},
        {**GOOD, "X-Slack-Signature": "v0=ÿ"},
        {**GOOD, "X-Slack-Signature": GOOD["X-Slack-Signature"].upper()},
        {**GOOD, "X-Slack-Signature": "v1" + GOOD["X-Slack-Signature"][2:]},
        signed(CHALLENGE, at=NOW - 301),
        signed(CHALLENGE, at=NOW + 301),
        signed(CHALLENGE, secret="another"),
        signed(CHALLENGE + b" "),
    ],
)
async def test_what_slack_did_not_sign_gets_401_whatever_its_headers_hold(
    client: Client, headers: dict[str, str]
) -> None:
    assert (await client.post(PATH, data=CHALLENGE, headers={**JSON, **headers})).status == 401


@pytest.mark.parametrize("at", [NOW - 300, NOW + 300])
async def test_a_clock_five_minutes_off_is_forgiven(client: Client, at: int) -> None:
    assert (await client.post(PATH, data=CHALLENGE, headers={**JSON, **signed(CHALLENGE, at=at)})).status == 200


async def test_a_body_that_is_no_text_gets_401_even_with_a_fitting_signature(client: Client) -> None:
    body = b"\xff\xfe"
    assert (await client.post(PATH, data=body, headers={**JSON, **signed(body)})).status == 401


@pytest.mark.parametrize(
    ("body", "headers"),
    [
        (b"{", JSON),
        (b"[]", JSON),
        (b"null", JSON),
        (b"", JSON),
        (b"", FORM),
        (b"payload=%7B", FORM),
        (b"payload=3", FORM),
        (b"payload=", FORM),
        (urlencode({str(n): "" for n in range(500)}).encode(), FORM),
    ],
)
async def test_a_signed_body_that_is_no_payload_gets_400(client: Client, body: bytes, headers: dict[str, str]) -> None:
    assert (await client.post(PATH, data=body, headers={**headers, **signed(body)})).status == 400


async def test_a_body_beyond_the_limit_gets_413_told_or_not(client: Client) -> None:
    assert (await client.post(PATH, data=BytesIO(b"x" * (LARGEST + 1)))).status == 413

    async def drip() -> AsyncIterator[bytes]:
        for _ in range(LARGEST // 65_536 + 1):
            yield b"x" * 65_536

    assert (await client.post(PATH, data=drip())).status == 413


async def test_the_check_of_our_certificate_is_answered_though_it_is_not_signed(client: Client) -> None:
    assert (await client.post(PATH, data=b"token=abc&ssl_check=1", headers=FORM)).status == 200
    long = b"ssl_check=1&" + b"x" * 300
    assert (await client.post(PATH, data=long, headers=FORM)).status == 401


@pytest.mark.parametrize(
    "payload",
    [
        {"type": "event_callback", "event": {"type": "message", "text": "hi", "user": "U1", "channel": "C1"}},
        {"type": "event_callback", "event": {"type": "message", "subtype": "message_changed", "channel": "C1"}},
        {"type": "event_callback", "event": {"type": "from_the_future"}},
        {"type": "block_actions", "actions": [{"action_id": "link", "block_id": "b", "type": "button"}]},
        {"type": "view_submission", "view": {"callback_id": "gone", "type": "modal"}},
        {"type": "view_closed", "view": {"callback_id": "gone", "type": "modal"}},
        {"type": "shortcut", "callback_id": "gone"},
        {"type": "message_action", "callback_id": "gone"},
        {"command": "/gone", "text": ""},
    ],
)
async def test_what_no_listener_asked_for_is_acknowledged(client: Client, payload: dict[str, Any]) -> None:
    payload = {"team": {"id": "T0SANDBOX"}, "user": {"id": "U1"}, **payload}
    body = urlencode({"payload": json.dumps(payload)}).encode()
    assert (await client.post(PATH, data=body, headers={**FORM, **signed(body)})).status == 200


async def test_a_menu_that_nobody_fills_is_answered_with_no_options(client: Client) -> None:
    payload = {"type": "block_suggestion", "action_id": "a", "block_id": "b", "value": "x", "team": {"id": "T0SANDBOX"}}
    body = urlencode({"payload": json.dumps(payload)}).encode()
    answer = await client.post(PATH, data=body, headers={**FORM, **signed(body)})
    assert (answer.status, await answer.json()) == (200, {"options": []})


async def test_a_workspace_without_the_app_is_told_so_without_a_retry(client: Client) -> None:
    body = urlencode({"command": "/tidings", "text": "list", "team_id": "T0OTHER", "user_id": "U1"}).encode()
    answer = await client.post(PATH, data=body, headers={**FORM, **signed(body)})
    assert answer.status == 200
    assert "not installed in this workspace" in await answer.text()


async def test_the_real_clock_is_the_default(app: SlackApp) -> None:
    server = aiohttp_web.Application()
    server.add_routes(Endpoint(app, SECRET).routes())
    async with TestClient(TestServer(server)) as client:
        headers = {**JSON, **signed(CHALLENGE, at=int(time.time()))}
        assert (await client.post(PATH, data=CHALLENGE, headers=headers)).status == 200
