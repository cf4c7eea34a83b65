"""What to tell someone whose filter can't be read: what is wrong, and what to type instead."""

from collections.abc import Collection, Mapping
from difflib import get_close_matches
from typing import Final

from bot.core.event import Sensitivity, Status
from bot.core.facts import LABEL
from bot.core.folding import fold

EXAMPLES: Final[Mapping[str, str]] = {
    "model": "model:fraud-*",
    "version": "version:2.*",
    "provider": "provider:openai",
    "status": "status:failed",
    "type": "type:*.completed",
    "source": "source:/billing/*",
    "user": "user:@ann",
    "session": "session:s-81",
    "inference": "inference:i-4711",
    "tag": "tag:nightly",
    "env": "env:production",
    "sensitivity": "sensitivity:public",
    "confidence": "confidence<0.8",
    "latency": "latency>=2.5s",
    "cost": "cost>0.10",
    "tokens": "tokens>4000",
}
"""Every field but the labels, with a term to learn it by."""

OTHER_NAMES: Final[Mapping[str, str]] = {
    "requester": "user",
    "environment": "env",
    "tags": "tag",
    "session_id": "session",
    "inference_id": "inference",
}
"""Names that are understood though they are not the filter language's own."""

CHOICES: Final[Mapping[str, tuple[str, ...]]] = {"status": tuple(Status), "sensitivity": tuple(Sensitivity)}
"""Fields whose values are known."""

_MEANT: Final[Mapping[str, str]] = {
    "done": "completed",
    "error": "failed",
    "ok": "completed",
    "pending": "queued",
    "review": "needs_review",
    "secret": "restricted",
    "started": "running",
    "succeeded": "completed",
    "success": "completed",
}
_BARE: Final[Mapping[str, str]] = {
    "and": "a blank already means and: leave this word out",
    "not": "write - right before the term, without a blank: -tag:test",
    "or": "a comma means or: status:failed,cancelled",
}
_TEXTS: Final = frozenset({"error", "message", "result", "text", "title"})
_SHOWN: Final = 40


def example(field: str) -> str:
    """A term with the field."""
    return EXAMPLES.get(field, f"{field}:risk")


def got(typed: str) -> str:
    """What was typed, in quotes, cut short where it is long."""
    return f"'{typed}'" if len(typed) <= _SHOWN else f"'{typed[: _SHOWN - 1]}…'"


def did_you_mean(typed: str, known: Collection[str]) -> str | None:
    """The known word that is most like the typed one, if any is."""
    return next(iter(get_close_matches(fold(typed), known, n=1)), None)


def choice(typed: str) -> str:
    """A status or sensitivity in its own spelling."""
    word = fold(typed).replace("-", "_")
    return "cancelled" if word == "canceled" else word


def unknown_choice(field: str, typed: str) -> str:
    """Neither a status nor a sensitivity that exists."""
    close = did_you_mean(typed, [*CHOICES[field], *_MEANT])
    close = close and _MEANT.get(close, close)
    if close in CHOICES[field]:
        return f"there is no {field} {got(typed)}; did you mean {close}?"
    return f"there is no {field} {got(typed)}; there are {', '.join(CHOICES[field])}"


def unknown_field(typed: str) -> str:
    """No field has this name."""
    name = fold(typed)
    if f"{name}.".startswith(("label.", "labels.")):
        return "a label is named by its key: label.team:risk"
    if name in _TEXTS:
        return f'{name} is searched by text in quotes: "chargeback"'
    close = did_you_mean(name, [*EXAMPLES, *OTHER_NAMES])
    if close:
        return f"there is no field {got(typed)}; did you mean {OTHER_NAMES.get(close, close)}?"
    return f"there is no field {got(typed)}; there are {', '.join(EXAMPLES)} and {LABEL}KEY"


def nobody(typed: str) -> str:
    """A requester who is neither a Slack person nor an address."""
    if fold(typed) == "me":
        return "write your own @name, or your e-mail address, instead of me"
    return f"user needs a Slack person (type @ and pick one) or an e-mail address, got {got(typed)}"


def bare_word(typed: str) -> str:
    """A word without a field and without quotes."""
    word = fold(typed)
    if word in _BARE:
        return _BARE[word]
    if word in EXAMPLES:
        return f"{word} needs a value, e.g. {EXAMPLES[word]}"
    if choice(word) in CHOICES["status"]:
        return f"did you mean status:{choice(word)}?"
    return f"put text to search for in quotes, or name its field, e.g. model:fraud-*; got {got(typed)}"
