"""Nothing is written after the deadline: on a connection that is made, and on one that is used again."""

import asyncio
from collections.abc import AsyncIterator

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from bot.core.delivery import SEND_WITHIN, Failed, send_by
from bot.outlets.deadline import TooLateError, before, watch
from bot.outlets.transport import outcome_of_exception


@pytest.fixture
async def seen() -> AsyncIterator[tuple[str, list[str]]]:
    """A server's URL, and the requests that reached it."""
    paths: list[str] = []

    async def take(request: web.Request) -> web.Response:
        paths.append(request.path)
        return web.Response()

    app = web.Application()
    app.router.add_post("/{name}", take)
    async with TestServer(app) as server:
        yield str(server.make_url("/")), paths


def passed() -> float:
    return asyncio.get_running_loop().time() - 0.001


async def test_before_the_deadline_requests_are_written(seen: tuple[str, list[str]]) -> None:
    url, paths = seen
    async with aiohttp.ClientSession(trace_configs=[watch()]) as session:
        with before(asyncio.get_running_loop().time() + 60):
            await session.post(f"{url}one")
        await session.post(f"{url}two")
    assert paths == ["/one", "/two"]


@pytest.mark.parametrize("used_before", [False, True])
async def test_after_it_not_a_byte_goes_out(seen: tuple[str, list[str]], *, used_before: bool) -> None:
    url, paths = seen
    async with aiohttp.ClientSession(trace_configs=[watch()]) as session:
        if used_before:
            await (await session.post(f"{url}first")).read()
        with before(passed()), pytest.raises(TooLateError) as late:
            await session.post(f"{url}late")
        await session.post(f"{url}after")
    assert paths == [*(["/first"] if used_before else []), "/after"]
    assert isinstance(outcome_of_exception(late.value, host="h"), Failed)


@pytest.mark.parametrize(
    ("lease", "expected"), [(60_000, SEND_WITHIN), (20_000, 15_000), (8_000, 6_000), (600_000, SEND_WITHIN)]
)
def test_sending_ends_before_the_lease_and_soon_after_the_beginning(lease: int, expected: int) -> None:
    assert send_by(1_000_000 + lease, lease=lease) == 1_000_000 + expected
