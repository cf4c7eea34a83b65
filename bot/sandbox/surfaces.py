"""Stub."""

from bot.sandbox.answers import Json, Refusal
from bot.sandbox.message import Content


def check_message(arguments: Json) -> Content:
    """Stub."""
    if not (arguments.get("text") or arguments.get("blocks") or arguments.get("attachments")):
        raise Refusal("no_text")
    return Content(
        text=arguments.get("text") or "",
        blocks=arguments.get("blocks") or [],
        attachments=arguments.get("attachments") or [],
        metadata=arguments.get("metadata"),
    )


def check_update(arguments: Json) -> None:
    """Stub."""
    if len(arguments.get("text") or "") > 4000:
        raise Refusal("msg_too_long")


def warnings(arguments: Json) -> Json:
    """Stub."""
    return {}


def validate(arguments: Json) -> None:
    """Stub."""


def check_view(view: Json | None, kinds: set[str]) -> None:
    """Stub."""
    if view is None or view["type"] not in kinds:
        raise Refusal("invalid_arguments")
