"""The few Block Kit objects that Tidings speaks with, each kept within Slack's limits.

Text of others goes into `rich` and `preformatted`, which Slack does not parse, or through `mrkdwn.escape` and `code`.
https://docs.slack.dev/reference/block-kit
"""

from collections.abc import Iterable, Sequence
from typing import Any

from bot.render.message import Block

SECTION = 3_000
HEADER = 150
BUTTON = 75


def header(text: str) -> Block:
    """A heading."""
    return {"type": "header", "text": _plain(text, HEADER)}


def section(mrkdwn: str, *, accessory: Block | None = None) -> Block:
    """A paragraph, with a button beside it where one is given."""
    block: Block = {"type": "section", "text": {"type": "mrkdwn", "text": mrkdwn[:SECTION]}}
    return block if accessory is None else {**block, "accessory": accessory}


def context(mrkdwn: str) -> Block:
    """A line in small type."""
    return {"type": "context", "elements": [{"type": "mrkdwn", "text": mrkdwn[:SECTION]}]}


def divider() -> Block:
    """A thin line."""
    return {"type": "divider"}


def preformatted(text: str) -> Block:
    """Text of others in a monospaced box, character for character."""
    box: Block = {"type": "rich_text_preformatted", "elements": [{"type": "text", "text": text}]}
    return {"type": "rich_text", "elements": [box]}


def rows(pairs: Iterable[tuple[str, str]]) -> Block:
    """A list of things to type, each with what it means."""
    items = [
        {
            "type": "rich_text_section",
            "elements": [
                {"type": "text", "text": typed, "style": {"code": True}},
                {"type": "text", "text": f"  {means}"},
            ],
        }
        for typed, means in pairs
    ]
    return {"type": "rich_text", "elements": [{"type": "rich_text_list", "style": "bullet", "elements": items}]}


def actions(buttons: Sequence[Block]) -> Block:
    """Buttons in a row."""
    return {"type": "actions", "elements": list(buttons)}


def button(text: str, *, action: str, value: str, style: str | None = None, confirm: Block | None = None) -> Block:
    """A button. Slack sends `value` back with the click; anyone who sees the button can send it, so it is no proof."""
    block: dict[str, Any] = {
        "type": "button",
        "text": _plain(text, BUTTON),
        "action_id": action,
        "value": value,
    }
    if style is not None:
        block["style"] = style
    if confirm is not None:
        block["confirm"] = confirm
    return block


def overflow(options: Iterable[tuple[str, str]], *, action: str) -> Block:
    """A menu behind three dots: what each option says, and the value that comes back with a click on it."""
    return {
        "type": "overflow",
        "action_id": action,
        "options": [{"text": _plain(text, BUTTON), "value": value} for text, value in options],
    }


def confirm(title: str, text: str, *, yes: str, no: str) -> Block:
    """A question that is asked before a click counts."""
    return {
        "title": _plain(title, 100),
        "text": _plain(text, 300),
        "confirm": _plain(yes, 30),
        "deny": _plain(no, 30),
        "style": "danger",
    }


def _plain(text: str, limit: int) -> Block:
    return {"type": "plain_text", "text": text[:limit], "emoji": True}
