"""Composition objects: texts, options, confirmations.

Source: docs.slack.dev/reference/block-kit/composition-objects.
"""

from bot.sandbox.validation.check import (
    Check,
    array,
    boolean,
    one_of,
    record,
    string,
    union,
    url,
)

ID = string(255)


def plain(most: int, *, least: int = 1) -> Check:
    """A ``plain_text`` object."""
    return union({"plain_text": record({"text": string(most, least=least)}, {"emoji": boolean})})


def text(most: int) -> Check:
    """A ``plain_text`` or ``mrkdwn`` object."""
    return union(
        {
            "plain_text": record({"text": string(most)}, {"emoji": boolean}),
            "mrkdwn": record({"text": string(most)}, {"verbatim": boolean}),
        }
    )


def option(describe: Check, *, with_url: bool = False) -> Check:
    """An entry of a menu, its text checked by ``describe``."""
    optional = {"description": text(75)} | ({"url": url(3_000)} if with_url else {})
    return record({"text": describe, "value": string(150)}, optional)


OPTION = option(plain(75))
OPTION_GROUP = record({"label": plain(75), "options": array(OPTION, most=100)})
CONFIRM = record(
    {"title": plain(100), "text": text(300), "confirm": plain(30), "deny": plain(30)},
    {"style": one_of("primary", "danger")},
)
DISPATCH = record(
    {}, {"trigger_actions_on": array(one_of("on_enter_pressed", "on_character_entered"), most=2, least=1)}
)
FILTER = record(
    {},
    {
        "include": array(one_of("im", "mpim", "private", "public"), least=1),
        "exclude_external_shared_channels": boolean,
        "exclude_bot_users": boolean,
    },
)
SLACK_FILE = record({}, {"id": string(), "url": url(3_000)}, some_of=("id", "url"))
