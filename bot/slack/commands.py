"""The slash command."""

from typing import Any

from slack_bolt.async_app import AsyncApp
from slack_bolt.context.ack.async_ack import AsyncAck
from slack_bolt.context.async_context import AsyncBoltContext

from bot.core.commands import (
    Channel,
    Command,
    Help,
    Here,
    List,
    Me,
    Place,
    Subscribe,
    Unsubscribe,
    Url,
    parse_command,
)
from bot.core.destination import Destination, SlackChannel, SlackPerson, Webhook
from bot.core.errors import MistakeError
from bot.core.subscription import Style
from bot.render import help as manual
from bot.render.message import Message
from bot.render.replies import mistake, reply
from bot.render.usage import COMMAND
from bot.slack.desk import Desk, Request
from bot.slack.places import here


def listen(bolt: AsyncApp, desk: Desk) -> None:
    """Answer what people type."""

    @bolt.command(COMMAND)
    async def command(ack: AsyncAck, body: dict[str, Any], context: AsyncBoltContext) -> None:
        desk.take("command", body, context, lambda request: _run(desk, request))
        await ack()


async def _run(desk: Desk, request: Request) -> None:
    try:
        message = await _act(desk, request, parse_command(str(request.body.get("text", ""))))
    except MistakeError as error:
        message = mistake(error)
    await desk.answer(request, message)


async def _act(desk: Desk, request: Request, command: Command) -> Message:
    actions, actor = desk.actions, request.actor
    match command:
        case Subscribe(filter=wanted, to=to, mention=mention, doubt=doubt):
            destination = _destination(to, request)
            style = Style(mention=mention, doubt=doubt)
            return reply(await actions.subscribe(actor, wanted=wanted, destination=destination, style=style))
        case Unsubscribe(id=subscription):
            return reply(await actions.unsubscribe(actor, subscription))
        case List(all=True):
            return reply(await actions.list_all(actor))
        case List():
            return reply(await actions.list_near(actor, here(request)))
        case Help(topic=topic):
            return manual.about(topic)


def _destination(to: Place, request: Request) -> Destination:
    team = request.actor.team
    match to:
        case Here():
            return here(request)
        case Channel(id=channel):
            return SlackChannel(team=team, channel=channel)
        case Me():
            return SlackPerson(team=team, user=request.actor.user)
        case Url(url=url):
            return Webhook(team=team, url=url)
