"""A small Bolt app, as the page's tests need one: commands, buttons, modals, selects, a Home."""

import asyncio
from typing import Any

from slack_bolt.async_app import AsyncApp

from bot.sandbox.server import Sandbox

Json = dict[str, Any]

MANIFEST: Json = {
    "display_information": {"name": "Triage", "description": "Sends questions to people"},
    "features": {
        "app_home": {"home_tab_enabled": True, "messages_tab_enabled": True},
        "bot_user": {"display_name": "Triage"},
        "slash_commands": [
            {
                "command": "/triage",
                "description": "Sends a case to a person",
                "usage_hint": "[case] to @person",
            },
            {"command": "/triage-report", "description": "Opens the report form"},
            {"command": "/mute", "description": "Never answers", "usage_hint": "[hours]"},
        ],
        "shortcuts": [
            {
                "name": "Open a case",
                "type": "message",
                "callback_id": "open_case",
                "description": "From a message",
            },
            {
                "name": "New report",
                "type": "global",
                "callback_id": "new_report",
                "description": "From nothing",
            },
        ],
    },
    "oauth_config": {"scopes": {"bot": ["chat:write", "commands", "im:history", "im:write"]}},
    "settings": {"event_subscriptions": {"bot_events": ["app_home_opened", "message.im"]}},
}


def text(words: str) -> Json:
    return {"type": "plain_text", "text": words}


def button(words: str, action: str, **more: Any) -> Json:
    return {"type": "button", "text": text(words), "action_id": action, "value": words.lower(), **more}


def options(*words: str) -> list[Json]:
    return [{"text": text(word), "value": word.lower()} for word in words]


def field(block: str, label: str, element: Json, **more: Any) -> Json:
    return {
        "type": "input",
        "block_id": block,
        "label": text(label),
        "element": {"action_id": "it", **element},
        **more,
    }


REPORT: Json = {
    "type": "modal",
    "callback_id": "report",
    "title": text("Report a case"),
    "submit": text("Send report"),
    "close": text("Cancel"),
    "notify_on_close": True,
    "blocks": [
        {
            "type": "section",
            "block_id": "lead",
            "text": {"type": "mrkdwn", "text": "What people read is what you *write here*."},
        },
        field(
            "title",
            "Title",
            {"type": "plain_text_input", "placeholder": text("A short line")},
            hint=text("It becomes the thread's name."),
        ),
        field("details", "Details", {"type": "plain_text_input", "multiline": True}, optional=True),
        field(
            "severity",
            "Severity",
            {
                "type": "static_select",
                "options": options("Low", "Medium", "High"),
                "placeholder": text("Choose one"),
            },
        ),
        field(
            "models",
            "Models",
            {"type": "multi_static_select", "options": options(*(f"Model {n}" for n in range(12)))},
            optional=True,
        ),
        field("owner", "Owner", {"type": "users_select"}, optional=True),
        field("case", "Similar case", {"type": "external_select", "min_query_length": 2}, optional=True),
        field("due", "Due", {"type": "datepicker"}, optional=True),
        field("notify", "Notify", {"type": "checkboxes", "options": options("Channel", "Owner")}, optional=True),
        field("mail", "Reply to", {"type": "email_text_input"}, optional=True),
        {
            "type": "actions",
            "block_id": "more",
            "elements": [button("Preview", "preview"), button("Add a note", "note")],
        },
    ],
}

NOTE: Json = {
    "type": "modal",
    "callback_id": "note",
    "title": text("Add a note"),
    "submit": text("Keep"),
    "blocks": [field("note", "Note", {"type": "plain_text_input"})],
}

HOME: Json = {
    "type": "home",
    "blocks": [
        {"type": "header", "text": text("Your cases")},
        {
            "type": "section",
            "text": {"type": "mrkdwn", "text": "*3 open*"},
            "accessory": button("Refresh", "refresh"),
        },
    ],
}


class Triage:
    """The app and what it was told, in order."""

    def __init__(self, sandbox: Sandbox) -> None:
        self.heard: list[Json] = []
        self.news = asyncio.Event()
        self.app = AsyncApp(
            signing_secret=sandbox.signing_secret,
            client=_client(sandbox),
        )
        self._listen()

    def _listen(self) -> None:
        app = self.app
        app.command("/triage")(self._triage)
        app.command("/triage-report")(self._report)
        app.command("/mute")(self._mute)
        app.action({"action_id": "approve"})(self._approve)
        app.action({"action_id": "preview"})(self._preview)
        app.action({"action_id": "note"})(self._note)
        app.action({"action_id": "refresh"})(self._refresh)
        app.action({"action_id": "it"})(self._noted)
        app.action({"action_id": "rate"})(self._noted)
        app.options("it")(self._cases)
        app.view("report")(self._submitted)
        app.view("note")(self._noted)
        app.view_closed("report")(self._noted)
        app.shortcut("open_case")(self._report)
        app.shortcut("new_report")(self._report)
        app.event("app_home_opened")(self._home)
        app.event("message")(self._message)

    def _note_down(self, body: Json) -> None:
        self.heard.append(body)
        self.news.set()

    async def _noted(self, ack: Any, body: Json) -> None:
        self._note_down(body)
        await ack()

    async def _triage(self, ack: Any, body: Json) -> None:
        self._note_down(body)
        buttons = [
            button("Approve", "approve", style="primary"),
            button(
                "Reject",
                "approve",
                style="danger",
                confirm={
                    "title": text("Reject it?"),
                    "text": text("Nobody is asked again."),
                    "confirm": text("Reject"),
                    "deny": text("Keep"),
                },
            ),
        ]
        buttons[1]["action_id"] = "rate"
        await ack(
            text="A case",
            blocks=[
                {"type": "section", "text": {"type": "mrkdwn", "text": f"Case *{body['text']}*"}},
                {"type": "actions", "block_id": "decide", "elements": buttons},
            ],
        )

    async def _report(self, ack: Any, body: Json, client: Any) -> None:
        self._note_down(body)
        await ack()
        await client.views_open(trigger_id=body["trigger_id"], view=REPORT)

    async def _mute(self, body: Json) -> None:
        self._note_down(body)

    async def _approve(self, ack: Any, body: Json, respond: Any) -> None:
        self._note_down(body)
        await ack()
        await respond(text="Approved :white_check_mark:", replace_original=True)

    async def _preview(self, ack: Any, body: Json, client: Any) -> None:
        self._note_down(body)
        await ack()
        view = body["view"]
        lead = {
            "type": "section",
            "block_id": "lead",
            "text": {"type": "mrkdwn", "text": "The *preview* looks fine."},
        }
        kept = ("type", "callback_id", "title", "submit", "close", "notify_on_close")
        await client.views_update(
            view_id=view["id"],
            view={key: view[key] for key in kept} | {"blocks": [lead, *view["blocks"][1:]]},
        )

    async def _note(self, ack: Any, body: Json, client: Any) -> None:
        await ack()
        await client.views_push(trigger_id=body["trigger_id"], view=NOTE)

    async def _refresh(self, ack: Any, body: Json, client: Any) -> None:
        await ack()
        blocks = [
            {"type": "header", "text": text("Your cases")},
            {"type": "alert", "level": "success", "text": {"type": "mrkdwn", "text": "All *done*"}},
        ]
        await client.views_publish(user_id=body["user"]["id"], view={"type": "home", "blocks": blocks})

    async def _cases(self, ack: Any, body: Json) -> None:
        self._note_down(body)
        await ack(options=options(*(f"{body['value']} {n}" for n in range(3))))

    async def _submitted(self, ack: Any, body: Json, view: Json) -> None:
        self._note_down(body)
        if view["state"]["values"]["title"]["it"]["value"] == "bad":
            await ack(response_action="errors", errors={"title": "This title is taken."})
        else:
            await ack()

    async def _home(self, event: Json, client: Any) -> None:
        self._note_down(event)
        if event["tab"] == "home":
            await client.views_publish(user_id=event["user"], view=HOME)

    async def _message(self, event: Json, say: Any) -> None:
        self._note_down(event)
        if "bot_id" not in event:
            await say(f"You said: {event['text']}")


def _client(sandbox: Sandbox) -> Any:
    from slack_sdk.web.async_client import AsyncWebClient

    return AsyncWebClient(token=sandbox.bot_token, base_url=sandbox.api_url)
