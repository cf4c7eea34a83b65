"""One Chromium per worker; for each test a fresh workspace, a real Bolt app, and windows of chosen people."""

import asyncio
import shutil
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import Browser, BrowserContext, Page, async_playwright, expect
from slack_bolt.adapter.socket_mode.async_handler import AsyncSocketModeHandler

from bot.sandbox.limits import Rates
from bot.sandbox.message import Content, Message
from bot.sandbox.server import Sandbox
from tests.edges.sandbox_page.triage import MANIFEST, Triage

ARGUMENTS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-extensions",
    "--disable-component-extensions-with-background-pages",
    "--disable-software-rasterizer",
    "--process-per-site",
)
PATIENCE = 20_000  # ms that Playwright waits for what should happen at once; much, for a busy machine
expect.set_options(timeout=PATIENCE)


def _chromium() -> str | None:
    names = ("chromium", "chromium-browser", "google-chrome")
    return next((path for path in map(shutil.which, names) if path), None)


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def browser() -> AsyncIterator[Browser]:
    path = _chromium()
    if path is None:
        pytest.skip("no chromium on PATH")
    async with async_playwright() as playwright:
        chromium = await playwright.chromium.launch(executable_path=path, args=list(ARGUMENTS))
        yield chromium
        await chromium.close()


LOOK: dict[str, Any] = {
    "viewport": {"width": 1280, "height": 800},
    "timezone_id": "UTC",
    "locale": "en-GB",
    "reduced_motion": "reduce",
}


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def usual(browser: Browser) -> BrowserContext:
    """Shared by all windows that look as usual; each workspace is an origin of its own, so nothing leaks."""
    context = await browser.new_context(**LOOK)
    context.set_default_timeout(PATIENCE)
    return context


class Desk:
    """A workspace, its app, and the windows that people have open on it."""

    def __init__(
        self, usual: BrowserContext, sandbox: Sandbox, triage: Triage, handler: AsyncSocketModeHandler
    ) -> None:
        self.sandbox = sandbox
        self.handler = handler
        self.triage = triage
        self.faults: list[str] = []
        self._usual = usual
        self._open: list[BrowserContext | Page] = []

    async def window(self, person: str = "tomas.okafor", place: str = "fraud-alerts", **look: Any) -> Page:
        """Open the page as somebody, at a channel, or at "app"."""
        if look:
            assert self._usual.browser is not None
            context = await self._usual.browser.new_context(**LOOK | look)
            context.set_default_timeout(PATIENCE)
            page = await context.new_page()
            self._open.append(context)
        else:
            page = await self._usual.new_page()
            self._open.append(page)
        page.on("pageerror", lambda error: self.faults.append(str(error)))
        page.on(
            "console",
            lambda said: self.faults.append(said.text) if said.type in {"error", "warning"} else None,
        )
        hash_ = "app" if place == "app" else self.sandbox.channel_id(place)
        await page.goto(f"{self.sandbox.url}/?user={self.sandbox.user_id(person)}#{hash_}")
        await page.locator(".status-live").wait_for(state="attached")
        return page

    def put(
        self,
        *blocks: Any,
        said: str = "",
        by: str | None = None,
        place: str = "fraud-alerts",
        thread: str | None = None,
        **more: Any,
    ) -> Message:
        """Put a message into a channel past all validation, as the app or as a person."""
        workspace = self.sandbox.workspace
        author = workspace.bot if by is None else workspace.people[self.sandbox.user_id(by)]
        channel = workspace.channels[self.sandbox.channel_id(place)]
        return workspace.post(channel, author, Content(text=said, blocks=list(blocks), **more), thread_ts=thread)

    @asynccontextmanager
    async def hears(self, wanted: Callable[[dict[str, Any]], bool]) -> AsyncIterator[None]:
        """Do something, then wait until the app has heard what it was to lead to."""
        yield
        async with asyncio.timeout(PATIENCE / 1000):
            while not any(wanted(body) for body in self.triage.heard):
                await asyncio.wait_for(self.triage.news.wait(), PATIENCE / 1000)
                self.triage.news.clear()

    async def leave(self) -> None:
        """Take the app away, and wait until the workspace has noticed."""
        await self.handler.close_async()
        async with asyncio.timeout(PATIENCE / 1000):
            while self.sandbox.socket_mode.connected:  # noqa: ASYNC110 - it has no event; this only yields
                await asyncio.sleep(0)

    async def close(self) -> None:
        for opened in self._open:
            await opened.close()


@pytest_asyncio.fixture(loop_scope="session")
async def desk(usual: BrowserContext) -> AsyncIterator[Desk]:
    async with AsyncExitStack() as stack:
        sandbox = await stack.enter_async_context(
            Sandbox(manifest=MANIFEST, rates=Rates(enabled=False), ack_seconds=1.0)
        )
        triage = Triage(sandbox)
        handler = AsyncSocketModeHandler(triage.app, sandbox.app_token)
        await handler.connect_async()
        stack.push_async_callback(handler.close_async)
        desk = Desk(usual, sandbox, triage, handler)
        stack.push_async_callback(desk.close)
        yield desk
    assert desk.faults == []
