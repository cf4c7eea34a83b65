"""Messages and views as a whole: Block Kit plus the limits that span blocks, in Slack's own error codes."""

import re
from collections.abc import Iterable, Iterator
from typing import Any

import orjson

from bot.sandbox.answers import Json, Refusal
from bot.sandbox.message import Content
from bot.sandbox.validation.blocks import COMMON, MESSAGE_ONLY, characters, repeated_ids
from bot.sandbox.validation.check import (
    Check,
    Problem,
    array,
    boolean,
    both,
    record,
    string,
    union,
)
from bot.sandbox.validation.objects import plain

TEXT_KEPT = 40_000  # chat.postMessage truncates beyond, with the warning message_truncated
UPDATE_TEXT = 4_000  # chat.update answers msg_too_long beyond
MARKDOWN = (
    12_000  # over all markdown blocks of a payload; docs.slack.dev/reference/block-kit/blocks/markdown-block
)
ALL_BLOCKS = (
    13_000  # undocumented; measured by others at 12,000 to 13,300 (github.com/slackapi/bolt-js/issues/2509)
)
TABLE_CELLS = 10_000  # undocumented; over the cells of all tables of a message
ATTACHMENTS = 100
METADATA_BYTES = 8_000  # not published; a careful guess
VIEW_BYTES = 250_000
_EVENT_TYPE = re.compile(r"[A-Za-z0-9_.-]{1,255}")


def _blocks(kinds: dict[str, Check], most: int) -> Check:
    unique: Check = lambda value, at: repeated_ids(value, at) if isinstance(value, list) else iter(())  # noqa: E731 - a check in one line
    return both(array(union(kinds), most=most), unique)


_MESSAGE_BLOCKS = _blocks(MESSAGE_ONLY, 50)
_VIEW_FIELDS: dict[str, Check] = {
    "callback_id": string(255, least=0),
    "private_metadata": string(3_000, least=0),
    "external_id": string(255, least=0),
    "clear_on_close": boolean,
    "notify_on_close": boolean,
    "submit_disabled": boolean,
}


def _submit_where_asked(value: Any, at: str) -> Iterator[Problem]:
    """A modal that asks must have a way to send the answers off."""
    asks = any(isinstance(each, dict) and each.get("type") == "input" for each in value.get("blocks") or [])
    if asks and not value.get("submit"):
        yield Problem("submit is required when an input block is within blocks", at)


_MODAL = both(
    record(
        {"title": plain(24), "blocks": _blocks(COMMON, 100)},
        _VIEW_FIELDS | {"submit": plain(24), "close": plain(24)},
    ),
    _submit_where_asked,
)
_HOME = record(
    {"blocks": _blocks(COMMON, 100)},
    _VIEW_FIELDS | {"title": plain(24), "submit": plain(24), "close": plain(24)},
)


def refuse(code: str, problems: Iterable[Problem]) -> None:
    """Raise ``code`` with every problem as Slack reports it, if there is any."""
    sentences = [str(problem) for problem in problems]
    if sentences:
        messages = {"messages": [f"[ERROR] {sentence}" for sentence in sentences]}
        raise Refusal(code, errors=sentences, response_metadata=messages)


def check_message(arguments: Json) -> Content:
    """The content of a message, or the error code of the first rule it breaks."""
    blocks = _list(arguments, "blocks", "invalid_blocks_format")
    attachments = _list(arguments, "attachments", "invalid_attachments")
    text = arguments.get("text") or ""
    if not isinstance(text, str):
        raise Refusal("invalid_arguments")
    markdown = arguments.get("markdown_text")
    if markdown:
        if text or blocks:
            raise Refusal("markdown_text_conflict")
        if len(markdown) > MARKDOWN:
            raise Refusal("msg_too_long")
        text, blocks = markdown, [{"type": "markdown", "text": markdown}]
    if not (text.strip() or blocks or attachments):
        raise Refusal("no_text")
    refuse("invalid_blocks", _MESSAGE_BLOCKS(blocks, "/blocks"))
    _check_attachments(attachments)
    _check_whole(blocks, attachments)
    return Content(
        text=text[:TEXT_KEPT],
        blocks=blocks,
        attachments=attachments,
        metadata=_metadata(arguments.get("metadata")),
    )


def _list(arguments: Json, name: str, code: str) -> list[Json]:
    value = arguments.get(name)
    if value in (None, ""):
        return []
    if not isinstance(value, list):
        raise Refusal(code)
    return value


def _check_attachments(attachments: list[Json]) -> None:
    if len(attachments) > ATTACHMENTS:
        raise Refusal("too_many_attachments")
    for position, each in enumerate(attachments):
        if not isinstance(each, dict):
            raise Refusal("invalid_attachments")
        if each.get("blocks"):
            refuse("invalid_attachments", _MESSAGE_BLOCKS(each["blocks"], f"/attachments/{position}/blocks"))


def _check_whole(blocks: list[Json], attachments: list[Json]) -> None:
    everything = [*blocks, *(block for each in attachments for block in each.get("blocks") or [])]
    tables = [block for block in everything if block["type"] in {"table", "data_table"}]
    if sum(block["type"] == "table" for block in tables) > 1:
        refuse("invalid_attachments", [Problem("only_one_table_allowed", "/blocks")])
    if characters(tables) > TABLE_CELLS:
        refuse(
            "invalid_blocks",
            [Problem(f"must be less than {TABLE_CELLS + 1} characters over all cells", "/blocks")],
        )
    markdown = [block for block in everything if block["type"] == "markdown"]
    if characters(markdown) > MARKDOWN or characters(everything) > ALL_BLOCKS:
        raise Refusal("msg_blocks_too_long")


def _metadata(metadata: Any) -> Json | None:
    """Source: docs.slack.dev/messaging/message-metadata."""
    if metadata in (None, "", {}):
        return None
    if not isinstance(metadata, dict) or not isinstance(metadata.get("event_payload"), dict):
        raise Refusal("invalid_metadata_format")
    event_type = metadata.get("event_type")
    if not isinstance(event_type, str) or not _EVENT_TYPE.fullmatch(event_type):
        raise Refusal("invalid_metadata_format")
    if len(orjson.dumps(metadata)) > METADATA_BYTES:
        raise Refusal("metadata_too_large")
    return metadata


def warnings(arguments: Json) -> Json:
    """What Slack adds to an answer that it gives with a frown."""
    found: list[str] = []
    text = arguments.get("text") or ""
    if len(text) > TEXT_KEPT:
        found.append("message_truncated")
    if not text and (arguments.get("blocks") or arguments.get("attachments")):
        found.append("missing_text_in_message")
    if not found:
        return {}
    return {"warning": ",".join(found), "response_metadata": {"warnings": found}}


def check_update(arguments: Json) -> None:
    """What chat.update refuses and chat.postMessage does not."""
    if len(arguments.get("text") or "") > UPDATE_TEXT:
        raise Refusal("msg_too_long")


def check_view(view: Any, kinds: set[str]) -> Json:
    """A view of one of these kinds, or ``invalid_arguments`` with every problem."""
    if not isinstance(view, dict):
        raise Refusal(
            "invalid_arguments", response_metadata={"messages": ["[ERROR] missing required field: view"]}
        )
    if view.get("type") not in kinds:
        refuse("invalid_arguments", [Problem(f"unsupported type: {view.get('type')}", "/view/type")])
    refuse("invalid_arguments", (_MODAL if view["type"] == "modal" else _HOME)(view, "/view"))
    if len(orjson.dumps(view)) > VIEW_BYTES:
        raise Refusal("view_too_large")
    return view


def validate(arguments: Json) -> None:
    """blocks.validate: exactly one of blocks, view and message."""
    given = [name for name in ("blocks", "view", "message") if arguments.get(name) is not None]
    if len(given) != 1:
        raise Refusal("invalid_arguments")
    match given[0]:
        case "blocks":
            check_message({"blocks": arguments["blocks"]})
        case "view":
            check_view(arguments["view"], {"modal", "home"})
        case _ if isinstance(arguments["message"], dict):
            check_message(arguments["message"])
        case _:
            raise Refusal("invalid_arguments")
