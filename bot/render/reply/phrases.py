"""Parts of sentences about subscriptions, and the small blocks that replies share."""

from datetime import UTC, datetime

from bot.core.answers import Actor
from bot.core.destination import SlackPerson
from bot.core.filters import Filter
from bot.core.fingerprint import fingerprint
from bot.core.subscription import Doubt, Hold, Holding, Showing, Style, Subscription, SubscriptionId, Threading
from bot.render.figures import word
from bot.render.message import Block, Message
from bot.render.mrkdwn import code, escape, place
from bot.render.pieces import button, confirm, preformatted, section
from bot.render.usage import COMMAND
from bot.render.wording import in_words

UNSUBSCRIBE = "unsubscribe"
"""action_id of the button that ends the subscription in its value."""
UNDO = "undo"
"""action_id of the button that takes a change back; the value names the subscription and what the change made of it."""

WORDY = 400
"""A filter that takes more characters than this to say is shown as it is instead."""
DOT = "  ·  "

_SHOWN = {
    Showing.FULL: "everything",
    Showing.MASKED: "all, personal data masked",
    Showing.SUMMARY: "the beginning only",
    Showing.METADATA: "no content",
    Showing.LINK: "links only",
}


def said(text: str) -> Message:
    """A reply of one paragraph."""
    return Message(text=text, blocks=(section(text),))


def typed(text: str) -> str:
    """A command as inline code."""
    return code(f"{COMMAND} {text}")


def gets(one: Subscription, viewer: Actor | None = None) -> str:
    """The beginning of a sentence about what a place gets, told to the viewer, else to its owner."""
    return "You get" if is_theirs(one, one.owner if viewer is None else viewer.user) else f"{subject(one)} gets"


def subject(one: Subscription) -> str:
    """Where it leads, at the beginning of a sentence."""
    return capital(place(one.destination))


def is_theirs(one: Subscription, user: str) -> bool:
    """Whether it is a direct message to this person."""
    return isinstance(one.destination, SlackPerson) and one.destination.user == user


def capital(text: str) -> str:
    """With a capital letter."""
    return f"{text[:1].upper()}{text[1:]}"


def what(wanted: Filter) -> str:
    """What the filter lets through, in words where that is not too wordy."""
    words = in_words(wanted, code)
    return words if len(words) <= WORDY else f"events that match {code(clipped(str(wanted), WORDY // 2))}"


def as_typed(wanted: Filter) -> list[Block]:
    """The filter in its own language."""
    return [preformatted(str(wanted))] if wanted.terms else []


def clipped(text: str, limit: int) -> str:
    """The text, or its beginning with an ellipsis."""
    return text if len(text) <= limit else f"{text[: limit - 1]}…"


def called(target: str) -> str:
    """A mention of a user or a user group."""
    return f"<!subteam^{target}>" if target.startswith("S") else f"<@{target}>"


def calling(style: Style) -> str:
    """Whom a style that mentions somebody calls, and for which statuses if not for all."""
    on = " or ".join(word(status) for status in style.mention_on)
    return f"{called(style.mention or '')}{f' on {on}' if on else ''}"


def when(milliseconds: int) -> str:
    """A time as the reader's own Slack writes it: https://docs.slack.dev/messaging/formatting-message-text."""
    there = datetime.fromtimestamp(milliseconds / 1000, UTC)
    return f"<!date^{milliseconds // 1000}^{{date_short_pretty}} at {{time}}|{there:%Y-%m-%d %H:%M} UTC>"


def styles(one: Subscription) -> list[str]:
    """How and when its deliveries come, as far as that is not the usual."""
    style, facts = one.style, []
    if style.mention is not None:
        facts.append(f"mentions {calling(style)}")
    if style.digest is not None:
        facts.append(f"digest {style.digest}")
    if style.quiet is not None:
        facts.append(f"quiet {str(style.quiet).replace('-', '–')}")  # noqa: RUF001 (a span of time)
    match style.thread:
        case Threading.SESSION:
            facts.append("thread per session")
        case Threading.INFERENCE:
            facts.append("thread per inference")
        case Threading.OFF:
            pass
    if style.doubt is Doubt.ASK:
        facts.append("asks before it repeats")
    if style.show is not None:
        facts.append(f"shows {_SHOWN[style.show]}")
    return facts


def resting(hold: Hold | None, now: int | None = None) -> list[str]:
    """That it rests, and for how long. Without `now` a rest whose end is known is told though it may be over."""
    if hold is None or (now is not None and not hold.holds(now)):
        return []
    if hold.kind is Holding.ORPHANED:
        return [f"rests: {escape(hold.why)}" if hold.why else "rests: its place or owner is gone"]
    return [str(hold.kind) if hold.until is None else f"{hold.kind} until {when(hold.until)}"]


def unsubscribe_button(one: Subscription) -> Block:
    """Ends the subscription, after a question."""
    question = confirm("Unsubscribe?", "These events no longer come.", yes="Unsubscribe", no="Keep it")
    return button("Unsubscribe", action=UNSUBSCRIBE, value=one.id, confirm=question)


def undo_button(subscription: SubscriptionId, after: Subscription | None) -> Block:
    """Takes the change back that made the subscription what it is `after`; else it does nothing."""
    return button("Undo", action=UNDO, value=f"{subscription}:{fingerprint(after)}")
