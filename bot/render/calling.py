"""Mentions at the head of a message. They are our own elements: no text of models or services ever comes near them."""

from collections.abc import Sequence
from dataclasses import replace

from bot.render.message import Block, Message
from bot.render.richtext import Element, section, span


def calling(message: Message, called: Sequence[str]) -> Message:
    """The message with user and group ids called at its head; as it is where there are none.

    Its text grows by at most 40 characters for each, which Slack's 40,000 don't notice.
    """
    if not called:
        return message
    elements = [part for one in called for part in (_mention(one), *span(" "))][:-1]
    head: Block = {"type": "rich_text", "elements": [section(elements)]}
    names = " ".join(_typed(one) for one in called)
    return replace(message, text=f"{names} {message.text}", blocks=(head, *message.blocks))


def _mention(one: str) -> Element:
    if one.startswith("S"):
        return {"type": "usergroup", "usergroup_id": one}
    return {"type": "user", "user_id": one}


def _typed(one: str) -> str:
    return f"<!subteam^{one}>" if one.startswith("S") else f"<@{one}>"
