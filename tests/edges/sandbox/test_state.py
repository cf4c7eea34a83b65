"""Pure parts: what a person has filled in, ids in blocks, what the workspace tells."""

from typing import Any

import pytest

from bot.sandbox.answers import Refusal
from bot.sandbox.blocks import element, with_ids
from bot.sandbox.ids import Ids
from bot.sandbox.server import Sandbox
from bot.sandbox.state import initial_values, missing_answers
from bot.sandbox.tickets import ResponseUrls, Triggers
from tests.edges.sandbox.driver import ManualClock, button, modal

Payload = dict[str, Any]
OPTION = {"text": {"type": "plain_text", "text": "A"}, "value": "a"}


def ask(element: Payload, **fields: Any) -> list[Payload]:
    label = {"type": "plain_text", "text": "?"}
    return [{"type": "input", "block_id": "b", "label": label, "element": {"action_id": "a", **element}, **fields}]


@pytest.mark.parametrize(
    ("element", "answer"),
    [
        ({"type": "plain_text_input"}, {"value": None}),
        ({"type": "plain_text_input", "initial_value": "x"}, {"value": "x"}),
        ({"type": "static_select", "initial_option": OPTION}, {"selected_option": OPTION}),
        ({"type": "checkboxes"}, {"selected_options": []}),
        ({"type": "multi_users_select", "initial_users": ["U1"]}, {"selected_users": ["U1"]}),
        ({"type": "datepicker"}, {"selected_date": None}),
    ],
)
def test_a_state_begins_with_what_the_blocks_say(element: Payload, answer: Payload) -> None:
    assert initial_values(ask(element)) == {"b": {"a": {"type": element["type"], **answer}}}


def test_buttons_have_no_state() -> None:
    assert initial_values([{"block_id": "b", **button("a")}]) == {}


@pytest.mark.parametrize(
    ("fields", "given", "error"),
    [
        ({}, None, "Please complete this required field."),
        ({}, "", "Please complete this required field."),
        ({}, "x", None),
        ({"min_length": 3}, "xy", "This must be at least 3 characters."),
        ({"max_length": 3}, "wxyz", "This must be no more than 3 characters."),
        ({"min_length": 1, "max_length": 3}, "xyz", None),
    ],
)
def test_a_modal_goes_only_with_its_answers(fields: Payload, given: str | None, error: str | None) -> None:
    blocks = ask({"type": "plain_text_input", **fields})
    errors = missing_answers(blocks, {"b": {"a": {"value": given}}})
    assert errors == ({} if error is None else {"b": error})


def test_what_is_optional_or_not_asked_may_stay_empty() -> None:
    assert missing_answers(ask({"type": "plain_text_input"}, optional=True), {}) == {}
    assert missing_answers([{"type": "actions", "elements": [{"type": "users_select", "action_id": "a"}]}], {}) == {}


def test_ids_are_given_however_deep_and_kept_where_they_are() -> None:
    card = {"type": "card", "actions": [{"type": "button", "action_id": "mine"}]}
    blocks = with_ids(
        [
            {"type": "carousel", "elements": [card]},
            {"type": "container", "child_blocks": [button("inner"), {"type": "divider", "block_id": "kept"}]},
            {"type": "section", "accessory": {"type": "button"}},
            {"type": "rich_text", "elements": [{"type": "rich_text_section", "elements": []}]},
        ],
        Ids(),
    )
    inner = blocks[0]["elements"][0]
    assert element(blocks, inner["block_id"], "mine") == {"type": "button", "action_id": "mine"}
    assert blocks[1]["child_blocks"][1]["block_id"] == "kept"
    assert element(blocks, blocks[1]["child_blocks"][0]["block_id"], "inner") is not None
    assert blocks[2]["accessory"]["action_id"]
    assert element(blocks, "nowhere", "mine") is None
    assert len({block["block_id"] for block in blocks}) == 4


def test_ids_never_repeat_and_are_the_same_in_every_run() -> None:
    ids, again = Ids(), Ids()
    made = [ids.make("C") for _ in range(2_000)] + [ids.short() for _ in range(100)]
    assert len(set(made)) == len(made)
    assert made[:3] == [again.make("C") for _ in range(3)] == ["C0SBX00001", "C0SBX00002", "C0SBX00003"]


def test_timestamps_grow_while_the_clock_stands(clock: ManualClock) -> None:
    workspace = Sandbox(clock=clock).workspace
    stamps = [workspace.next_ts() for _ in range(100)]
    assert stamps == sorted(set(stamps))


def test_old_tickets_are_forgotten() -> None:
    triggers, urls = Triggers(), ResponseUrls()
    first = triggers.issue("U1", 0.0)
    first_url = urls.issue(user="U1", channel="C1", now=0.0)
    for _ in range(2_000):
        triggers.issue("U1", 0.0)
        urls.issue(user="U1", channel="C1", now=0.0)
    with pytest.raises(Refusal, match="invalid_trigger_id"):
        triggers.redeem(first, 0.0)
    with pytest.raises(Refusal, match="invalid_url"):
        urls.spend(first_url, 0.0)


def test_views_refuse_what_contradicts_their_state(clock: ManualClock) -> None:
    sandbox = Sandbox(clock=clock)
    views = sandbox.backend.views
    views.open("U0SBX0001", modal(external_id="one"))
    with pytest.raises(Refusal, match="duplicate_external_id"):
        views.push("U0SBX0001", modal(external_id="one"))
    with pytest.raises(Refusal, match="hash_conflict"):
        views.publish("U0SBX0001", {"type": "home", "blocks": []}, known="stale")
    home = views.publish("U0SBX0001", {"type": "home", "blocks": []})
    changed = views.update({"type": "home", "blocks": [{"type": "divider"}]}, view_id=home["id"])
    assert (changed["id"], len(changed["blocks"])) == (home["id"], 1)
    with pytest.raises(Refusal, match="view_not_found"):
        views.find("U0SBX0002", home["id"])
    assert views.close("U0SBX0001", "V404") == []


def test_a_direct_message_is_a_conversation_of_two(clock: ManualClock) -> None:
    workspace = Sandbox(clock=clock).workspace
    direct = workspace.direct("U0SBX0001")
    assert workspace.direct("U0SBX0001") is direct
    assert direct.to_page(viewer="U0SBX0001", bot=workspace.bot.id)["user"] == workspace.bot.id
    with pytest.raises(Refusal, match="channel_not_found"):
        workspace.channel_for(direct.id, "U0SBX0002")
    with pytest.raises(Refusal, match="invalid_name_required"):
        workspace.create(" ", "U0SBX0001")
