"""Which styles suit which places: a webhook's receiver has no thread, no night and nobody to call."""

from bot.core.destination import Target, Webhook
from bot.core.subscription import Doubt, Style, Threading


def misfit(place: Target, style: Style) -> str | None:
    """Why the style does not suit the place, None where it does."""
    if not isinstance(place, Webhook):
        return None
    if style.mention is not None:
        return "nobody can be mentioned in a webhook"
    if style.digest is not None or style.quiet is not None:
        return "a webhook gets every event as it comes: digest and quiet are for Slack"
    if style.thread is not Threading.OFF:
        return "a webhook has no threads"
    if style.doubt is Doubt.ASK:
        return "a webhook can't be asked: its receiver knows a repeat by its webhook-id"
    return None
