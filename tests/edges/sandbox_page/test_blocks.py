"""Block Kit on the screen: what is drawn, what becomes a note, what stays text, and what is sent."""

from typing import Any

import pytest
from playwright.async_api import expect

from tests.edges.sandbox_page.conftest import Desk
from tests.edges.sandbox_page.triage import button, options, text

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

Json = dict[str, Any]


def mrkdwn(words: str) -> Json:
    return {"type": "mrkdwn", "text": words}


def rich(*elements: Json) -> Json:
    return {"type": "rich_text", "elements": list(elements)}


def section_of(*elements: Json) -> Json:
    return {"type": "rich_text_section", "elements": list(elements)}


def said(words: str, **style: bool) -> Json:
    return {"type": "text", "text": words, "style": style}


# block → (selector inside its message, the text that must stand there)
DRAWN: list[tuple[Json, str, str]] = [
    ({"type": "header", "text": text("Head :tada:")}, ".block-header [role=heading]", "Head 🎉"),
    ({"type": "section", "text": mrkdwn("*b* _i_ ~s~ `c`")}, ".block-section .prose", "b i s c"),
    ({"type": "section", "text": text("*plain*")}, ".block-section .prose", "*plain*"),
    ({"type": "section", "fields": [mrkdwn("*A*\n1"), mrkdwn("*B*\n2")]}, ".fields > :nth-child(2)", "B2"),
    ({"type": "divider"}, ".block-divider hr", ""),
    ({"type": "context", "elements": [mrkdwn("`m`"), text("0.9")]}, ".context-words:last-child", "0.9"),
    ({"type": "markdown", "text": "## T\n\n- a\n- b\n\n```py\nx = 1\n```"}, ".code pre", "x = 1"),
    ({"type": "markdown", "text": "| a | b |\n|--:|---|\n| 1 | 2 |"}, "td.align-right", "1"),
    (rich(section_of(said("now", bold=True, italic=True))), "strong em, em strong", "now"),
    (rich(section_of({"type": "link", "url": "https://example.com", "text": "go"})), "a.link", "go"),
    (rich(section_of({"type": "user", "user_id": "U0SBX0002"})), ".mention-me", "@Tomás Okafor"),
    (rich(section_of({"type": "emoji", "name": "x", "unicode": "1f9ed"})), ".emoji", "🧭"),
    (rich(section_of({"type": "broadcast", "range": "here"})), ".mention", "@here"),
    (rich({"type": "rich_text_quote", "elements": [said("q")]}), "blockquote", "q"),
    (rich({"type": "rich_text_preformatted", "elements": [said("a\nb")]}), "pre", "a\nb"),
    (
        rich({"type": "rich_text_list", "style": "ordered", "indent": 1, "elements": [section_of(said("one"))]}),
        "ol.indent-1 li",
        "one",
    ),
    (
        {
            "type": "table",
            "column_settings": [{"align": "left"}, {"align": "right"}],
            "rows": [
                [{"type": "raw_text", "text": "n"}, {"type": "raw_text", "text": "score"}],
                [rich(section_of(said("x"))), {"type": "raw_number", "value": 7}],
            ],
        },
        "tbody td.align-right",
        "7",
    ),
    ({"type": "alert", "level": "error", "text": mrkdwn("*no*")}, ".alert-error strong", "no"),
    (
        {"type": "card", "title": text("Card"), "body": mrkdwn("_body_"), "actions": [button("Go", "it")]},
        ".card .button",
        "Go",
    ),
    ({"type": "carousel", "elements": [{"type": "card", "title": text("One")}]}, ".carousel .card", "One"),
    ({"type": "image", "alt_text": "a chart", "title": text("Chart")}, ".picture-missing", "a chart"),
    ({"type": "task_card", "title": "Step", "status": "complete"}, ".task-complete", "Step"),
    ({"type": "hologram", "text": text("?")}, ".unknown", "This block is not shown here: hologram"),
    ({"type": "section", "fields": 7}, ".unknown", "This block is not shown here: section"),
    (
        {"type": "actions", "elements": [{"type": "lever"}]},
        ".unknown",
        "This element is not shown here: lever",
    ),
]


async def test_every_block_is_drawn_and_what_is_not_one_becomes_a_note(desk: Desk) -> None:
    page = await desk.window()
    for block, selector, words in DRAWN:
        message = desk.put(block)
        node = page.locator(f'[data-ts="{message.ts}"] {selector}').first
        await expect(node, str(block)).to_have_text(words)
    assert [fault for fault in desk.faults if "could not be drawn" not in fault] == []
    assert len(desk.faults) == 1, "exactly the malformed section"
    desk.faults.clear()


async def test_hostile_text_stays_text_and_hostile_addresses_are_not_followed(desk: Desk) -> None:
    page = await desk.window()
    evil = '<img src=x onerror="window.pwned=1"><script>window.pwned=1</script>'
    addresses = (
        "javascript:window.pwned=1",
        "data:text/html,x",
        "java\nscript:window.pwned=1",
        "vbscript:x",
        "//evil.example",
    )
    for words in (evil, *(f"<{address}|press>" for address in addresses)):
        desk.put(said=words)
    desk.put(
        {"type": "header", "text": text(evil)},
        {
            "type": "section",
            "text": mrkdwn(evil),
            "accessory": button(evil, "it", url="javascript:window.pwned=1"),
        },
        {
            "type": "markdown",
            "text": f"{evil}\n\n[press](javascript:window.pwned=1) ![x](javascript:1)\n\n| {evil} |\n|---|\n| x |",
        },
        rich(section_of({"type": "link", "url": "javascript:window.pwned=1", "text": "press"}, said(evil))),
        {"type": "image", "image_url": "javascript:window.pwned=1", "alt_text": evil},
        {"type": evil},
        said=evil,
    )
    desk.put(said="the end")
    await expect(page.get_by_text("the end")).to_be_visible()
    assert await page.locator(".rows img, .rows script, .rows [onerror]").count() == 0
    assert await page.evaluate("window.pwned") is None
    hrefs = await page.locator(".rows a").evaluate_all("all => all.map(a => a.getAttribute('href'))")
    assert [href for href in hrefs if not href.startswith(("https:", "#"))] == []
    await expect(page.locator(".rows .dead-link").first).to_have_text("press")


async def test_a_button_tells_the_app_and_the_message_changes(desk: Desk) -> None:
    page = await desk.window()
    await page.get_by_role("textbox").fill("/triage 4411")
    await page.keyboard.press("Enter")
    message = page.locator(".message.ephemeral")
    await message.get_by_role("button", name="Reject").click()
    confirm = page.get_by_role("dialog", name="Reject it?")
    await confirm.get_by_role("button", name="Keep").click()
    await expect(confirm).to_have_count(0)
    await message.get_by_role("button", name="Reject").click()
    await confirm.get_by_role("button", name="Reject").click()
    await expect(confirm).to_have_count(0)
    await message.get_by_role("button", name="Approve").click()
    await expect(page.get_by_text("Approved ✅")).to_be_visible()
    await expect(page.get_by_text("Case 4411")).to_have_count(0)
    pressed = [body["actions"][0] for body in desk.triage.heard if body.get("type") == "block_actions"]
    assert [action["value"] for action in pressed] == ["reject", "approve"]
    assert pressed[1]["block_id"] == "decide"


async def test_elements_send_slacks_shapes(desk: Desk) -> None:
    page = await desk.window()
    client = desk.triage.app.client
    one, two = options("One", "Two")
    elements: list[tuple[Json, str]] = [
        ({"type": "overflow", "options": [one, two]}, "overflow"),
        ({"type": "static_select", "options": [one, two], "placeholder": text("Pick")}, "select"),
        ({"type": "users_select"}, "users"),
        ({"type": "channels_select"}, "channels"),
        ({"type": "checkboxes", "options": [one, two]}, "boxes"),
        ({"type": "radio_buttons", "options": [one, two]}, "radios"),
        ({"type": "datepicker", "initial_date": "2026-11-01"}, "date"),
        ({"type": "timepicker"}, "time"),
    ]
    blocks = [
        {"type": "actions", "block_id": name, "elements": [element | {"action_id": "it"}]} for element, name in elements
    ]
    blocks.append(
        {
            "type": "context_actions",
            "block_id": "rate",
            "elements": [
                {
                    "type": "feedback_buttons",
                    "action_id": "rate",
                    "positive_button": {"text": text("Good"), "value": "good"},
                    "negative_button": {"text": text("Bad"), "value": "bad"},
                }
            ],
        }
    )
    ts = (await client.chat_postMessage(channel=desk.sandbox.channel_id("fraud-alerts"), text="x", blocks=blocks))["ts"]

    def block(name: str) -> Any:
        return page.locator(f'[data-ts="{ts}"] [data-block="{name}"]')

    await block("overflow").get_by_role("button").click()
    await page.get_by_role("menuitem", name="Two").click()
    await block("select").get_by_role("button").click()
    await page.get_by_role("option", name="Two").click()
    await expect(block("select")).to_contain_text("Two")
    await block("users").get_by_role("button").click()
    await page.keyboard.type("amara")
    await expect(page.get_by_role("option")).to_have_count(1)
    await page.keyboard.press("Enter")
    await block("channels").get_by_role("button").click()
    await page.get_by_role("option", name="general").click()
    await block("boxes").get_by_label("Two").check()
    await block("radios").get_by_label("One").check()
    await block("date").locator("input").fill("2026-11-23")
    await block("time").locator("input").fill("09:30")
    await block("rate").get_by_role("button", name="Good").click()
    await expect(block("rate").get_by_role("button", name="Good")).to_have_attribute("aria-pressed", "true")
    got: Json = {}
    async with desk.hears(lambda body: body.get("actions", [{}])[0].get("block_id") == "rate"):
        pass
    for body in desk.triage.heard:
        got |= {action["block_id"]: action for action in body["actions"]}
    assert got["overflow"]["selected_option"]["value"] == "two"
    assert got["select"]["selected_option"] == two
    assert got["users"]["selected_user"] == desk.sandbox.user_id("amara.nwosu")
    assert got["channels"]["selected_channel"] == desk.sandbox.channel_id("general")
    assert got["boxes"]["selected_options"] == [two]
    assert got["radios"]["selected_option"] == one
    assert got["date"]["selected_date"] == "2026-11-23"
    assert got["time"]["selected_time"] == "09:30"
    assert got["rate"]["value"] == "good"
    state = desk.triage.heard[-1]["state"]["values"]
    assert state["select"]["it"]["selected_option"] == two
    assert state["date"]["it"] == {"type": "datepicker", "selected_date": "2026-11-23"}


async def test_a_menu_of_conversations_begins_with_the_current_one_where_its_filter_takes_it(desk: Desk) -> None:
    page = await desk.window()
    for kind in ("public", "private"):
        menu = {
            "type": "conversations_select",
            "action_id": kind,
            "placeholder": text(f"A {kind} one"),
            "default_to_current_conversation": True,
            "filter": {"include": [kind]},
        }
        desk.put({"type": "actions", "block_id": kind, "elements": [menu]}, said=kind)
    await expect(page.get_by_role("button", name="A public one")).to_contain_text("fraud-alerts")
    await expect(page.get_by_role("button", name="A private one")).to_have_text("A private one")
