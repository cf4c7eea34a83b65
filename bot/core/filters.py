"""The filter language: `model:fraud-* status:failed,needs_review confidence<0.8 -tag:test "chargeback"`.

A blank is *and*, a comma is *or*, `-` is *not*, `*` is anything, quotes search the text. How it is read is in
`grammar`, what it is made of in `terms`, the fields it can name in `facts`.
"""

from dataclasses import dataclass

from bot.core.errors import FilterError
from bot.core.event import Event
from bot.core.facts import Facts
from bot.core.grammar import read_terms
from bot.core.terms import Term, holds
from bot.core.typed import plain

MAX_LENGTH = 1_000
"""Characters, as typed and in canonical form."""

MAX_TERMS = 64


@dataclass(frozen=True, slots=True)
class Filter:
    """Terms that must all hold; without any, every event matches.

    `str()` gives its canonical text, and parsing that gives an equal filter. Filters that differ in letter case only
    are equal.
    """

    terms: tuple[Term, ...] = ()

    def matches(self, event: Event) -> bool:
        """Whether the event is wanted. A missing number satisfies no comparison, so it does satisfy a negated one."""
        return self.accepts(Facts(event))

    def accepts(self, facts: Facts) -> bool:
        """As `matches`, for whoever asks many filters about one event."""
        return all(holds(term, facts) for term in self.terms)

    def __str__(self) -> str:
        """The canonical text."""
        return " ".join(map(str, self.terms))


def parse(text: str) -> Filter:
    """Read a filter; the empty text matches every event.

    Slack's escapes, links and mentions and typographic quotes are understood. Raises FilterError, whose text is what
    the person typed.
    """
    typed = plain(text)
    if len(typed) > MAX_LENGTH:
        raise FilterError(_too_long(len(typed)), text=typed[: MAX_LENGTH + 1], position=MAX_LENGTH)
    found = read_terms(typed)
    if len(found) > MAX_TERMS:
        message = f"a filter has at most {MAX_TERMS} terms, this one has {len(found)}"
        raise FilterError(message, text=typed, position=found[MAX_TERMS].position)
    parsed = Filter(tuple(dict.fromkeys(place.term for place in found)))
    if (length := len(str(parsed))) > MAX_LENGTH:
        raise FilterError(_too_long(length), text=typed, position=len(typed))
    return parsed


def _too_long(length: int) -> str:
    return f"a filter has at most {MAX_LENGTH:,} characters, this one has {length:,}"
