from typing import Any

import pytest
from slack_sdk.models import blocks as sdk
from slack_sdk.web.async_client import AsyncWebClient

from bot.sandbox.answers import Refusal
from bot.sandbox.server import Sandbox
from bot.sandbox.validation.surfaces import check_message, check_view, validate
from tests.edges.sandbox.driver import modal, refusal

Payload = dict[str, Any]


def plain(text: str = "x") -> Payload:
    return {"type": "plain_text", "text": text}


def mrkdwn(text: str = "x") -> Payload:
    return {"type": "mrkdwn", "text": text}


def section(**fields: Any) -> Payload:
    return {"type": "section", "text": mrkdwn(), **fields}


def actions(*elements: Payload) -> Payload:
    return {"type": "actions", "elements": list(elements)}


def press(**fields: Any) -> Payload:
    return {"type": "button", "text": plain(), **fields}


def options(count: int, **fields: Any) -> list[Payload]:
    return [{"text": plain(str(n)), "value": str(n), **fields} for n in range(count)]


def select(**fields: Any) -> Payload:
    return {"type": "static_select", **fields}


def table(rows: int = 1, columns: int = 1, text: str = "x") -> Payload:
    cell = {"type": "raw_text", "text": text}
    return {"type": "table", "rows": [[cell] * columns for _ in range(rows)]}


def rich(*elements: Payload) -> Payload:
    return {"type": "rich_text", "elements": [{"type": "rich_text_section", "elements": list(elements)}]}


CONFIRM = {"title": plain(), "text": mrkdwn(), "confirm": plain(), "deny": plain()}

ACCEPTED = {
    "a section at its limits": section(text=mrkdwn("x" * 3_000), fields=[mrkdwn("x" * 500)] * 10, block_id="b" * 255),
    "a header": {"type": "header", "text": plain("x" * 150)},
    "a divider": {"type": "divider"},
    "an image": {
        "type": "image",
        "image_url": "https://example.com/a.png",
        "alt_text": "a",
        "title": plain(),
    },
    "an image of Slack's": {"type": "image", "slack_file": {"id": "F1"}, "alt_text": "a"},
    "context": {"type": "context", "elements": [mrkdwn()] * 10},
    "25 buttons": actions(*[press(action_id=str(n)) for n in range(25)]),
    "a full button": actions(
        press(
            action_id="a" * 255,
            value="v" * 2_000,
            url="https://example.com",
            style="danger",
            confirm=CONFIRM,
            accessibility_label="l" * 75,
        )
    ),
    "a mail link": actions(press(url="mailto:a@example.com")),
    "a select": actions(select(options=options(100), placeholder=plain())),
    "grouped options": actions(select(option_groups=[{"label": plain(), "options": options(2)}])),
    "an overflow": section(accessory={"type": "overflow", "options": options(5)}),
    "checkboxes": actions({"type": "checkboxes", "options": options(10, description=plain())}),
    "dates": actions({"type": "datepicker", "initial_date": "2026-11-23"}, {"type": "timepicker"}),
    "an input": {"type": "input", "label": plain(), "element": {"type": "plain_text_input"}},
    "feedback": {
        "type": "context_actions",
        "elements": [
            {
                "type": "feedback_buttons",
                "positive_button": {"text": plain(), "value": "1"},
                "negative_button": {"text": plain(), "value": "0"},
            }
        ],
    },
    "markdown": {"type": "markdown", "text": "x" * 12_000},
    "a table": table(100, 20, "xxxxx"),
    "a table with all cells": {
        "type": "table",
        "rows": [[{"type": "raw_text", "text": "a"}, {"type": "raw_number", "value": 1.5}, rich()]],
        "column_settings": [None, {"align": "right", "is_wrapped": True}],
    },
    "a data table": {
        "type": "data_table",
        "caption": "c",
        "rows": [[{"type": "raw_text", "text": "a"}]] * 101,
        "page_size": 100,
    },
    "rich text": rich(
        {"type": "text", "text": "x", "style": {"bold": True}},
        {"type": "link", "url": "https://example.com", "text": "x"},
        {"type": "user", "user_id": "U1"},
        {"type": "emoji", "name": "tada"},
        {"type": "broadcast", "range": "here"},
        {"type": "date", "timestamp": 1_800_000_000, "format": "{date}"},
    ),
    "a card": {"type": "card", "title": plain("x" * 150), "body": mrkdwn("x" * 200), "actions": [press()]},
    "a carousel": {"type": "carousel", "elements": [{"type": "card", "title": plain()}] * 10},
    "a container": {"type": "container", "title": plain(), "child_blocks": [{"type": "divider"}] * 10},
    "an alert": {"type": "alert", "text": mrkdwn(), "level": "success"},
    "a task": {"type": "task_card", "task_id": "1", "title": "t", "status": "complete"},
    "a plan": {"type": "plan", "title": "p", "tasks": [{"type": "task_card", "task_id": "1", "title": "t"}]},
    "null for a field left out": section(accessory=None),
}


@pytest.mark.parametrize("name", ACCEPTED)
def test_what_slack_documents_is_accepted(name: str) -> None:
    check_message({"blocks": [ACCEPTED[name]]})


REFUSED = {
    "no type": ({}, "missing required field: type", ""),
    "unknown type": ({"type": "nonsense"}, "unsupported type: nonsense", "/type"),
    "no object": ("text", "must provide an object", ""),
    "empty section": ({"type": "section"}, "missing required field: text or fields", ""),
    "long section": (section(text=mrkdwn("x" * 3_001)), "must be less than 3001 characters", "/text/text"),
    "empty text": (section(text=mrkdwn("")), "must be more than 0 characters", "/text/text"),
    "text of a wrong type": (section(text=mrkdwn(7)), "must provide a string", "/text/text"),  # type: ignore[arg-type]
    "unknown field": (section(colour="red"), "invalid additional property: colour", ""),
    "11 fields": (section(fields=[mrkdwn()] * 11), "no more than 10 items allowed", "/fields"),
    "long field": (
        section(fields=[mrkdwn("x" * 2_001)]),
        "must be less than 2001 characters",
        "/fields/0/text",
    ),
    "long header": (
        {"type": "header", "text": plain("x" * 151)},
        "must be less than 151 characters",
        "/text/text",
    ),
    "mrkdwn header": ({"type": "header", "text": mrkdwn()}, "unsupported type: mrkdwn", "/text/type"),
    "long block id": (section(block_id="b" * 256), "must be less than 256 characters", "/block_id"),
    "11 in context": (
        {"type": "context", "elements": [mrkdwn()] * 11},
        "no more than 10 items allowed",
        "/elements",
    ),
    "nothing in context": ({"type": "context", "elements": []}, "must not be empty", "/elements"),
    "26 actions": (actions(*[press() for _ in range(26)]), "no more than 25 items allowed", "/elements"),
    "elements no list": ({"type": "actions", "elements": {}}, "must provide an array", "/elements"),
    "long button": (
        actions(press(text=plain("x" * 76))),
        "must be less than 76 characters",
        "/elements/0/text/text",
    ),
    "mrkdwn button": (actions(press(text=mrkdwn())), "unsupported type: mrkdwn", "/elements/0/text/type"),
    "long value": (
        actions(press(value="x" * 2_001)),
        "must be less than 2001 characters",
        "/elements/0/value",
    ),
    "bad url": (actions(press(url="javascript:alert(1)")), "must provide a valid URL", "/elements/0/url"),
    "broken url": (actions(press(url="http://[")), "must provide a valid URL", "/elements/0/url"),
    "long url": (
        actions(press(url="https://example.com/" + "x" * 3_000)),
        "must be less than 3001 characters",
        "/elements/0/url",
    ),
    "bad style": (actions(press(style="loud")), "value must be one of: primary, danger", "/elements/0/style"),
    "long action id": (
        actions(press(action_id="a" * 256)),
        "must be less than 256 characters",
        "/elements/0/action_id",
    ),
    "half a confirm": (
        actions(press(confirm={"title": plain(), "text": plain(), "confirm": plain()})),
        "missing required field: deny",
        "/elements/0/confirm",
    ),
    "101 options": (
        actions(select(options=options(101))),
        "no more than 100 items allowed",
        "/elements/0/options",
    ),
    "no options": (actions(select()), "missing required field: options or option_groups", "/elements/0"),
    "long option": (
        actions(select(options=[{"text": plain("x" * 76), "value": "1"}])),
        "must be less than 76 characters",
        "/elements/0/options/0/text/text",
    ),
    "11 boxes": (
        actions({"type": "checkboxes", "options": options(11)}),
        "no more than 10 items allowed",
        "/elements/0/options",
    ),
    "6 in overflow": (
        section(accessory={"type": "overflow", "options": options(6)}),
        "no more than 5 items allowed",
        "/accessory/options",
    ),
    "an input among actions": (
        actions({"type": "plain_text_input"}),
        "unsupported type: plain_text_input",
        "/elements/0/type",
    ),
    "bad flag": (
        {"type": "input", "label": plain(), "element": {"type": "plain_text_input", "multiline": 1}},
        "must provide a boolean",
        "/element/multiline",
    ),
    "small max": (
        {"type": "input", "label": plain(), "element": {"type": "plain_text_input", "max_length": 0}},
        "must be greater than or equal to 1",
        "/element/max_length",
    ),
    "big max": (
        {"type": "input", "label": plain(), "element": {"type": "plain_text_input", "max_length": 3_001}},
        "must be less than or equal to 3000",
        "/element/max_length",
    ),
    "max no number": (
        {"type": "input", "label": plain(), "element": {"type": "plain_text_input", "max_length": "3"}},
        "must provide an integer",
        "/element/max_length",
    ),
    "image without source": (
        {"type": "image", "alt_text": "a"},
        "missing required field: image_url or slack_file",
        "",
    ),
    "image without alt": (
        {"type": "image", "image_url": "https://example.com"},
        "missing required field: alt_text",
        "",
    ),
    "101 rows": (table(101), "no more than 100 items allowed", "/rows"),
    "21 columns": (table(1, 21), "no more than 20 items allowed", "/rows/0"),
    "odd cell": ({"type": "table", "rows": [[plain()]]}, "unsupported type: plain_text", "/rows/0/0/type"),
    "number cell": (
        {"type": "table", "rows": [[{"type": "raw_number", "value": "1"}]]},
        "must provide a number",
        "/rows/0/0/value",
    ),
    "ragged data table": (
        {
            "type": "data_table",
            "caption": "c",
            "rows": [[{"type": "raw_text", "text": "a"}], [{"type": "raw_text", "text": "a"}] * 2],
        },
        "must have 1 items as the first row",
        "/rows/1",
    ),
    "one row of data": (
        {"type": "data_table", "caption": "c", "rows": [[{"type": "raw_text", "text": "a"}]]},
        "no fewer than 2 items allowed",
        "/rows",
    ),
    "long card": (
        {"type": "card", "body": plain("x" * 201)},
        "must be less than 201 characters",
        "/body/text",
    ),
    "loud alert": (
        {"type": "alert", "text": plain(), "level": "loud"},
        "value must be one of: default, info, warning, error, success",
        "/level",
    ),
    "odd rich text": (rich({"type": "marquee"}), "unsupported type: marquee", "/elements/0/elements/0/type"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_breaks_a_rule_is_refused_with_its_pointer(name: str) -> None:
    block, sentence, pointer = REFUSED[name]
    with pytest.raises(Refusal) as caught:
        check_message({"blocks": [block]})
    problem = f"{sentence} [json-pointer:/blocks/0{pointer}]"
    assert caught.value.code == "invalid_blocks"
    assert problem in caught.value.fields["errors"]
    assert f"[ERROR] {problem}" in caught.value.fields["response_metadata"]["messages"]


WHOLE: dict[str, tuple[Payload, str]] = {
    "nothing": ({}, "no_text"),
    "blank": ({"text": "  "}, "no_text"),
    "text no text": ({"text": 7}, "invalid_arguments"),
    "51 blocks": ({"blocks": [{"type": "divider"}] * 51}, "invalid_blocks"),
    "blocks no list": ({"blocks": "not json"}, "invalid_blocks_format"),
    "repeated block id": ({"blocks": [section(block_id="b")] * 2}, "invalid_blocks"),
    "repeated action id": (
        {"blocks": [actions(press(action_id="a"), press(action_id="a"))]},
        "invalid_blocks",
    ),
    "two tables": ({"blocks": [table(), table()]}, "invalid_attachments"),
    "a table of many words": ({"blocks": [table(10, 10, "x" * 101)]}, "invalid_blocks"),
    "markdown over 12,000 in all": (
        {"blocks": [{"type": "markdown", "text": "x" * 6_001}] * 2},
        "msg_blocks_too_long",
    ),
    "13,001 characters in all": (
        {"blocks": [section(text=mrkdwn("x" * 2_600)) for _ in range(5)] + [section()]},
        "msg_blocks_too_long",
    ),
    "attachments count too": (
        {
            "blocks": [section(text=mrkdwn("x" * 2_600)) for _ in range(4)],
            "attachments": [{"blocks": [section(text=mrkdwn("x" * 2_601))]}],
        },
        "msg_blocks_too_long",
    ),
    "101 attachments": ({"attachments": [{"text": "x"}] * 101}, "too_many_attachments"),
    "attachments no list": ({"attachments": {}}, "invalid_attachments"),
    "an attachment no object": ({"attachments": ["x"]}, "invalid_attachments"),
    "bad blocks in an attachment": ({"attachments": [{"blocks": [{"type": "x"}]}]}, "invalid_attachments"),
    "markdown with text": ({"text": "x", "markdown_text": "y"}, "markdown_text_conflict"),
    "long markdown": ({"markdown_text": "x" * 12_001}, "msg_too_long"),
    "metadata no object": ({"text": "x", "metadata": "x"}, "invalid_metadata_format"),
    "metadata without payload": ({"text": "x", "metadata": {"event_type": "a"}}, "invalid_metadata_format"),
    "a strange event type": (
        {"text": "x", "metadata": {"event_type": "a b", "event_payload": {}}},
        "invalid_metadata_format",
    ),
    "much metadata": (
        {"text": "x", "metadata": {"event_type": "a", "event_payload": {"a": "x" * 8_000}}},
        "metadata_too_large",
    ),
}


@pytest.mark.parametrize("name", WHOLE)
def test_a_message_is_refused_as_a_whole(name: str) -> None:
    arguments, code = WHOLE[name]
    with pytest.raises(Refusal) as caught:
        check_message(arguments)
    assert caught.value.code == code


def test_just_within_the_limits_of_a_whole_message_is_accepted() -> None:
    check_message({"blocks": [{"type": "divider"}] * 50})
    check_message({"blocks": [section(text=mrkdwn("x" * 2_600)) for _ in range(5)]})
    check_message({"blocks": [{"type": "markdown", "text": "x" * 6_000}] * 2})
    check_message({"blocks": [table(10, 10, "x" * 100)]})
    content = check_message({"markdown_text": "**bold**"})
    assert content.blocks == [{"type": "markdown", "text": "**bold**"}]


VIEWS: dict[str, tuple[Any, str]] = {
    "no view": (None, "missing required field: view"),
    "a home as modal": ({"type": "home", "blocks": []}, "unsupported type: home [json-pointer:/view/type]"),
    "no title": (
        {"type": "modal", "blocks": []},
        "missing required field: title [json-pointer:/view]",
    ),
    "a long title": (
        modal(title=plain("x" * 25)),
        "must be less than 25 characters [json-pointer:/view/title/text]",
    ),
    "an input without submit": (
        modal(submit=None),
        "submit is required when an input block is within blocks [json-pointer:/view]",
    ),
    "markdown": (
        modal(blocks=[{"type": "markdown", "text": "x"}]),
        "unsupported type: markdown [json-pointer:/view/blocks/0/type]",
    ),
    "101 blocks": (
        modal(blocks=[{"type": "divider"}] * 101),
        "no more than 100 items allowed [json-pointer:/view/blocks]",
    ),
    "long metadata": (
        modal(private_metadata="x" * 3_001),
        "must be less than 3001 characters [json-pointer:/view/private_metadata]",
    ),
    "long callback id": (
        modal(callback_id="x" * 256),
        "must be less than 256 characters [json-pointer:/view/callback_id]",
    ),
}


@pytest.mark.parametrize("name", VIEWS)
def test_a_view_is_refused_with_its_pointer(name: str) -> None:
    view, sentence = VIEWS[name]
    with pytest.raises(Refusal) as caught:
        check_view(view, {"modal"})
    assert caught.value.code == "invalid_arguments"
    assert f"[ERROR] {sentence}" in caught.value.fields["response_metadata"]["messages"]


def test_a_view_has_at_most_250_kilobytes() -> None:
    fields = [mrkdwn("\N{BUG}" * 2_000)] * 5
    heavy = {"type": "home", "blocks": [{"type": "section", "fields": fields} for _ in range(10)]}
    with pytest.raises(Refusal, match="view_too_large"):
        check_view(heavy, {"home"})
    assert check_view({"type": "home", "blocks": [section()]}, {"home"})["type"] == "home"


def test_blocks_validate_takes_exactly_one_thing() -> None:
    validate({"blocks": [section()]})
    validate({"view": modal()})
    validate({"message": {"text": "x"}})
    for arguments in ({}, {"blocks": [section()], "view": modal()}, {"message": "x"}):
        with pytest.raises(Refusal, match="invalid_arguments"):
            validate(arguments)


def test_what_the_sdk_builds_is_accepted() -> None:
    """The SDK's models as an independent author of blocks."""
    built = [
        sdk.SectionBlock(
            text=sdk.MarkdownTextObject(text="*Hi*"),
            accessory=sdk.StaticSelectElement(
                placeholder="Pick", options=[sdk.Option(label="A", value="a", description="first")]
            ),
        ),
        sdk.ActionsBlock(
            elements=[
                sdk.ButtonElement(
                    text="Go",
                    value="1",
                    style="primary",
                    confirm=sdk.ConfirmObject(title="Sure?", text="Really", confirm="Yes", deny="No"),
                ),
                sdk.UserSelectElement(placeholder="Who"),
                sdk.ConversationSelectElement(placeholder="Where", filter=sdk.ConversationFilter(include=["public"])),
                sdk.DatePickerElement(initial_date="2026-11-23"),
                sdk.DateTimePickerElement(initial_date_time=1_800_000_000),
                sdk.OverflowMenuElement(options=[sdk.Option(label="A", value="a")]),
            ]
        ),
        sdk.InputBlock(label="Why", element=sdk.PlainTextInputElement(multiline=True, max_length=100)),
        sdk.InputBlock(label="N", element=sdk.NumberInputElement(is_decimal_allowed=False, min_value="1")),
        sdk.InputBlock(label="C", element=sdk.CheckboxesElement(options=[sdk.Option(label="A", value="a")])),
        sdk.ContextBlock(elements=[sdk.MarkdownTextObject(text="x")]),
        sdk.HeaderBlock(text="Head"),
        sdk.DividerBlock(),
        sdk.ImageBlock(image_url="https://example.com/x.png", alt_text="x", title="t"),
        sdk.AlertBlock(text=sdk.PlainTextObject(text="x"), level="info"),
    ]
    check_message({"blocks": [block.to_dict() for block in built]})


async def test_the_api_reports_every_problem_with_its_place(sandbox: Sandbox, client: AsyncWebClient) -> None:
    blocks = [section(), {"type": "header", "text": plain("x" * 151)}, {"type": "nonsense"}]
    answer = await refusal(client.chat_postMessage(channel=sandbox.channel_id("general"), text="x", blocks=blocks))
    assert answer["error"] == "invalid_blocks"
    assert answer["response_metadata"]["messages"] == [
        "[ERROR] must be less than 151 characters [json-pointer:/blocks/1/text/text]",
        "[ERROR] unsupported type: nonsense [json-pointer:/blocks/2/type]",
    ]
    assert (await client.api_call("blocks.validate", json={"blocks": [section()]}))["ok"]
    answer = await refusal(client.views_publish(user_id="U0SBX0001", view=modal()))
    assert answer["response_metadata"]["messages"] == ["[ERROR] unsupported type: modal [json-pointer:/view/type]"]
