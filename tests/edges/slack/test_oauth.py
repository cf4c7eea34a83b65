"""A person with a browser installs the app, over real HTTP and with a real cookie jar."""

import re
from base64 import b64encode
from collections.abc import AsyncIterator
from hashlib import sha256
from typing import Any
from urllib.parse import parse_qs, urlsplit

import aiohttp
import pytest
from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from structlog.testing import capture_logs

from bot.core.destination import InstallationId
from bot.slack.grant import read
from bot.slack.manifest import SCOPES
from bot.slack.oauth import INSTALL, REDIRECT
from bot.stores.keys import Keys
from tests.edges.slack.house import ORG, TEAM, House, begin, browser, finish, house, look


@pytest.fixture
async def home(redis: Redis, keys: Keys) -> AsyncIterator[House]:
    async with house(redis, keys) as made:
        yield made


@pytest.fixture
async def person() -> AsyncIterator[aiohttp.ClientSession]:
    async with browser() as session:
        yield session


async def test_the_app_is_installed_from_the_offer_to_the_greeting(home: House, person: aiohttp.ClientSession) -> None:
    asked = await begin(person, home.url)
    assert asked.url.startswith(f"{home.sandbox.url}/oauth/v2/authorize?")
    assert set(parse_qs(urlsplit(asked.url).query)["scope"][0].split(",")) == set(SCOPES)
    done = await finish(person, asked)
    assert done.status == 200
    assert "Tidings is in Larkspur" in done.text
    assert "/tidings subscribe status:failed" in done.text
    found = await home.store.get(TEAM)
    assert found is not None
    bot = home.sandbox.workspace.bot
    assert (found.team, found.enterprise, found.bot, found.bot_user) == (TEAM, None, bot.bot_id, bot.id)
    assert found.token.startswith("xoxe.xoxb-")
    assert found.refresh_token is not None
    assert found.expires_at == home.clock.ms() + 43_200_000
    assert found.installed_at == home.clock.ms()
    assert set(found.scopes) == set(SCOPES)
    assert found.installer == home.sandbox.workspace.first_human().id
    direct = home.sandbox.workspace.direct(found.installer)
    assert ["Thank you for installing Tidings" in one.content.text for one in direct.messages.values()] == [True]


async def test_pages_allow_nothing_but_their_own_style(home: House, person: aiohttp.ClientSession) -> None:
    offer = await look(person, home.url + INSTALL)
    policy = offer.headers["Content-Security-Policy"]
    (style,) = re.findall(r"<style>(.*?)</style>", offer.text, re.DOTALL)
    assert f"style-src 'sha256-{b64encode(sha256(style.encode()).digest()).decode()}'" in policy
    assert "default-src 'none'" in policy
    assert "<script" not in offer.text
    assert " style=" not in offer.text
    assert "prefers-color-scheme: dark" in style
    assert offer.headers["Cache-Control"] == "no-store"


async def test_a_no_installs_nothing(home: House, person: aiohttp.ClientSession) -> None:
    done = await finish(person, await begin(person, home.url), decision="deny")
    assert done.status == 403
    assert "Not installed" in done.text
    assert await home.store.all() == {}


async def test_an_answer_that_comes_a_second_time_is_refused(home: House, person: aiohttp.ClientSession) -> None:
    done = await finish(person, await begin(person, home.url))
    assert done.status == 200
    fresh = home.sandbox.backend.grants.authorize(
        user="U0SBX0001", scopes=("chat:write",), redirect_uri=home.url + REDIRECT, now=home.clock()
    )
    again = await look(person, re.sub(r"code=[^&]+", f"code={fresh}", done.url))
    assert again.status == 400
    assert "no longer works" in again.text
    assert f'href="{home.url}{INSTALL}?now=1"' in again.text


async def test_what_one_browser_began_another_can_not_finish(home: House, person: aiohttp.ClientSession) -> None:
    asked = await begin(person, home.url)
    async with browser() as stranger:
        assert (await finish(stranger, asked)).status == 400
        await begin(stranger, home.url)
        assert (await finish(stranger, asked)).status == 400
    assert await home.store.all() == {}


@pytest.mark.parametrize("query", ["", "?state=made-up&code=x", "?code=x", "?error=access_denied", "?state="])
async def test_an_answer_that_nobody_asked_for_is_refused(
    home: House, person: aiohttp.ClientSession, query: str
) -> None:
    await begin(person, home.url)
    assert (await look(person, home.url + REDIRECT + query)).status == 400
    assert await home.store.all() == {}


async def test_an_expired_state_is_refused(home: House, person: aiohttp.ClientSession) -> None:
    asked = await begin(person, home.url)
    state = parse_qs(urlsplit(asked.url).query)["state"][0]
    assert await home.redis.delete(home.keys.oauth_state(state)) == 1  # as its expiry does
    assert (await finish(person, asked)).status == 400


async def test_two_tabs_of_one_browser_both_work(home: House, person: aiohttp.ClientSession) -> None:
    first, second = await begin(person, home.url), await begin(person, home.url)
    assert [(await finish(person, tab)).status for tab in (first, second)] == [200, 200]


@pytest.mark.parametrize("teams", [("T1",), (ORG,), ()])
async def test_a_workspace_that_is_not_listed_gets_nothing_and_keeps_no_token(
    home: House, person: aiohttp.ClientSession, teams: tuple[str, ...]
) -> None:
    home.serve(teams=teams)
    done = await finish(person, await begin(person, home.url))
    assert done.status == 403
    assert f"<code>{TEAM}</code> to <code>TIDINGS_SLACK_TEAMS</code>" in done.text
    assert await home.store.all() == {}
    given = list(home.sandbox.backend.grants._grants.values())[2:]
    assert [grant.revoked for grant in given] == [True]


@pytest.mark.parametrize("teams", [("T1", TEAM), ("*",)])
async def test_a_workspace_that_is_listed_may(home: House, teams: tuple[str, ...]) -> None:
    home.serve(teams=teams)
    assert (await home.install()).team == TEAM


@pytest.mark.parametrize("teams", [(ORG,), ("*",)])
async def test_an_organisation_installs_for_its_workspaces(
    home: House, person: aiohttp.ClientSession, teams: tuple[str, ...]
) -> None:
    home.serve(teams=teams)
    done = await finish(person, await begin(person, home.url), org="on")
    assert done.status == 200
    assert f"https://app.slack.com/manage/{ORG}/integrations/profile/A0SANDBOX/workspaces/add" in done.text
    found = await home.store.get(ORG)
    assert found is not None
    assert (found.team, found.enterprise, found.is_org_wide) == ("", ORG, True)
    served = await home.many().find("T7", ORG)
    assert served is not None
    assert (served.team, served.token) == ("T7", found.token)


@pytest.mark.parametrize("method", ["oauth.v2.access", "auth.test"])
@pytest.mark.parametrize("fault", ["html", "drop"])
async def test_a_slack_that_is_away_is_said_and_nothing_is_installed(
    home: House, person: aiohttp.ClientSession, method: str, fault: Any
) -> None:
    asked = await begin(person, home.url)
    home.sandbox.fault(fault, method=method)
    done = await finish(person, asked)
    assert done.status == 503
    assert "Try again in a minute" in done.text
    assert await home.store.all() == {}


async def test_a_wrong_client_secret_is_told_to_the_operator_by_the_settings_name(
    home: House, person: aiohttp.ClientSession
) -> None:
    home.serve(secret="wrong")
    asked = await begin(person, home.url)
    with capture_logs() as logs:
        done = await finish(person, asked)
    assert done.status == 500
    assert "not set up right" in done.text
    (told,) = [one for one in logs if one["log_level"] == "error"]
    assert "TIDINGS_SLACK_CLIENT_SECRET" in told["look_at"]


async def test_a_code_that_slack_no_longer_takes_leads_back_to_the_beginning(
    home: House, person: aiohttp.ClientSession
) -> None:
    asked = await begin(person, home.url)
    state = parse_qs(urlsplit(asked.url).query)["state"][0]
    done = await look(person, f"{home.url}{REDIRECT}?state={state}&code=old")
    assert done.status == 400
    assert "Start again" in done.text


async def test_a_greeting_that_fails_does_not_undo_the_installation(home: House, person: aiohttp.ClientSession) -> None:
    asked = await begin(person, home.url)
    home.sandbox.fault("html", method="chat.postMessage")
    with capture_logs() as logs:
        assert (await finish(person, asked)).status == 200
    assert [one["event"] for one in logs if one["log_level"] == "warning"] == ["greeting_failed"]
    assert await home.store.get(TEAM) is not None


@pytest.mark.parametrize("path", [f"{INSTALL}?now=1", f"{REDIRECT}?state=x&code=y"])
async def test_a_redis_that_is_away_is_said(home: House, person: aiohttp.ClientSession, path: str) -> None:
    await begin(person, home.url)
    async with Redis(unix_socket_path="/nonexistent/redis.sock", retry=Retry(NoBackoff(), 0)) as nowhere:
        home.serve(redis=nowhere)
        assert (await look(person, home.url + path)).status == 503


async def test_over_tls_the_cookie_is_for_this_host_alone(home: House, person: aiohttp.ClientSession) -> None:
    home.serve(public="https://tidings.example.com")
    async with person.get(f"{home.url}{INSTALL}?now=1", allow_redirects=False) as answer:
        set_cookie = answer.headers["Set-Cookie"]
        asked = parse_qs(urlsplit(answer.headers["Location"]).query)
    assert set_cookie.startswith("__Host-tidings-install=")
    assert {part.strip() for part in set_cookie.split(";")[1:]} == {
        "HttpOnly",
        "Max-Age=600",
        "Path=/",
        "SameSite=Lax",
        "Secure",
    }
    assert asked["redirect_uri"] == ["https://tidings.example.com/slack/oauth_redirect"]


async def test_what_is_logged_holds_no_secret(home: House) -> None:
    with capture_logs() as logs:
        found = await home.install()
        await home.install(org="on")
    text = repr(logs)
    assert "slack_installed" in text
    for secret in (found.token, found.refresh_token or "-", home.sandbox.app.client_secret, "sandbox-code"):
        assert secret not in text


async def test_installing_anew_lets_go_on_what_was_halted_for_want_of_it(home: House) -> None:
    await home.redis.hset(home.keys.paused, mapping={f"slack/{TEAM}": "{}", "slack/T9": "{}", "slack/T1/C1": "{}"})
    await home.install()
    assert set(await home.outbox.paused()) == {"slack/T9", "slack/T1/C1"}


async def test_an_organisation_that_installs_lets_go_on_what_its_workspaces_waited_for(home: House) -> None:
    await home.install(org="on")
    await home.many().find("T7", ORG)
    await home.redis.hset(home.keys.paused, mapping={"slack/T7": "{}", "slack/T9": "{}"})
    await home.install(org="on")
    assert set(await home.outbox.paused()) == {InstallationId("slack/T9")}


# docs.slack.dev/authentication/installing-with-oauth, the example of an answer
DOCUMENTED: dict[str, Any] = {
    "ok": True,
    "access_token": "xoxb-17653672481-19874698323-pdFZKVeTuE8sk7oOcBrzbqgy",
    "token_type": "bot",
    "scope": "commands,incoming-webhook",
    "bot_user_id": "U0KRQLJ9H",
    "app_id": "A0KRD7HC3",
    "team": {"name": "Slack Softball Team", "id": "T9TK3CUKW"},
    "enterprise": {"name": "slack-sports", "id": "E12345678"},
    "authed_user": {"id": "U1234", "scope": "chat:write", "access_token": "xoxp-1234", "token_type": "user"},
}


def test_slacks_own_example_of_an_answer_is_understood() -> None:
    granted = read(DOCUMENTED)
    assert granted is not None
    assert (granted.team, granted.enterprise, granted.is_org_wide) == ("T9TK3CUKW", "E12345678", False)
    assert (granted.bot_user, granted.installer, granted.scopes) == (
        "U0KRQLJ9H",
        "U1234",
        ("commands", "incoming-webhook"),
    )
    assert "xoxb" not in repr(granted)


@pytest.mark.parametrize(
    "changed",
    [
        {"token_type": "user"},
        {"team": None},
        {"is_enterprise_install": True, "enterprise": None},
        {"bot_user_id": None},
    ],
)
def test_an_answer_without_a_bots_token_or_a_place_is_none(changed: dict[str, Any]) -> None:
    assert read({**DOCUMENTED, **changed}) is None
