"""The REST API as somebody sees it who should not."""

import asyncio
import json
import logging
from collections.abc import Callable
from dataclasses import replace
from typing import Any
from urllib.parse import quote

import pytest
from aiohttp import hdrs
from structlog.testing import capture_logs
from yarl import URL

from bot.core.apikey import Scope
from bot.core.destination import DestinationId, SlackChannel
from bot.core.errors import UnavailableError
from bot.web.api.call import BODY_BYTES
from bot.web.api.table import ENDPOINTS
from tests.edges.web.api.office import ANA, BEN, FRAUD, SECRET, Client, Office

Clients = Callable[[str | None], Client]
WRITES = [one for one in ENDPOINTS if one.scope is Scope.WRITE]


def body_of(endpoint: Any) -> Any:
    return {"filter": "model:x"} if endpoint.name == "changeSubscription" else None


def path_of(path: str, name: str = "k7m2qx") -> str:
    return path.replace("{id}", name)


@pytest.mark.parametrize("endpoint", ENDPOINTS, ids=lambda one: one.name)
async def test_without_a_key_nothing_is_open(client: Clients, endpoint: Any) -> None:
    answer = await client(None)(endpoint.method, path_of(endpoint.path), {})
    assert answer.status == 401
    assert answer.headers["WWW-Authenticate"] == 'Bearer realm="tidings"'


@pytest.mark.parametrize(
    "given",
    [
        "Bearer",
        "Bearer ",
        "Basic {key}",
        "{key}",
        "Bearer tdk_zzzzzzzz_" + "0" * 64,
        "Bearer {key}0",
        "Bearer {key} {key}",
        "Bearer {upper}",
        "Bearer xoxb-1-2-3",
        "Bearer " + "x" * 4_000,
        "Bearer \u00e9",
    ],
)
async def test_what_is_no_key_opens_nothing_and_is_told_nothing(office: Office, client: Clients, given: str) -> None:
    key = await office.key(Scope.ADMIN)
    header = given.format(key=key, upper=key.upper())
    answer = await client(None)("GET", "/subscriptions", headers={"Authorization": header})
    assert answer.status == 401
    assert answer.headers["WWW-Authenticate"].startswith('Bearer realm="tidings"')
    assert key not in json.dumps(answer.body)


async def test_two_authorization_headers_are_none(office: Office, client: Clients) -> None:
    key = await office.key()
    twice = [("Authorization", f"Bearer {key}"), ("Authorization", f"Bearer {key}")]
    async with client(None)._http.get("/api/v1/subscriptions", headers=twice) as response:
        assert response.status == 401


async def test_neither_a_cookie_nor_the_query_is_looked_at(office: Office, client: Clients) -> None:
    key = await office.key()
    for more in ({"headers": {"Cookie": f"key={key}; Authorization=Bearer {key}"}}, {"params": {"access_token": key}}):
        assert (await client(None)("GET", "/subscriptions", **more)).status == 401


async def test_no_page_of_another_origin_is_let_in(ana: Client) -> None:
    answer = await ana("GET", "/subscriptions", headers={"Origin": "https://evil.example.com"})
    assert not [name for name in answer.headers if name.lower().startswith("access-control")]
    preflight = await ana("OPTIONS", "/subscriptions", headers={"Origin": "https://evil.example.com"})
    assert preflight.status == 405


@pytest.mark.parametrize("endpoint", WRITES, ids=lambda one: one.name)
async def test_a_reading_key_writes_nothing(office: Office, client: Clients, ana: Client, endpoint: Any) -> None:
    made = await ana.subscribe()
    version = await office.subscriptions.version()
    reader = client(await office.key(Scope.READ))
    answer = await reader(endpoint.method, path_of(endpoint.path, made["id"]), {"filter": "model:x"})
    assert (answer.status, answer.body["scope"]) == (403, "write")
    assert answer.headers["WWW-Authenticate"] == 'Bearer realm="tidings", error="insufficient_scope", scope="write"'
    assert await office.subscriptions.version() == version
    assert (office.lanes.tested, office.lanes.resumed) == ([], [])


async def test_another_workspaces_admin_sees_and_touches_nothing(ana: Client, stranger: Client, office: Office) -> None:
    made = await ana.subscribe(destination={"kind": "webhook", "url": "https://hooks.example.com/a"})
    here = await ana.subscribe()
    place = DestinationId(f"slack/T1/{FRAUD}")
    office.lanes.held = {place: "is_archived"}
    for name in (made["id"], here["id"]):
        for endpoint in ENDPOINTS:
            if endpoint.path.startswith("/subscriptions/{id}"):
                answer = await stranger(endpoint.method, path_of(endpoint.path, name), body_of(endpoint))
                assert (endpoint.name, answer.status) == (endpoint.name, 404)
    lists = ["", f"?owner={ANA}", f"?place=%23{FRAUD}", "?q=failed", "?place=https://hooks.example.com/a"]
    for query in lists:
        assert (await stranger("GET", f"/subscriptions{query}")).body["subscriptions"] == []
    for whole in (f"slack/T1/{FRAUD}", f"slack/T1/@{ANA}"):
        assert (await stranger("GET", f"/subscriptions?place={quote(whole, safe='')}")).status == 404
    assert (await stranger("GET", "/audit")).body["changes"] == []
    assert (await stranger("GET", f"/audit?subscription={made['id']}")).body["changes"] == []
    assert (await stranger("GET", "/events/e3/why")).body["verdicts"] == []
    assert (await stranger("GET", "/status")).body["paused"] == {}
    for held in (place, "slack/T1"):
        assert (await stranger("POST", f"/places/{quote(held, safe='')}/resume")).status == 404
    assert office.lanes.resumed == []
    assert (await stranger("POST", "/undo")).status == 409
    assert len((await office.subscriptions.snapshot())[1]) == 2
    assert (await office.audit.newest("T1", limit=9))[0].act == "subscribe"


async def test_a_place_of_the_caller_s_workspace_can_t_be_smuggled_in(ana: Client, office: Office) -> None:
    place = {"kind": "channel", "channel": FRAUD, "team": "T2"}
    assert (await ana("POST", "/subscriptions", {"destination": place})).status == 422
    assert (await ana("POST", "/subscriptions", {"destination": place, "owner": BEN, "team": "T2"})).status == 422
    assert await office.subscriptions.version() == 0


async def test_of_what_a_key_may_not_see_it_is_told_that_it_is_not_there(ana: Client, ben: Client) -> None:
    private = await ana.subscribe(destination={"kind": "person", "user": ANA})
    name = private["id"]
    for endpoint in ENDPOINTS:
        if endpoint.path.startswith("/subscriptions/{id}"):
            there = await ben(endpoint.method, path_of(endpoint.path, name), body_of(endpoint))
            nowhere = await ben(endpoint.method, path_of(endpoint.path, "zzzzzz"), body_of(endpoint))
            assert (there.status, there.body) == (
                nowhere.status,
                json.loads(json.dumps(nowhere.body).replace("zzzzzz", name)),
            )
            assert there.status == 404
    there, nowhere = [await ben("GET", f"/audit?subscription={one}") for one in (name, "zzzzzz")]
    assert (there.status, nowhere.status) == (404, 404)


async def test_who_is_not_in_a_private_channel_learns_nothing_of_it(ana: Client, ben: Client, office: Office) -> None:
    office.slack.inside = {(SECRET, ANA)}
    made = await ana.subscribe(destination={"kind": "channel", "channel": SECRET})
    assert (await ben("GET", f"/subscriptions/{made['id']}")).status == 404
    listed, nowhere = [await ben("GET", f"/subscriptions?place=%23{one}") for one in (SECRET, "C0NOWHERE")]
    assert (listed.status, listed.body) == (nowhere.status, nowhere.body)
    assert (listed.status, listed.body["scope"]) == (403, "admin")


async def test_what_may_be_seen_and_not_changed_says_which_scope_may(ana: Client, ben: Client, boss: Client) -> None:
    made = await ana.subscribe()
    path = f"/subscriptions/{made['id']}"
    assert (await ben("GET", path)).status == 200
    refused = await ben("PATCH", path, {"filter": "model:x"})
    assert (refused.status, refused.body["scope"], refused.body["owner"]) == (403, "admin", ANA)
    assert (await boss("PATCH", path, {"filter": "model:x"})).status == 200


async def test_a_revoked_key_opens_nothing_from_then_on(office: Office, client: Clients) -> None:
    made, text = await office.keys.create(name="ci", team="T1", owner=ANA, scopes=[Scope.READ])
    assert (await client(text)("GET", "/status")).status == 200
    await office.keys.revoke(made.id)
    assert (await client(text)("GET", "/status")).status == 401


async def test_no_key_and_no_body_gets_into_a_log(
    office: Office, client: Clients, caplog: pytest.LogCaptureFixture
) -> None:
    key = await office.key()
    hook = "https://hooks.example.com/token-of-ours"
    with capture_logs() as logs, caplog.at_level(logging.DEBUG):
        who = client(key)
        await who("POST", "/subscriptions", {"destination": {"kind": "webhook", "url": hook}})
        await who("POST", "/subscriptions", {"destination": {"kind": "webhook", "url": hook}, "filter": "x:"})
        await client(f"{key[:-1]}g")("GET", "/status")
        await who("GET", f"/events/{key}/why")
        office.slack.away = True
        await who("POST", "/subscriptions", {"destination": {"kind": "channel", "channel": FRAUD}})
    told = str(logs) + caplog.text
    assert "api_unavailable" in told
    for secret in (key, key.rpartition("_")[2], "token-of-ours", "whsec_"):
        assert secret not in told


@pytest.mark.parametrize(
    "raw",
    [
        b"{",
        b"[" * 30_000,
        b'{"filter":' * 5_000,
        b"\xff\xfe",
        b'{"filter": "\\ud800", "destination": {"kind": "channel", "channel": "C0FRAUD"}}',
        b'{"filter": NaN}',
        b"null",
        b"[]",
        b'"x"',
        b"{}",
        b'{"filter": 1e999, "destination": {}}',
        b'{"destination": {"kind": "channel", "channel": "C0FRAUD\\u0000"}}',
        b'{"destination": {"kind": "channel", "channel": "C0FRAUD"}, "confirmed": "yes"}',
        b'{"destination": {"kind": "channel", "channel": "C0FRAUD"}, "__class__": {}}',
        b'{"destination": {"kind": "webhook", "url": "https://a.example.com/\\r\\nX: y"}, "filter": "model:\\r\\nx:"}',
    ],
)
async def test_a_body_that_means_nothing_is_refused_and_not_echoed(ana: Client, office: Office, raw: bytes) -> None:
    answer = await ana("POST", "/subscriptions", data=raw, headers={"Content-Type": "application/json"})
    assert answer.status in {400, 422}
    assert await office.subscriptions.version() == 0
    assert len(json.dumps(answer.body)) < 4_000


async def test_a_body_has_an_end(ana: Client) -> None:
    raw = b'{"filter": "' + b"x" * BODY_BYTES + b'"}'
    assert (await ana("POST", "/preview", data=raw, headers={"Content-Type": "application/json"})).status == 413

    async def unannounced() -> Any:
        for _ in range(32):
            yield b" " * 4_096

    answer = await ana("POST", "/preview", data=unannounced(), headers={"Content-Type": "application/json"})
    assert answer.status == 413


@pytest.mark.parametrize("content_type", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", ""])
async def test_only_json_is_json(ana: Client, content_type: str) -> None:
    # These are what a page of another origin can send without being asked (Fetch standard, CORS-safelisted).
    answer = await ana("POST", "/preview", data=b'{"filter": ""}', headers={"Content-Type": content_type})
    assert answer.status == 415


@pytest.mark.parametrize(
    "name",
    [
        "..",
        "%2e%2e",
        "k7m2qx%2F..%2Fzzzzzz",
        "k7m2qx%00",
        "K7M2QX",
        "k7m2qx.json",
        "k7m2q%0a",
        "%F0%9F%98%80",
        "*",
        "k7m2qxx",
        "%0d%0aX-A:%20b",
    ],
)
async def test_a_path_that_is_no_id_leads_nowhere(ana: Client, name: str) -> None:
    key = {"Authorization": f"Bearer {ana.key}"}
    async with ana._http.get(URL(f"/api/v1/subscriptions/{name}", encoded=True), headers=key) as response:
        assert response.status in {404, 405}
        assert "X-A" not in response.headers


async def test_redis_slack_or_the_journal_away_is_said_with_a_time_to_come_back(
    ana: Client, office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    office.slack.away = True
    answer = await ana("POST", "/subscriptions", {"destination": {"kind": "channel", "channel": FRAUD}})
    assert (answer.status, answer.headers["Retry-After"], answer.body["code"]) == (503, "5", "unavailable")
    assert "Slack" in answer.body["title"]

    async def away(*_: object) -> Any:
        raise UnavailableError("Redis does not answer")

    monkeypatch.setattr(office.keys._registry, "get", away)
    assert (await ana("GET", "/status")).status == 503


async def test_what_nobody_foresaw_tells_nothing(ana: Client, office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    async def breaks() -> Any:
        raise RuntimeError("whsec_secret")

    monkeypatch.setattr(office.lanes, "state", breaks)
    answer = await ana("GET", "/status")
    assert answer.status == 500
    assert "whsec_secret" not in json.dumps(answer.body)


async def test_many_at_once_make_one_subscription(ana: Client, office: Office) -> None:
    body = {"filter": "status:failed", "destination": {"kind": "channel", "channel": FRAUD}}
    more = {"headers": {"Idempotency-Key": "once"}}
    answers = await asyncio.gather(*(ana("POST", "/subscriptions", body, **more) for _ in range(20)))
    assert {answer.status for answer in answers} == {201}
    assert len({answer.body["id"] for answer in answers}) == 1
    assert len((await office.subscriptions.snapshot())[1]) == 1


async def test_an_id_drawn_for_a_request_that_is_taken_by_another_is_drawn_again(ana: Client, office: Office) -> None:
    body = {"filter": "status:failed", "destination": {"kind": "channel", "channel": FRAUD}}
    more = {"headers": {"Idempotency-Key": "once"}}
    first = await ana("POST", "/subscriptions", body, **more)
    kept = await office.subscriptions.get(first.body["id"])
    assert kept is not None
    await office.subscriptions.save(replace(kept, owner=BEN, destination=SlackChannel(team="T1", channel="C0OTHER")))
    second = await ana("POST", "/subscriptions", body, **more)
    assert second.status == 201
    assert second.body["id"] != first.body["id"]


async def test_every_answer_may_be_kept_by_nobody(ana: Client) -> None:
    answer = await ana("GET", "/subscriptions")
    assert answer.headers[hdrs.CACHE_CONTROL] == "no-store"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
