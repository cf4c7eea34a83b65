"""What people are told unasked, by direct message: somebody changed what is theirs, or a place was lost or found."""

from collections.abc import Sequence
from typing import Final

from bot.core.answers import Actor
from bot.core.backoff import SECOND
from bot.core.destination import DestinationId
from bot.core.notices import ChangedByAnother, Notice, Orphaned, Orphanhood, Recovered
from bot.core.subscription import Subscription, SubscriptionId
from bot.render.message import Block, Message
from bot.render.mrkdwn import code, escape, place
from bot.render.pieces import actions, button, confirm, context, section
from bot.render.usage import COMMAND
from bot.render.wording import in_words

MOVE: Final = "orphan.move"
RESUME: Final = "orphan.resume"
END: Final = "orphan.end"
ADOPT: Final = "orphan.adopt"
"""action_ids of a card's buttons. The value of MOVE is a place; of the others a place, or subscriptions with commas."""

SHOWN: Final = 10
"""Subscriptions that a card shows one by one."""
IN_A_VALUE: Final = 250
"""Subscriptions whose ids fit into a button's value: 2,000 characters (docs.slack.dev, button element)."""
WORDY: Final = 300
_REASON: Final = 300

_DONE: Final = {
    "subscribe": "made",
    "edit": "changed",
    "unsubscribe": "ended",
    "paused": "paused",
    "muted": "muted",
    "resume": "resumed",
    "move": "moved",
    "adopt": "took over",
    "undo": "took back a change of",
}
"""Acts as the audit names them, in the past tense."""


def notice(told: Notice, *, reader: str) -> Message:
    """Say it to a person, by their Slack id."""
    match told:
        case ChangedByAnother():
            return _changed(told, reader)
        case Orphaned():
            return _orphaned(told, reader)
        case Recovered(place=where, subscriptions=subscriptions):
            text = f"{_capital(named(where))} takes messages again. What waited is on its way."
            return Message(text=text, blocks=(section(text), context(_ids(subscriptions))))


def _changed(told: ChangedByAnother, reader: str) -> Message:
    one = told.after or told.before
    did = _DONE.get(told.act, "changed")
    whose = "a subscription" if one is None or one.owner != reader else "your subscription"
    text = f"{_who(told.actor)} {did} {whose}."
    blocks: list[Block] = [section(text)]
    if told.before is not None and told.after is not None and _row(told.before) != _row(told.after):
        blocks += [context("Before:"), section(_row(told.before)), context("Now:")]
    if one is not None:
        blocks.append(section(_row(one)))
    if told.after is not None:
        blocks.append(context(f"{_typed(f'history {told.after.id}')} shows what happened to it."))
    return Message(text=text, blocks=tuple(blocks))


def _orphaned(told: Orphaned, reader: str) -> Message:
    what = _what(told)
    many = told.subscriptions
    blocks: list[Block] = [section(f"*{what}*\n{_so(told)}")]
    blocks += [section(_row(one, owner=one.owner != reader)) for one in many[:SHOWN]]
    if len(many) > SHOWN:
        blocks.append(context(f"And {len(many) - SHOWN} more."))
    blocks.append(context(_waits(told)))
    buttons = _buttons(told)
    return Message(text=f"{what} {_so(told)}", blocks=(*blocks, *([actions(buttons)] if buttons else [])))


def _what(told: Orphaned) -> str:
    where = _capital(named(told.place))
    match told.what:
        case Orphanhood.ARCHIVED:
            return f"{where} was archived."
        case Orphanhood.DELETED:
            return f"{where} is gone."
        case Orphanhood.EXTERNAL:
            return f"{where} is now shared with another organisation."
        case Orphanhood.REMOVED:
            return f"I am no longer in {named(told.place)}."
        case Orphanhood.OWNER_GONE:
            return f"{where} has left, and owned {_count(len(told.subscriptions))}."
        case Orphanhood.UNREACHABLE:
            return f"{where} takes no messages from me."
        case Orphanhood.INSTALLATION:
            return f"Nothing can be sent to {named(told.place)}."


def _so(told: Orphaned) -> str:
    why = escape(told.why[:_REASON])
    match told.what:
        case Orphanhood.EXTERNAL:
            return "Results must not leave this organisation, so nothing more is sent there until an admin says so."
        case Orphanhood.OWNER_GONE:
            return "They rest until somebody takes them over, or ends them."
        case Orphanhood.UNREACHABLE | Orphanhood.INSTALLATION:
            return f"{why}. Nothing more is sent there until somebody resumes it."
        case Orphanhood.REMOVED:
            return "Nothing more is sent there. Invite me again, and it goes on by itself."
        case Orphanhood.ARCHIVED:
            return "Nothing more is sent there. If it is unarchived, it goes on by itself."
        case Orphanhood.DELETED:
            return "Nothing more is sent there."


def _waits(told: Orphaned) -> str:
    now = {0: "Nothing waits yet", 1: "1 result waits"}.get(told.waiting, f"{told.waiting:,} results wait")
    if told.held_until is None:
        return f"{now}. Events are held until somebody decides."
    seconds = told.held_until // SECOND
    first = "the first of them" if told.waiting else "what comes now"
    return (
        f"{now}. {_capital(first)} is held until <!date^{seconds}^{{date_short_pretty}} {{time}}|{seconds}>, "
        "and then goes to the dead letters, from which it can be replayed."
    )


def _buttons(told: Orphaned) -> list[Block]:
    ids = [one.id for one in told.subscriptions[:IN_A_VALUE]]
    listed = ",".join(ids)
    end = button(
        "Unsubscribe",
        action=END,
        value=listed,
        confirm=confirm("Unsubscribe?", f"This ends {_count(len(ids))}.", yes="Unsubscribe", no="Keep"),
    )
    move = button("Move…", action=MOVE, value=told.place)
    resume = button("Resume", action=RESUME, value=told.place)
    match told.what:
        case Orphanhood.OWNER_GONE:
            return [button("Take over", action=ADOPT, value=listed, style="primary"), end]
        case Orphanhood.INSTALLATION:
            return [resume]
        case Orphanhood.DELETED if _is_group(told.place):
            return [button("Resume", action=RESUME, value=listed), end]
        case _:
            return [move, resume, end] if ids else [resume]


def ended(ids: Sequence[SubscriptionId], kept: int) -> Message:
    """Say that these were ended at a click, and how many the clicker may not end."""
    text = f"Ended {_count(len(ids))}{f', and left {kept} that are not yours' if kept else ''}."
    return Message(text=text, blocks=(section(text), *([context(_ids(ids))] if ids else [])))


def resumed(ids: Sequence[SubscriptionId], kept: int) -> Message:
    """Say that these go on, at a click."""
    rest = f", and left {kept} that are not yours" if kept else ""
    text = f"Resumed {_count(len(ids))}{rest}. What waited is on its way."
    return Message(text=text, blocks=(section(text), *([context(_ids(ids))] if ids else [])))


def move_modal(place: DestinationId) -> Block:
    """Ask to which channel everything of a lost place shall lead. The place comes back in the submitted view."""
    select = {
        "type": "conversations_select",
        "action_id": "channel",
        "placeholder": {"type": "plain_text", "text": "Choose a channel"},
        "filter": {"include": ["public", "private"], "exclude_bot_users": True},
    }
    return {
        "type": "modal",
        "callback_id": MOVE,
        "private_metadata": place,
        "title": {"type": "plain_text", "text": "Move subscriptions"},
        "submit": {"type": "plain_text", "text": "Move"},
        "close": {"type": "plain_text", "text": "Cancel"},
        "blocks": [
            section(f"All that led to {named(place)}, and the results that wait, go to:"),
            {
                "type": "input",
                "block_id": "to",
                "label": {"type": "plain_text", "text": "Channel"},
                "element": select,
            },
        ],
    }


def named(where: DestinationId) -> str:
    """A place by its name in the outbox, as Slack shows it."""
    kind, _, name = where.partition("/")
    _, _, within = name.partition("/")
    if not within:
        return "Slack" if kind == "slack" else "webhooks"
    if kind != "slack":
        return f"the webhook {code(within)}"
    if within.startswith("@"):
        return f"<@{within[1:]}>"
    if within.startswith("!"):
        return f"the user group <!subteam^{within[1:]}>"
    channel, _, thread = within.partition("/")
    return f"a thread in <#{channel}>" if thread else f"<#{channel}>"


def _is_group(where: DestinationId) -> bool:
    return "/!" in where


def _row(one: Subscription, *, owner: bool = False) -> str:
    words = in_words(one.filter, code)
    what = words if len(words) <= WORDY else f"events that match {code(str(one.filter)[: WORDY // 2])}"
    facts = [code(one.id), *([f"by <@{one.owner}>"] if owner else [])]
    if one.hold is not None:
        facts.append(str(one.hold.kind))
    return f"*{_capital(place(one.destination))}*\n{_capital(what)}\n{'  ·  '.join(facts)}"


def _who(actor: Actor) -> str:
    match actor.via:
        case "slack":
            return f"<@{actor.user}>"
        case "api":
            return f"An API key ({code(actor.user)})"
        case _:
            return "An operator"


def _ids(ids: Sequence[SubscriptionId]) -> str:
    return ", ".join(map(code, ids[:IN_A_VALUE])) or "Nothing is subscribed there any more."


def _count(number: int) -> str:
    return "1 subscription" if number == 1 else f"{number} subscriptions"


def _typed(text: str) -> str:
    return code(f"{COMMAND} {text}")


def _capital(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}"
