"""The form in which people subscribe and edit: opened from commands, shortcuts, Home and menus."""

from bot.core.commands import Subscribe
from bot.core.subscription import SubscriptionId
from bot.slack.desk import Desk, Request


async def open_subscribe(
    desk: Desk,  # noqa: ARG001 (to come)
    request: Request,  # noqa: ARG001 (to come)
    *,
    draft: Subscribe | None = None,  # noqa: ARG001 (to come)
    editing: SubscriptionId | None = None,  # noqa: ARG001 (to come)
) -> bool:
    """Open the form, filled in with a draft or with what a subscription is; False where it could not be opened."""
    return False
