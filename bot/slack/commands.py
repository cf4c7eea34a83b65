"""The slash command: what is typed becomes an act, and what it came to a reply."""

from typing import Any

from slack_bolt.async_app import AsyncApp
from slack_bolt.context.ack.async_ack import AsyncAck
from slack_bolt.context.async_context import AsyncBoltContext

from bot.core import commands as typed
from bot.core.errors import MistakeError
from bot.core.reader import parse_command
from bot.render import help as manual
from bot.render.message import Message
from bot.render.replies import mistake
from bot.render.usage import COMMAND
from bot.slack.asking import look
from bot.slack.changing import change
from bot.slack.desk import Desk, Request
from bot.slack.modals import open_subscribe


def listen(bolt: AsyncApp, desk: Desk) -> None:
    """Answer what people type."""

    @bolt.command(COMMAND)
    async def command(ack: AsyncAck, body: dict[str, Any], context: AsyncBoltContext) -> None:
        text = str(body.get("text", ""))
        desk.take("command", body, context, lambda request: run(desk, request, text), fresh=opens_form(text))
        await ack()


async def run(desk: Desk, request: Request, text: str, *, confirmed: bool = False, replace: bool = False) -> None:
    """Do what a command says, and answer.

    `confirmed`: the person means it, though it was advised against. `replace` is as for `Desk.answer`. The text may
    come from a button: it is read and judged like one that is typed.
    """
    try:
        message = await _act(desk, request, text, confirmed=confirmed)
    except MistakeError as error:
        message = mistake(error)
    if message is not None:
        await desk.answer(request, message, replace=replace)


def opens_form(text: str) -> bool:
    """Whether the command opens a form, for which Slack's trigger has to be fresh."""
    try:
        command = parse_command(text)
    except MistakeError:
        return False
    return _is_bare(command, text) or (isinstance(command, typed.Edit) and command.is_empty)


def _is_bare(command: typed.Command, text: str) -> bool:
    """Whether it is `subscribe` and nothing else: too little to subscribe a channel to every event there is."""
    return isinstance(command, typed.Subscribe) and len(text.split()) == 1


async def _act(desk: Desk, request: Request, text: str, *, confirmed: bool) -> Message | None:
    """What to answer; None where a form was opened instead."""
    command = parse_command(text)
    match command:
        case typed.Help(topic=topic):
            return manual.about(topic)
        case typed.Subscribe() if _is_bare(command, text):
            return None if await open_subscribe(desk, request) else manual.about("subscribe")
        case typed.Edit(id=subscription) if command.is_empty:
            return None if await open_subscribe(desk, request, editing=subscription) else manual.about("edit")
        case (
            typed.List()
            | typed.ListAll()
            | typed.ListPlace()
            | typed.ListPerson()
            | typed.Preview()
            | typed.Why()
            | typed.Status()
            | typed.History()
            | typed.Preferences()
        ):
            return await look(desk, request, command)
        case _:
            return await change(desk, request, command, text, confirmed=confirmed)
