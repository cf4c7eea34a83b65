"""A person at the sandbox's page, in a real browser: the form is filled in by hand, from Home and back to it."""

import shutil
from contextlib import suppress

import pytest
from playwright.async_api import Locator, Page, async_playwright, expect

from bot.core.destination import SlackChannel
from bot.core.filters import parse
from bot.sandbox.server import Sandbox
from bot.stores.subscriptions import RedisSubscriptions
from tests.core.examples import event
from tests.edges.home.conftest import Passing
from tests.edges.sandbox_page.conftest import ARGUMENTS

pytestmark = [pytest.mark.browser, pytest.mark.usefixtures("connected")]


async def look_for(page: Page, button: Locator, typed: str, option: str) -> None:
    """Open a list and type into it; again if the form was drawn anew meanwhile, which closes what is open."""
    for patience in (4_000, 4_000, 20_000):
        await button.click()
        await page.keyboard.type(typed)
        with suppress(AssertionError):
            await expect(page.get_by_role("option", name=option)).to_be_visible(timeout=patience)
            return
    raise AssertionError(f"{option} is not offered")


async def test_a_person_fills_in_the_form_and_sees_what_they_will_get(
    sandbox: Sandbox, passing: Passing, subscriptions: RedisSubscriptions
) -> None:
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    if chromium is None:
        pytest.skip("no chromium on PATH")
    passing.seen = [event(id=f"e-{number}", confidence=number / 10) for number in range(10)]
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=chromium, args=list(ARGUMENTS))
        page = await browser.new_page(reduced_motion="reduce")
        faults: list[str] = []
        page.on("pageerror", lambda error: faults.append(str(error)))
        await page.goto(f"{sandbox.url}/?user={sandbox.user_id('tomas.okafor')}#app")
        await page.get_by_role("button", name="Subscribe", exact=True).click()
        form = page.get_by_role("dialog")
        await form.get_by_role("button", name="Where to").click()
        await page.get_by_role("option", name="A channel").click()
        await form.get_by_role("button", name="Channel", exact=True).click()
        await page.get_by_role("option", name="fraud-alerts").click()
        await look_for(page, form.get_by_role("button", name="Models"), "detect", "fraud-detector")
        await page.keyboard.press("Enter")
        await page.keyboard.press("Escape")
        conditions = form.get_by_label("More conditions")
        await conditions.press_sequentially("confidence<0.3 statsu:x")
        await expect(form.get_by_text("did you mean status?")).to_be_visible()
        await expect(conditions).to_have_value("confidence<0.3 statsu:x")
        await expect(conditions).to_be_focused()
        for _ in range(len(" statsu:x")):
            await page.keyboard.press("Backspace")
        await expect(form.get_by_text("Would have matched 3 of the last 10 events")).to_be_visible()
        await form.get_by_role("button", name="Subscribe", exact=True).click()
        await expect(page.get_by_role("dialog", name="Subscribed")).to_be_visible()
        await page.get_by_role("dialog").get_by_role("button", name="Close").last.click()
        await expect(page.get_by_text("Your subscriptions and your channels'")).to_be_visible()
        await browser.close()
    assert faults == []
    [kept] = (await subscriptions.snapshot())[1]
    assert kept.filter == parse("model:fraud-detector confidence<0.3")
    assert kept.destination == SlackChannel(team="T0SANDBOX", channel=sandbox.channel_id("fraud-alerts"))
