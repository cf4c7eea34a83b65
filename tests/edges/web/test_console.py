"""The console, in a real browser."""

import asyncio
import json
import shutil
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page, async_playwright, expect

from bot.core.event import Status
from bot.telemetry import Metrics
from bot.web import console
from bot.web.access import Access
from bot.web.gateway import Gateway
from bot.web.server import Server
from bot.web.streams import Streams
from bot.web.tickets import LocalTickets
from tests.edges.web.browsers import TOKEN, event, following, until

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
pytestmark = [
    pytest.mark.asyncio(loop_scope="module"),  # one browser serves the file
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="chromium is not on PATH"),
    pytest.mark.filterwarnings("default::ResourceWarning:asyncio"),
]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def browser() -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=CHROMIUM,
            args=["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync"],
        )
        yield browser
        await browser.close()


@pytest_asyncio.fixture(loop_scope="module")
async def gateway(metrics: Metrics) -> AsyncIterator[Gateway]:
    async with Gateway(metrics) as gateway:
        yield gateway


@pytest_asyncio.fixture(loop_scope="module")
async def url(gateway: Gateway) -> AsyncIterator[str]:
    tickets = LocalTickets()
    streams = Streams(gateway, Access(TOKEN, (), tickets), tickets)
    routes = [*console.routes(), *streams.routes()]
    async with Server(routes, host="127.0.0.1", port=0, farewells=[gateway.close]) as url:
        yield url


@pytest_asyncio.fixture(loop_scope="module")
async def page(browser: Browser, url: str) -> AsyncIterator[Page]:
    page = await browser.new_page()
    complaints: list[str] = []
    page.on("console", lambda said: complaints.append(said.text) if said.type in {"error", "warning"} else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    await page.goto(url)
    yield page
    await page.close()
    refusals = ("401 (Unauthorized)", "400 (Bad Request)")
    assert [said for said in complaints if not any(refusal in said for refusal in refusals)] == []


def tell(gateway: Gateway, number: int, *, model: str = "fraud-scorer", title: str = "Card payment") -> None:
    made = event(number, model=model, status=Status.NEEDS_REVIEW)
    data = {
        "inference_id": made.inference,
        "status": made.status,
        "model": {"name": model, "version": "3.2"},
        "title": title,
        "latency": 1.234,
        "confidence": 0.42,
        "usage": {"cost": 0.0123},
    }
    body = {"specversion": "1.0", "id": made.id, "source": made.source, "time": made.time.isoformat(), "data": data}
    gateway.publish(made, json.dumps(body).encode())


async def enter(page: Page, gateway: Gateway) -> None:
    await page.get_by_label("Token").fill(TOKEN)
    await page.get_by_role("button", name="Open").click()
    await expect(page.get_by_role("status")).to_have_text("Live")
    await until(lambda: following(gateway) == 1)


async def test_a_wrong_token_is_said_and_the_right_one_shows_the_stream(page: Page, gateway: Gateway) -> None:
    await page.get_by_label("Token").fill("wrong")
    await page.get_by_role("button", name="Open").click()
    await expect(page.get_by_role("alert")).to_contain_text("token")
    await enter(page, gateway)
    for number in range(3):
        tell(gateway, number, title="<img src=x onerror=alert(1)>")
    rows = page.locator("#rows tr")
    await expect(rows).to_have_count(3)
    cells = await rows.first.locator("td").all_inner_texts()
    assert cells[1:] == [
        "needs review",
        "fraud-scorer3.2",
        "inf-2",
        "<img src=x onerror=alert(1)>",
        "1.23 s",
        "0.42",
        "$0.0123",
    ]
    assert await page.locator("#rows img").count() == 0
    await page.get_by_role("button", name="inf-1").click()
    await expect(page.locator("#detail-body")).to_contain_text('"confidence": 0.42')


async def test_a_filter_narrows_the_stream_and_its_errors_show_the_place(page: Page, gateway: Gateway) -> None:
    await enter(page, gateway)
    await page.get_by_label("Filter").fill("confidence<high")
    await page.keyboard.press("Enter")
    await expect(page.locator("#problem")).to_have_text(
        "confidence<high\n           ^\nconfidence needs a number, got 'high'"
    )
    await page.get_by_label("Filter").fill("model:support-*")
    await page.keyboard.press("Enter")
    await expect(page.locator("#problem")).to_be_hidden()
    await until(lambda: list(gateway._audiences) == ["model:support-*"])
    tell(gateway, 1)
    tell(gateway, 2, model="support-reply")
    await expect(page.locator("#rows tr")).to_have_count(1)
    await expect(page.get_by_role("button", name="inf-2")).to_be_visible()
    assert "filter=model" in page.url


async def test_pausing_holds_events_back_and_resuming_shows_them(page: Page, gateway: Gateway) -> None:
    await enter(page, gateway)
    await page.get_by_role("button", name="Pause").click()
    tell(gateway, 1)
    await expect(page.locator("#count")).to_have_text("0 shown · 1 held")
    await page.get_by_role("button", name="Resume").click()
    await expect(page.get_by_role("button", name="inf-1")).to_be_visible()
    await page.get_by_role("button", name="Clear").click()
    await expect(page.get_by_text("Nothing yet.")).to_be_visible()


async def test_a_lost_connection_is_resumed_where_it_broke(page: Page, gateway: Gateway) -> None:
    await enter(page, gateway)
    tell(gateway, 1)
    await expect(page.locator("#rows tr")).to_have_count(1)
    (socket,) = gateway._sockets
    socket.transport.abort()
    await until(lambda: not gateway._sockets)
    tell(gateway, 2)
    await expect(page.locator("#rows tr")).to_have_count(2)
    await expect(page.get_by_role("status")).to_have_text("Live")
    assert await page.locator("tr.notice").count() == 0


async def test_an_eventsource_reads_the_stream_with_a_ticket(page: Page, gateway: Gateway) -> None:
    reading = page.evaluate(
        """async (token) => {
            const answer = await fetch("/stream/ticket", {method: "POST", headers: {Authorization: `Bearer ${token}`}});
            const {ticket} = await answer.json();
            const source = new EventSource(`/stream?ticket=${ticket}`);
            const first = await new Promise((resolve) => source.addEventListener("inference", resolve));
            source.close();
            return {id: first.lastEventId, number: JSON.parse(first.data).id};
        }""",
        TOKEN,
    )
    told = asyncio.ensure_future(reading)
    await until(lambda: following(gateway) == 1)
    tell(gateway, 7)
    assert await told == {"id": gateway._history.cursor, "number": "7"}
