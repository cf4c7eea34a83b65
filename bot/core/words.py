"""The words of a command: split at blanks, but not within quotes, nor within what Slack wrapped."""

import re
from dataclasses import dataclass
from typing import Final

from bot.core.typed import TOKEN, plain

_WORD: Final = re.compile(
    rf"(?:{TOKEN.pattern}"  # a link may hold blanks in its label
    r"""|["“”„‟](?:[^"“”„‟\\]|\\.)*["“”„‟]"""
    r"""|(?<![^\s:,=!-])['‘’](?:[^'‘’\\]|\\.|['‘’](?![\s,]|\Z))*['‘’](?=[\s,]|\Z)"""  # noqa: RUF001 - as phones bend them
    r"|\S)+",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Word:
    """A word as it came, between two places in the text, and as the person sees it."""

    raw: str
    start: int
    end: int
    shown: str


def split(text: str) -> list[Word]:
    """The words of a text as Slack sends it. A quote that is never closed is a character like any other."""
    return [
        Word(raw=found[0], start=found.start(), end=found.end(), shown=plain(found[0]))
        for found in _WORD.finditer(text)
    ]
