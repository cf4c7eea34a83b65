"""Who may open a stream."""

from collections.abc import AsyncIterator

import pytest
from aiohttp import ClientSession

from bot.web.gateway import Gateway
from tests.edges.web.browsers import Site, site

PAGE = "https://ml.example.com"


@pytest.fixture
async def served(gateway: Gateway) -> AsyncIterator[Site]:
    async with site(gateway, origins=[PAGE]) as served:
        yield served


@pytest.fixture
async def stranger(served: Site) -> AsyncIterator[ClientSession]:
    async with ClientSession(served.url) as session:
        yield session


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Authorization": "Bearer "},
        {"Authorization": "Bearer wrong"},
        {"Authorization": "Bearer the-stream-toke"},
        {"Authorization": "Bearer the-stream-token2"},
        {"Authorization": "Basic the-stream-token"},
        {"Authorization": "the-stream-token"},
        {"Authorization": "Bearer \xfc"},
    ],
)
@pytest.mark.parametrize("path", ["/stream", "/ws", "/stream/ticket"])
async def test_without_the_token_nobody_gets_in(stranger: ClientSession, path: str, headers: dict[str, str]) -> None:
    upgrade = {
        "Upgrade": "websocket",
        "Connection": "Upgrade",
        "Sec-WebSocket-Version": "13",
        "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
    }
    method = "POST" if path == "/stream/ticket" else "GET"
    async with stranger.request(method, path, headers=headers | (upgrade if path == "/ws" else {})) as response:
        assert response.status == 401
        assert response.headers["WWW-Authenticate"] == 'Bearer realm="tidings"'
        assert response.content_type == "application/problem+json"


async def test_a_token_in_the_url_opens_nothing(stranger: ClientSession) -> None:
    async with stranger.get("/stream", params={"token": "the-stream-token"}) as response:
        assert response.status == 401


async def test_the_scheme_may_be_written_in_any_case(stranger: ClientSession) -> None:
    async with stranger.get("/stream", headers={"Authorization": "bearer the-stream-token"}) as response:
        assert response.status == 200


async def test_without_a_token_in_the_settings_the_stream_is_closed(gateway: Gateway) -> None:
    async with site(gateway, token="") as served, ClientSession(served.url) as stranger:
        for headers in ({}, {"Authorization": "Bearer "}, {"Authorization": "Bearer x"}):
            async with stranger.get("/stream", headers=headers, params={"ticket": "x"}) as response:
                assert response.status == 403
                assert "TIDINGS_STREAM_TOKEN" in (await response.json())["title"]


async def test_a_ticket_opens_one_stream(http: ClientSession, stranger: ClientSession) -> None:
    async with http.post("/stream/ticket") as response:
        assert response.status == 201
        issued = await response.json()
    assert issued["expires_in"] == 30
    async with stranger.get("/stream", params={"ticket": issued["ticket"]}) as response:
        assert response.status == 200
    async with stranger.get("/stream", params={"ticket": issued["ticket"]}) as response:
        assert response.status == 401
        assert "POST /stream/ticket" in (await response.json())["title"]


async def test_a_ticket_opens_one_websocket(http: ClientSession, stranger: ClientSession) -> None:
    async with http.post("/stream/ticket") as response:
        ticket = (await response.json())["ticket"]
    async with stranger.ws_connect("/ws", params={"ticket": ticket}) as browser:
        assert (await browser.receive_json()).keys() == {"cursor"}


async def test_a_filter_that_can_t_be_read_is_answered_with_the_place_and_costs_no_ticket(
    http: ClientSession, stranger: ClientSession
) -> None:
    async with http.post("/stream/ticket") as response:
        ticket = (await response.json())["ticket"]
    async with stranger.get("/stream", params={"filter": "confidence<high", "ticket": ticket}) as response:
        assert response.status == 400
        assert response.content_type == "application/problem+json"
        problem = await response.json()
    assert problem == {
        "status": 400,
        "title": "confidence needs a number, got 'high'",
        "filter": "confidence<high",
        "position": 11,
        "caret": "confidence<high\n           ^",
    }
    async with stranger.get("/stream", params={"ticket": ticket}) as response:
        assert response.status == 200


async def test_a_filter_s_error_can_be_read_when_asking_for_a_ticket(http: ClientSession) -> None:
    async with http.post("/stream/ticket", params={"filter": "modle:x"}) as response:
        assert response.status == 400
        assert (await response.json())["caret"].endswith("^")


@pytest.mark.parametrize(
    "origin", ["https://evil.example", "https://ml.example.com.evil.example", "https://ml.example.com:444", "null", ""]
)
@pytest.mark.parametrize("path", ["/stream", "/ws"])
async def test_a_page_of_another_origin_gets_nothing_even_with_the_token(
    http: ClientSession, path: str, origin: str
) -> None:
    async with http.get(path, headers={"Origin": origin}) as response:
        assert response.status == 403
        assert "Access-Control-Allow-Origin" not in response.headers


async def test_a_page_of_a_listed_origin_may_read_the_stream_and_its_problems(http: ClientSession) -> None:
    async with http.get("/stream", headers={"Origin": PAGE}) as response:
        assert response.status == 200
        assert response.headers["Access-Control-Allow-Origin"] == PAGE
        assert response.headers["Vary"] == "Origin"
    async with http.get("/stream", headers={"Origin": PAGE, "Authorization": "Bearer no"}) as response:
        assert response.status == 401
        assert response.headers["Access-Control-Allow-Origin"] == PAGE
    async with http.get("/stream", headers={"Origin": PAGE}, params={"filter": "x<"}) as response:
        assert response.status == 400
        assert response.headers["Access-Control-Allow-Origin"] == PAGE


async def test_our_own_page_may_read_the_stream_behind_a_proxy_too(http: ClientSession, served: Site) -> None:
    for origin in (served.url, served.url.replace("http:", "https:")):
        async with http.get("/stream", headers={"Origin": origin}) as response:
            assert response.status == 200


async def test_a_listed_page_is_told_that_it_may_send_the_token(stranger: ClientSession) -> None:
    asked = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "authorization"}
    async with stranger.options("/stream/ticket", headers={"Origin": PAGE, **asked}) as response:
        assert response.status == 204
        assert response.headers["Access-Control-Allow-Origin"] == PAGE
        assert "authorization" in response.headers["Access-Control-Allow-Headers"]
    async with stranger.options("/stream", headers={"Origin": "https://evil.example", **asked}) as response:
        assert response.status == 403
