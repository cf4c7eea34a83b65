"""Blocks and their limits. Source: docs.slack.dev/reference/block-kit/blocks."""

from collections.abc import Iterator
from typing import Any

from bot.sandbox.validation.check import (
    Check,
    Problem,
    array,
    boolean,
    both,
    integer,
    one_of,
    record,
    string,
    union,
    url,
)
from bot.sandbox.validation.elements import (
    ACTION,
    CARD_ACTION,
    CARD_IMAGE,
    CONTEXT,
    CONTEXT_ACTION,
    INPUT,
    RAW_NUMBER,
    SECTION_ACCESSORY,
)
from bot.sandbox.validation.objects import ID, SLACK_FILE, plain, text
from bot.sandbox.validation.rich_text import RICH_TEXT

_ID: dict[str, Check] = {"block_id": ID}
_RAW_TEXT = record({"text": string()})
_CELL = union({"raw_text": _RAW_TEXT, "raw_number": RAW_NUMBER, "rich_text": RICH_TEXT})
_ROW = array(_CELL, most=20, least=1)


def _same_width(value: Any, at: str) -> Iterator[Problem]:
    """Every row of a data table is as long as its head."""
    rows = value.get("rows") if isinstance(value, dict) else None
    if isinstance(rows, list) and rows and all(isinstance(row, list) for row in rows):
        for position, row in enumerate(rows):
            if len(row) != len(rows[0]):
                yield Problem(f"must have {len(rows[0])} items as the first row", f"{at}/rows/{position}")


_COLUMN = record({}, {"align": one_of("left", "center", "right"), "is_wrapped": boolean})


def _column(value: Any, at: str) -> Iterator[Problem]:
    """The settings of a column, or null for the usual ones."""
    return iter(()) if value is None else _COLUMN(value, at)


_SECTION = record(
    {},
    _ID
    | {
        "text": text(3_000),
        "fields": array(text(2_000), most=10, least=1),
        "accessory": SECTION_ACCESSORY,
        "expand": boolean,
    },
    some_of=("text", "fields"),
)
_IMAGE = record(
    {"alt_text": string(2_000)},
    _ID | {"image_url": url(3_000), "slack_file": SLACK_FILE, "title": plain(2_000)},
    some_of=("image_url", "slack_file"),
)
_INPUT_BLOCK = record(
    {"label": plain(2_000), "element": INPUT},
    _ID | {"hint": plain(2_000), "optional": boolean, "dispatch_action": boolean},
)
_VIDEO = record(
    {"alt_text": string(), "thumbnail_url": url(3_000), "title": plain(199), "video_url": url(3_000)},
    _ID
    | {
        "author_name": string(49),
        "description": plain(200),
        "provider_icon_url": url(3_000),
        "provider_name": string(),
        "title_url": url(3_000),
    },
)
_ALERT = record(
    {"text": text(3_000)}, _ID | {"level": one_of("default", "info", "warning", "error", "success")}
)
_CARD = record(
    {},
    _ID
    | {
        "hero_image": CARD_IMAGE,
        "icon": CARD_IMAGE,
        "title": text(150),
        "subtitle": text(150),
        "body": text(200),
        "actions": array(CARD_ACTION, most=5, least=1),
    },
    some_of=("hero_image", "title", "actions", "body"),
)
_SOURCE = record({"url": url(3_000), "text": string()})
_TASK = record(
    {"task_id": string(), "title": string()},
    _ID
    | {
        "details": RICH_TEXT,
        "output": RICH_TEXT,
        "sources": array(union({"url": _SOURCE})),
        "status": one_of("pending", "in_progress", "complete", "error"),
    },
)
_DATA_TABLE = both(
    record(
        {"caption": string(), "rows": array(_ROW, most=101, least=2)},
        _ID | {"page_size": integer(least=1, most=100), "row_header_column_index": integer(least=0)},
    ),
    _same_width,
)

COMMON: dict[str, Check] = {
    "actions": record({"elements": array(ACTION, most=25, least=1)}, _ID),
    "alert": _ALERT,
    "context": record({"elements": array(CONTEXT, most=10, least=1)}, _ID),
    "divider": record({}, _ID),
    "header": record({"text": plain(150)}, _ID),
    "image": _IMAGE,
    "input": _INPUT_BLOCK,
    "rich_text": RICH_TEXT,
    "section": _SECTION,
    "video": _VIDEO,
}
"""Blocks of every surface."""

_FLAT: dict[str, Check] = COMMON | {
    "card": _CARD,
    "carousel": record({"elements": array(union({"card": _CARD}), most=10, least=1)}, _ID),
    "context_actions": record({"elements": array(CONTEXT_ACTION, most=5, least=1)}, _ID),
    "data_table": _DATA_TABLE,
    "file": record({"external_id": string(), "source": one_of("remote")}, _ID),
    "markdown": record({"text": string(12_000)}, _ID),
    "plan": record({"title": string()}, _ID | {"tasks": array(union({"task_card": _TASK}))}),
    "table": record(
        {"rows": array(_ROW, most=100, least=1)}, _ID | {"column_settings": array(_column, most=20)}
    ),
    "task_card": _TASK,
}
MESSAGE_ONLY: dict[str, Check] = _FLAT | {
    "container": record(
        {"child_blocks": array(union(_FLAT), most=10, least=1)},
        _ID
        | {
            "title": plain(150),
            "rich_text_title": union({"rich_text": RICH_TEXT}),
            "subtitle": text(150),
            "width": one_of("narrow", "standard", "wide", "full"),
            "icon": CARD_IMAGE,
            "is_collapsible": boolean,
            "default_collapsed": boolean,
            "has_header_divider": boolean,
        },
        some_of=("title", "rich_text_title"),
    )
}
"""Blocks of messages."""


def repeated_ids(blocks: list[Any], at: str) -> Iterator[Problem]:
    """Block ids are unique within a surface, action ids within a block."""
    seen: set[str] = set()
    for position, block in enumerate(blocks):
        if not isinstance(block, dict):
            continue
        block_id = block.get("block_id")
        if block_id is not None and block_id in seen:
            yield Problem("`block_id` already exists", f"{at}/{position}/block_id")
        seen.add(block_id or "")
        actions: set[str] = set()
        for place, each in enumerate(block.get("elements") or []):
            action_id = each.get("action_id") if isinstance(each, dict) else None
            if action_id is not None and action_id in actions:
                yield Problem("`action_id` already exists", f"{at}/{position}/elements/{place}/action_id")
            actions.add(action_id or "")


def characters(value: Any) -> int:
    """How many characters of text a structure shows: every ``text`` in it, however deep."""
    match value:
        case list():
            return sum(characters(each) for each in value)
        case dict():
            return sum(
                len(each) if name == "text" and isinstance(each, str) else characters(each)
                for name, each in value.items()
            )
        case _:
            return 0
