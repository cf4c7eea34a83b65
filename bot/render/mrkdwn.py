"""Slack's mrkdwn, for the few places that Block Kit leaves to it: words of ours, with values of others inside.

https://docs.slack.dev/messaging/formatting-message-text
"""

from urllib.parse import urlsplit

from bot.core.destination import SlackChannel, SlackGroup, SlackPerson, SlackThread, Target, Webhook

_ESCAPES = {"&": "&amp;", "<": "&lt;", ">": "&gt;"}
_TABLE = str.maketrans(_ESCAPES)
_IN_CODE = str.maketrans({**_ESCAPES, "`": "\N{MODIFIER LETTER GRAVE ACCENT}", "\n": " ", "\r": " "})


def escape(text: str) -> str:
    """Make control sequences inert: no mention, broadcast or link comes out of the text."""
    return text.translate(_TABLE)


def code(text: str) -> str:
    """Inline code, in which no formatting works; a backtick becomes a look-alike, since mrkdwn can't quote one."""
    return f"`{text.translate(_IN_CODE)}`"


def place(destination: Target) -> str:
    """Name a place.

    Slack shows a channel's name only to those who may see it; of a URL, which may hold a credential, the host is shown.
    """
    match destination:
        case SlackChannel(channel=channel):
            return f"<#{channel}>"
        case SlackThread(channel=channel):
            return f"a thread in <#{channel}>"
        case SlackPerson(user=user):
            return f"<@{user}>"
        case SlackGroup(group=group):
            return f"each of <!subteam^{group}>"
        case Webhook(url=url):
            return f"the webhook at {code(host(url))}"


def host(url: str) -> str:
    """The host of a URL that was accepted before; "?" where there is none."""
    return urlsplit(url).netloc.rpartition("@")[2] or "?"
