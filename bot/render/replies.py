"""What a person is told after a command or a click: only they see it, and it says how to go on or back.

Here is the door: an answer goes in, a message comes out. The words are in the rooms of `bot.render.reply`.
"""

from bot.core.answers import (
    Adopted,
    AlreadySubscribed,
    Answer,
    BadPlace,
    Changed,
    Forgotten,
    Listing,
    Moved,
    NoSuchPlace,
    NoSuchSubscription,
    NotAllowed,
    NothingToUndo,
    NotKept,
    Overtaken,
    PlaceResumed,
    Rated,
    Resent,
    Shown,
    ShownBefore,
    Subscribed,
    Tested,
    Unchanged,
    Undone,
    Unsubscribed,
)
from bot.core.looks import History, Look, NoSuchEvent, Preferred, Preview, Report, Why
from bot.render.doubt import came_of_it
from bot.render.message import Message
from bot.render.reply import looks, places, results, subscriptions
from bot.render.reply.history import history
from bot.render.reply.lists import PAGE, PER_PAGE, halted, listing, row
from bot.render.reply.mistakes import (
    forgetful,
    mistake,
    nothing_to_undo,
    too_late,
    trouble,
    unavailable,
    welcome,
)
from bot.render.reply.phrases import UNSUBSCRIBE, said
from bot.render.reply.why import no_such_event, why

__all__ = [
    "PAGE",
    "PER_PAGE",
    "UNSUBSCRIBE",
    "forgetful",
    "halted",
    "listing",
    "mistake",
    "reply",
    "row",
    "too_late",
    "trouble",
    "unavailable",
    "welcome",
]


def reply(answer: Answer | Look, *, again: str | None = None, now: int | None = None) -> Message:
    """Say what an act came to.

    `again` is the command that was typed, for a button that does it once more. `now`, in milliseconds, tells in lists
    which rests are over.
    """
    match answer:
        case BadPlace():
            return places.bad_place(answer, again)
        case NotAllowed():
            return places.not_allowed(answer)
        case PlaceResumed():
            return places.place_resumed(answer)
        case Moved():
            return places.moved(answer)
        case NoSuchPlace():
            return places.no_such_place(answer)
        case Listing():
            return listing(answer, page=1, now=now)
        case Preview() | Why() | NoSuchEvent() | Report() | History() | Preferred():
            return _look(answer)
        case Shown() | ShownBefore() | NotKept() | Rated() | Resent() | Forgotten():
            return _result(answer)
        case NothingToUndo() | Overtaken() | Unchanged() | AlreadySubscribed() | NoSuchSubscription():
            return _as_it_was(answer)
        case _:
            return _subscription(answer)


def _subscription(answer: Subscribed | Unsubscribed | Changed | Tested | Undone | Adopted) -> Message:
    match answer:
        case Subscribed():
            return subscriptions.subscribed(answer)
        case Unsubscribed():
            return subscriptions.unsubscribed(answer)
        case Changed():
            return subscriptions.changed(answer)
        case Tested():
            return subscriptions.tested(answer)
        case Undone():
            return subscriptions.undone(answer)
        case Adopted():
            return subscriptions.adopted(answer)


def _result(answer: Shown | ShownBefore | NotKept | Rated | Resent | Forgotten) -> Message:
    match answer:
        case Shown() | ShownBefore() | NotKept():
            return said(came_of_it(answer))
        case _:
            return results.told(answer)


def _as_it_was(
    answer: NothingToUndo | Overtaken | Unchanged | AlreadySubscribed | NoSuchSubscription,
) -> Message:
    match answer:
        case NothingToUndo():
            return nothing_to_undo()
        case Overtaken():
            return subscriptions.overtaken(answer)
        case Unchanged():
            return subscriptions.unchanged(answer)
        case AlreadySubscribed():
            return subscriptions.already(answer)
        case NoSuchSubscription():
            return subscriptions.no_such(answer)


def _look(answer: Preview | Why | NoSuchEvent | Report | History | Preferred) -> Message:
    match answer:
        case Preview():
            return looks.preview(answer)
        case Why():
            return why(answer)
        case NoSuchEvent():
            return no_such_event(answer)
        case Report():
            return looks.report(answer)
        case History():
            return history(answer)
        case Preferred():
            return looks.preferred(answer)
