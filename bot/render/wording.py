"""A filter said in words, so that people see whether they were understood."""

from collections.abc import Callable

from bot.core.filters import Filter
from bot.core.terms import SECONDS, Compare, Not, OneOf, Operator, Pattern, Term, Text

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
    return f"events whose {_and([_term(term, quote) for term in wanted.terms])}"


def _term(term: Term, quote: Quote) -> str:
    match term:
        case OneOf(field=field, patterns=patterns):
            return f"{_noun(field, quote)} is {_or(_values(patterns, quote))}"
        case Not(term=OneOf(field=field, patterns=(only,))):
            return f"{_noun(field, quote)} is not {quote(_shape(only))}"
        case Not(term=OneOf(field=field, patterns=patterns)):
            return f"{_noun(field, quote)} is none of {_or(_values(patterns, quote))}"
        case Compare():
            return _comparison(term, quote)
        case Not(term=Compare() as inner):
            return f"{_comparison(inner, quote, no='not ')} or not known"
        case Text(text=text):
            return f"text contains {quote(text)}"
        case Not(term=Text(text=text)):
            return f"text does not contain {quote(text)}"
        case Not():
            raise AssertionError(term)


def _comparison(term: Compare, quote: Quote, *, no: str = "") -> str:
    number = f"{term.number:g}" + (" s" if term.field == SECONDS else "")
    return f"{_noun(term.field, quote)} is {no}{_COMPARED[term.operator]} {quote(number)}"


def _noun(field: str, quote: Quote) -> str:
    label = field.removeprefix("label.")
    return _NOUNS.get(field, field) if label == field else f"label {quote(label)}"


def _values(patterns: tuple[Pattern, ...], quote: Quote) -> list[str]:
    return [quote(_shape(pattern)) for pattern in patterns]


def _shape(pattern: Pattern) -> str:
    return "*".join(pattern.parts)


def _and(parts: list[str]) -> str:
    return _joined(parts, "and")


def _or(parts: list[str]) -> str:
    return _joined(parts, "or")


def _joined(parts: list[str], last: str) -> str:
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} {last} {parts[-1]}"
