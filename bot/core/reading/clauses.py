"""What may follow a filter: `to PLACE mention @ann digest hourly quiet 22:00-07:00 show summary`.

A clause is a word of CLAUSES and what stands between it and the next one.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from bot.core.advice import did_you_mean, got
from bot.core.commands import Email, Group, Here, Me, Person, Place, Url
from bot.core.destination import SlackChannel, SlackGroup, SlackPerson, SlackThread, Target, Webhook
from bot.core.errors import CommandError, MistakeError
from bot.core.folding import fold
from bot.core.reading.line import Line
from bot.core.reading.places import OFF, ON, PLACES, read_called, read_occasions, read_place
from bot.core.subscription import Doubt, Showing, Style, Threading
from bot.core.timing import read_digest, read_quiet
from bot.core.words import Word

CLAUSES: Final[Mapping[str, str]] = {
    "to": PLACES,
    "mention": "a person: mention @ann, or mention @ann on failed,needs_review",
    "digest": "15m, hourly or daily 09:00; digest off sends each result as it comes",
    "quiet": "hours: quiet 22:00-07:00; quiet off takes them away",
    "thread": "session, inference or off",
    "doubt": "repeat or ask",
    "show": "full, masked, summary, metadata, link or usual",
}
"""Each clause with what it needs."""

USUAL: Final = "usual"
"""What `show` needs for what places of that kind usually see."""
_MOST: Final = {"mention": 3, "digest": 2, "quiet": 3}
"""How many words a clause takes, where that is more than one."""
_MEANT: Final = {
    "in": "to", "into": "to", "channel": "to", "dm": "to", "send": "to",
    "notify": "mention", "ping": "mention", "cc": "mention", "call": "mention",
    "every": "digest", "batch": "digest", "daily": "digest", "hourly": "digest",
    "silent": "quiet", "dnd": "quiet", "threads": "thread", "threaded": "thread",
    "display": "show", "redact": "show", "mask": "show", "hide": "show",
}  # fmt: skip


def is_clause(word: Word) -> bool:
    """Whether a clause begins here."""
    return fold(word.shown) in CLAUSES


def meant(word: Word) -> str | None:
    """The clause that a word was probably meant for."""
    typed = fold(word.shown)
    return _MEANT.get(typed) or did_you_mean(typed, CLAUSES)


def read(line: Line, words: Sequence[Word]) -> tuple[Place | None, dict[str, Any]]:
    """Read clauses: the place, if one is given, and the given fields of a style. Raises CommandError."""
    found = _split(line, words)
    to = read_place(line, found["to"][0]) if "to" in found else None
    given: dict[str, Any] = {}
    for name in ("mention", "digest", "quiet", "thread", "doubt", "show"):
        if name in found:
            given[name] = _READ[name](line, found[name])
            if given[name] is not None and (why := _unfit(name, given[name], to)):
                raise line.mistake(why, found[name][0])
    if "mention" in given:  # whoever says anew whom to call says anew when
        given["mention_on"] = read_occasions(line, found["mention"])
    return to, given


def misfit(text: str, style: Style, target: Target) -> CommandError | None:
    """The mistake in asking a place for a style that it can't have, once it is known which place it is."""
    place = _kind(target)
    line = Line(text)
    for name in ("digest", "quiet", "thread", "doubt"):
        value = getattr(style, name)
        if value is None or (why := _unfit(name, value, place)) is None:
            continue
        named = {fold(word.shown): word for word in line.words}
        if name in named:
            return line.mistake(why, named[name])
        return line.mistake(f"{why}; add {name} {'repeat' if name == 'doubt' else 'off'}", named.get("to", 0))
    return None


def _kind(target: Target) -> Place:
    """A place that can have what the target can have."""
    match target:
        case Webhook(url=url):
            return Url(url=url)
        case SlackChannel() | SlackThread():
            return Here()
        case SlackPerson() | SlackGroup():
            return Me()


def _unfit(name: str, value: object, place: Place | None) -> str | None:
    """Why a place can't have this, where that is so."""
    match name, place:
        case "doubt", Url() if value is Doubt.ASK:
            return "a webhook can't be asked: its receiver knows a repeat by its webhook-id"
        case "digest" | "quiet", Url():
            return f"a webhook gets each event as it comes; leave {name} out, or pause the subscription"
        case "thread", Url() if value is not Threading.OFF:
            return "a webhook has no threads; leave thread out"
        case "thread", Me() | Person() | Email() | Group() if value is not Threading.OFF:
            return "direct messages have no threads of ours; thread is for channels"
        case _:
            return None


def _split(line: Line, words: Sequence[Word]) -> dict[str, Sequence[Word]]:
    """The words of each clause."""
    starts = [number for number, word in enumerate(words) if is_clause(word)]
    found: dict[str, Sequence[Word]] = {}
    for number, after in zip(starts, [*starts[1:], len(words)], strict=False):
        clause, values = words[number], words[number + 1 : after]
        name = fold(clause.shown)
        if name in found:
            raise line.mistake(f"{name} can stand once; make a subscription for each", clause)
        if not values:
            raise line.mistake(f"{name} needs {CLAUSES[name]}", clause.end)
        if len(values) > _fits(name, values):
            raise _too_much(line, name, values[_fits(name, values)])
        found[name] = values
    return found


def _fits(name: str, values: Sequence[Word]) -> int:
    if name == "digest" and fold(values[0].shown) != "daily":
        return 1
    if name == "mention" and (len(values) == 1 or fold(values[1].shown) != ON):
        return 1
    if name == "quiet" and fold(values[0].shown) in OFF:
        return 1
    return _MOST.get(name, 1)


def _too_much(line: Line, name: str, word: Word) -> CommandError:
    close = meant(word)
    if close is not None:
        return line.mistake(f"did you mean {close}?", word)
    what = "what it needs" if name in _MOST else "one word"
    return line.mistake(f"the filter goes first, and {name} with {what} after it, last", word)


def _digest(line: Line, words: Sequence[Word]) -> object:
    return None if _off(words) else _timed(line, words, read_digest)


def read_hours(line: Line, words: Sequence[Word]) -> Any:
    """Read quiet hours, None for off. Raises CommandError."""
    return None if _off(words) else _timed(line, words, read_quiet)


def _timed(line: Line, words: Sequence[Word], read_it: Any) -> object:
    try:
        return read_it(" ".join(word.shown for word in words))
    except MistakeError as error:
        raise line.within(error, words) from error


def _thread(line: Line, words: Sequence[Word]) -> Threading:
    return Threading(_choice(line, "thread", words[0], ["off", *OFF], Threading))


def _doubt(line: Line, words: Sequence[Word]) -> Doubt:
    return Doubt(_choice(line, "doubt", words[0], [], Doubt))


def _show(line: Line, words: Sequence[Word]) -> Showing | None:
    choice = _choice(line, "show", words[0], [USUAL, *OFF], Showing)
    return None if choice == "off" else Showing(choice)


def _choice(line: Line, name: str, word: Word, off: Sequence[str], known: type[Doubt | Threading | Showing]) -> str:
    choice = fold(word.shown)
    if choice in off:
        return "off"
    if choice not in tuple(known):
        raise line.mistake(f"{name} needs {CLAUSES[name]}; got {got(word.shown)}", word)
    return choice


def _off(words: Sequence[Word]) -> bool:
    return len(words) == 1 and fold(words[0].shown) in OFF


_READ: Final = {
    "mention": read_called,
    "digest": _digest,
    "quiet": read_hours,
    "thread": _thread,
    "doubt": _doubt,
    "show": _show,
}
