"""Who changed what, and when."""

from bot.core.answers import Actor
from bot.core.looks import Change, History
from bot.core.subscription import Subscription
from bot.render.message import Block, Message
from bot.render.mrkdwn import code, escape, place
from bot.render.pieces import section
from bot.render.reply.differences import differences
from bot.render.reply.phrases import capital, said, what, when

_SHOWN = 10
_DID = {
    "subscribe": "made it",
    "unsubscribe": "ended it",
    "edit": "edited it",
    "paused": "paused it",
    "muted": "muted it",
    "resume": "resumed it",
    "move": "moved it",
    "adopt": "took it over",
    "undo": "took a change back",
    "prefer": "changed their preferences",
}
_VIA = {"slack": "", "api": " by an API key", "cli": " from the command line"}


def history(answer: History) -> Message:
    """The newest changes first, each with what it made otherwise."""
    about = "all subscriptions" if answer.subject is None else code(answer.subject)
    if not answer.changes:
        return said(f"Nothing is noted of {about}: nobody changed it lately.")
    title = f"History of {about}"
    blocks: list[Block] = [section(f"*{title}*")]
    blocks += [section(_entry(change, whose=answer.subject is None)) for change in answer.changes[:_SHOWN]]
    return Message(text=f"{title}: {min(len(answer.changes), _SHOWN)} changes", blocks=tuple(blocks))


def _entry(change: Change, *, whose: bool) -> str:
    which = f"  {code(change.subject)}" if whose and change.subject else ""
    head = f"{when(change.at)}  {_who(change.actor)} {_DID.get(change.act, escape(change.act))}{which}"
    return f"{head}\n{_what(change.before, change.after)}".rstrip()


def _who(actor: Actor) -> str:
    who = f"<@{actor.user}>" if actor.user else "Tidings"
    return f"*{who}*{_VIA.get(actor.via, '')}"


def _what(before: Subscription | None, after: Subscription | None) -> str:
    if before is not None and after is not None:
        return "\n".join(differences(before, after)) or "Nothing differs."
    one = after or before
    return "" if one is None else f"{capital(place(one.destination))}: {what(one.filter)}"
