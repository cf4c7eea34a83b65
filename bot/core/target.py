"""A place as an operator types it: `#C024BE7LR`, `@U024BE7LR`, `https://…`, or a destination's whole id in Slack."""

import re
from typing import Final

from bot.core.advice import got
from bot.core.destination import Destination, SlackChannel, SlackPerson, SlackThread, Webhook
from bot.core.errors import DestinationError

_CHANNEL: Final = re.compile(r"#?([CGD][A-Z0-9]{2,})")
_PERSON: Final = re.compile(r"@?([UW][A-Z0-9]{2,})")
_WHOLE: Final = re.compile(r"slack/([TE][A-Z0-9]+)/(?:([CGD][A-Z0-9]+)(?:/([0-9]+\.[0-9]+))?|@([UW][A-Z0-9]+))")
_WEB: Final = re.compile(r"https?://\S+", re.IGNORECASE)


def read_target(text: str, *, team: str) -> Destination:
    """Read a place of `team`'s. Raises DestinationError; whether a URL may be a webhook's is not judged here."""
    if whole := _WHOLE.fullmatch(text):
        owner, channel, thread, user = whole.groups()
        if user:
            return SlackPerson(team=owner, user=user)
        if thread:
            return SlackThread(team=owner, channel=channel, thread=thread)
        return SlackChannel(team=owner, channel=channel)
    if channel_id := _CHANNEL.fullmatch(text):
        return SlackChannel(team=team, channel=channel_id[1])
    if person := _PERSON.fullmatch(text):
        return SlackPerson(team=team, user=person[1])
    if _WEB.fullmatch(text):
        return Webhook(team=team, url=text)
    raise DestinationError(
        f"{got(text)} is no place; write a channel's ID (#C024BE7LR; in Slack: the channel's name > About), "
        "a person's (@U024BE7LR; profile > Copy member ID) or a webhook's URL (https://…)"
    )
