"""The app's Home tab, and the look of the page: readable in both themes, usable in a narrow window."""

import pytest
from playwright.async_api import Page, Route, expect

from tests.edges.sandbox_page.conftest import Desk
from tests.edges.sandbox_page.triage import HOME, button, options, text
from tests.walk.parts import eventually

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

# Every piece of text against what lies behind it: WCAG 2.2, 1.4.3 asks for 4.5, or 3 for large text.
FAINT = """() => {
  const canvas = document.createElement('canvas').getContext('2d', {willReadFrequently: true});
  const rgba = (colour) => {
    canvas.clearRect(0, 0, 1, 1); canvas.fillStyle = colour; canvas.fillRect(0, 0, 1, 1);
    const [r, g, b, a] = canvas.getImageData(0, 0, 1, 1).data; return [r, g, b, a / 255];
  };
  const over = (top, below) => top.slice(0, 3).map((part, at) => part * top[3] + below[at] * (1 - top[3]));
  const light = ([r, g, b]) => [r, g, b].map((part) => part / 255)
    .map((part) => (part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4))
    .reduce((sum, part, at) => sum + part * [0.2126, 0.7152, 0.0722][at], 0);
  const behind = (node) => {
    const layers = [];
    for (let at = node; at; at = at.parentElement) layers.push(rgba(getComputedStyle(at).backgroundColor));
    return layers.reverse().reduce((below, layer) => over(layer, below), [255, 255, 255]);
  };
  const faint = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  let seen = 0;
  while (walker.nextNode()) {
    const node = walker.currentNode.parentElement;
    const words = walker.currentNode.data.trim().slice(0, 30);
    if (!words || !node.checkVisibility({opacityProperty: true, visibilityProperty: true})) continue;
    if (node.closest('.emoji, :disabled, .visually-hidden')) continue;
    const back = behind(node);
    const style = getComputedStyle(node);
    const pair = [light(over(rgba(style.color), back)), light(back)].sort((a, b) => b - a);
    const ratio = (pair[0] + 0.05) / (pair[1] + 0.05);
    const size = parseFloat(style.fontSize);
    const large = size >= 24 || (size >= 18.66 && style.fontWeight >= 700);
    seen += 1;
    if (ratio < (large ? 3 : 4.5)) faint.push([words, node.className, ratio.toFixed(2)]);
  }
  return {faint, seen};
}"""

NAMELESS = """() => [...document.querySelectorAll('button, a[href], input, textarea, [role=button]')]
  .filter((node) => node.checkVisibility())
  .filter((node) => !(node.textContent.trim() || node.ariaLabel || node.labels?.length || node.title))
  .map((node) => node.outerHTML.slice(0, 120))"""


async def test_home_is_published_when_opened_and_changes_under_ones_eyes(desk: Desk) -> None:
    page = await desk.window(place="app")
    await expect(page.get_by_role("heading", name="Your cases")).to_be_visible()
    await page.get_by_role("button", name="Refresh").click()
    await expect(page.locator(".alert-success")).to_have_text("All done")
    await page.get_by_role("link", name="Messages").click()
    await expect(page.get_by_role("textbox", name="Message Triage")).to_be_visible()
    await page.go_back()
    await expect(page.get_by_role("heading", name="Your cases")).to_be_visible()

    def opened() -> list[str]:
        return [event["tab"] for event in desk.triage.heard if event["type"] == "app_home_opened"]

    await eventually(lambda: opened()[:2] == ["home", "messages"])


async def test_an_older_answer_does_not_hide_a_home_that_came_live(desk: Desk) -> None:
    page = await desk.window()
    await desk.leave()

    async def hold(route: Route) -> None:
        answer = await route.fetch()  # nothing is published yet
        user = desk.sandbox.user_id("tomas.okafor")
        await desk.triage.app.client.views_publish(user_id=user, view=HOME)
        await expect(page.get_by_role("heading", name="Your cases")).to_be_visible()
        await route.fulfill(response=answer)

    await page.route("**/client/home?*", hold)
    async with page.expect_response("**/client/home"):  # told after the answer was taken
        await page.get_by_role("link", name="Triage").click()
    await expect(page.get_by_role("heading", name="Your cases")).to_be_visible()


async def test_an_app_that_is_away_is_said(desk: Desk) -> None:
    await desk.leave()
    page = await desk.window("hiro.tanabe", place="app")
    await expect(page.get_by_text("Triage has no Home yet")).to_be_visible()
    await expect(page.get_by_role("link", name="Triage")).to_contain_text("not connected")


def fill(desk: Desk) -> None:
    mrkdwn = {"type": "mrkdwn", "text": "`code` <https://example.com|link> <@U0SBX0002> <#C1|room>"}
    desk.put(
        {"type": "header", "text": text("Head")},
        {"type": "section", "text": mrkdwn, "accessory": button("Press", "it", style="primary")},
        {"type": "context", "elements": [mrkdwn]},
        {
            "type": "actions",
            "elements": [
                button("No", "it", style="danger"),
                {
                    "type": "static_select",
                    "action_id": "it",
                    "placeholder": text("Pick"),
                    "options": options("A"),
                },
            ],
        },
        {"type": "markdown", "text": "> quote\n\n| a | b |\n|---|---|\n| 1 | `2` |\n\n```python\nx\n```"},
        *({"type": "alert", "level": level, "text": mrkdwn} for level in ("info", "warning", "error", "success")),
        {"type": "mystery"},
    )
    parent = desk.put(said="parent")
    desk.put(said="reply", thread=parent.ts)
    desk.put(said="elsewhere", place="general")


async def faint(page: Page) -> list[list[str]]:
    found = await page.evaluate(FAINT)
    assert found["seen"] > 40
    return list(found["faint"])


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_all_text_can_be_read(desk: Desk, scheme: str) -> None:
    page = await desk.window(color_scheme=scheme)
    fill(desk)
    await expect(page.get_by_role("button", name="1 reply")).to_be_visible()
    assert await faint(page) == []
    assert await page.evaluate(NAMELESS) == []
    await page.get_by_role("textbox").fill("/triage-report")
    await page.keyboard.press("Enter")
    await page.get_by_role("button", name="Send report").click()
    await expect(page.get_by_role("alert").first).to_be_visible()
    assert await faint(page) == []
    assert await page.evaluate(NAMELESS) == []


async def test_a_chosen_theme_is_remembered_over_the_systems(desk: Desk) -> None:
    page = await desk.window(color_scheme="light")
    before = await page.evaluate("getComputedStyle(document.body).backgroundColor")
    await page.get_by_role("button", name="Use the dark theme").click()
    await page.reload()
    await expect(page.get_by_role("button", name="Use the light theme")).to_be_visible()
    assert await page.evaluate("getComputedStyle(document.body).backgroundColor") != before


async def test_a_narrow_window_puts_the_channels_behind_a_button(desk: Desk) -> None:
    page = await desk.window(viewport={"width": 390, "height": 740})
    await expect(page.get_by_role("link", name="general")).to_be_hidden()
    await page.get_by_role("button", name="Show channels").click()
    await page.get_by_role("link", name="general").click()
    await expect(page.get_by_role("heading", name="general").first).to_be_visible()
    await expect(page.get_by_role("link", name="general")).to_be_hidden()
    assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth")
