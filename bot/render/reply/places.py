"""Places that can't be subscribed, and what became of places; and who may do what."""

from bot.core.answers import BadPlace, Moved, NoSuchPlace, NotAllowed, PlaceResumed, Problem
from bot.core.destination import DestinationId, SlackGroup, SlackPerson, Target
from bot.core.permission import ROLES, Rank, Role
from bot.render.message import Block, Message
from bot.render.mrkdwn import code, escape, place
from bot.render.pieces import actions, button, confirm, section
from bot.render.reply.phrases import capital, said, typed

AGAIN = "command.again"
"""action_id of the button that does a command again; its value is the command as it was typed."""
ANYWAY = "command.anyway"
"""action_id of the button that does a command though it was advised against; its value is as AGAIN's."""
INVITE = code("/invite @Tidings")
LONGEST_VALUE = 2_000
"""Of a button, in characters."""

_WHO = {
    Role.OWNER: "its owner",
    Role.RECIPIENT: "whoever gets it by direct message",
    Role.INSIDER: "people in the channel",
    Role.MEMBER: "members of this workspace",
    Role.ADMIN: "admins of this workspace",
}


def bad_place(answer: BadPlace, again: str | None = None) -> Message:
    """Why nothing can be delivered there, and what to do; `again` is the command that asked for it."""
    text = f"{_why(answer)} Nothing was changed."
    offered = _offer(answer.problem, again) if again is not None and len(again) <= LONGEST_VALUE else []
    blocks = (section(text), actions(offered)) if offered else (section(text),)
    return Message(text=text, blocks=blocks)


def _offer(problem: Problem, again: str) -> list[Block]:
    match problem:
        case Problem.UNSEEN | Problem.UNINVITED:
            return [button("I have invited it: try again", action=AGAIN, value=again, style="primary")]
        case Problem.CONFIRM:
            question = confirm(
                "Results leave your organisation",
                "People of the other organisation in that channel will read them.",
                yes="Go on",
                no="Cancel",
            )
            return [button("Subscribe anyway", action=ANYWAY, value=again, style="danger", confirm=question)]
        case _:
            return []


def _why(answer: BadPlace) -> str:
    where = capital(place(answer.destination))
    match answer.problem:
        case Problem.UNSEEN:
            return f"I can't see that channel. If it is private, type {INVITE} in it, then try again."
        case Problem.UNINVITED:
            return f"I am not in {where}. Type {INVITE} there, then try again."
        case Problem.ARCHIVED:
            return f"{where} is archived, so nothing can be posted there. Choose another channel."
        case Problem.EXTERNAL:
            return (
                f"{where} is shared with another organisation, and results must not leave this one. "
                "Choose a channel of your own."
            )
        case Problem.CONFIRM:
            return f"{where} is shared with another organisation, whose people would read the results."
        case Problem.URL:
            return f"I can't use that URL. {escape(answer.detail)}"
        case Problem.STRANGER:
            return _nobody(answer.destination)


def _nobody(destination: Target) -> str:
    match destination:
        case SlackPerson(user=user) if user:
            return f"<@{user}> can't be written to: they have left, or belong to another organisation."
        case SlackGroup(group=group) if group:
            return f"<!subteam^{group}> is no user group that I know; it may be disabled."
        case _:
            return "Nobody like that can be written to."


def no_such_person(address: str) -> Message:
    """An e-mail address that Slack knows nobody by."""
    return said(
        f"Nobody in this workspace has the address {code(address)}. Pick them from the list that opens as you type @. "
        "Nothing was changed."
    )


def not_allowed(answer: NotAllowed) -> Message:
    """Who may, since the person may not."""
    match answer.rank:
        case Rank.GUEST | Rank.STRANGER:
            who = "Guests" if answer.rank is Rank.GUEST else "People of other organisations"
            return said(f"{who} can't do that here. An admin of this workspace can. Nothing was changed.")
        case Rank.GONE:
            return said("Slack doesn't know you as a member of this workspace. Nothing was changed.")
        case Rank.MEMBER | Rank.ADMIN:
            pass
    names = [_WHO[role] for role in Role if role in ROLES[answer.act]]
    if answer.owner is not None:
        names = [f"its owner <@{answer.owner}>" if name == _WHO[Role.OWNER] else name for name in names]
    who = names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
    return said(f"Only {who} may {answer.act}. Nothing was changed.")


def place_resumed(answer: PlaceResumed) -> Message:
    """A place that goes on."""
    lanes = "Nothing waited there." if not answer.lanes else "What waited there is on its way."
    return said(f"{capital(named(answer.place))} goes on. {lanes}")


def moved(answer: Moved) -> Message:
    """A place's subscriptions that lead elsewhere now."""
    many = len(answer.subscriptions)
    what = "1 subscription leads" if many == 1 else f"{many} subscriptions lead"
    along = f", and {answer.waiting:,} waiting results went along" if answer.waiting else ""
    return said(f"{what} to {place(answer.to)} now instead of {named(answer.place)}{along}.{_left(answer.left)}")


def _left(many: int) -> str:
    if not many:
        return ""
    if many == 1:
        return " 1 of somebody else still leads there, so what waits for it stays."
    return f" {many} of others still lead there, so what waits for them stays."


def no_such_place(answer: NoSuchPlace) -> Message:
    """A place that nothing is known of."""
    text = f"Nothing of yours leads to {named(answer.place)}, and it is not paused. {typed('status')} names what is."
    return said(f"{text} Nothing was changed.")


def named(name: DestinationId | str) -> str:
    """A place by the name that the outbox knows it under; a channel's and a person's as a reader may see them."""
    match name.split("/"):
        case ["slack", _]:
            return "all of Slack"
        case ["webhook", _]:
            return "all webhooks"
        case ["slack", _, where]:
            if where.startswith("@"):
                return f"<@{escape(where[1:])}>"
            return f"<!subteam^{escape(where[1:])}>" if where.startswith("!") else f"<#{escape(where)}>"
        case ["slack", _, where, _]:
            return f"a thread in <#{escape(where)}>"
        case ["webhook", _, hashed]:
            return f"the webhook {code(hashed)}"
        case _:
            return code(name)
