"""A place as an operator types it: `#C024BE7LR`, `@U024BE7LR`, `https://…`, or a destination's whole id in Slack.

Where a subscription may lead, also `@S024BE7LR`, a user group, and `#C024BE7LR/1700000000.000100`, a thread.
"""

import re
from typing import Final

from bot.core.advice import got
from bot.core.destination import Destination, SlackChannel, SlackGroup, SlackPerson, SlackThread, Target, Webhook
from bot.core.errors import DestinationError

_CHANNEL: Final = re.compile(r"#?([CGD][A-Z0-9]{2,})")
_PERSON: Final = re.compile(r"@?([UW][A-Z0-9]{2,})")
_WHOLE: Final = re.compile(r"slack/([TE][A-Z0-9]+)/(?:([CGD][A-Z0-9]+)(?:/([0-9]+\.[0-9]+))?|@([UW][A-Z0-9]+))")
_GROUP: Final = re.compile(r"@?(S[A-Z0-9]{2,})")
_THREAD: Final = re.compile(r"#?([CG][A-Z0-9]{2,})/([0-9]+\.[0-9]+)")
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


def read_place(text: str, *, team: str) -> Target:
    """Read where a subscription may lead. Raises DestinationError."""
    if group := _GROUP.fullmatch(text):
        return SlackGroup(team=team, group=group[1])
    if thread := _THREAD.fullmatch(text):
        return SlackThread(team=team, channel=thread[1], thread=thread[2])
    return read_target(text, team=team)


def write_place(place: Target) -> str:
    """The text from which `read_place` makes the place again, in its workspace."""
    match place:
        case SlackChannel(channel=channel):
            return f"#{channel}"
        case SlackThread(channel=channel, thread=thread):
            return f"#{channel}/{thread}"
        case SlackPerson(user=user):
            return f"@{user}"
        case SlackGroup(group=group):
            return f"@{group}"
        case Webhook(url=url):
            return url
