"""Strangers' text made fit to be shown: cleaned, measured, cut between graphemes, escaped.

Lengths are in UTF-16 code units: Slack does not say what it counts, and no way of counting gives more.
"""

import unicodedata
from bisect import bisect_right
from collections.abc import Callable
from itertools import accumulate

from bot.render.mrkdwn import escape

_REPLACED = "\N{REPLACEMENT CHARACTER}"
_OVERRIDES = "\N{LEFT-TO-RIGHT OVERRIDE}\N{RIGHT-TO-LEFT OVERRIDE}"
_JOINER = "\N{ZERO WIDTH JOINER}"
_WORD = 24
"""How far back a cut may go to end at a space."""

_CONTROLS = dict.fromkeys([*range(0x20), *range(0x7F, 0xA0)], _REPLACED) | {
    ord("\n"): "\n",
    ord("\t"): "\t",
    ord("\r"): None,
    # An override can turn the letters of a link's domain round; isolates and marks, which honest text uses, can't.
    **dict.fromkeys(map(ord, _OVERRIDES)),
}


def clean(text: str) -> str:
    """Replace what is no text: lone surrogates and control characters; drop carriage returns and bidi overrides."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace").translate(_CONTROLS)


def units(text: str) -> int:
    """The text's length in UTF-16 code units."""
    return len(text) if text.isascii() else len(text.encode("utf-16-le", "surrogatepass")) // 2


def reach(text: str, room: int) -> int:
    """How many letters from the beginning fit into `room`, all of their graphemes whole."""
    end = min(len(text), max(0, room))
    if not text[:end].isascii():
        wide = accumulate(2 if letter > "\uffff" else 1 for letter in text[:end])
        end = bisect_right(list(wide), room)
    return _whole(text, end)


def cut(text: str, room: int) -> str:
    """The beginning of the text that fits into `room`; it ends between graphemes, at a space if one is near."""
    return text if units(text) <= room else _cut(text, room, lambda letter: 2 if letter > "\uffff" else 1)


def shorten(text: str, room: int) -> str:
    """The text, or its beginning with an ellipsis, in no more than `room`."""
    return text if units(text) <= room else f"{cut(text, room - 1).rstrip()}…"


def escaped(text: str, room: int) -> str:
    """The text escaped, or its beginning with an ellipsis; never cut inside an entity."""
    whole = escape(text)
    if units(whole) <= room:
        return whole
    begun = _cut(text, room - 1, lambda letter: units(escape(letter)))
    return f"{escape(begun.rstrip())}…"


def columns(text: str) -> int:
    """How many columns of a monospaced font the text takes: two for wide letters, none for marks and joiners."""
    return len(text) if text.isascii() else sum(map(_columns, text))


def _columns(letter: str) -> int:
    if unicodedata.category(letter) in {"Mn", "Me", "Cf"}:
        return 0
    return 2 if unicodedata.east_asian_width(letter) in {"W", "F"} else 1


def _cut(text: str, room: int, weigh: Callable[[str], int]) -> str:
    end = 0
    for letter in text:
        room -= weigh(letter)
        if room < 0:
            break
        end += 1
    end = _whole(text, end)
    space = max(text.rfind(blank, max(0, end - _WORD), end) for blank in " \n")
    return text[: space if space > 0 else end]


def _whole(text: str, end: int) -> int:
    while 0 < end < len(text) and together(text, end):
        end -= 1
    return end


def together(text: str, at: int) -> bool:
    """Whether the letters around `at` are one grapheme: the rules of UAX #29, on the safe side of them."""
    before, after = text[at - 1], text[at]
    if (before, after) == ("\r", "\n"):
        return True
    # Extend, spacing marks, joiners, variation selectors, tags; and whatever follows a joiner.
    if _JOINER in {before, after} or unicodedata.category(after) in {"Mn", "Me", "Mc"}:
        return True
    if "\N{EMOJI MODIFIER FITZPATRICK TYPE-1-2}" <= after <= "\N{EMOJI MODIFIER FITZPATRICK TYPE-6}":
        return True
    if "\U000e0020" <= after <= "\U000e007f" or after in "\N{ZERO WIDTH NON-JOINER}\uff9e\uff9f":
        return True
    if _is_flag(before) and _is_flag(after):
        run = 0
        while run < at and _is_flag(text[at - 1 - run]):
            run += 1
        return run % 2 == 1
    return _is_jamo(before) and _is_jamo(after)


def _is_flag(letter: str) -> bool:
    return "\N{REGIONAL INDICATOR SYMBOL LETTER A}" <= letter <= "\N{REGIONAL INDICATOR SYMBOL LETTER Z}"


def _is_jamo(letter: str) -> bool:
    # Hangul: any syllable or part of one; a cut between two whole syllables is found at the next space instead.
    return "\u1100" <= letter <= "\u11ff" or "\ua960" <= letter <= "\ua97f" or "\ud7b0" <= letter <= "\ud7ff"
