"""What is said at a form's inputs, and on top of it, where it could not be saved; all that is filled in stays."""

from typing import Final

from bot.core.answers import NotAllowed, Problem
from bot.core.permission import ROLES, Role
from bot.core.subscription import Subscription
from bot.render.mrkdwn import place
from bot.render.reply.phrases import what

_ROLES: Final = {
    Role.OWNER: "its owner",
    Role.RECIPIENT: "whom it comes to",
    Role.INSIDER: "people in the channel",
    Role.MEMBER: "people of this workspace",
    Role.ADMIN: "admins",
}


def fault(problem: Problem, detail: str = "") -> str:
    """Why nothing can be delivered to a place and what to do, in the plain text that an input's error takes."""
    match problem:
        case Problem.UNSEEN:
            return (
                "I can't see that channel. If it is private, type /invite @Tidings in it, then press the button again."
            )
        case Problem.UNINVITED:
            return "I am not in that channel. Type /invite @Tidings in it, then press the button again."
        case Problem.ARCHIVED:
            return "That channel is archived, so nothing can be posted there. Choose another one."
        case Problem.EXTERNAL | Problem.CONFIRM:
            return "That channel is shared with another organisation, and results must not leave this one."
        case Problem.URL:
            return f"I can't use that URL. {detail}"
        case Problem.STRANGER:
            return "I know nobody there whom I could write to. Choose somebody else."


def refused(answer: NotAllowed) -> str:
    """Who may do what the person may not, in plain text."""
    roles = ROLES[answer.act]
    who = " and ".join(_ROLES[role] for role in Role if role in roles)
    return f"Only {who} may {answer.act}. Nothing was changed, and what you typed is still here."


UNAVAILABLE: Final = (
    "I can't save this right now: something I need doesn't answer. Nothing you typed is lost; press the button again "
    "in a minute. It is saved once, however often you press."
)


def overtaken(user: str, now: Subscription) -> str:
    """Say that somebody changed a subscription while the form was open; what it says now may be replaced."""
    who = f"<@{user}>" if user else "Somebody"
    return (
        f"*{who} has changed this subscription meanwhile.* Now {what(now.filter)} go to {place(now.destination)}. "
        "What you have filled in is still here; press the button again to put it in that one's place."
    )
