from typing import Any

from slack_bolt.app.async_app import AsyncApp
from slack_bolt.context.ack.async_ack import AsyncAck
from slack_bolt.context.respond.async_respond import AsyncRespond
from slack_sdk.web.async_client import AsyncWebClient

from bot.sandbox.server import Sandbox
from tests.edges.sandbox.driver import ManualClock, Page, answers, button, modal, refused, until

Payload = dict[str, Any]


async def ask(sandbox: Sandbox, client: AsyncWebClient, page: Page, *blocks: Payload) -> Payload:
    """Let the app post a message with blocks, and see it."""
    channel = sandbox.channel_id("inference-review")
    await client.chat_postMessage(channel=channel, text="Please decide", blocks=list(blocks))
    message: Payload = (await page.see("message"))["message"]
    return message


async def test_a_click_reaches_the_app_and_its_answer_replaces_the_message(
    sandbox: Sandbox, app: AsyncApp, client: AsyncWebClient, page: Page
) -> None:
    heard: list[Payload] = []

    @app.action("approve")
    async def approve(ack: AsyncAck, body: Payload, respond: AsyncRespond) -> None:
        heard.append(body)
        await ack()
        await respond(f"Approved by <@{body['user']['id']}>", replace_original=True)

    message = await ask(sandbox, client, page, button("approve", value="review-1"))
    assert await page.click(message, "approve") == {"ok": True}
    changed = (await page.see("message_changed"))["message"]
    assert changed["ts"] == message["ts"]
    assert changed["text"] == f"Approved by <@{page.user}>"
    assert "blocks" not in changed
    [body] = heard
    [action] = body["actions"]
    assert (action["value"], action["action_id"], action["type"]) == ("review-1", "approve", "button")
    assert body["container"] == {
        "type": "message",
        "message_ts": message["ts"],
        "channel_id": message["channel"],
        "is_ephemeral": False,
    }
    assert body["message"]["ts"] == message["ts"]


async def test_a_click_in_a_thread_can_be_answered_there(
    sandbox: Sandbox, app: AsyncApp, client: AsyncWebClient, page: Page
) -> None:
    @app.action("approve")
    async def approve(ack: AsyncAck, respond: AsyncRespond) -> None:
        await ack()
        await respond("Done", response_type="in_channel", replace_original=False)

    channel = sandbox.channel_id("inference-review")
    parent = await client.chat_postMessage(channel=channel, text="A session")
    await client.chat_postMessage(channel=channel, text="Decide", blocks=[button("approve")], thread_ts=parent["ts"])
    await page.see("message")
    message = (await page.see("message"))["message"]
    await page.click(message, "approve")
    answer = (await page.see("message"))["message"]
    assert (answer["text"], answer["thread_ts"]) == ("Done", parent["ts"])


async def test_an_ephemeral_message_can_be_replaced_and_deleted_but_is_not_sent_along(
    sandbox: Sandbox, app: AsyncApp, client: AsyncWebClient, page: Page
) -> None:
    heard: list[Payload] = []

    @app.action("more")
    async def more(ack: AsyncAck, body: Payload, respond: AsyncRespond) -> None:
        heard.append(body)
        await ack()
        await respond("More", blocks=[button("gone")], replace_original=True)

    @app.action("gone")
    async def gone(ack: AsyncAck, respond: AsyncRespond) -> None:
        await ack()
        await respond(delete_original=True)

    channel = sandbox.channel_id("inference-review")
    blocks = [button("more")]
    await client.chat_postEphemeral(channel=channel, user=page.user, text="Only you", blocks=blocks)
    message = (await page.see("ephemeral"))["message"]
    await page.click(message, "more")
    changed = (await page.see("message_changed"))["message"]
    assert (changed["ts"], changed["text"], changed["ephemeral"]) == (message["ts"], "More", True)
    assert heard[0]["container"]["is_ephemeral"] is True
    assert "message" not in heard[0]
    await page.click(changed, "gone")
    gone_event = await page.see("message_deleted")
    assert gone_event == {"event": "message_deleted", "channel": channel, "ts": message["ts"]}


async def test_a_button_opens_a_modal_that_is_refused_and_then_accepted(
    sandbox: Sandbox, app: AsyncApp, client: AsyncWebClient, page: Page
) -> None:
    reasons: list[str] = []

    @app.action("reject")
    async def reject(ack: AsyncAck, body: Payload) -> None:
        await ack()
        await client.views_open(trigger_id=body["trigger_id"], view=modal(private_metadata="review-1"))

    @app.view("review")
    async def submitted(ack: AsyncAck, view: Payload) -> None:
        reason = view["state"]["values"]["reason"]["text"]["value"]
        if len(reason) < 5:
            await ack(response_action="errors", errors={"reason": "A little more, please."})
            return
        await ack()
        reasons.append(f"{view['private_metadata']}: {reason}")

    message = await ask(sandbox, client, page, button("reject"))
    await page.click(message, "reject")
    view = (await page.see("view", action="open"))["view"]
    assert view["title"]["text"] == "Review"
    empty = await page.post("submit", view_id=view["id"], state={"values": {}})
    assert empty == {"ok": False, "errors": {"reason": "Please complete this required field."}}
    short = await page.post("submit", view_id=view["id"], state=answers("no"))
    assert short == {"ok": False, "errors": {"reason": "A little more, please."}}
    assert await page.post("submit", view_id=view["id"], state=answers("wrong card")) == {"ok": True}
    assert (await page.see("view", action="close"))["view"]["id"] == view["id"]
    assert reasons == ["review-1: wrong card"]
    gone = await page.post("submit", view_id=view["id"], state=answers("again"))
    assert gone == {"ok": False, "error": "view_not_found"}


async def test_a_submission_can_push_update_and_clear(
    sandbox: Sandbox, app: AsyncApp, client: AsyncWebClient, page: Page
) -> None:
    @app.action("start")
    async def start(ack: AsyncAck, body: Payload) -> None:
        await ack()
        await client.views_open(trigger_id=body["trigger_id"], view=modal(callback_id="one"))

    @app.view("one")
    async def one(ack: AsyncAck) -> None:
        await ack(response_action="push", view=modal(callback_id="two"))

    @app.view("two")
    async def two(ack: AsyncAck) -> None:
        await ack(response_action="update", view=modal(callback_id="three"))

    @app.view("three")
    async def three(ack: AsyncAck) -> None:
        await ack(response_action="clear")

    await page.click(await ask(sandbox, client, page, button("start")), "start")
    first = (await page.see("view", action="open"))["view"]
    await page.post("submit", view_id=first["id"], state=answers("1"))
    second = (await page.see("view", action="push"))["view"]
    assert second["previous_view_id"] == first["id"] == second["root_view_id"]
    await page.post("submit", view_id=second["id"], state=answers("2"))
    third = (await page.see("view", action="update"))["view"]
    assert (third["id"], third["callback_id"]) == (second["id"], "three")
    assert third["state"]["values"]["reason"]["text"]["value"] == "2"
    await page.post("submit", view_id=third["id"], state=answers("3"))
    closed = [(await page.see("view", action="close"))["view"]["id"] for _ in range(2)]
    assert closed == [third["id"], first["id"]]
    assert sandbox.backend.views.stack(page.user) == []


async def test_a_submission_answered_with_a_bad_view_is_shown_as_such(
    sandbox: Sandbox, app: AsyncApp, client: AsyncWebClient, page: Page
) -> None:
    @app.action("start")
    async def start(ack: AsyncAck, body: Payload) -> None:
        await ack()
        await client.views_open(trigger_id=body["trigger_id"], view=modal())

    @app.view("review")
    async def review(ack: AsyncAck) -> None:
        await ack(response_action="update", view={"type": "modal"})

    await page.click(await ask(sandbox, client, page, button("start")), "start")
    view = (await page.see("view"))["view"]
    answer = await page.post("submit", view_id=view["id"], state=answers("x"))
    assert answer == {"ok": False, "error": "invalid_arguments"}
    assert "refused" in (await page.see("notice", level="error"))["text"]


async def test_closing_a_modal_is_told_where_it_asked_for_that(
    sandbox: Sandbox, app: AsyncApp, client: AsyncWebClient, page: Page
) -> None:
    closed: list[bool] = []

    @app.action("start")
    async def start(ack: AsyncAck, body: Payload) -> None:
        await ack()
        await client.views_open(trigger_id=body["trigger_id"], view=modal(notify_on_close=True))

    @app.view_closed("review")
    async def review(ack: AsyncAck, body: Payload) -> None:
        await ack()
        closed.append(body["is_cleared"])

    await page.click(await ask(sandbox, client, page, button("start")), "start")
    view = (await page.see("view"))["view"]
    assert await page.post("close", view_id=view["id"]) == {"ok": True}
    assert closed == [False]


async def test_a_trigger_works_once_and_for_three_seconds(
    sandbox: Sandbox, app: AsyncApp, client: AsyncWebClient, page: Page, clock: ManualClock
) -> None:
    triggers: list[str] = []

    @app.action("start")
    async def start(ack: AsyncAck, body: Payload) -> None:
        await ack()
        triggers.append(body["trigger_id"])

    message = await ask(sandbox, client, page, button("start"))
    for number in (1, 2):
        await page.click(message, "start")
        await until(lambda number=number: len(triggers) == number)  # type: ignore[misc]
    clock.advance(2.9)
    assert (await client.views_open(trigger_id=triggers[0], view=modal()))["ok"]
    assert await refused(client.views_open(trigger_id=triggers[0], view=modal())) == "exchanged_trigger_id"
    clock.advance(0.1)
    assert await refused(client.views_open(trigger_id=triggers[1], view=modal())) == "expired_trigger_id"
    assert await refused(client.views_open(trigger_id="made.up", view=modal())) == "invalid_trigger_id"


async def test_opening_the_home_tab_gets_a_published_view(app: AsyncApp, client: AsyncWebClient, page: Page) -> None:
    pressed: list[Payload] = []

    @app.event("app_home_opened")
    async def opened(event: Payload) -> None:
        if event["tab"] == "home":
            await client.views_publish(user_id=event["user"], view={"type": "home", "blocks": [button("refresh")]})

    @app.action("refresh")
    async def refresh(ack: AsyncAck, body: Payload) -> None:
        await ack()
        pressed.append(body)

    assert (await page.get("home"))["view"] is None
    none_yet = {"block_id": "x", "action_id": "refresh", "type": "button"}
    refused = await page.post("action", container={"type": "home"}, action=none_yet)
    assert refused == {"ok": False, "error": "view_not_found"}
    assert await page.post("home", tab="home") == {"ok": True}
    view = (await page.see("home"))["view"]
    assert (await page.get("home"))["view"] == view
    action = {"block_id": view["blocks"][0]["block_id"], "action_id": "refresh", "type": "button"}
    await page.post("action", container={"type": "home", "view_id": view["id"]}, action=action)
    await page.post("action", container={"type": "home"}, action=action)
    assert [body["container"] for body in pressed] == [{"type": "view", "view_id": view["id"]}] * 2
    assert pressed[0]["view"]["type"] == "home"


async def test_a_select_remembers_and_an_unknown_element_is_refused(
    sandbox: Sandbox, app: AsyncApp, client: AsyncWebClient, page: Page
) -> None:
    heard: list[Payload] = []

    @app.action("style")
    async def style(ack: AsyncAck, body: Payload) -> None:
        await ack()
        heard.append(body)

    options = [{"text": {"type": "plain_text", "text": each}, "value": each} for each in ("now", "digest")]
    select = {
        "type": "static_select",
        "action_id": "style",
        "options": options,
        "initial_option": options[0],
    }
    section = {"type": "section", "text": {"type": "mrkdwn", "text": "How?"}, "accessory": select}
    message = await ask(sandbox, client, page, section)
    await page.click(message, "style", selected_option=options[1])
    [body] = heard
    assert body["actions"][0]["selected_option"]["value"] == "digest"
    [values] = body["state"]["values"].values()
    assert values["style"]["selected_option"]["value"] == "now"  # what the page did not send is as it began
    place = {"type": "message", "channel": message["channel"], "ts": message["ts"]}
    answer = await page.post("action", container=place, action={"block_id": "x", "action_id": "y"})
    assert answer == {"ok": False, "error": "action_not_found"}


async def test_an_external_select_asks_the_app_for_options(
    sandbox: Sandbox, app: AsyncApp, client: AsyncWebClient, page: Page
) -> None:
    @app.options("model")
    async def models(ack: AsyncAck, payload: Payload) -> None:
        text = payload["value"] + "-v14"
        await ack(options=[{"text": {"type": "plain_text", "text": text}, "value": text}])

    @app.action("start")
    async def start(ack: AsyncAck, body: Payload) -> None:
        await ack()
        view = modal()
        view["blocks"][0]["element"] = {"type": "external_select", "action_id": "model"}
        await client.views_open(trigger_id=body["trigger_id"], view=view)

    select = {"type": "external_select", "action_id": "model", "min_query_length": 1}
    message = await ask(
        sandbox, client, page, button("start"), {"type": "actions", "block_id": "s", "elements": [select]}
    )
    place = {"channel": message["channel"], "ts": message["ts"], "block_id": "s", "action_id": "model"}
    offered = await page.get("options", value="fraud", **place)
    assert offered["options"][0]["value"] == "fraud-v14"
    await page.click(message, "start")
    view = (await page.see("view"))["view"]
    offered = await page.get("options", view_id=view["id"], block_id="reason", action_id="model", value="llm")
    assert offered["options"][0]["value"] == "llm-v14"


async def test_shortcuts_start_anywhere_or_at_a_message(
    sandbox: Sandbox, app: AsyncApp, client: AsyncWebClient, page: Page
) -> None:
    heard: list[Payload] = []

    @app.shortcut("new")
    async def new(ack: AsyncAck, shortcut: Payload) -> None:
        await ack()
        heard.append(shortcut)

    @app.message_shortcut("explain")
    async def explain(ack: AsyncAck, shortcut: Payload, respond: AsyncRespond) -> None:
        await ack()
        heard.append(shortcut)
        await respond("Because.")

    message = await ask(sandbox, client, page, button("x"))
    assert await page.post("shortcut", callback_id="new") == {"ok": True}
    await page.post("shortcut", callback_id="explain", channel=message["channel"], ts=message["ts"])
    assert (await page.see("ephemeral"))["message"]["text"] == "Because."
    assert [(each["type"], each["callback_id"]) for each in heard] == [
        ("shortcut", "new"),
        ("message_action", "explain"),
    ]
    assert heard[1]["message"]["text"] == "Please decide"


async def test_a_view_can_be_updated_by_id_and_a_stale_hash_is_refused(
    sandbox: Sandbox, app: AsyncApp, client: AsyncWebClient, page: Page
) -> None:
    opened: list[Payload] = []

    @app.action("start")
    async def start(ack: AsyncAck, body: Payload) -> None:
        await ack()
        view = modal(external_id="the-review")
        answer = await client.views_open(trigger_id=body["trigger_id"], view=view)
        opened.append(answer["view"])

    await page.click(await ask(sandbox, client, page, button("start")), "start")
    await page.see("view", action="open")
    await until(lambda: bool(opened))
    first = opened[0]
    updated = await client.views_update(external_id="the-review", view=modal(), hash=first["hash"])
    assert updated["view"]["id"] == first["id"]
    for arguments, code in (
        ({"view_id": first["id"], "hash": first["hash"]}, "hash_conflict"),
        ({"view_id": "V404"}, "not_found"),
        ({"view_id": first["id"], "external_id": "both"}, "invalid_arguments"),
    ):
        call = client.api_call("views.update", json={"view": modal(), **arguments})
        assert await refused(call) == code


async def test_a_stack_of_modals_holds_three(
    sandbox: Sandbox, app: AsyncApp, client: AsyncWebClient, page: Page
) -> None:
    triggers: list[str] = []

    @app.action("start")
    async def start(ack: AsyncAck, body: Payload) -> None:
        await ack()
        triggers.append(body["trigger_id"])

    message = await ask(sandbox, client, page, button("start"))
    for _ in range(5):
        await page.click(message, "start")
    await until(lambda: len(triggers) == 5)
    assert await refused(client.views_push(trigger_id=triggers[0], view=modal())) == "not_found"
    await client.views_open(trigger_id=triggers[1], view=modal())
    for trigger_id in triggers[2:4]:
        await client.views_push(trigger_id=trigger_id, view=modal())
    assert await refused(client.views_push(trigger_id=triggers[4], view=modal())) == "push_limit_reached"
    assert len(sandbox.backend.views.stack(page.user)) == 3


async def test_a_conversation_select_can_bring_a_response_url(
    sandbox: Sandbox, app: AsyncApp, client: AsyncWebClient, page: Page
) -> None:
    channel = sandbox.channel_id("llm-evals")

    @app.action("start")
    async def start(ack: AsyncAck, body: Payload) -> None:
        await ack()
        view = modal()
        view["blocks"][0]["element"] = {
            "type": "conversations_select",
            "action_id": "where",
            "response_url_enabled": True,
        }
        await client.views_open(trigger_id=body["trigger_id"], view=view)

    @app.view("review")
    async def review(ack: AsyncAck, respond: AsyncRespond) -> None:
        await ack()
        await respond("Here", response_type="in_channel")

    await page.click(await ask(sandbox, client, page, button("start")), "start")
    view = (await page.see("view"))["view"]
    value = {"type": "conversations_select", "selected_conversation": channel}
    await page.post("submit", view_id=view["id"], state={"values": {"reason": {"where": value}}})
    message = (await page.see("message"))["message"]
    assert (message["channel"], message["text"]) == (channel, "Here")
