"""Modals: focus, errors, values in Slack's shapes, updates that keep what was typed, and the stack."""

import pytest
from playwright.async_api import Locator, Page, expect

from tests.edges.sandbox_page.conftest import Desk

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]


async def report(page: Page) -> Locator:
    await page.get_by_role("textbox").fill("/triage-report")
    await page.keyboard.press("Enter")
    return page.get_by_role("dialog", name="Report a case")


async def test_a_modal_takes_the_focus_keeps_it_and_escape_tells_the_app(desk: Desk) -> None:
    page = await desk.window()
    dialog = await report(page)
    await expect(dialog.get_by_label("Title")).to_be_focused()
    for _ in range(25):
        await page.keyboard.press("Tab")
        assert await page.evaluate(
            "document.activeElement === document.body"
            " || document.querySelector('dialog').contains(document.activeElement)"
        )
    await page.keyboard.press("Escape")
    await expect(dialog).to_have_count(0)
    await expect(page.get_by_role("textbox", name="Message #fraud-alerts")).to_be_focused()
    async with desk.hears(lambda body: body.get("type") == "view_closed"):
        pass


async def test_errors_stand_under_their_inputs_first_the_pages_then_the_apps(desk: Desk) -> None:
    page = await desk.window()
    dialog = await report(page)
    send = dialog.get_by_role("button", name="Send report")
    await dialog.get_by_label("Reply to").fill("nobody")
    await send.click()
    alerts = dialog.get_by_role("alert")
    await expect(alerts).to_have_text(
        [
            "Please complete this required field.",
            "Please complete this required field.",
            "This is not an e-mail address.",
        ]
    )
    title = dialog.get_by_label("Title")
    await expect(title).to_be_focused()
    await expect(title).to_have_attribute("aria-invalid", "true")
    await expect(title).to_have_accessible_description(
        "It becomes the thread's name. Please complete this required field."
    )
    await dialog.get_by_label("Reply to").fill("risk@example.com")
    await title.fill("bad")
    await dialog.get_by_role("button", name="Severity").click()
    await page.get_by_role("option", name="High").click()
    await send.click()
    await expect(alerts).to_have_text(["This title is taken."])
    await title.fill("good")
    await page.keyboard.press("Enter")
    await expect(dialog).to_have_count(0)


async def test_what_was_filled_in_arrives_in_slacks_shapes(desk: Desk) -> None:
    page = await desk.window()
    dialog = await report(page)
    await dialog.get_by_label("Title").fill("Card ring")
    await dialog.get_by_label("Details").fill("two\nlines")
    await dialog.get_by_role("button", name="Severity").click()
    await page.keyboard.press("ArrowDown")
    await page.keyboard.press("Enter")
    await dialog.get_by_role("button", name="Models").click()
    for name in ("Model 3", "Model 11"):
        await page.get_by_role("option", name=name, exact=True).click()
    await page.keyboard.press("Escape")
    await dialog.get_by_role("button", name="Remove Model 3").click()
    await dialog.get_by_role("button", name="Owner").click()
    await page.keyboard.type("hiro")
    await page.keyboard.press("Enter")
    await dialog.get_by_role("button", name="Similar case").click()
    await page.keyboard.type("ring")
    await page.get_by_role("option", name="ring 1").click()
    await dialog.get_by_label("Due").fill("2026-12-01")
    await dialog.get_by_label("Owner", exact=True).check()
    await dialog.get_by_role("button", name="Send report").click()
    await expect(dialog).to_have_count(0)
    values = desk.triage.heard[-1]["view"]["state"]["values"]
    flat = {
        block: {key: held for key, held in actions["it"].items() if key != "type"}
        for block, actions in values.items()
        if "it" in actions
    }
    assert flat == {
        "title": {"value": "Card ring"},
        "details": {"value": "two\nlines"},
        "severity": {"selected_option": {"text": {"type": "plain_text", "text": "Medium"}, "value": "medium"}},
        "models": {"selected_options": [{"text": {"type": "plain_text", "text": "Model 11"}, "value": "model 11"}]},
        "owner": {"selected_user": desk.sandbox.user_id("hiro.tanabe")},
        "case": {"selected_option": {"text": {"type": "plain_text", "text": "ring 1"}, "value": "ring 1"}},
        "due": {"selected_date": "2026-12-01"},
        "notify": {"selected_options": [{"text": {"type": "plain_text", "text": "Owner"}, "value": "owner"}]},
        "mail": {"value": None},
    }


async def test_an_update_keeps_what_was_typed_and_a_pushed_view_goes_back(desk: Desk) -> None:
    page = await desk.window()
    dialog = await report(page)
    await dialog.get_by_label("Title").fill("half a ti")
    await dialog.get_by_role("button", name="Preview").click()
    await expect(dialog.get_by_text("The preview looks fine.")).to_be_visible()
    await expect(dialog.get_by_label("Title")).to_have_value("half a ti")
    await dialog.get_by_role("button", name="Add a note").click()
    note = page.get_by_role("dialog", name="Add a note")
    await note.get_by_role("button", name="Back").click()
    await expect(dialog.get_by_label("Title")).to_have_value("half a ti")
    await dialog.get_by_role("button", name="Add a note").click()
    await note.get_by_label("Note").fill("seen")
    await note.get_by_role("button", name="Keep").click()
    await expect(dialog).to_be_visible()
    assert await page.locator("dialog").count() == 1
