"""What admins, and owners with their places, can do: `admin resume #channel`, `admin move #old to #new` and so on."""

import re
from collections.abc import Sequence
from typing import Final

from bot.core.commands import (
    Adopt,
    Command,
    Help,
    History,
    ListAll,
    MovePlace,
    Named,
    Place,
    ResumePlace,
    Status,
)
from bot.core.folding import fold
from bot.core.reading.ids import only_id, read_one
from bot.core.reading.line import Line
from bot.core.reading.places import read_place
from bot.core.words import Word

_WHOLE: Final = re.compile(r"(?:slack|webhook)/[A-Za-z0-9]+(?:/[^\s/]+){0,2}")
_ADMIN: Final = "admin takes resume PLACE, move PLACE to PLACE, adopt ID, list, audit, health or dead"


def read_admin(line: Line, words: Sequence[Word]) -> Command:
    """Read what follows `admin`; nothing at all asks for help on it. Raises CommandError."""
    if not words:
        return Help(topic="admin")
    verb, *rest = words
    match fold(verb.shown):
        case "resume":
            return _resume(line, rest)
        case "move":
            return _move(line, rest)
        case "adopt":
            return _adopt(line, rest)
        case "audit":
            return History(id=only_id(line, "admin audit", rest)) if rest else History()
        case "list":
            return ListAll(wanted=" ".join(word.shown for word in rest if fold(word.shown) != "all"))
        case "health" | "status" | "dead" as asked if not rest:
            return Help(topic="dead") if asked == "dead" else Status()
        case _:
            raise line.mistake(_ADMIN, verb)


def _resume(line: Line, words: Sequence[Word]) -> ResumePlace:
    if not words:
        raise line.missing("admin resume needs a place, e.g. admin resume #channel; status names what is paused")
    if len(words) > 1:
        raise line.mistake("admin resume takes one place", words[1])
    return ResumePlace(place=_held(line, words[0]))


def _adopt(line: Line, words: Sequence[Word]) -> Adopt:
    if not words:
        raise line.missing("admin adopt needs an ID, e.g. admin adopt k7m2qx")
    return Adopt(ids=tuple(read_one(line, word) for word in words))


def _move(line: Line, words: Sequence[Word]) -> MovePlace:
    match [fold(word.shown) for word in words]:
        case [_, "to", _]:
            return MovePlace(place=_held(line, words[0]), to=read_place(line, words[2]))
        case _:
            raise line.missing("admin move needs two places: admin move #old to #new")


def _held(line: Line, word: Word) -> Place | Named:
    typed = word.shown.strip("`")
    return Named(id=typed) if _WHOLE.fullmatch(typed) else read_place(line, word)
