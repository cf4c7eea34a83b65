"""Where events go and whom they call, as it is typed: `#channel`, `@person`, `me`, `https://…`, `ann@example.com`."""

import re
from collections.abc import Callable, Sequence
from typing import Final

from bot.core.advice import did_you_mean, got
from bot.core.commands import Channel, Email, Group, Here, Me, Person, Place, Url
from bot.core.event import Status
from bot.core.folding import fold
from bot.core.reading.line import Line
from bot.core.subscription import occasions
from bot.core.typed import TOKEN, entities
from bot.core.words import Word

PLACES: Final = "a place: #channel, @person, @group, me, an e-mail address or https://…"
OFF: Final = frozenset({"off", "no", "none", "never"})
"""Words that take a clause away."""
ON: Final = "on"
"""What stands between whom a mention calls and for which statuses."""

_NOBODY: Final = OFF | {"nobody", "noone"}
_EVERYONE: Final = frozenset({"here", "channel", "everyone", "all"})
_CHANNEL_ID: Final = re.compile(r"[CG][A-Z0-9]{7,}")
_PERSON_ID: Final = re.compile(r"[UW][A-Z0-9]{7,}")
_GROUP_ID: Final = re.compile(r"S[A-Z0-9]{7,}")
_ADDRESS: Final = re.compile(r"[^\s@<>|]+@[^\s@<>|]+\.[^\s@<>|.]+")
_FORMS: Final[Sequence[tuple[re.Pattern[str], Callable[[str], Place]]]] = (
    (re.compile(r"https?://\S+", re.IGNORECASE), lambda url: Url(url=url)),
    (_CHANNEL_ID, lambda channel: Channel(id=channel)),
    (_PERSON_ID, lambda user: Person(user=user)),
    (_GROUP_ID, lambda group: Group(group=group)),
    (_ADDRESS, lambda address: Email(address=address)),
)


def read_place(line: Line, word: Word) -> Place:
    """Read where events go. Raises CommandError."""
    token = TOKEN.fullmatch(word.raw)
    found = (_wrapped(token) if token is not None else None) or _bare(word.shown)
    if found is not None:
        return found
    match fold(word.shown):
        case typed if typed.startswith("#"):
            raise line.mistake(
                "pick the channel from the list that opens as you type #, or write its ID: to C024BE7LR", word
            )
        case typed if typed.removeprefix("@") in _EVERYONE:
            raise line.mistake("events go to a channel, a person or a user group, never to everyone", word)
        case typed if typed.startswith("@"):
            raise line.mistake(
                "pick the person or group from the list that opens as you type @, or write their e-mail address", word
            )
        case _:
            raise line.mistake(f"to needs {PLACES}; got {got(word.shown)}", word)


def _bare(shown: str) -> Place | None:
    """The place that a plain word names, if it does."""
    for pattern, made in _FORMS:
        if pattern.fullmatch(shown):
            return made(shown)
    match fold(shown):
        case "me":
            return Me()
        case "here":
            return Here()
        case _:
            return None


def _wrapped(token: re.Match[str]) -> Place | None:
    """The place that Slack recognised and wrapped; None for what is no place."""
    target = token["target"]
    match token["kind"].lower():
        case "#" if target:
            return Channel(id=target, name=entities(token["label"] or ""))
        case "@" if target:
            return Person(user=target)
        case "!" if target.startswith("subteam^") and target != "subteam^":
            return Group(group=target.removeprefix("subteam^"))
        case "mailto:" if _ADDRESS.fullmatch(entities(target)):
            return Email(address=entities(target))
        case "http://" | "https://":
            return Url(url=entities(f"{token['kind']}{target}"))
        case _:
            return None


def read_called(line: Line, words: Sequence[Word]) -> str | None:
    """Read whom a mention calls: a user's or group's id, None for nobody. Raises CommandError."""
    word = words[0]
    if fold(word.shown) in _NOBODY:
        return None
    token = TOKEN.fullmatch(word.raw)
    target = token["target"] if token else word.shown
    match token["kind"] if token else None:
        case "@" if target:
            return target
        case "!" if target.startswith("subteam^") and target != "subteam^":
            return target.removeprefix("subteam^")
        case None if _PERSON_ID.fullmatch(target) or _GROUP_ID.fullmatch(target):
            return target
    if fold(target.removeprefix("@")) in _EVERYONE:
        raise line.mistake("mention calls one person or one user group, never everyone", word)
    raise line.mistake(
        f"pick the person from the list that opens as you type @: mention @ann; got {got(word.shown)}", word
    )


def read_occasions(line: Line, words: Sequence[Word]) -> tuple[Status, ...]:
    """Read for which statuses a mention calls: what stands behind `on`; else for all. Raises CommandError."""
    if len(words) == 1:
        return ()
    if fold(words[0].shown) in _NOBODY or len(words) == 2:  # noqa: PLR2004 (nobody and on; somebody and on)
        raise line.mistake("mention needs somebody to call and statuses: mention @ann on failed,needs_review", words[1])
    named = [name for name in fold(words[2].shown).replace("-", "_").split(",") if name]
    for name in named:
        if name not in tuple(Status):
            close = did_you_mean(name, tuple(Status))
            hint = f"did you mean {close}?" if close else f"there are {', '.join(Status)}"
            raise line.mistake(f"there is no status {got(name)}; {hint}", words[2])
    if not named:
        raise line.mistake("name the statuses: mention @ann on failed,needs_review", words[2])
    return occasions(named)
