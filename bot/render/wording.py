"""A filter said in words, so that people see whether they were understood."""

from collections.abc import Callable

from bot.core.filters import Filter
from bot.core.terms import Compare, Not, OneOf, Operator, Pattern, Plain, Term, Text

Quote = Callable[[str], str]
"""Sets a value apart from the words around it, and makes it harmless where it is shown."""

_COMPARED: dict[Operator, str] = {
    "<": "below",
    "<=": "at most",
    ">": "above",
    ">=": "at least",
    "=": "exactly",
}
_NOUNS = {"env": "environment", "user": "requester"}


def in_words(wanted: Filter, quote: Quote) -> str:
    """What the filter lets through, as the object of a sentence: "events whose model is `fraud-*`"."""
    if not wanted.terms:
        return "every event"
    return f"events whose {_joined([_term(term, quote) for term in wanted.terms], 'and')}"


def _term(term: Term, quote: Quote) -> str:
    match term:
        case OneOf(field=field, patterns=patterns):
            return f"{_noun(field, quote)} is {_values(patterns, quote)}"
        case Compare(field=field):
            return f"{_noun(field, quote)} is {_bound(term, quote)}"
        case Text(text=text):
            return f"text contains {quote(text)}"
        case Not(term=inner):
            return _negated(inner, quote)


def _negated(term: Plain, quote: Quote) -> str:
    match term:
        case OneOf(field=field, patterns=patterns):
            return f"{_noun(field, quote)} is {'not' if len(patterns) == 1 else 'none of'} {_values(patterns, quote)}"
        case Compare(field=field):
            return f"{_noun(field, quote)} is not {_bound(term, quote)} or not known"
        case Text(text=text):
            return f"text does not contain {quote(text)}"


def _bound(term: Compare, quote: Quote) -> str:
    number = str(term).removeprefix(f"{term.field}{term.operator}")
    return f"{_COMPARED[term.operator]} {quote(number)}"


def _noun(field: str, quote: Quote) -> str:
    label = field.removeprefix("label.")
    return _NOUNS.get(field, field) if label == field else f"label {quote(label)}"


def _values(patterns: tuple[Pattern, ...], quote: Quote) -> str:
    return _joined([quote("*".join(pattern.parts)) for pattern in patterns], "or")


def _joined(parts: list[str], last: str) -> str:
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} {last} {parts[-1]}"
