"""Small walks over Block Kit: giving ids, finding an element."""

from collections.abc import Iterator

from bot.sandbox.answers import Json
from bot.sandbox.ids import Ids

# Elements that a person can act on; these carry an action_id.
# Source: docs.slack.dev/reference/block-kit/block-elements.
INTERACTIVE = frozenset(
    {
        "button",
        "channels_select",
        "checkboxes",
        "conversations_select",
        "datepicker",
        "datetimepicker",
        "email_text_input",
        "external_select",
        "feedback_buttons",
        "file_input",
        "icon_button",
        "multi_channels_select",
        "multi_conversations_select",
        "multi_external_select",
        "multi_static_select",
        "multi_users_select",
        "number_input",
        "overflow",
        "plain_text_input",
        "radio_buttons",
        "rich_text_input",
        "static_select",
        "timepicker",
        "url_text_input",
        "users_select",
        "workflow_button",
    }
)


def with_ids(blocks: list[Json], ids: Ids) -> list[Json]:
    """A copy in which every block has a ``block_id`` and every interactive element an ``action_id``."""
    return [_block_with_ids(block, ids) for block in blocks]


def _block_with_ids(block: Json, ids: Ids) -> Json:
    named = dict(block)
    if not named.get("block_id"):
        named["block_id"] = ids.short()
    for place in ("accessory", "element"):
        if isinstance(named.get(place), dict):
            named[place] = _element_with_id(named[place], ids)
    for place in ("elements", "actions"):
        if isinstance(named.get(place), list) and named["type"] != "rich_text":
            named[place] = [_element_with_id(element, ids) for element in named[place]]
    if named["type"] in {"carousel", "container"}:
        place = "elements" if named["type"] == "carousel" else "child_blocks"
        named[place] = with_ids(named.get(place, []), ids)
    return named


def _element_with_id(element: Json, ids: Ids) -> Json:
    if element.get("type") in INTERACTIVE and not element.get("action_id"):
        return {**element, "action_id": ids.short()}
    return element


def elements(blocks: list[Json]) -> Iterator[tuple[Json, Json]]:
    """Every (block, element) that a person can act on."""
    for block in blocks:
        if block.get("type") in {"carousel", "container"}:
            yield from elements([*block.get("elements", []), *block.get("child_blocks", [])])
            continue
        parts = [block.get("accessory"), block.get("element")]
        parts += (
            [*block.get("elements", []), *block.get("actions", [])]
            if block.get("type") != "rich_text"
            else []
        )
        for part in parts:
            if isinstance(part, dict) and part.get("type") in INTERACTIVE:
                yield block, part


def element(blocks: list[Json], block_id: str, action_id: str) -> Json | None:
    """The element of those ids."""
    for block, part in elements(blocks):
        if block.get("block_id") == block_id and part.get("action_id") == action_id:
            return part
    return None
