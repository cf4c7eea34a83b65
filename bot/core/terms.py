"""What a filter is made of: its terms, their canonical text, and when each holds."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from operator import eq, ge, gt, le, lt
from typing import Final, Literal, TypeAlias

from bot.core.facts import Facts
from bot.core.folding import fold
from bot.core.typed import guarded

Operator: TypeAlias = Literal["<", "<=", ">", ">=", "="]

COMPARISONS: Final[Mapping[Operator, Callable[[float, float], bool]]] = {"<": lt, "<=": le, ">": gt, ">=": ge, "=": eq}
SECONDS: Final = "latency"
"""The one field with a unit."""

_NEEDS_QUOTES: Final = re.compile(r"""[\s,"]|\A['<>=!≤≥≠]""")
_WHOLE: Final = 1e15
"""Below it every whole float is exact and short enough to be written without an exponent."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pattern:
    """A value to compare with: the pieces of text between its stars, each star standing for anything.

    Case makes no difference, neither for matching nor for equality.
    """

    parts: tuple[str, ...] = field(compare=False)
    folded: tuple[str, ...] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "folded", tuple(map(fold, self.parts)))

    def fits(self, value: str) -> bool:
        """Whether a folded value is of this shape; the time grows with the value's length, whatever the stars."""
        if len(self.folded) == 1:
            return value == self.folded[0]
        head, *middle, tail = self.folded
        end = len(value) - len(tail)
        if end < len(head) or not value.startswith(head) or not value.endswith(tail):
            return False
        at = len(head)
        for piece in middle:  # the leftmost fit of each piece leaves the most room for the next
            found = value.find(piece, at, end)
            if found < 0:
                return False
            at = found + len(piece)
        return True

    def __str__(self) -> str:
        text = "*".join(part.replace("\\", r"\\").replace('"', r"\"").replace("*", r"\*") for part in self.parts)
        return f'"{text}"' if _NEEDS_QUOTES.search(text) else text


@dataclass(frozen=True, slots=True, kw_only=True)
class OneOf:
    """`model:fraud-*,risk`: one of the field's values fits one of the patterns."""

    field: str
    patterns: tuple[Pattern, ...]

    def __str__(self) -> str:
        return guarded(f"{self.field}:{','.join(map(str, self.patterns))}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Compare:
    """`latency>=2.5s`: the field's number compares so; an event without the number does not."""

    field: str
    operator: Operator
    number: float

    def __str__(self) -> str:
        whole = self.number.is_integer() and abs(self.number) < _WHOLE
        number = str(int(self.number)) if whole else repr(self.number)
        return f"{self.field}{self.operator}{number}{'s' if self.field == SECONDS else ''}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Text:
    """`"chargeback"`: title, result or error message contain it, whatever the case. A star is only a star here."""

    text: str = field(compare=False)
    folded: str = field(init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "folded", fold(self.text))

    def __str__(self) -> str:
        text = self.text.replace("\\", r"\\").replace('"', r"\"")
        return guarded(f'"{text}"')


@dataclass(frozen=True, slots=True, kw_only=True)
class Not:
    """`-tag:test`: the term does not hold. `-confidence<0.8` therefore holds where there is no confidence at all."""

    term: "Plain"

    def __str__(self) -> str:
        return f"-{self.term}"


Plain: TypeAlias = OneOf | Compare | Text
Term: TypeAlias = Plain | Not


def holds(term: Term, facts: Facts) -> bool:
    """Whether the term is true of the event."""
    match term:
        case OneOf(field=name, patterns=patterns):
            return _any_fits(patterns, facts.words(name))
        case Compare(field=name, operator=operator, number=number):
            known = facts.number(name)
            return known is not None and COMPARISONS[operator](known, number)
        case Text(folded=needle):
            return any(needle in text for text in facts.texts())
        case Not(term=inner):
            return not holds(inner, facts)


def _any_fits(patterns: tuple[Pattern, ...], words: tuple[str, ...]) -> bool:
    for word in words:  # half the time that any() and a generator take, where routing spends its time
        for pattern in patterns:
            if pattern.fits(word):
                return True
    return False
