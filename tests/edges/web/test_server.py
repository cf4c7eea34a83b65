import asyncio
from io import BytesIO

import pytest
from aiohttp import ClientConnectionError, ClientSession, web
from structlog.testing import capture_logs

from bot.web.problem import Problem
from bot.web.server import BODY_BYTES, Server
from tests.edges.web.browsers import until


async def hello(_request: web.Request) -> web.Response:
    return web.Response(text="hello", headers={"Content-Security-Policy": "default-src 'self'"})


async def length(request: web.Request) -> web.Response:
    return web.json_response(len(await request.read()))


async def teapot(_request: web.Request) -> web.Response:
    raise Problem(418, "No coffee.", headers={"Retry-After": "1"}, pot="tea")


async def breaks(_request: web.Request) -> web.Response:
    return web.Response(text=str(1 // 0))


ROUTES = [
    web.get("/hello", hello),
    web.post("/length", length),
    web.get("/teapot", teapot),
    web.get("/breaks", breaks),
]


async def test_it_listens_where_it_says_and_no_longer() -> None:
    async with (
        Server(ROUTES, host="127.0.0.1", port=0) as url,
        ClientSession(url) as http,
        http.get("/hello") as response,
    ):
        assert await response.text() == "hello"
    with pytest.raises(ClientConnectionError):
        async with ClientSession(url) as http, http.get("/hello"):
            pass


async def test_an_ipv6_address_stands_in_brackets() -> None:
    async with Server(ROUTES, host="::1", port=0) as url, ClientSession(url) as http, http.get("/hello") as response:
        assert url.startswith("http://[::1]:")
        assert response.status == 200


async def test_a_taken_port_is_an_error_at_once() -> None:
    async with Server(ROUTES, host="127.0.0.1", port=0) as url:
        with pytest.raises(OSError, match="address already in use"):
            await Server(ROUTES, host="127.0.0.1", port=int(url.rsplit(":", 1)[1])).__aenter__()


async def test_every_answer_has_the_security_headers_and_a_handler_may_say_otherwise() -> None:
    async with Server(ROUTES, host="127.0.0.1", port=0) as url, ClientSession(url) as http:
        for path in ("/teapot", "/nowhere", "/hello"):
            async with http.get(path) as response:
                headers = response.headers
            assert headers["X-Content-Type-Options"] == "nosniff"
            assert headers["X-Frame-Options"] == "DENY"
            assert headers["Referrer-Policy"] == "no-referrer"
            assert headers["Server"] == "tidings"
            expected = "default-src 'self'" if path == "/hello" else "default-src 'none'; frame-ancestors 'none'"
            assert headers["Content-Security-Policy"] == expected


async def test_errors_are_problem_details() -> None:
    async with Server(ROUTES, host="127.0.0.1", port=0) as url, ClientSession(url) as http:
        async with http.get("/teapot") as response:
            assert await response.json() == {"status": 418, "title": "No coffee.", "pot": "tea"}
            assert response.headers["Retry-After"] == "1"
            assert response.content_type == "application/problem+json"
        async with http.get("/nowhere") as response:
            assert await response.json() == {"status": 404, "title": "Not Found"}
        async with http.delete("/hello") as response:
            assert await response.json() == {"status": 405, "title": "Method Not Allowed"}
            assert response.headers["Allow"] == "GET,HEAD"


async def test_a_bug_is_logged_and_tells_the_caller_nothing() -> None:
    async with Server(ROUTES, host="127.0.0.1", port=0) as url, ClientSession(url) as http:
        with capture_logs() as logs:
            async with http.get("/breaks") as response:
                assert await response.json() == {"status": 500, "title": "Something went wrong here; it was logged."}
    (line,) = [line for line in logs if line["event"] == "request_failed"]
    assert (line["method"], line["path"], line["log_level"]) == ("GET", "/breaks", "error")


async def test_a_body_beyond_the_cap_is_refused() -> None:
    async with Server(ROUTES, host="127.0.0.1", port=0) as url, ClientSession(url) as http:
        async with http.post("/length", data=BytesIO(b"x" * BODY_BYTES)) as response:
            assert await response.json() == BODY_BYTES
        async with http.post("/length", data=BytesIO(b"x" * (BODY_BYTES + 1))) as response:
            assert response.status == 413


async def test_it_stops_listening_then_says_farewell_then_lets_requests_finish() -> None:
    told: list[str] = []
    begun, finish = asyncio.Event(), asyncio.Event()

    async def slow(_request: web.Request) -> web.Response:
        begun.set()
        await finish.wait()
        told.append("request finished")
        return web.Response(text="done")

    async def farewell() -> None:
        with pytest.raises(OSError, match=r"Connect call failed|refused"):
            await asyncio.open_connection("127.0.0.1", port)
        told.append("farewell")
        finish.set()

    server = Server([web.get("/slow", slow)], host="127.0.0.1", port=0, farewells=[farewell])
    url = await server.__aenter__()
    port = int(url.rsplit(":", 1)[1])
    async with ClientSession(url) as http, asyncio.TaskGroup() as group:
        answer = group.create_task(_text(http))
        await until(begun.is_set)
        await server.__aexit__(None, None, None)
    assert told == ["farewell", "request finished"]
    assert answer.result() == "done"


async def _text(http: ClientSession) -> str:
    async with http.get("/slow") as response:
        return await response.text()
