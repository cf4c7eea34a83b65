"""What people say of themselves: `me on`, `me quiet 22:00-07:00`, `me zone Europe/Berlin`."""

from collections.abc import Sequence
from zoneinfo import ZoneInfo, available_timezones

from bot.core.advice import did_you_mean
from bot.core.commands import BeQuiet, LiveIn, Preferences, WantResults
from bot.core.folding import fold
from bot.core.reading import clauses
from bot.core.reading.line import Line
from bot.core.words import Word


def read_me(line: Line, words: Sequence[Word]) -> Preferences | WantResults | BeQuiet | LiveIn:
    """Read what follows `me`. Raises CommandError."""
    match [fold(word.shown) for word in words]:
        case []:
            return Preferences()
        case ["on" | "off" as switch]:
            return WantResults(wanted=switch == "on")
        case ["quiet"]:
            raise line.missing(f"quiet needs {clauses.CLAUSES['quiet']}")
        case ["quiet", _] | ["quiet", _, _] | ["quiet", _, _, _]:
            return BeQuiet(quiet=clauses.read_hours(line, words[1:]))
        case ["zone"]:
            raise line.missing("zone needs a time zone: zone Europe/Berlin, or zone auto")
        case ["zone", "auto"]:
            return LiveIn(zone=None)
        case ["zone", _]:
            return LiveIn(zone=_zone(line, words[1]))
        case _:
            raise line.mistake("me stands alone, or with on, off, quiet 22:00-07:00 or zone Europe/Berlin", words[0])


def _zone(line: Line, word: Word) -> str:
    typed = word.shown.strip("`")
    try:
        return ZoneInfo(typed).key
    except (ValueError, OSError, LookupError):
        known = available_timezones()
    folded = {fold(zone): zone for zone in known}
    cities = {fold(zone.rpartition("/")[2]): zone for zone in sorted(known)}
    name = fold(typed)
    if name in folded:
        return folded[name]
    close = cities.get(name) or folded.get(did_you_mean(name, folded) or "")
    hint = f"did you mean {close}?" if close else "a time zone is written Europe/Berlin, or auto for the one in Slack"
    raise line.mistake(hint, word)
