"""Reading: what arrives, where it lands, what is new, and how the page behaves under many messages."""

import pytest
from playwright.async_api import Route, expect

from tests.edges.sandbox_page.conftest import Desk

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]


async def test_a_message_shows_the_moment_it_is_posted(desk: Desk) -> None:
    page = await desk.window()
    await expect(page.get_by_text("Two chargebacks from last night")).to_be_visible()
    desk.put(said="Case *12* is `done`")
    message = page.locator(".message").last
    await expect(message.locator("strong")).to_have_text("12")
    await expect(message.locator(".author")).to_have_text("Triage")
    await expect(message.locator(".badge-app")).to_be_visible()
    desk.put(said="and so is the next")
    await expect(page.locator(".message.grouped .content").last).to_have_text("and so is the next")
    await expect(page.locator(".day")).to_have_text("Today")


async def test_messages_elsewhere_are_counted_until_one_looks_and_a_line_shows_where_they_begin(
    desk: Desk,
) -> None:
    page = await desk.window()
    item = page.get_by_role("link", name="general")
    desk.put(said="one", place="general")
    desk.put(said="two", place="general")
    await expect(item.locator(".badge")).to_have_text("2")
    await expect(page).to_have_title("(2) #fraud-alerts · Sandbox workspace")
    await item.click()
    await expect(page.locator(".new-line + .message")).to_contain_text("one")
    await expect(item.locator(".badge")).to_have_count(0)
    desk.put(said="three", place="general")
    await expect(page.get_by_text("three")).to_be_visible()
    await expect(item.locator(".badge")).to_have_count(0)


async def test_a_mention_is_counted_in_the_colour_of_what_is_meant_for_me(desk: Desk) -> None:
    page = await desk.window()
    desk.put(said=f"please look <@{desk.sandbox.user_id('tomas.okafor')}>", place="general")
    await expect(page.get_by_role("link", name="general").locator(".badge-direct")).to_have_text("1")


async def test_a_channel_that_i_have_not_joined_counts_nothing_and_offers_to_join(desk: Desk) -> None:
    page = await desk.window(place="ml-platform")
    await expect(page.get_by_role("textbox")).to_have_count(0)
    await page.get_by_role("button", name="Join channel").click()
    await expect(page.get_by_role("textbox", name="Message #ml-platform")).to_be_visible()


async def test_an_empty_channel_says_that_it_is_the_start(desk: Desk) -> None:
    page = await desk.window(place="inference-review")
    await expect(page.get_by_text("This is the start of #inference-review.")).to_be_visible()


async def test_an_edit_and_a_deletion_show_at_once(desk: Desk) -> None:
    page = await desk.window()
    client = desk.triage.app.client
    channel = desk.sandbox.channel_id("fraud-alerts")
    ts = (await client.chat_postMessage(channel=channel, text="first wording"))["ts"]
    await expect(page.get_by_text("first wording")).to_be_visible()
    await client.chat_update(channel=channel, ts=ts, text="second wording")
    message = page.locator(f'[data-ts="{ts}"]')
    await expect(message).to_contain_text("second wording")
    await expect(message.locator(".edited")).to_be_visible()
    await client.chat_delete(channel=channel, ts=ts)
    await expect(message).to_have_count(0)


async def test_a_thread_opens_beside_counts_its_replies_and_takes_new_ones(desk: Desk) -> None:
    page = await desk.window()
    parent = desk.put(said="Session 7")
    desk.put(said="stage one", thread=parent.ts)
    foot = page.get_by_role("button", name="1 reply")
    await expect(foot).to_contain_text("new")
    await expect(page.locator("#main-body .message", has_text="stage one")).to_have_count(0)
    await foot.click()
    pane = page.locator("#thread")
    await expect(pane.get_by_text("stage one")).to_be_visible()
    await expect(pane.get_by_text("Session 7")).to_be_visible()
    desk.put(said="stage two", thread=parent.ts)
    await expect(pane.get_by_text("stage two")).to_be_visible()
    await pane.get_by_role("textbox").fill("thanks")
    await page.keyboard.press("Enter")
    await expect(pane.locator(".message").last).to_contain_text("thanks")
    await expect(page.get_by_role("button", name="3 replies")).not_to_contain_text("new")
    await page.keyboard.press("Escape")
    await expect(pane).to_be_hidden()


async def test_another_person_sees_the_workspace_with_their_own_eyes(desk: Desk) -> None:
    page = await desk.window()
    await expect(page.get_by_role("link", name="risk-leads")).to_be_visible()
    await page.get_by_role("button", name="You are Tomás Okafor").click()
    await page.get_by_role("menuitemradio", name="Hiro Tanabe").click()
    await expect(page.get_by_role("button", name="You are Hiro Tanabe")).to_be_visible()
    await expect(page.get_by_role("link", name="risk-leads")).to_have_count(0)
    await page.reload()
    await expect(page.get_by_role("button", name="You are Hiro Tanabe")).to_be_visible()


async def test_a_cut_connection_is_said_and_what_was_missed_is_fetched(desk: Desk) -> None:
    page = await desk.window()
    await expect(page.get_by_text("Two chargebacks")).to_be_visible()
    await page.evaluate("window.kept = document.querySelector('.message')")
    desk.sandbox.live.close()
    await expect(page.get_by_text("The live connection is cut")).to_be_visible()
    desk.put(said="said while nobody listened")
    desk.put(said="elsewhere too", place="general")
    await expect(page.get_by_text("said while nobody listened")).to_be_visible()
    await expect(page.locator(".status-live")).to_be_visible()
    await expect(page.get_by_role("link", name="general")).to_have_class("item unread")
    assert await page.evaluate("window.kept.isConnected"), "what had not changed was drawn again"


async def test_what_arrives_while_a_page_of_messages_is_on_its_way_is_not_lost(desk: Desk) -> None:
    page = await desk.window(place="inference-review")
    held = 0

    async def hold(route: Route) -> None:
        nonlocal held
        answer = await route.fetch()  # what the workspace knew before the next line
        held += 1
        desk.put(said=f"late {held}")
        await expect(page.get_by_role("link", name="fraud-alerts").locator(".badge")).to_have_text(str(held))
        await route.fulfill(response=answer)

    await page.route("**/client/history*", hold)
    await page.get_by_role("link", name="fraud-alerts").click()
    await expect(page.get_by_text("late 1")).to_be_visible()


async def test_whoever_reads_further_up_stays_there_and_is_told_of_news(desk: Desk) -> None:
    for number in range(60):
        desk.put(said=f"line {number}")
    page = await desk.window()
    scroller = page.locator(".scroller")
    await expect(page.get_by_text("line 59")).to_be_in_viewport()
    await scroller.evaluate("node => { node.scrollTop = node.scrollHeight / 2 }")
    await expect(page.locator(".pill")).to_have_text("Jump to latest")
    place = await page.get_by_text("line 30", exact=True).bounding_box()
    desk.put(said="news one")
    desk.put(said="news two")
    await expect(page.locator(".pill")).to_have_text("2 new messages")
    assert await page.get_by_text("line 30", exact=True).bounding_box() == place
    await page.locator(".pill").click()
    await expect(page.get_by_text("news two")).to_be_in_viewport()
    await expect(page.locator(".pill")).to_be_hidden()
    desk.put(said="news three")
    await expect(page.get_by_text("news three")).to_be_in_viewport()


@pytest.mark.slow
async def test_five_thousand_messages_leave_the_document_small_and_older_ones_a_scroll_away(
    desk: Desk,
) -> None:
    for number in range(4_000):
        desk.put(said=f"old {number}", by="amara.nwosu")
    page = await desk.window()
    await expect(page.get_by_text("old 3999")).to_be_in_viewport()
    await page.evaluate("""() => {
        window.draws = 0;
        const count = new MutationObserver(() => { window.draws += 1 });
        count.observe(document.querySelector('.rows'), {childList: true});
    }""")
    for number in range(1_000):
        desk.put(said=f"burst {number}")
    await expect(page.get_by_text("burst 999")).to_be_in_viewport()
    assert await page.locator(".message").count() <= 300
    assert await page.evaluate("window.draws") < 200, "a burst is drawn once per frame, not once per message"
    seen = 0
    for _ in range(8):
        await page.locator(".scroller").evaluate("node => { node.scrollTop = 0 }")
        await expect(page.locator(".scroller")).not_to_have_js_property("scrollTop", 0)
        seen = await page.locator(".message").count()
        assert seen <= 300
    assert seen == 300
    await page.locator(".pill").click()
    await expect(page.get_by_text("burst 999")).to_be_in_viewport()


async def test_scrolling_up_loads_what_the_page_never_had_until_the_beginning(desk: Desk) -> None:
    for number in range(250):
        desk.put(said=f"old {number}", place="inference-review")
    page = await desk.window(place="inference-review")
    await expect(page.get_by_text("old 249")).to_be_in_viewport()
    await expect(page.get_by_text("old 0", exact=True)).to_have_count(0)
    for _ in range(12):
        await page.locator(".scroller").evaluate("node => { node.scrollTop = 0 }")
        if await page.get_by_text("This is the start of").count():
            break
        await expect(page.locator(".scroller")).not_to_have_js_property("scrollTop", 0)
    await expect(page.get_by_text("old 0", exact=True)).to_have_count(1)
    await page.locator(".scroller").evaluate("node => { node.scrollTop = node.scrollHeight }")
    await expect(page.get_by_text("old 249")).to_be_in_viewport()


async def test_arrow_keys_go_from_message_to_message(desk: Desk) -> None:
    page = await desk.window()
    last = page.locator(".message").last
    await last.focus()
    await page.keyboard.press("ArrowUp")
    await expect(page.locator(".message").nth(-2)).to_be_focused()


async def test_a_busy_channel_shows_its_pace_and_that_it_is_limited(desk: Desk) -> None:
    page = await desk.window()
    desk.put(said="one")
    desk.sandbox.live.limited("chat.postMessage", desk.sandbox.channel_id("fraud-alerts"), 3)
    desk.sandbox.live.measure()
    await expect(page.locator(".meter-limited")).to_have_text("1/min · limited")
    await expect(page.locator(".toast-warning")).to_contain_text("retry after 3 s")
