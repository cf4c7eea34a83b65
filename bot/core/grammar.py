r"""Reads the text of a filter, one term after another, and says where and why it can't go on.

    filter    = [ term *( blank term ) ]
    term      = [ "-" / "!" ] ( quoted / field ":" value *( "," value ) / number-field operator number )
    operator  = "<" / "<=" / ">" / ">=" / "=" / "!="
    value     = quoted / 1*( any character but blank, comma and double quote )

`\` takes the special meaning from a following star, quote or backslash. Single quotes do as double ones where they open
and close a whole value: `'it's'` reads as it looks.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from math import isfinite
from typing import Final, NoReturn

from bot.core.advice import (
    CHOICES,
    EXAMPLES,
    OTHER_NAMES,
    bare_word,
    choice,
    example,
    got,
    nobody,
    unknown_choice,
    unknown_field,
)
from bot.core.errors import FilterError
from bot.core.facts import LABEL, NUMBERS
from bot.core.folding import fold
from bot.core.terms import SECONDS, Compare, Not, OneOf, Operator, Pattern, Plain, Term, Text

_NOT: Final = re.compile("[-!–—−]")  # noqa: RUF001 - phones make a long dash of a typed one
_NAME: Final = re.compile(r'[^\s:<>=!≤≥≠"]+')
_OPERATOR: Final = re.compile(r":?(?P<sign><=|>=|!=|==|[<>=≤≥≠])|:")
_WORD: Final = re.compile(r"""(?:[^\s,"\\]|\\[\\"'*]?)+""")
_REST: Final = re.compile(r"\S*")
_DOUBLE: Final = re.compile(r'"((?:[^"\\]|\\.)*)"')
_SINGLE: Final = re.compile(r"'((?:[^'\\]|\\.|'(?![\s,]|\Z))*)'(?=[\s,]|\Z)")
_PIECE: Final = re.compile(r"""\\([\\"'*])|(\*+)|(.)""")
_NUMBER: Final = re.compile(r"\$?([+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?)(ms|s|m|%)?", re.ASCII | re.IGNORECASE)
_PERSON: Final = re.compile(r"[UW][A-Z0-9]+|(?i:[uw](?=[a-z0-9]*\d)[a-z0-9]+)", re.ASCII)

_OPERATORS: Final[Mapping[str | None, Operator]] = {
    None: "=", "=": "=", "==": "=", "!=": "=", "≠": "=",
    "<": "<", "<=": "<=", "≤": "<=", ">": ">", ">=": ">=", "≥": ">=",
}  # fmt: skip
_INVERTED: Final = frozenset({"!=", "≠"})
_UNITS: Final[Mapping[str, float]] = {"ms": 0.001, "s": 1.0, "m": 60.0}


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A term, and where in the text it begins."""

    term: Term
    position: int


def read_terms(text: str) -> list[Place]:
    """Read every term of a plain text (see `typed.plain`). Raises FilterError."""
    return _Reader(text).terms()


class _Reader:
    """The text, and how far it has been read."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0

    def terms(self) -> list[Place]:
        found = []
        while self._skip_blanks():
            position = self._at
            found.append(Place(term=self._term(), position=position))
        return found

    def _skip_blanks(self) -> bool:
        while self._text.startswith(" ", self._at):
            self._at += 1
        return self._at < len(self._text)

    def _ends(self) -> bool:
        return self._at == len(self._text) or self._text[self._at] == " "

    def _take(self, pattern: re.Pattern[str]) -> str:
        found = pattern.match(self._text, self._at)
        self._at = found.end() if found else self._at
        return found[0] if found else ""

    def _fail(self, message: str, at: int) -> NoReturn:
        raise FilterError(message, text=self._text, position=at)

    def _term(self) -> Term:
        negated = bool(self._take(_NOT))
        if self._ends():
            self._fail("- belongs right before a term, without a blank: -tag:test", self._at - 1)
        if self._text[self._at] in "\"'":
            return Not(term=self._search()) if negated else self._search()
        term, inverted = self._field()
        return Not(term=term) if negated != inverted else term

    def _search(self) -> Text:
        start = self._at
        (text,) = _pieces(self._quoted(), stars=False)
        if not text:
            self._fail('there is nothing between the quotes; write "chargeback" to search for it', start)
        if not self._ends():
            self._fail("a blank is missing after the closing quote", self._at)
        return Text(text=text)

    def _quoted(self) -> str:
        quote = self._text[self._at]
        start = self._at
        quoted = self._take(_DOUBLE if quote == '"' else _SINGLE)
        if not quoted:
            self._fail(f"this quote is never closed; end it with {quote}", start)
        return quoted[1:-1]

    def _field(self) -> tuple[Plain, bool]:
        start = self._at
        typed = self._take(_NAME)
        after = self._at
        operator = self._take(_OPERATOR)
        if not typed or not operator:
            self._at = start
            self._fail(bare_word(self._take(_REST)), start)
        field = self._named(typed, start)
        sign = operator.removeprefix(":") or None
        inverted = sign in _INVERTED
        if field in NUMBERS:
            return Compare(field=field, operator=_OPERATORS[sign], number=self._number(field)), inverted
        if _OPERATORS[sign] != "=":
            self._fail(f"{field} holds words and can't be compared with {sign}; write {example(field)}", after)
        return OneOf(field=field, patterns=self._patterns(field)), inverted

    def _named(self, typed: str, at: int) -> str:
        name = fold(typed)
        name = OTHER_NAMES.get(name, name)
        if name not in EXAMPLES and not (name.startswith(LABEL) and name != LABEL):
            self._fail(unknown_field(typed), at)
        if "*" in name or "," in name:
            self._fail("label.KEY names one key, without star and comma; label.team:* asks for any value", at)
        return name

    def _number(self, field: str) -> float:
        start = self._at
        typed = self._take(_REST)
        if not typed:
            self._fail(f"{field} needs a number, e.g. {example(field)}", start)
        found = _NUMBER.fullmatch(typed)
        unit = (found[2] or "").lower() if found else ""
        if found and field == "confidence" and unit == "%":
            self._fail(f"confidence is between 0 and 1: write {float(found[1]) / 100:g} for {typed}", start)
        if not found or (unit and (field != SECONDS or unit not in _UNITS)):
            self._fail(f"{field} needs a number, got {got(typed)}", start)
        number = float(found[1]) * _UNITS.get(unit, 1.0)
        if not isfinite(number):
            self._fail(f"{field} needs a smaller number, got {got(typed)}", start)
        if field == "confidence" and not 0 <= number <= 1:
            self._fail(f"confidence is between 0 and 1, got {typed}", start)
        return number

    def _patterns(self, field: str) -> tuple[Pattern, ...]:
        patterns = [self._pattern(field, after="colon")]
        while self._text.startswith(",", self._at):
            self._at += 1
            patterns.append(self._pattern(field, after="comma"))
        if not self._ends():
            self._fail("a quote is out of place; put the whole value in quotes", self._at)
        return tuple(dict.fromkeys(patterns))

    def _pattern(self, field: str, *, after: str) -> Pattern:
        start = self._at
        quoted = not self._ends() and self._text[start] in "\"'"
        raw = self._quoted() if quoted else self._take(_WORD)
        if not raw:
            self._fail(f"{field} needs a value right after the {after}, e.g. {example(field)}", start)
        return Pattern(parts=self._known(field, _pieces(raw, stars=True), start))

    def _known(self, field: str, parts: tuple[str, ...], at: int) -> tuple[str, ...]:
        """The pieces of a value as the field spells them, refused where nothing could ever fit."""
        if field in CHOICES:
            parts = tuple(map(choice, parts))
            if not any(map(Pattern(parts=parts).fits, CHOICES[field])):
                self._fail(unknown_choice(field, "*".join(parts)), at)
        if field == "user":
            parts = (parts[0].lstrip("@"), *parts[1:])
            if len(parts) == 1 and "@" not in parts[0]:
                if not _PERSON.fullmatch(parts[0]):
                    self._fail(nobody(parts[0]), at)
                parts = (parts[0].upper(),)
        return parts


def _pieces(raw: str, *, stars: bool) -> tuple[str, ...]:
    """The pieces between the stars, with escapes undone; one piece where stars are plain text."""
    pieces = [""]
    for escaped, star, char in _PIECE.findall(raw):
        if star and stars:
            pieces.append("")
        else:
            pieces[-1] += escaped or star or char
    return tuple(pieces)
