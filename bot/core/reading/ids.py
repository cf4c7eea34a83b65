"""Subscriptions' ids as people type them."""

from collections.abc import Sequence

from bot.core.advice import got
from bot.core.reading.line import Line
from bot.core.subscription import ALPHABET, LENGTH, SubscriptionId, read_id
from bot.core.words import Word


def only_id(line: Line, verb: str, words: Sequence[Word]) -> SubscriptionId:
    """The one id that the verb takes, and nothing behind it. Raises CommandError."""
    first_id(line, verb, words[:1])
    if len(words) > 1:
        raise line.mistake(f"{verb} takes one ID", words[1])
    return first_id(line, verb, words)


def first_id(line: Line, verb: str, words: Sequence[Word]) -> SubscriptionId:
    """The id that the verb begins with. Raises CommandError."""
    if not words:
        raise line.missing(f"{verb} needs an ID, e.g. {verb} k7m2qx; list shows them")
    return read_one(line, words[0])


def read_one(line: Line, word: Word) -> SubscriptionId:
    """Read one id. Raises CommandError."""
    found = read_id(word.shown.strip("`"))
    if len(found) != LENGTH or not set(found) <= set(ALPHABET):
        raise line.mistake(
            f"an ID is {LENGTH} letters and digits, e.g. k7m2qx; list shows them; got {got(word.shown)}", word
        )
    return found
