"""What is said where nothing was done: mistakes in what was typed, and failures of ours."""

from bot.core.errors import FilterError, MistakeError, UnavailableError
from bot.core.subscription import SubscriptionId
from bot.render.message import Block, Message
from bot.render.mrkdwn import escape
from bot.render.pieces import context, preformatted, section
from bot.render.reply.phrases import said, typed


def mistake(error: MistakeError) -> Message:
    """Say where the person was not understood, and what to type instead."""
    text = f"I don't understand that: {escape(error.message)}{'' if error.message.endswith('?') else '.'}"
    blocks: list[Block] = [section(text), preformatted(_window(error.caret()))]
    topic = "help filter" if isinstance(error, FilterError) else "help"
    blocks.append(context(f"Nothing was changed. {typed(topic)} shows how it is written."))
    return Message(text=text, blocks=tuple(blocks))


def unavailable(error: UnavailableError) -> Message:
    """Say that something we need is away."""
    return said(f"That didn't work: {escape(str(error))}. Please try again in a minute.")


def trouble() -> Message:
    """Say that we failed in a way that nobody foresaw."""
    return said(
        f"Something went wrong on my side, and I have logged it. Type {typed('list')} to see where things stand."
    )


def too_late() -> Message:
    """Say that a click led to nothing, since what it opens can only be opened at once."""
    return said("That took too long, so nothing was opened. Please try that again.")


def forgetful(*, command: bool) -> str:
    """Say that Redis is away, to who typed a command, or clicked."""
    what = "type that again" if command else "try that again"
    return f"Tidings can't reach its memory (Redis), so nothing was changed. Please {what} in a minute."


def nothing_to_undo() -> Message:
    """Say that there is no change to take back."""
    return said("You have changed nothing lately that could be taken back.")


def not_the_last(subscription: SubscriptionId) -> Message:
    """Say that a button would take another change back than the one it stands under."""
    return said(
        f"That is not your last change any more, so nothing was taken back. {typed('undo')} takes your changes back "
        f"one after another, the last first; {typed(f'history {subscription}')} shows them."
    )


def welcome() -> Message:
    """Greet who invited the bot into a channel."""
    return said(
        "Hello! I can tell this channel when an AI inference is done. "
        f"Type {typed('subscribe status:failed')} to be told what fails, or {typed('help')} for the rest."
    )


def _window(caret: str, *, width: int = 72) -> str:
    """The part of a long line round its caret, so that the caret still stands below its place on a narrow screen."""
    line, _, mark = caret.partition("\n")
    at = len(mark) - 1
    start = max(0, min(at - width // 2, len(line) - width))
    before, after = "…" if start else "", "…" if start + width < len(line) else ""
    return f"{before}{line[start : start + width]}{after}\n{' ' * (at - start + len(before))}^"
