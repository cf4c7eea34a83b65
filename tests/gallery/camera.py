"""Takes pictures of messages in the sandbox's page."""

import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from playwright.async_api import Page, async_playwright

from consumers.demo.workspace import Workspace
from tests.gallery.cases import Case

WHO = "tomas.okafor"


class Camera:
    """A window of one person."""

    def __init__(self, page: Page, workspace: Workspace) -> None:
        self._page = page
        self._workspace = workspace

    async def picture(self, case: Case, parent: str, path: Path) -> None:
        """Photograph the message, or the thread that it begins."""
        who, channel = self._workspace.users[WHO], self._workspace.channels[case.place]
        page = self._page
        await page.set_viewport_size({"width": 1280, "height": 800 if case.thread else 1_500})
        await page.goto("about:blank")
        await page.goto(f"{self._workspace.url}/?user={who}#{channel}")
        message = page.locator(f'article.message[data-ts="{parent}"]').first
        await message.wait_for()
        if case.thread:
            await message.locator(".thread-foot").click()
            pane = page.locator(".thread-pane")
            await pane.locator("article.message").nth(1).wait_for()
            await pane.screenshot(path=path)
            return
        await message.scroll_into_view_if_needed()
        await message.screenshot(path=path)


@asynccontextmanager
async def camera(workspace: Workspace) -> AsyncIterator[Camera]:
    """Open a window tall enough for the longest card."""
    chromium = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-gpu"])
        page = await browser.new_page(
            viewport={"width": 1280, "height": 1_500}, timezone_id="UTC", locale="en-GB", reduced_motion="reduce"
        )
        yield Camera(page, workspace)
        await browser.close()
