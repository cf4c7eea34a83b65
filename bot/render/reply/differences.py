"""What a change made of a subscription, line by line."""

from bot.core.subscription import Subscription
from bot.render.mrkdwn import code, place
from bot.render.reply.phrases import calling, clipped, resting

_LONGEST = 100
"""Characters of a filter that are shown: twice, in each of several changes."""


def differences(before: Subscription, after: Subscription) -> list[str]:
    """Each part that differs, in mrkdwn: what it was and what it is."""
    was, now = _parts(before), _parts(after)
    return [f"*{name}*  {was[name]} → {now[name]}" for name in was if was[name] != now[name]]


def _parts(one: Subscription) -> dict[str, str]:
    style = one.style
    return {
        "Filter": code(clipped(str(one.filter), _LONGEST)) if one.filter.terms else "every event",
        "To": place(one.destination),
        "Owner": f"<@{one.owner}>",
        "Mentions": "nobody" if style.mention is None else calling(style),
        "Digest": "off" if style.digest is None else str(style.digest),
        "Quiet": "off" if style.quiet is None else str(style.quiet),
        "Thread": str(style.thread),
        "In doubt": str(style.doubt),
        "Shows": "what is usual" if style.show is None else str(style.show),
        "Rest": ", ".join(resting(one.hold)) or "none",
    }
