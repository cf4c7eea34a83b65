"""Block elements and their limits. Source: docs.slack.dev/reference/block-kit/block-elements."""

from bot.sandbox.validation.check import (
    Check,
    array,
    boolean,
    integer,
    number,
    one_of,
    record,
    string,
    union,
    url,
)
from bot.sandbox.validation.objects import (
    CONFIRM,
    DISPATCH,
    FILTER,
    ID,
    OPTION,
    OPTION_GROUP,
    SLACK_FILE,
    option,
    plain,
    text,
)
from bot.sandbox.validation.rich_text import RICH_TEXT

_USERS = array(string())
_STYLE = one_of("primary", "danger")
_INPUT: dict[str, Check] = {"action_id": ID, "placeholder": plain(150), "focus_on_load": boolean}
_PICK = _INPUT | {"confirm": CONFIRM}
_MULTI = _PICK | {"max_selected_items": integer(least=1)}
_OPTIONS: dict[str, Check] = {
    "options": array(OPTION, most=100, least=1),
    "option_groups": array(OPTION_GROUP, most=100, least=1),
}
_BOX = option(text(75))
_BOXES = array(_BOX, most=10, least=1)
_FEEDBACK = record({"text": plain(75), "value": string(2_000)}, {"accessibility_label": string(75)})
_CONVERSATIONS: dict[str, Check] = {"default_to_current_conversation": boolean, "filter": FILTER}

BUTTON = record(
    {"text": plain(75)},
    {
        "action_id": ID,
        "url": url(3_000),
        "value": string(2_000),
        "style": _STYLE,
        "confirm": CONFIRM,
        "accessibility_label": string(75),
        "agent_prompt": string(4_000),
    },
)
IMAGE = record(
    {"alt_text": string(2_000)},
    {"image_url": url(3_000), "slack_file": SLACK_FILE},
    some_of=("image_url", "slack_file"),
)
OVERFLOW = record(
    {"options": array(option(plain(75), with_url=True), most=5, least=1)},
    {"action_id": ID, "confirm": CONFIRM},
)
CHECKBOXES = record(
    {"options": _BOXES},
    {"action_id": ID, "initial_options": _BOXES, "confirm": CONFIRM, "focus_on_load": boolean},
)
RADIO = record(
    {"options": _BOXES},
    {"action_id": ID, "initial_option": _BOX, "confirm": CONFIRM, "focus_on_load": boolean},
)
WORKFLOW = record(
    {
        "text": plain(75),
        "workflow": record(
            {
                "trigger": record(
                    {"url": url(3_000)},
                    {"customizable_input_parameters": array(record({"name": string(), "value": string()}))},
                )
            }
        ),
    },
    {"action_id": ID, "style": _STYLE, "accessibility_label": string(75)},
)
FEEDBACK_BUTTONS = record({"positive_button": _FEEDBACK, "negative_button": _FEEDBACK}, {"action_id": ID})
ICON_BUTTON = record(
    {"icon": one_of("trash"), "text": plain(75)},
    {
        "action_id": ID,
        "value": string(2_000),
        "confirm": CONFIRM,
        "accessibility_label": string(75),
        "visible_to_user_ids": array(string(), most=10),
    },
)

SELECTS: dict[str, Check] = {
    "static_select": record({}, _PICK | _OPTIONS | {"initial_option": OPTION}, some_of=tuple(_OPTIONS)),
    "external_select": record({}, _PICK | {"initial_option": OPTION, "min_query_length": integer(least=0)}),
    "users_select": record({}, _PICK | {"initial_user": string()}),
    "conversations_select": record(
        {}, _PICK | _CONVERSATIONS | {"initial_conversation": string(), "response_url_enabled": boolean}
    ),
    "channels_select": record({}, _PICK | {"initial_channel": string(), "response_url_enabled": boolean}),
    "multi_static_select": record(
        {}, _MULTI | _OPTIONS | {"initial_options": array(OPTION, most=100)}, some_of=tuple(_OPTIONS)
    ),
    "multi_external_select": record(
        {}, _MULTI | {"initial_options": array(OPTION, most=100), "min_query_length": integer(least=0)}
    ),
    "multi_users_select": record({}, _MULTI | {"initial_users": _USERS}),
    "multi_conversations_select": record(
        {}, _MULTI | _CONVERSATIONS | {"initial_conversations": array(string())}
    ),
    "multi_channels_select": record({}, _MULTI | {"initial_channels": array(string())}),
}
DATES: dict[str, Check] = {
    "datepicker": record({}, _PICK | {"initial_date": string(10, least=10)}),
    "timepicker": record({}, _PICK | {"initial_time": string(5, least=5), "timezone": string()}),
    "datetimepicker": record(
        {},
        {
            "action_id": ID,
            "initial_date_time": integer(least=10**9, most=10**10 - 1),
            "confirm": CONFIRM,
            "focus_on_load": boolean,
        },
    ),
}
_TYPED: dict[str, Check] = _INPUT | {"initial_value": string(3_000), "dispatch_action_config": DISPATCH}
INPUTS: dict[str, Check] = {
    "plain_text_input": record(
        {},
        _TYPED
        | {
            "multiline": boolean,
            "min_length": integer(least=0, most=3_000),
            "max_length": integer(least=1, most=3_000),
        },
    ),
    "email_text_input": record({}, _TYPED),
    "url_text_input": record({}, _TYPED),
    "number_input": record(
        {"is_decimal_allowed": boolean}, _TYPED | {"min_value": string(), "max_value": string()}
    ),
    "rich_text_input": record({}, _INPUT | {"initial_value": RICH_TEXT, "dispatch_action_config": DISPATCH}),
    "file_input": record(
        {}, {"action_id": ID, "filetypes": array(string(), least=1), "max_files": integer(least=1, most=10)}
    ),
}
_CHOICES: dict[str, Check] = {"checkboxes": CHECKBOXES, "radio_buttons": RADIO}

SECTION_ACCESSORY = union(
    {"button": BUTTON, "image": IMAGE, "overflow": OVERFLOW, "workflow_button": WORKFLOW}
    | _CHOICES
    | SELECTS
    | {kind: DATES[kind] for kind in ("datepicker", "timepicker")}
)
ACTION = union(
    {
        "button": BUTTON,
        "overflow": OVERFLOW,
        "workflow_button": WORKFLOW,
        "rich_text_input": INPUTS["rich_text_input"],
    }
    | _CHOICES
    | SELECTS
    | DATES
)
INPUT = union(INPUTS | _CHOICES | SELECTS | DATES)
CONTEXT = union(
    {
        "image": IMAGE,
        "plain_text": record({"text": string(3_000)}, {"emoji": boolean}),
        "mrkdwn": record({"text": string(3_000)}, {"verbatim": boolean}),
    }
)
CONTEXT_ACTION = union({"feedback_buttons": FEEDBACK_BUTTONS, "icon_button": ICON_BUTTON})
CARD_ACTION = union({"button": BUTTON})
CARD_IMAGE = union({"image": IMAGE})
RAW_NUMBER = record({"value": number}, {"text": string(least=0)})
