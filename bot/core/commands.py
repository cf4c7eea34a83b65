"""The slash command: `/tidings subscribe [filter] [to #channel | me | https://…] [mention @person] …`, and the rest.

Slack sends the text with what it recognised wrapped (`should_escape` in the manifest): `<#C1|general>`, `<@U1|ann>`,
`<https://…>`. A command is split into words here; its filter is read by `filters`.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, TypeAlias

from bot.core.advice import did_you_mean, got
from bot.core.errors import CommandError, FilterError
from bot.core.filters import Filter, parse
from bot.core.folding import fold
from bot.core.subscription import ALPHABET, LENGTH, Doubt, SubscriptionId, read_id
from bot.core.typed import TOKEN, entities, plain
from bot.core.words import Word, split


@dataclass(frozen=True, slots=True, kw_only=True)
class Here:
    """Where the command was typed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Me:
    """A direct message to whoever typed the command."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Channel:
    """A channel by its id; `name` is empty where Slack does not tell it."""

    id: str
    name: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Url:
    """A webhook. Whether it may be one is not judged here."""

    url: str


Place: TypeAlias = Here | Me | Channel | Url


@dataclass(frozen=True, slots=True, kw_only=True)
class Subscribe:
    """Send the filter's events to a place; `mention` is a Slack user or group id to call with each.

    `doubt` is for what may have been shown there already.
    """

    filter: Filter = field(default_factory=Filter)
    to: Place = field(default_factory=Here)
    mention: str | None = None
    doubt: Doubt = Doubt.REPEAT


@dataclass(frozen=True, slots=True, kw_only=True)
class Unsubscribe:
    """End a subscription."""

    id: SubscriptionId


@dataclass(frozen=True, slots=True, kw_only=True)
class List:
    """Show the person's subscriptions and the place's, or all of the workspace's."""

    all: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Help:
    """Show what can be typed: in general, or about one topic of TOPICS."""

    topic: str | None = None


Command: TypeAlias = Subscribe | Unsubscribe | List | Help

VERBS: Final = ("subscribe", "unsubscribe", "list", "help")
TOPICS: Final = (*VERBS, "filter")
MAX_LENGTH: Final = 4_000
"""Characters, wrapped as Slack sends them."""

_OTHER_VERBS: Final = {
    "add": "subscribe", "follow": "subscribe", "sub": "subscribe", "watch": "subscribe",
    "delete": "unsubscribe", "remove": "unsubscribe", "stop": "unsubscribe", "unsub": "unsubscribe",
    "ls": "list", "show": "list", "subscriptions": "list",
}  # fmt: skip
_CLAUSES: Final[Mapping[str, str]] = {
    "to": "a place: #channel, me or https://…",
    "mention": "a person: mention @ann",
    "doubt": "repeat or ask",
}
"""What may follow the filter, each with what it needs."""
_CHANNEL_ID: Final = re.compile(r"[CG][A-Z0-9]{7,}")
_CALLED_ID: Final = re.compile(r"[UWS][A-Z0-9]{7,}")
_WEB: Final = re.compile(r"https?://\S+", re.IGNORECASE)


def parse_command(text: str) -> Command:
    """Read what follows `/tidings`; nothing at all asks for help. Raises CommandError and FilterError.

    Both errors' text is the whole command as the person sees it.
    """
    return _Reader(text).command()


class _Reader:
    """The text of one command, and its words."""

    def __init__(self, text: str) -> None:
        self._text = text[:MAX_LENGTH]
        self._cut = len(text) > MAX_LENGTH
        self._words = split(self._text)

    def command(self) -> Command:
        if self._cut:
            raise self._mistake(f"a command has at most {MAX_LENGTH:,} characters", MAX_LENGTH)
        if not self._words:
            return Help()
        verb, *rest = self._words
        match fold(verb.shown):
            case "subscribe":
                return self._subscribe(rest)
            case "unsubscribe":
                return self._unsubscribe(rest)
            case "list":
                return self._list(rest)
            case "help":
                return self._help(rest)
            case other:
                raise self._mistake(_unknown_verb(other), verb)

    def _mistake(self, message: str, at: Word | int) -> CommandError:
        """What is wrong with a word, or missing at a place."""
        position = self._shown_at(at if isinstance(at, int) else at.start)
        return CommandError(message, text=plain(self._text), position=position)

    def _shown_at(self, place: int) -> int:
        return len(plain(self._text[:place]))

    def _subscribe(self, words: list[Word]) -> Subscribe:
        clauses = [number for number, word in enumerate(words) if fold(word.shown) in _CLAUSES]
        first = clauses[0] if clauses else len(words)
        wanted = self._filter(words[:first])
        found: dict[str, Word] = {}
        for number, after in zip(clauses, [*clauses[1:], len(words)], strict=False):
            name = fold(words[number].shown)
            if name in found:
                raise self._mistake(f"{name} can stand once; make a subscription for each", words[number])
            found[name] = self._only(words[number], words[number + 1 : after])
        to = self._place(found["to"]) if "to" in found else Here()
        return Subscribe(
            filter=wanted,
            to=to,
            mention=self._called(found["mention"]) if "mention" in found else None,
            doubt=self._doubt(found["doubt"], to) if "doubt" in found else Doubt.REPEAT,
        )

    def _filter(self, words: list[Word]) -> Filter:
        if not words:
            return Filter()
        start = words[0].start
        try:
            return parse(self._text[start : words[-1].end])
        except FilterError as error:
            position = self._shown_at(start) + error.position
            raise FilterError(error.message, text=plain(self._text), position=position) from error

    def _only(self, clause: Word, words: list[Word]) -> Word:
        name = fold(clause.shown)
        if not words:
            raise self._mistake(f"{name} needs {_CLAUSES[name]}", clause.end)
        if len(words) > 1:
            raise self._mistake(f"the filter goes first, and {name} with one word after it, last", words[1])
        return words[0]

    def _place(self, word: Word) -> Place:
        token = TOKEN.fullmatch(word.raw)
        kind = token["kind"] if token else None
        if token and kind == "#":
            return Channel(id=token["target"], name=entities(token["label"] or ""))
        if token and kind not in {"@", "!", "mailto:"}:
            return Url(url=entities(f"{kind}{token['target']}"))
        if _WEB.fullmatch(word.shown):
            return Url(url=word.shown)
        if _CHANNEL_ID.fullmatch(word.shown):
            return Channel(id=word.shown)
        match fold(word.shown):
            case "me":
                return Me()
            case "here":
                return Here()
            case shown if shown.startswith("#"):
                raise self._mistake(
                    "pick the channel from the list that opens as you type #, or write its ID: to C024BE7LR", word
                )
            case shown if shown.startswith("@"):
                raise self._mistake("people subscribe for themselves: to me", word)
            case _:
                raise self._mistake(f"to needs a place: #channel, me or https://…; got {got(word.shown)}", word)

    def _called(self, word: Word) -> str:
        token = TOKEN.fullmatch(word.raw)
        target = token["target"] if token else word.shown
        match token["kind"] if token else None:
            case "@":
                return target
            case "!" if target.startswith("subteam^"):
                return target.removeprefix("subteam^")
            case None if _CALLED_ID.fullmatch(target):
                return target
        if target.removeprefix("@") in {"here", "channel", "everyone"}:
            raise self._mistake("mention calls one person or one user group, never everyone", word)
        raise self._mistake(
            f"pick the person from the list that opens as you type @: mention @ann; got {got(word.shown)}", word
        )

    def _doubt(self, word: Word, to: Place) -> Doubt:
        choice = fold(word.shown)
        if choice not in tuple(Doubt):
            raise self._mistake(f"doubt needs repeat or ask; got {got(word.shown)}", word)
        if isinstance(to, Url) and choice == Doubt.ASK:
            raise self._mistake("a webhook can't be asked: its receiver knows a repeat by its webhook-id", word)
        return Doubt(choice)

    def _unsubscribe(self, words: list[Word]) -> Unsubscribe:
        if not words:
            raise self._mistake("unsubscribe needs an ID, e.g. unsubscribe k7m2qx; list shows them", len(self._text))
        if len(words) > 1:
            raise self._mistake("unsubscribe takes one ID", words[1])
        found = read_id(words[0].shown.strip("`"))
        if len(found) != LENGTH or not set(found) <= set(ALPHABET):
            raise self._mistake(
                f"an ID is {LENGTH} letters and digits, e.g. k7m2qx; list shows them; got {got(words[0].shown)}",
                words[0],
            )
        return Unsubscribe(id=found)

    def _list(self, words: list[Word]) -> List:
        match [fold(word.shown) for word in words]:
            case []:
                return List()
            case ["all"]:
                return List(all=True)
            case _:
                raise self._mistake("list stands alone, or with all after it", words[0])

    def _help(self, words: list[Word]) -> Help:
        if not words:
            return Help()
        topic = fold(words[0].shown)
        topic = "filter" if topic == "filters" else topic
        if topic not in TOPICS:
            close = did_you_mean(topic, TOPICS)
            raise self._mistake(
                f"did you mean help {close}?" if close else f"help is about one of {', '.join(TOPICS)}", words[0]
            )
        return Help(topic=topic)


def _unknown_verb(typed: str) -> str:
    close = _OTHER_VERBS.get(typed) or did_you_mean(typed, VERBS)
    if close:
        return f"did you mean {close}?"
    if re.search(r"""[:<>="]""", typed):
        return f"say what to do with the filter: subscribe {typed}"
    return f"there is no {got(typed)}; there are {', '.join(VERBS)}"
