from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import aiohttp
import pytest
from slack_bolt.app.async_app import AsyncApp
from slack_sdk.web.async_client import AsyncWebClient

from bot.sandbox.server import Sandbox
from tests.edges.sandbox.driver import ManualClock, refused, until

# slack_sdk sends the client secret with aiohttp's BasicAuth, which aiohttp 3.14 deprecates
pytestmark = pytest.mark.filterwarnings("ignore:BasicAuth is deprecated:DeprecationWarning")

HOME = "http://localhost:3000/slack/oauth_redirect"


async def consent(sandbox: Sandbox, *, decision: str = "allow", **fields: str) -> dict[str, list[str]]:
    """What the browser is sent back with."""
    form = {"client_id": sandbox.app.client_id, "scope": "chat:write", "redirect_uri": HOME, "state": "s-1"}
    async with (
        aiohttp.ClientSession() as session,
        session.post(
            f"{sandbox.url}/oauth/v2/authorize",
            data=form | {"decision": decision} | fields,
            allow_redirects=False,
        ) as answer,
    ):
        assert answer.status == 302
        assert answer.headers["Location"].startswith(HOME)
        return parse_qs(urlsplit(answer.headers["Location"]).query)


async def exchange(sandbox: Sandbox, **fields: Any) -> dict[str, Any]:
    client = AsyncWebClient(base_url=sandbox.api_url)
    answer = await client.oauth_v2_access(
        client_id=sandbox.app.client_id, client_secret=sandbox.app.client_secret, **fields
    )
    body: dict[str, Any] = answer.data  # type: ignore[assignment]
    return body


async def test_consent_leads_to_a_token_that_works_and_a_code_that_worked_once(sandbox: Sandbox) -> None:
    back = await consent(sandbox)
    assert back["state"] == ["s-1"]
    granted = await exchange(sandbox, code=back["code"][0], redirect_uri=HOME)
    assert granted["scope"] == "chat:write"
    assert granted["team"]["id"] == sandbox.workspace.team_id
    client = AsyncWebClient(token=granted["access_token"], base_url=sandbox.api_url)
    test = await client.auth_test()
    assert test.headers["x-oauth-scopes"] == "chat:write"
    assert test["bot_id"] == sandbox.workspace.bot.bot_id
    assert await refused(client.users_list()) == "missing_scope"
    assert await refused(exchange(sandbox, code=back["code"][0])) == "invalid_code"


async def test_a_person_may_say_no(sandbox: Sandbox) -> None:
    assert await consent(sandbox, decision="deny") == {"error": ["access_denied"], "state": ["s-1"]}


async def test_the_consent_page_lists_what_is_asked_for_and_escapes_it(sandbox: Sandbox) -> None:
    asked = {
        "client_id": sandbox.app.client_id,
        "scope": "chat:write,commands",
        "redirect_uri": HOME,
        "state": '"><script>',
    }
    async with (
        aiohttp.ClientSession() as session,
        session.get(f"{sandbox.url}/oauth/v2/authorize?{urlencode(asked)}") as answer,
    ):
        page = await answer.text()
    assert answer.content_type == "text/html"
    assert "<li>chat:write</li><li>commands</li>" in page
    assert "Larkspur" in page
    assert "<script>" not in page


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"client_id": "other"}, "invalid_client_id"),
        ({"redirect_uri": "javascript:alert(1)"}, "bad_redirect_uri"),
        ({"scope": ""}, "invalid_scope_requested"),
        ({"scope": "admin"}, "invalid_scope"),
    ],
)
async def test_a_request_for_consent_is_checked(sandbox: Sandbox, changed: dict[str, str], code: str) -> None:
    asked = {"client_id": sandbox.app.client_id, "scope": "chat:write", "redirect_uri": HOME} | changed
    url = f"{sandbox.url}/oauth/v2/authorize"
    async with aiohttp.ClientSession() as session:
        async with session.get(url, params=asked) as answer:
            assert (answer.status, await answer.text()) == (400, code)
        async with session.post(url, data=asked) as answer:
            assert (answer.status, await answer.text()) == (400, code)


async def test_only_registered_redirects_are_followed(clock: ManualClock) -> None:
    manifest = {"oauth_config": {"redirect_urls": ["https://tidings.example/"], "scopes": {"bot": ["chat:write"]}}}
    async with Sandbox(clock=clock, manifest=manifest) as sandbox, aiohttp.ClientSession() as session:
        asked = {"client_id": sandbox.app.client_id, "scope": "chat:write", "redirect_uri": HOME}
        async with session.get(f"{sandbox.url}/oauth/v2/authorize", params=asked) as answer:
            assert await answer.text() == "bad_redirect_uri"


async def test_the_exchange_is_checked(sandbox: Sandbox, clock: ManualClock) -> None:
    client = AsyncWebClient(base_url=sandbox.api_url)
    wrong = client.oauth_v2_access(client_id="other", client_secret="x", code="x")
    assert await refused(wrong) == "invalid_client_id"
    wrong = client.oauth_v2_access(client_id=sandbox.app.client_id, client_secret="x", code="x")
    assert await refused(wrong) == "bad_client_secret"
    code = (await consent(sandbox))["code"][0]
    assert await refused(exchange(sandbox, code=code, redirect_uri="https://other")) == "bad_redirect_uri"
    code = (await consent(sandbox))["code"][0]
    clock.advance(600)
    assert await refused(exchange(sandbox, code=code)) == "invalid_code"


async def test_tokens_rotate_and_expire_where_the_manifest_says_so(clock: ManualClock) -> None:
    manifest = {
        "oauth_config": {"scopes": {"bot": ["chat:write"]}},
        "settings": {"token_rotation_enabled": True},
    }
    async with Sandbox(clock=clock, manifest=manifest) as sandbox:
        granted = await exchange(sandbox, code=(await consent(sandbox))["code"][0])
        assert granted["access_token"].startswith("xoxe.xoxb-")
        assert granted["expires_in"] == 43_200
        client = AsyncWebClient(token=granted["access_token"], base_url=sandbox.api_url)
        clock.advance(43_199)
        assert (await client.auth_test())["ok"]
        clock.advance(1)
        assert await refused(client.auth_test()) == "token_expired"
        again = {"grant_type": "refresh_token", "refresh_token": granted["refresh_token"]}
        renewed = await exchange(sandbox, **again)
        assert (await client.auth_test(token=renewed["access_token"]))["ok"]
        assert await refused(exchange(sandbox, **again)) == "invalid_refresh_token"


async def test_tokens_are_asked_for_and_told_apart(sandbox: Sandbox, client: AsyncWebClient) -> None:
    nobody = AsyncWebClient(base_url=sandbox.api_url)
    assert await refused(nobody.auth_test()) == "not_authed"
    assert await refused(nobody.auth_test(token="xoxb-other")) == "invalid_auth"
    assert await refused(nobody.auth_test(token=sandbox.app_token)) == "not_allowed_token_type"
    assert await refused(client.apps_connections_open(app_token=sandbox.bot_token)) == "not_allowed_token_type"
    async with aiohttp.ClientSession() as session:
        async with session.post(f"{sandbox.api_url}auth.test", data={"token": sandbox.bot_token}) as answer:
            assert (await answer.json())["ok"] is True
        header = {"Authorization": "Basic ???"}
        async with session.post(f"{sandbox.api_url}oauth.v2.access", headers=header) as answer:
            assert (await answer.json())["error"] == "invalid_client_id"


async def test_a_revoked_token_is_useless_and_the_app_hears_of_it(
    sandbox: Sandbox, app: AsyncApp, client: AsyncWebClient, clock: ManualClock
) -> None:
    heard: list[str] = []

    @app.middleware
    async def listen(body: dict[str, Any], next: Any) -> None:  # noqa: A002 - Bolt passes arguments by name
        heard.append(body["event"]["type"])
        await next()

    rehearsed = await client.auth_revoke(test=True)
    assert rehearsed["revoked"] is False
    assert (await client.auth_test())["ok"]
    assert (await client.auth_revoke())["revoked"] is True
    assert await refused(client.auth_test()) == "token_revoked"
    sandbox.backend.grants.restore(sandbox.bot_token)
    wrong = client.apps_uninstall(client_id="x", client_secret="x")
    assert await refused(wrong) == "bad_client_secret"
    clock.advance(60)  # the method takes one call a minute
    gone = await client.apps_uninstall(client_id=sandbox.app.client_id, client_secret=sandbox.app.client_secret)
    assert gone["ok"]
    assert await refused(client.auth_test()) == "token_revoked"
    sandbox.backend.grants.restore(sandbox.bot_token)
    sandbox.backend.grants.expire(sandbox.bot_token, 0)
    assert await refused(client.auth_test()) == "token_expired"
    sandbox.backend.grants.expire(sandbox.bot_token, 10**12)
    await until(lambda: "tokens_revoked" in heard and "app_uninstalled" in heard)


async def test_the_app_may_be_granted_to_the_whole_organisation(sandbox: Sandbox) -> None:
    granted = await exchange(sandbox, code=(await consent(sandbox, org="on"))["code"][0])
    assert (granted["is_enterprise_install"], granted["team"]) == (True, None)
    assert granted["enterprise"] == {"id": "E0SANDBOX", "name": sandbox.workspace.name}
    client = AsyncWebClient(token=granted["access_token"], base_url=sandbox.api_url)
    assert (await client.auth_test())["is_enterprise_install"] is True
