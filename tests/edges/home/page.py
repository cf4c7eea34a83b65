"""What a person does with modals and the Home tab, through the sandbox's own page contract."""

from typing import Any

from bot.render.pieces import button
from bot.sandbox.message import Content
from tests.edges.slack.conftest import Person

View = dict[str, Any]


def pick(value: str, text: str = "") -> dict[str, Any]:
    """An option, as a page sends it."""
    return {"text": {"type": "plain_text", "text": text or value}, "value": value}


def element(view: View, action_id: str, nth: int = 0) -> dict[str, Any]:
    """The nth element with that action id, with its block's."""
    found = []
    for block in view["blocks"]:
        parts = [*block.get("elements", []), *(block[name] for name in ("accessory", "element") if name in block)]
        found += [{**part, "block_id": block["block_id"]} for part in parts if part.get("action_id") == action_id]
    return found[nth]


def has(view: View, action_id: str) -> bool:
    """Whether the view has such an element."""
    return f"'action_id': '{action_id}'" in repr(view)


def filled(**answers: Any) -> dict[str, Any]:
    """The `state` of a form: the answer of each field, in Slack's shapes."""
    return {"values": {field: {f"form.{field}": answer} for field, answer in answers.items()}}


async def change(person: Person, view: View, field: str, answer: dict[str, Any], **others: Any) -> View:
    """Change one field of the form, and see what it becomes."""
    part = element(view, f"form.{field}")
    await person.do(
        "action",
        container={"type": "view", "view_id": view["id"]},
        action={**part, **answer},
        state=filled(**{field: answer, **others}),
    )
    return await person.sees("view")


async def submit(person: Person, view: View, /, **answers: Any) -> dict[str, Any]:
    """Send the form off; returns what the page is told."""
    body = {"user": person.user, "view_id": view["id"], "state": filled(**answers)}
    async with person.session.post("/client/submit", json=body) as answer:
        found: dict[str, Any] = await answer.json()
    return found


async def press_in_message(person: Person, action_id: str, value: str) -> None:
    """Press a button of a message of the bot's."""
    workspace = person.sandbox.workspace
    channel = workspace.channels[person.sandbox.channel_id("general")]
    pressed = button("Go on", action=action_id, value=value)
    block = {"type": "actions", "block_id": "b", "elements": [pressed]}
    message = workspace.post(channel, workspace.bot, Content(text="x", blocks=[block]))
    place = {"type": "message", "channel": channel.id, "ts": message.ts}
    await person.do("action", container=place, action={**pressed, "block_id": "b"})


async def shortcut(person: Person, callback_id: str, **at: Any) -> View:
    """Start a shortcut, and see the modal that it opens."""
    await person.do("shortcut", callback_id=callback_id, **at)
    return await person.sees("view")


async def home(person: Person) -> View:
    """Open the Home tab."""
    await person.do("home", tab="home")
    return await person.sees("home")


async def press(person: Person, view: View, action_id: str, nth: int = 0, **answer: Any) -> None:
    """Press a button of the Home tab, or of a modal."""
    kind = "home" if view["type"] == "home" else "view"
    place = {"type": kind, "view_id": view["id"]}
    await person.do("action", container=place, action={**element(view, action_id, nth), **answer})
