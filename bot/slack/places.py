"""Which destination a person means by where they are."""

from bot.core.answers import NotAllowed
from bot.core.commands import Channel, Email, Group, Here, Me, Person, Place, Url
from bot.core.destination import Destination, SlackChannel, SlackGroup, SlackPerson, Target, Webhook
from bot.slack.desk import Desk, Request

DIRECT = "directmessage"
"""The `channel_name` of a slash command typed in a direct message (docs.slack.dev, implementing slash commands)."""


def here(request: Request) -> Destination:
    """The channel the person is in; in a direct message, the person: what is said there reaches them anyway."""
    channel = request.channel
    name = request.body.get("channel_name") or (request.body.get("channel") or {}).get("name")
    if channel is None or name == DIRECT:
        return SlackPerson(team=request.actor.team, user=request.actor.user)
    return SlackChannel(team=request.actor.team, channel=channel)


async def find(desk: Desk, request: Request, to: Place) -> Target | NotAllowed | None:
    """The place that was typed; None where it is an e-mail address that Slack knows nobody by."""
    team = request.actor.team
    match to:
        case Here():
            return here(request)
        case Me():
            return SlackPerson(team=team, user=request.actor.user)
        case Channel(id=channel):
            return SlackChannel(team=team, channel=channel)
        case Person(user=user):
            return SlackPerson(team=team, user=user)
        case Email(address=address):
            found = await desk.actions.find_person(request.actor, address)
            return SlackPerson(team=team, user=found) if isinstance(found, str) else found
        case Group(group=group):
            return SlackGroup(team=team, group=group)
        case Url(url=url):
            return Webhook(team=team, url=url)


def named(request: Request, name: str) -> SlackChannel | SlackPerson | SlackGroup | None:
    """The channel, person or group of the person's workspace that has this name in the outbox; None for any other."""
    match name.split("/"):
        case ["slack", team, where] if team == request.actor.team and where:
            if where.startswith("@"):
                return SlackPerson(team=team, user=where[1:])
            if where.startswith("!"):
                return SlackGroup(team=team, group=where[1:])
            return SlackChannel(team=team, channel=where)
        case _:
            return None
