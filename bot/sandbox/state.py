"""What a person has filled in: ``state.values`` of views and messages, and what a modal still lacks.

Source: docs.slack.dev/reference/interaction-payloads/view-interactions-payload.
"""

from bot.sandbox.answers import Json
from bot.sandbox.blocks import elements

_STATELESS = frozenset({"button", "overflow", "feedback_buttons", "icon_button", "workflow_button"})
# element type → (its key in the state, the field that holds its first value)
_KEYS = {
    "channels_select": ("selected_channel", "initial_channel"),
    "checkboxes": ("selected_options", "initial_options"),
    "conversations_select": ("selected_conversation", "initial_conversation"),
    "datepicker": ("selected_date", "initial_date"),
    "datetimepicker": ("selected_date_time", "initial_date_time"),
    "email_text_input": ("value", "initial_value"),
    "external_select": ("selected_option", "initial_option"),
    "file_input": ("files", "initial_files"),
    "multi_channels_select": ("selected_channels", "initial_channels"),
    "multi_conversations_select": ("selected_conversations", "initial_conversations"),
    "multi_external_select": ("selected_options", "initial_options"),
    "multi_static_select": ("selected_options", "initial_options"),
    "multi_users_select": ("selected_users", "initial_users"),
    "number_input": ("value", "initial_value"),
    "plain_text_input": ("value", "initial_value"),
    "radio_buttons": ("selected_option", "initial_option"),
    "rich_text_input": ("rich_text_value", "initial_value"),
    "static_select": ("selected_option", "initial_option"),
    "timepicker": ("selected_time", "initial_time"),
    "url_text_input": ("value", "initial_value"),
    "users_select": ("selected_user", "initial_user"),
}
_LISTS = frozenset({"checkboxes", "file_input"})
VALUE_FIELDS = frozenset(key for key, _ in _KEYS.values())


def initial_values(blocks: list[Json]) -> Json:
    """The state of blocks that nobody has touched."""
    values: Json = {}
    for block, element in elements(blocks):
        kind = element["type"]
        if kind in _STATELESS:
            continue
        key, first = _KEYS[kind]
        empty: list[str] | None = [] if kind in _LISTS or kind.startswith("multi_") else None
        answer = {"type": kind, key: element.get(first, empty)}
        values.setdefault(block["block_id"], {})[element["action_id"]] = answer
    return values


def missing_answers(blocks: list[Json], values: Json) -> dict[str, str]:
    """What Slack's client says before it lets a modal go: an error per required input without an answer."""
    errors: dict[str, str] = {}
    for block, element in elements(blocks):
        if block["type"] != "input":
            continue
        answer = values.get(block["block_id"], {}).get(element["action_id"], {})
        given = answer.get(_KEYS[element["type"]][0])
        if given in (None, "", []):
            if not block.get("optional"):
                errors[block["block_id"]] = "Please complete this required field."
        elif isinstance(given, str) and (error := _length_error(element, given)):
            errors[block["block_id"]] = error
    return errors


def _length_error(element: Json, given: str) -> str | None:
    least, most = element.get("min_length"), element.get("max_length")
    if least is not None and len(given) < least:
        return f"This must be at least {least} characters."
    if most is not None and len(given) > most:
        return f"This must be no more than {most} characters."
    return None
