"""Reads the slash command: `/tidings subscribe [filter] [to #channel | me | https://…] …`, and the rest.

Slack sends the text with what it recognised wrapped (`should_escape` in the manifest): `<#C1|general>`, `<@U1|ann>`,
`<https://…>`. A command is split into words; its filter is read by `filters`, what follows it by `clauses`.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from bot.core.advice import did_you_mean, got
from bot.core.commands import (
    TOPICS,
    VERBS,
    Command,
    Edit,
    Email,
    Help,
    Here,
    History,
    List,
    ListAll,
    ListPerson,
    ListPlace,
    Me,
    Person,
    Place,
    Preview,
    Rest,
    Resume,
    Status,
    Subscribe,
    Test,
    Undo,
    Unsubscribe,
    UnsubscribeAll,
    Why,
)
from bot.core.errors import FilterError, MistakeError
from bot.core.filters import Filter
from bot.core.folding import fold
from bot.core.reading import clauses
from bot.core.reading.admin import read_admin
from bot.core.reading.ids import first_id, only_id
from bot.core.reading.line import Line
from bot.core.reading.me import read_me
from bot.core.reading.places import read_place
from bot.core.subscription import Holding, Style, SubscriptionId
from bot.core.timing import read_length
from bot.core.typed import TOKEN, entities
from bot.core.words import Word

MAX_LENGTH: Final = 4_000
"""Characters, wrapped as Slack sends them."""

_OTHER_VERBS: Final[Mapping[str, str]] = {
    "add": "subscribe", "follow": "subscribe", "sub": "subscribe", "watch": "subscribe", "new": "subscribe",
    "delete": "unsubscribe", "remove": "unsubscribe", "stop": "unsubscribe", "unsub": "unsubscribe",
    "rm": "unsubscribe", "unfollow": "unsubscribe",
    "change": "edit", "modify": "edit", "update": "edit",
    "ls": "list", "show": "list", "subscriptions": "list",
    "hold": "pause", "snooze": "mute", "silence": "mute", "unpause": "resume", "unmute": "resume", "start": "resume",
    "try": "preview", "match": "preview", "explain": "why", "where": "why",
    "health": "status", "ping": "status", "revert": "undo", "back": "undo",
    "log": "history", "audit": "history", "settings": "me", "preferences": "me",
}  # fmt: skip
_ANY: Final = frozenset({"any", "all", "everything", "every", "none", "off"})

Read = Callable[[Line, Sequence[Word]], Command]


def parse_command(text: str) -> Command:
    """Read what follows `/tidings`; nothing at all asks for help. Raises CommandError and FilterError.

    Both errors' text is the whole command as the person sees it.
    """
    line = Line(text[:MAX_LENGTH])
    if len(text) > MAX_LENGTH:
        raise line.mistake(f"a command has at most {MAX_LENGTH:,} characters", MAX_LENGTH)
    if not line.words:
        return Help()
    verb, *rest = line.words
    read = _VERBS.get(fold(verb.shown))
    if read is None:
        raise line.mistake(_unknown_verb(verb.shown), verb)
    return read(line, rest)


def _subscribe(line: Line, words: Sequence[Word]) -> Subscribe:
    wanted, to, given = _wishes(line, words)
    return Subscribe(filter=wanted or Filter(), to=to or Here(), **given)


def _edit(line: Line, words: Sequence[Word]) -> Edit:
    subscription = first_id(line, "edit", words)
    wanted, to, given = _wishes(line, words[1:])
    return Edit(id=subscription, filter=wanted, to=to, given=frozenset(given), style=Style(**given))


def _wishes(line: Line, words: Sequence[Word]) -> tuple[Filter | None, Place | None, dict[str, Any]]:
    """A filter, None where there is none, and the clauses that follow it. `filter any` is a filter, too."""
    first = next((number for number, word in enumerate(words) if clauses.is_clause(word)), len(words))
    terms = list(words[:first])
    if named := bool(terms) and fold(terms[0].shown) == "filter":
        if len(terms) == 1:
            raise line.mistake("filter needs one, e.g. filter status:failed; filter any takes it away", terms[0].end)
        terms = terms[1:]
    if named and len(terms) == 1 and fold(terms[0].shown) in _ANY:
        wanted: Filter | None = Filter()
    else:
        wanted = _filter(line, terms) if terms else None
    to, given = clauses.read(line, words[first:])
    return wanted, to, given


def _filter(line: Line, words: Sequence[Word]) -> Filter:
    """Read a filter; a bare word in it may be a misspelt clause."""
    try:
        return line.filter(words)
    except FilterError as error:
        bare = next((word for word in words[1:] if line.mistake("", word).position == error.position), None)
        if bare is not None and bare.shown.isalpha() and (close := clauses.meant(bare)):
            raise line.mistake(f"did you mean {close}?", bare) from error
        raise


def _unsubscribe(line: Line, words: Sequence[Word]) -> Unsubscribe | UnsubscribeAll:
    if len(words) == 1 and fold(words[0].shown) == "all":
        return UnsubscribeAll()
    return Unsubscribe(id=only_id(line, "unsubscribe", words))


def _list(line: Line, words: Sequence[Word]) -> List | ListAll | ListPlace | ListPerson:
    match [fold(word.shown) for word in words]:
        case []:
            return List()
        case ["all", *_]:
            return ListAll(wanted=" ".join(word.shown for word in words[1:]))
        case ["in" | "of" as about]:
            raise line.missing(f"list {about} needs {'a channel: #channel' if about == 'in' else 'a person: @ann'}")
        case ["in", _]:
            return ListPlace(place=read_place(line, words[1]))
        case ["of", _]:
            match read_place(line, words[1]):
                case Person() | Email() | Me() as person:
                    return ListPerson(person=person)
                case _:
                    raise line.mistake("list of needs a person: list of @ann; for a place: list in #channel", words[1])
        case _:
            raise line.mistake("list stands alone, or with all, in #channel or of @person after it", words[0])


def _resting(kind: Holding, verb: str) -> Read:
    def read(line: Line, words: Sequence[Word]) -> Rest:
        subscription = first_id(line, verb, words)
        rest = list(words[1:])
        if not rest:
            return Rest(id=subscription, kind=kind)
        if fold(rest[0].shown) == "for":
            if len(rest) == 1:
                raise line.mistake("for needs a time span: 45m, 2h, 3d or 1w", rest[0].end)
            rest = rest[1:]
        try:
            return Rest(id=subscription, kind=kind, length=read_length(" ".join(word.shown for word in rest)))
        except MistakeError as error:
            raise line.mistake(error.message, rest[0]) from error

    return read


def _preview(line: Line, words: Sequence[Word]) -> Preview:
    if not words:
        raise line.missing("preview needs a filter, e.g. preview status:failed")
    for word in words:
        if clauses.is_clause(word):
            raise line.mistake("preview takes a filter alone", word)
    return Preview(filter=line.filter(words))


def _why(line: Line, words: Sequence[Word]) -> Why:
    if not words:
        raise line.missing("why needs an event's ID, an inference's, or a link to its message")
    if len(words) == 1 and (token := TOKEN.fullmatch(words[0].raw)) and token["kind"].lower().startswith("http"):
        return Why(query=entities(f"{token['kind']}{token['target']}"))
    return Why(query=" ".join(word.shown for word in words).strip("`"))


def _history(line: Line, words: Sequence[Word]) -> History:
    return History(id=only_id(line, "history", words)) if words else History()


def _help(line: Line, words: Sequence[Word]) -> Help:
    if not words:
        return Help()
    topic = fold(words[0].shown)
    topic = _OTHER_TOPICS.get(topic, topic)
    if topic not in TOPICS:
        close = did_you_mean(topic, [topic for topic in TOPICS if topic != "me"])
        raise line.mistake(
            f"did you mean help {close}?" if close else f"help is about one of {', '.join(TOPICS)}", words[0]
        )
    return Help(topic=topic)


_OTHER_TOPICS: Final = {"filters": "filter", **dict.fromkeys(clauses.CLAUSES, "style"), "styles": "style"}


def _alone(verb: str, command: Command) -> Read:
    def read(line: Line, words: Sequence[Word]) -> Command:
        if words:
            raise line.mistake(f"{verb} stands alone", words[0])
        return command

    return read


def _only(verb: str, make: Callable[[SubscriptionId], Command]) -> Read:
    return lambda line, words: make(only_id(line, verb, words))


def _unknown_verb(shown: str) -> str:
    typed = fold(shown)
    close = _OTHER_VERBS.get(typed) or did_you_mean(typed, VERBS)
    if close:
        return f"did you mean {close}?"
    if re.search(r"""[:<>="]""", typed):
        return f"say what to do with the filter: subscribe {typed}"
    return f"there is no {got(typed)}; there are {', '.join(VERBS)}"


_VERBS: Final[Mapping[str, Read]] = {
    "subscribe": _subscribe,
    "unsubscribe": _unsubscribe,
    "edit": _edit,
    "list": _list,
    "pause": _resting(Holding.PAUSED, "pause"),
    "mute": _resting(Holding.MUTED, "mute"),
    "resume": _only("resume", lambda found: Resume(id=found)),
    "test": _only("test", lambda found: Test(id=found)),
    "preview": _preview,
    "why": _why,
    "status": _alone("status", Status()),
    "undo": _alone("undo", Undo()),
    "history": _history,
    "me": read_me,
    "admin": read_admin,
    "help": _help,
}
