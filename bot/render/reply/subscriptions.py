"""What became of a subscription."""

from collections.abc import Sequence

from bot.core.answers import (
    Actor,
    Adopted,
    AlreadySubscribed,
    Changed,
    NoSuchSubscription,
    Overtaken,
    Subscribed,
    Tested,
    Unchanged,
    Undone,
    Unsubscribed,
)
from bot.core.subscription import Holding, Subscription
from bot.render.message import Block, Message
from bot.render.mrkdwn import code, escape, place
from bot.render.pieces import actions, button, confirm, context, divider, preformatted, section
from bot.render.reply.differences import differences
from bot.render.reply.lists import lone_row
from bot.render.reply.phrases import (
    DOT,
    as_typed,
    clipped,
    gets,
    is_theirs,
    resting,
    said,
    styles,
    subject,
    typed,
    undo_button,
    unsubscribe_button,
    what,
    when,
)
from bot.render.usage import COMMAND

END_ALL = "unsubscribe.all"
"""action_id of the button that ends all that the clicker owns."""

_NAMED = 10
_FILTER = 60
_ACTS = {
    "subscribe": "a subscription made",
    "unsubscribe": "a subscription ended",
    "edit": "an edit",
    "paused": "a pause",
    "muted": "a mute",
    "resume": "a resume",
    "move": "a move",
    "adopt": "a takeover",
    "prefer": "a change of your preferences",
}


def subscribed(answer: Subscribed) -> Message:
    """A subscription that is new."""
    one = answer.subscription
    sentence = f"{gets(one)} {what(one.filter)}."
    notes = [code(one.id), *styles(one)]
    if answer.joined:
        notes.append("I joined the channel for this")
    blocks: list[Block] = [section(f"*Subscribed.* {sentence}"), *as_typed(one.filter), *_secret(answer.secret)]
    blocks += [context(DOT.join(notes)), actions([unsubscribe_button(one)])]
    return Message(text=f"Subscribed. {sentence}", blocks=tuple(blocks))


def already(answer: AlreadySubscribed) -> Message:
    """One that is there."""
    existing = answer.existing
    text = f"{gets(existing)} {what(existing.filter)} already, through this subscription. Nothing was changed."
    return Message(text=text, blocks=(section(text), divider(), lone_row(existing, viewer=None)))


def changed(answer: Changed) -> Message:
    """One that is otherwise now, or rests, or goes on."""
    before, after = answer.before, answer.after
    if before.hold != after.hold:
        lead, sentence = _rest(answer)
    else:
        lead, sentence = "Changed.", f"{gets(after, answer.viewer)} {what(after.filter)}."
    lines = differences(before, after) if before.hold == after.hold else []
    notes = [code(after.id), *styles(after), *(resting(after.hold) if lines else ())]
    if answer.joined:
        notes.append("I joined the channel for this")
    blocks: list[Block] = [section(f"*{lead}* {sentence}")]
    if lines:
        blocks.append(section("\n".join(lines)))
    blocks += [*_secret(answer.secret), context(DOT.join(notes)), actions([undo_button(after.id, after)])]
    return Message(text=f"{lead} {sentence}", blocks=tuple(blocks))


def _rest(answer: Changed) -> tuple[str, str]:
    hold, who = answer.after.hold, gets(answer.after, answer.viewer)
    events = what(answer.after.filter)
    if hold is None:
        return "Resumed.", f"{who} {events} again."
    none = "You get none of these" if who == "You get" else f"{subject(answer.after)} gets none of these"
    until = f"until {when(hold.until)}" if hold.until is not None else f"until you {typed(f'resume {answer.after.id}')}"
    later = "they pass by" if hold.kind is Holding.MUTED else "they wait, and come then"
    return f"{'Muted' if hold.kind is Holding.MUTED else 'Paused'}.", f"{none} {until}; {later}: {events}."


def unchanged(answer: Unchanged) -> Message:
    """One that is so already."""
    text = f"{code(answer.subscription.id)} is so already. Nothing was changed."
    row = lone_row(answer.subscription, viewer=answer.viewer)
    return Message(text=text, blocks=(section(text), divider(), row))


def unsubscribed(answer: Unsubscribed) -> Message:
    """One that is gone."""
    gone = answer.subscription
    again = f"{COMMAND} subscribe {gone.filter}".rstrip()
    text = f"{no_longer(gone, answer.viewer)} {what(gone.filter)}."
    blocks = (
        section(f"*Unsubscribed.* {text}"),
        context("To have it back, click Undo, or type later:"),
        preformatted(again),
        actions([undo_button(gone.id, None)]),
    )
    return Message(text=f"Unsubscribed. {text}", blocks=blocks)


def unsubscribed_all(gone: Sequence[Unsubscribed]) -> Message:
    """All of a person's that are gone."""
    if not gone:
        return said("You own no subscriptions, so nothing was changed.")
    many = "1 subscription is" if len(gone) == 1 else f"{len(gone)} subscriptions are"
    lines = [_line(answer.subscription) for answer in gone[:_NAMED]]
    if len(gone) > _NAMED:
        lines.append(f"and {len(gone) - _NAMED} more")
    hint = f"{typed('undo')} brings them back one by one, the last first."
    text = f"*{many} ended.*\n" + "\n".join(lines)
    return Message(text=f"{many} ended.", blocks=(section(text), context(hint)))


def end_all(own: int) -> Message:
    """The question before all end."""
    if not own:
        return unsubscribed_all(())
    many = "your only subscription" if own == 1 else f"all {own} subscriptions that you own"
    question = confirm("End them all?", f"This ends {many}.", yes="End them", no="Keep them")
    button_ = button("End them all", action=END_ALL, value="all", style="danger", confirm=question)
    text = f"This ends {many}, also those that lead to channels. Nothing was changed yet."
    return Message(text=text, blocks=(section(text), actions([button_])))


def tested(answer: Tested) -> Message:
    """A test on its way."""
    one = answer.subscription
    where = "to you" if is_theirs(one, answer.viewer.user) else f"to {place(one.destination)}"
    late = [*resting(one.hold), *(part for part in styles(one) if part.startswith(("digest", "quiet")))]
    early = f" It comes at once, though results would not: {', '.join(late)}." if late else ""
    return said(f"A result marked TEST is on its way {where}.{early}")


def undone(answer: Undone) -> Message:
    """A change taken back."""
    lead = f"Taken back: {_ACTS.get(answer.act, escape(answer.act))}."
    if not answer.subject:
        return said(f"{lead} {typed('me')} shows how they are now.")
    if answer.after is None:
        gone = answer.before
        text = lead if gone is None else f"{lead} {no_longer(gone, answer.viewer)} {what(gone.filter)}."
        return said(text)
    text = f"{lead} The subscription is again:"
    return Message(text=text, blocks=(section(text), lone_row(answer.after, viewer=answer.viewer)))


def overtaken(answer: Overtaken) -> Message:
    """A change that somebody else has built on."""
    who = f"<@{answer.by}> has" if answer.by else "Somebody has"
    text = f"{who} changed {code(answer.subject)} since, so I left it as it is."
    return said(f"{text} {typed(f'history {answer.subject}')} shows how.")


def adopted(answer: Adopted) -> Message:
    """Subscriptions with a new owner."""
    lines = "\n".join(_line(one) for one in answer.subscriptions[:_NAMED])
    more = len(answer.subscriptions) - _NAMED
    text = f"Yours now: {len(answer.subscriptions)}."
    shown = f"*{text}*\n{lines}" + (f"\nand {more} more" if more > 0 else "")
    last = answer.subscriptions[-1]
    return Message(text=text, blocks=(section(shown), actions([undo_button(last.id, last)])))


def no_such(answer: NoSuchSubscription) -> Message:
    """An id that nobody has."""
    return said(f"There is no subscription {code(answer.id)} in this workspace. Type {typed('list')} to see the ids.")


def no_longer(one: Subscription, viewer: Actor) -> str:
    """The beginning of a sentence about what no longer comes."""
    return "You no longer get" if is_theirs(one, viewer.user) else f"{subject(one)} no longer gets"


def _line(one: Subscription) -> str:
    wanted = code(clipped(str(one.filter), _FILTER)) if one.filter.terms else "every event"
    return f"{code(one.id)}  {subject(one)}: {wanted}"


def _secret(secret: str | None) -> list[Block]:
    if secret is None:
        return []
    return [
        divider(),
        section(
            "*Signing secret.* Each request is signed with it (Standard Webhooks). "
            "Copy it into your receiver now; it is not shown again in lists."
        ),
        preformatted(secret),
    ]
