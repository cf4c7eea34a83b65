"""What a person is told after a command or a click: only they see it, and it says how to go on or back."""

from bot.core.answers import (
    Actor,
    AlreadySubscribed,
    Answer,
    BadPlace,
    Listing,
    NoSuchSubscription,
    NotAllowed,
    NotKept,
    Problem,
    Shelf,
    Shown,
    ShownBefore,
    Subscribed,
    Unsubscribed,
)
from bot.core.destination import SlackPerson, destination_id
from bot.core.errors import FilterError, MistakeError, UnavailableError
from bot.core.filters import Filter
from bot.core.subscription import Doubt, Subscription
from bot.render.doubt import came_of_it
from bot.render.message import Block, Message
from bot.render.mrkdwn import code, escape, place
from bot.render.pieces import actions, button, confirm, context, divider, preformatted, section
from bot.render.usage import COMMAND
from bot.render.wording import in_words

UNSUBSCRIBE = "unsubscribe"
"""action_id of the button that ends the subscription in its value."""
PAGE = "page"
"""action_id, and with a suffix its kin, of the buttons that turn a list's pages; the value is shelf and page."""

PER_PAGE = 8
INVITE = code("/invite @Tidings")

WORDY = 400
"""A filter that takes more characters than this to say is shown as it is instead."""


def reply(answer: Answer) -> Message:
    """Say what an act came to."""
    match answer:
        case Subscribed():
            return _subscribed(answer)
        case AlreadySubscribed(existing=existing):
            return _already(existing)
        case BadPlace():
            return _said(f"{_bad_place(answer)} Nothing was changed.")
        case Unsubscribed():
            return _unsubscribed(answer)
        case NoSuchSubscription(id=unknown):
            text = f"There is no subscription {code(unknown)} in this workspace. Type {_typed('list')} to see the ids."
            return _said(text)
        case NotAllowed():
            return _said(_not_allowed(answer))
        case Shown() | ShownBefore() | NotKept():
            return _said(came_of_it(answer))
        case Listing():
            return listing(answer, page=1)


def listing(found: Listing, *, page: int) -> Message:
    """One page of a list, each subscription with a button for who may end it; a page beyond the end is the last."""
    many = found.subscriptions
    if not many:
        return _empty(found.shelf)
    pages = -(-len(many) // PER_PAGE)
    page = min(max(page, 1), pages)
    shown = many[(page - 1) * PER_PAGE : page * PER_PAGE]
    title = "Everyone's subscriptions" if found.shelf is Shelf.ALL else "Your subscriptions and this channel's"
    if found.here is None and found.shelf is Shelf.NEAR:
        title = "Your subscriptions"
    count = f"{len(many)}" if pages == 1 else f"{len(many)}, page {page} of {pages}"
    blocks: list[Block] = [section(f"*{title}*  ·  {count}"), *halted(found), divider()]
    blocks += [row(one, listing=found) for one in shown]
    turns = [("Earlier", page - 1)] * (page > 1) + [("Later", page + 1)] * (page < pages)
    if turns:
        blocks.append(
            actions(
                [
                    button(text, action=f"{PAGE}.{text.lower()}", value=f"{found.shelf}:{number}")
                    for text, number in turns
                ]
            )
        )
    return Message(text=f"{title}: {count}", blocks=tuple(blocks))


def row(one: Subscription, *, listing: Listing) -> Block:
    """One subscription of a list, with a button to end it where it is the viewer's own, or the viewer may anyway."""
    held = listing.paused.get(destination_id(one.destination))
    return _row(one, viewer=listing.viewer, may_end=listing.shelf is Shelf.ALL, held=held)


def _row(one: Subscription, *, viewer: Actor | None, may_end: bool = False, held: str | None = None) -> Block:
    mine = viewer is not None and one.owner == viewer.user
    facts = [code(one.id)] if mine else [code(one.id), f"by <@{one.owner}>"]
    if one.style.mention is not None:
        facts.append(f"mentions {_mention(one.style.mention)}")
    facts += _in_doubt(one)
    if one.paused:
        facts.append("paused")
    if held is not None:
        facts.append(f"nothing is sent there: {escape(held)}")
    where = "Direct message" if viewer is not None and _is_theirs(one, viewer.user) else _subject(one)
    text = f"*{where}*\n{_capital(_what(one.filter))}\n{'  ·  '.join(facts)}"
    return section(text, accessory=_end(one) if mine or may_end else None)


def mistake(error: MistakeError) -> Message:
    """Say where the person was not understood, and what to type instead."""
    text = f"I don't understand that: {escape(error.message)}{'' if error.message.endswith('?') else '.'}"
    blocks = [section(text), preformatted(_window(error.caret()))]
    topic = "help filter" if isinstance(error, FilterError) else "help"
    blocks.append(context(f"Nothing was changed. {_typed(topic)} shows how it is written."))
    return Message(text=text, blocks=tuple(blocks))


def unavailable(error: UnavailableError) -> Message:
    """Say that something we need is away."""
    return _said(f"That didn't work: {escape(str(error))}. Please try again in a minute.")


def too_late() -> Message:
    """Say that a click led to nothing, since what it opens can only be opened at once."""
    return _said("That took too long, so nothing was opened. Please try that again.")


def forgetful(*, command: bool) -> str:
    """Say that Redis is away, to who typed a command, or clicked."""
    what = "type that again" if command else "try that again"
    return f"Tidings can't reach its memory (Redis), so nothing was changed. Please {what} in a minute."


def trouble() -> Message:
    """Say that we failed in a way that nobody foresaw."""
    return _said(
        f"Something went wrong on my side, and I have logged it. Type {_typed('list')} to see where things stand."
    )


def welcome() -> Message:
    """Greet who invited the bot into a channel."""
    text = (
        "Hello! I can tell this channel when an AI inference is done. "
        f"Type {_typed('subscribe status:failed')} to be told what fails, or {_typed('help')} for the rest."
    )
    return _said(text)


def _subscribed(answer: Subscribed) -> Message:
    one = answer.subscription
    sentence = f"{_gets(one)} {_what(one.filter)}."
    notes = [code(one.id)]
    if one.style.mention is not None:
        notes.append(f"mentions {_mention(one.style.mention)}")
    notes += _in_doubt(one)
    if answer.joined:
        notes.append("I joined the channel for this")
    blocks: list[Block] = [section(f"*Subscribed.* {sentence}"), *_as_typed(one.filter)]
    if answer.secret is not None:
        blocks += _secret(answer.secret)
    blocks += [context("  ·  ".join(notes)), actions([_end(one)])]
    return Message(text=f"Subscribed. {sentence}", blocks=tuple(blocks))


def _in_doubt(one: Subscription) -> list[str]:
    return ["asks before it repeats"] if one.style.doubt is Doubt.ASK else []


def halted(found: Listing) -> list[Block]:
    """Why nothing at all is sent in the workspace, where that is so."""
    halted = {name: why for name, why in found.paused.items() if name.count("/") == 1}
    return [
        section(f"*Nothing is sent to {'Slack' if name.startswith('slack/') else 'webhooks'} for now.* {escape(why)}.")
        for name, why in halted.items()
    ]


def _secret(secret: str) -> list[Block]:
    return [
        divider(),
        section(
            "*Signing secret.* Each request is signed with it (Standard Webhooks). "
            "Copy it into your receiver now; it is not shown again in lists."
        ),
        preformatted(secret),
    ]


def _already(existing: Subscription) -> Message:
    text = f"{_gets(existing)} {_what(existing.filter)} already, through this subscription. Nothing was changed."
    return Message(text=text, blocks=(section(text), divider(), _row(existing, viewer=None)))


def _bad_place(answer: BadPlace) -> str:
    where = place(answer.destination)
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
        case Problem.URL:
            return f"I can't use that URL. {escape(answer.detail)}"


def _unsubscribed(answer: Unsubscribed) -> Message:
    gone = answer.subscription
    again = f"{COMMAND} subscribe {gone.filter}".rstrip()
    mine = _is_theirs(gone, answer.viewer.user)
    text = f"{'You no longer get' if mine else f'{_subject(gone)} no longer gets'} {_what(gone.filter)}."
    blocks = (section(f"*Unsubscribed.* {text}"), context("To have it back, type:"), preformatted(again))
    return Message(text=f"Unsubscribed. {text}", blocks=blocks)


def _gets(one: Subscription) -> str:
    """The beginning of a sentence, to its owner, about what a place gets."""
    return "You get" if _is_theirs(one, one.owner) else f"{_subject(one)} gets"


def _subject(one: Subscription) -> str:
    return _capital(place(one.destination))


def _is_theirs(one: Subscription, user: str) -> bool:
    return isinstance(one.destination, SlackPerson) and one.destination.user == user


def _capital(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}"


def _not_allowed(answer: NotAllowed) -> str:
    if answer.owner is None:
        return "Only admins and owners of this workspace can do that."
    return f"Only <@{answer.owner}>, who made it, and admins of this workspace can do that. Nothing was changed."


def _empty(shelf: Shelf) -> Message:
    who = "Nobody has" if shelf is Shelf.ALL else "You have no subscriptions, and this channel has none"
    text = f"{who}{' a subscription yet' if shelf is Shelf.ALL else ' yet'}."
    hint = f"Type {_typed('subscribe status:failed')} to be told here what fails, or {_typed('help')} for more."
    return Message(text=f"{text} {hint}", blocks=(section(f"{text}\n{hint}"),))


def _end(one: Subscription) -> Block:
    question = confirm("Unsubscribe?", "These events no longer come.", yes="Unsubscribe", no="Keep it")
    return button("Unsubscribe", action=UNSUBSCRIBE, value=one.id, confirm=question)


def _what(wanted: Filter) -> str:
    words = in_words(wanted, code)
    return words if len(words) <= WORDY else f"events that match {code(_clipped(str(wanted), WORDY // 2))}"


def _as_typed(wanted: Filter) -> list[Block]:
    return [preformatted(str(wanted))] if wanted.terms else []


def _clipped(text: str, limit: int) -> str:
    return text if len(text) <= limit else f"{text[: limit - 1]}…"


def _window(caret: str, *, width: int = 72) -> str:
    """The part of a long line round its caret, so that the caret still stands below its place on a narrow screen."""
    line, _, mark = caret.partition("\n")
    at = len(mark) - 1
    start = max(0, min(at - width // 2, len(line) - width))
    before, after = "…" if start else "", "…" if start + width < len(line) else ""
    return f"{before}{line[start : start + width]}{after}\n{' ' * (at - start + len(before))}^"


def _mention(target: str) -> str:
    return f"<!subteam^{target}>" if target.startswith("S") else f"<@{target}>"


def _typed(text: str) -> str:
    return code(f"{COMMAND} {text}")


def _said(text: str) -> Message:
    return Message(text=text, blocks=(section(text),))
