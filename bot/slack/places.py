"""Which destination a person means by where they are."""

from bot.core.destination import Destination, SlackChannel, SlackPerson
from bot.slack.desk import Request

DIRECT = "directmessage"
"""The `channel_name` of a slash command typed in a direct message (docs.slack.dev, implementing slash commands)."""


def here(request: Request) -> Destination:
    """The channel the person is in; in a direct message, the person: what is said there reaches them anyway."""
    channel = request.channel
    name = request.body.get("channel_name") or (request.body.get("channel") or {}).get("name")
    if channel is None or name == DIRECT:
        return SlackPerson(team=request.actor.team, user=request.actor.user)
    return SlackChannel(team=request.actor.team, channel=channel)
