"""What a form asks with: Block Kit's inputs, each kept within Slack's limits.

An element's action id is its field's name behind `form.`; https://docs.slack.dev/reference/block-kit/block-elements.
"""

from collections.abc import Iterable, Mapping
from typing import Any, TypeVar

from bot.render.message import Block

K = TypeVar("K", bound=str)

CHOICE = 75
"""Characters of a choice that are shown."""
VALUE = 150
CHOICES = 100
TYPED = 3_000
HINT = 150


def action(field: str) -> str:
    """The action id of a field's element."""
    return f"form.{field}"


def ask(field: str, label: str, element: Block, *, tell: bool = False, needed: bool = True, hint: str = "") -> Block:
    """A labelled input. `tell`: each change comes to us at once; `hint` stands below it."""
    block: Block = {"type": "input", "block_id": field, "label": plain(label), "element": element}
    if tell:
        block["dispatch_action"] = True
    if not needed:
        block["optional"] = True
    if hint:
        block["hint"] = plain(hint)
    return block


def option(text: str, value: str, description: str = "") -> Block:
    """One choice; its text is cut where it is too long, its value must not be."""
    made: Block = {"text": plain(_cut(text, CHOICE)), "value": value}
    return {**made, "description": plain(description[:CHOICE])} if description else made


def choose(field: str, choices: Mapping[K, str], chosen: K) -> Block:
    """A menu of which one is chosen."""
    options = {value: option(text, value) for value, text in choices.items()}
    return {
        "type": "static_select",
        "action_id": action(field),
        "options": list(options.values()),
        "initial_option": options[chosen],
    }


def choose_some(field: str, choices: Mapping[str, str], chosen: Iterable[str], *, hint: str) -> Block:
    """A menu of which several may be chosen."""
    options = {value: option(text, value) for value, text in choices.items()}
    element: Block = {
        "type": "multi_static_select",
        "action_id": action(field),
        "options": list(options.values()),
        "placeholder": plain(hint),
    }
    return _began(element, "initial_options", [options[value] for value in chosen if value in options])


def search(field: str, chosen: Iterable[str], *, hint: str) -> Block:
    """A menu whose choices are asked for as one types; several may be chosen."""
    element: Block = {
        "type": "multi_external_select",
        "action_id": action(field),
        "min_query_length": 0,
        "placeholder": plain(hint),
    }
    return _began(element, "initial_options", [option(value, value) for value in chosen][:CHOICES])


def search_one(field: str, chosen: Block) -> Block:
    """A menu whose choices are asked for as one types; one is chosen."""
    return {
        "type": "external_select",
        "action_id": action(field),
        "min_query_length": 2,
        "initial_option": chosen,
    }


def person(field: str, chosen: str, *, hint: str = "Choose a person") -> Block:
    """A menu of people."""
    element: Block = {"type": "users_select", "action_id": action(field), "placeholder": plain(hint)}
    return _began(element, "initial_user", chosen)


def conversation(field: str, chosen: str, *, hint: str = "Choose a channel") -> Block:
    """A menu of channels, with the one that the person looks at chosen where none is."""
    element: Block = {
        "type": "conversations_select",
        "action_id": action(field),
        "placeholder": plain(hint),
        "filter": {"include": ["public", "private"], "exclude_bot_users": True},
    }
    if not chosen:
        return {**element, "default_to_current_conversation": True}
    return {**element, "initial_conversation": chosen}


def line(field: str, typed: str, *, hint: str, kind: str = "plain_text_input") -> Block:
    """A line to type."""
    element: Block = {"type": kind, "action_id": action(field), "placeholder": plain(hint[:HINT])}
    return _began(element, "initial_value", typed[:TYPED])


def text(field: str, typed: str, *, hint: str) -> Block:
    """Several lines to type, of which each change is told."""
    element = line(field, typed, hint=hint)
    return {
        **element,
        "multiline": True,
        "max_length": TYPED,
        "dispatch_action_config": {"trigger_actions_on": ["on_character_entered"]},
    }


def time(field: str, chosen: str) -> Block:
    """A time of day, e.g. 09:00."""
    return {"type": "timepicker", "action_id": action(field), "initial_time": chosen}


def tick(field: str, box: Block, *, on: bool) -> Block:
    """One box to tick."""
    element: Block = {"type": "checkboxes", "action_id": action(field), "options": [box]}
    return _began(element, "initial_options", [box] if on else [])


def plain(text: str) -> Block:
    """Text without any formatting."""
    return {"type": "plain_text", "text": text}


def _began(element: Block, name: str, value: Any) -> Block:
    """Slack refuses empty initial values."""
    return {**element, name: value} if value else element


def _cut(text: str, limit: int) -> str:
    return text if len(text) <= limit else f"{text[: limit - 1]}…"
