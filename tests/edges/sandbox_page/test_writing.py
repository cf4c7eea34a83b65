"""Writing: messages, commands, shortcuts, channels."""

import asyncio

import pytest
from playwright.async_api import expect

from tests.edges.sandbox_page.conftest import Desk

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]


async def test_enter_sends_and_shift_enter_makes_a_line(desk: Desk) -> None:
    page = await desk.window()
    field = page.get_by_role("textbox", name="Message #fraud-alerts")
    await expect(field).to_be_focused()
    await page.keyboard.type("first")
    await page.keyboard.press("Shift+Enter")
    await page.keyboard.type("second")
    await page.keyboard.press("Enter")
    await expect(page.locator(".message").last.locator("br")).to_have_count(1)
    await expect(field).to_have_value("")


async def test_what_is_typed_is_escaped_and_names_become_references(desk: Desk) -> None:
    page = await desk.window()
    await page.get_by_role("textbox").fill("1 < 2 & @amara.nwosu, see #general and @here @nobody")
    await page.get_by_role("button", name="Send").click()
    message = page.locator(".message").last
    await expect(message.locator("p")).to_have_text("1 < 2 & @Amara Nwosu, see #general and @here @nobody")
    channel = desk.sandbox.workspace.channels[desk.sandbox.channel_id("fraud-alerts")]
    amara, general = desk.sandbox.user_id("amara.nwosu"), desk.sandbox.channel_id("general")
    assert list(channel.messages.values())[-1].content.text == (
        f"1 &lt; 2 &amp; <@{amara}>, see <#{general}|general> and <!here> @nobody"
    )


async def test_a_slash_lists_the_commands_and_tab_completes_one(desk: Desk) -> None:
    page = await desk.window()
    field = page.get_by_role("textbox")
    await field.press_sequentially("/")
    rows = page.get_by_role("listbox", name="Suggestions").get_by_role("option")
    await expect(rows).to_have_count(3)
    await expect(rows.first).to_contain_text("[case] to @person")
    await expect(rows.first).to_contain_text("Sends a case to a person")
    await page.keyboard.press("ArrowDown")
    await expect(rows.nth(1)).to_have_attribute("aria-selected", "true")
    await page.keyboard.press("ArrowUp")
    await page.keyboard.press("Tab")
    await expect(field).to_have_value("/triage ")
    await expect(rows).to_have_count(0)
    await expect(page.locator(".composer-usage")).to_have_text("/triage [case] to @person")
    await field.press_sequentially("to @ama")
    await expect(rows).to_have_count(1)
    await page.keyboard.press("Enter")
    await expect(field).to_have_value("/triage to @amara.nwosu ")


async def test_a_command_reaches_the_app_and_its_answer_is_only_for_me(desk: Desk) -> None:
    page = await desk.window()
    await page.get_by_role("textbox").fill("/triage 4411")
    await page.keyboard.press("Enter")
    answer = page.locator(".message.ephemeral")
    await expect(answer).to_contain_text("Only visible to you")
    await expect(answer).to_contain_text("Case 4411")
    assert desk.triage.heard[0]["text"] == "4411"
    other = await desk.window("amara.nwosu")
    await expect(other.get_by_text("Two chargebacks")).to_be_visible()
    await expect(other.locator(".ephemeral")).to_have_count(0)


async def test_a_command_that_is_not_answered_in_time_is_said_and_can_be_sent_again(desk: Desk) -> None:
    page = await desk.window()
    await page.get_by_role("textbox").fill("/mute 3")
    await page.keyboard.press("Enter")
    await expect(page.locator(".toast")).to_have_count(1)
    await expect(page.locator(".toast")).to_contain_text('/mute failed with the error "operation_timeout"')
    await expect(page.get_by_role("textbox")).to_have_value("/mute 3")


async def test_an_unknown_command_and_one_in_a_thread_are_refused_by_the_page(desk: Desk) -> None:
    page = await desk.window()
    parent = desk.put(said="parent")
    await page.get_by_role("textbox").fill("/nonsense now")
    await page.keyboard.press("Enter")
    await expect(page.locator(".toast")).to_contain_text("/nonsense is not a command")
    await page.evaluate(f"location.hash += '/{parent.ts}'")
    await page.locator("#thread").get_by_role("textbox").fill("/triage 1")
    await page.keyboard.press("Enter")
    await expect(page.locator(".toast").last).to_contain_text("can't be used in a thread")
    assert desk.triage.heard == []


async def test_shortcuts_start_from_the_composer_and_from_a_message(desk: Desk) -> None:
    page = await desk.window()
    await page.locator(".composer").get_by_role("button", name="Shortcuts").click()
    await page.get_by_role("menuitem", name="New report").click()
    await expect(page.get_by_role("dialog", name="Report a case")).to_be_visible()
    await page.keyboard.press("Escape")
    message = page.locator(".message", has_text="Two chargebacks")
    await message.hover()
    await message.get_by_role("button", name="Shortcuts").click()
    await page.get_by_role("menuitem", name="Open a case").click()
    await expect(page.get_by_role("dialog", name="Report a case")).to_be_visible()
    assert [
        body.get("message", {}).get("text")
        for body in desk.triage.heard
        if "shortcut" in body["type"] or body["type"] == "message_action"
    ][-1]


async def test_a_channel_is_created_with_its_fault_shown_and_people_added(desk: Desk) -> None:
    page = await desk.window()
    await page.get_by_role("button", name="Create a channel").click()
    dialog = page.get_by_role("dialog", name="Create a channel")
    await dialog.get_by_label("Name").fill("general")
    await page.keyboard.press("Enter")
    await expect(dialog.get_by_role("alert")).to_contain_text("this name is taken")
    await dialog.get_by_label("Name").fill("Card Rings")
    await page.keyboard.press("Enter")
    await expect(page.get_by_text("This is the start of #card-rings.")).to_be_visible()
    await page.get_by_role("button", name="Add people").click()
    await page.get_by_role("button", name="People and apps").click()
    await page.keyboard.type("triage")
    await page.keyboard.press("Enter")
    await page.keyboard.press("Escape")
    await page.get_by_role("dialog").get_by_role("button", name="Add", exact=True).click()
    await expect(page.get_by_role("dialog")).to_have_count(0)
    channel = desk.sandbox.workspace.channels[desk.sandbox.channel_id("card-rings")]
    async with asyncio.timeout(5):
        while desk.sandbox.workspace.bot.id not in channel.members:
            await page.evaluate("() => new Promise(requestAnimationFrame)")


async def test_a_message_to_the_app_is_answered_in_its_messages_tab(desk: Desk) -> None:
    page = await desk.window()
    await page.get_by_role("link", name="Triage").click()
    await page.get_by_role("link", name="Messages").click()
    await page.get_by_role("textbox", name="Message Triage").fill("hello")
    await page.keyboard.press("Enter")
    await expect(page.get_by_text("You said: hello")).to_be_visible()
