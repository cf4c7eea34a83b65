"""Subscriptions as a YAML file: read with the line of every mistake, written so that equal states give equal files.

Every value is taken as the text that stands there: YAML's own ideas of `22:00` (a number to the base of 60), `012345`
(octal) and `on` (true) have no place here.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, Final

import yaml

from bot.core.advice import did_you_mean, got
from bot.core.destination import Target
from bot.core.errors import MistakeError, TidingsError
from bot.core.event import Status
from bot.core.filters import Filter, parse
from bot.core.fitness import misfit
from bot.core.subscription import (
    ALPHABET,
    LENGTH,
    Doubt,
    Hold,
    Holding,
    Showing,
    Style,
    Subscription,
    SubscriptionId,
    Threading,
    occasions,
    read_id,
)
from bot.core.target import read_place, write_place
from bot.core.timing import read_digest, read_quiet

VERSION: Final = "1"


class FileError(TidingsError):
    """A file that can't be understood; the text names the line, the field and what to write instead."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rest:
    """That a subscription rests, until a time in ms since the epoch or until somebody resumes it."""

    kind: Holding
    until: int | None = None

    def __str__(self) -> str:
        """As it is written."""
        if self.until is None:
            return str(self.kind)
        return f"{self.kind} until {datetime.fromtimestamp(self.until / 1000, tz=UTC).isoformat()}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One subscription as people decide it; `line` is where it stands in its file, 0 for one that stands in none."""

    id: SubscriptionId | None
    to: Target
    filter: Filter
    owner: str | None
    style: Style
    rest: Rest | None = None
    line: int = 0

    def fields(self) -> dict[str, str]:
        """What is written of it, in this order; what is as usual is left out."""
        style = self.style
        written = {
            "id": self.id,
            "to": write_place(self.to),
            "filter": str(self.filter),
            "owner": self.owner or None,
            "mention": style.mention and _calling(style.mention, style.mention_on),
            "digest": style.digest,
            "quiet": style.quiet,
            "thread": None if style.thread is Threading.OFF else style.thread,
            "doubt": None if style.doubt is Doubt.REPEAT else style.doubt,
            "show": style.show,
            "hold": self.rest,
        }
        return {name: str(value) for name, value in written.items() if value is not None}


@dataclass(frozen=True, slots=True, kw_only=True)
class File:
    """What a file says: the subscriptions of one workspace."""

    team: str
    entries: tuple[Entry, ...]


def entry_of(one: Subscription, *, now: int) -> Entry:
    """What a file would say of a subscription; Tidings's own pauses are no decision of people's."""
    hold = one.hold
    rests = hold is not None and hold.holds(now) and hold.kind is not Holding.ORPHANED
    return Entry(
        id=one.id,
        to=one.destination,
        filter=one.filter,
        owner=one.owner,
        style=one.style,
        rest=_rest(hold, rests=rests),
    )


def write(entries: Iterable[Entry], *, team: str) -> str:
    """The text of a file; the order of the entries makes no difference."""
    rows = sorted((one.fields() for one in entries), key=lambda one: (one["to"], one["filter"], one.get("id", "")))
    head = {"version": int(VERSION), "team": team}
    text: str = yaml.safe_dump(head | {"subscriptions": rows}, sort_keys=False, allow_unicode=True, width=10_000)
    return text


def read(text: str, *, name: str, team: str) -> File:
    """Read a file of a workspace; it may name no other. Raises FileError."""
    return _Reader(name).read(text, team)


def team_named(text: str) -> str | None:
    """The workspace that a file names, if it can be read that far."""
    try:
        root = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.YAMLError:
        return None
    pairs = root.value if isinstance(root, yaml.MappingNode) else []
    return next((str(value.value) for key, value in pairs if key.value == "team"), None)


class _Reader:
    """Reads one file."""

    def __init__(self, name: str) -> None:
        self._name = name

    def read(self, text: str, team: str) -> File:
        try:
            root = yaml.compose(text, Loader=yaml.SafeLoader)
        except yaml.MarkedYAMLError as error:
            mark = error.problem_mark
            raise self._wrong(mark.line + 1 if mark else 1, f"no YAML: {error.problem}") from error
        except yaml.YAMLError as error:
            raise self._wrong(1, f"no YAML: {error}") from error
        if root is None:
            raise self._wrong(1, "the file is empty; write version: 1 and subscriptions:")
        found = self._mapping(root, ("version", "team", "subscriptions"), "the file")
        version, line = self._text(found, "version", root)
        if version != VERSION:
            raise self._wrong(line, f"version: this Tidings reads version {VERSION}, the file has {got(version)}")
        named = self._text(found, "team", root)[0] if "team" in found else None
        if named is not None and team != named:
            raise self._wrong(_line(found["team"]), f"team: the file is of {named}, and {team} was asked for")
        rows = found.get("subscriptions")
        if not isinstance(rows, yaml.SequenceNode):
            raise self._wrong(_line(rows or root), "subscriptions: a list belongs here, each beginning with -")
        entries = tuple(self._entry(row, team) for row in rows.value)
        self._distinct(entries)
        return File(team=team, entries=entries)

    def _entry(self, row: Any, team: str) -> Entry:
        found = self._mapping(row, FIELDS, "a subscription")
        readers: Mapping[str, Callable[[str], Any]] = {
            "id": _id,
            "to": lambda text: read_place(text, team=team),
            "filter": parse,
            "owner": _user,
            "mention": _called,
            "digest": read_digest,
            "quiet": read_quiet,
            "thread": lambda text: _choice(Threading, text),
            "doubt": lambda text: _choice(Doubt, text),
            "show": lambda text: _choice(Showing, text),
            "hold": _held,
        }
        values = {name: self._read(found, name, readers[name], row) for name in found}
        if "to" not in values:
            raise self._wrong(_line(row), 'to: where to? e.g. to: "#C024BE7LR"')
        if values["to"].team != team:
            raise self._wrong(_line(found["to"]), "to: the place is of another workspace")
        given = {name: values[name] for name in ("digest", "quiet", "thread", "doubt", "show") if name in values}
        mention, occasions = values.get("mention", (None, ()))
        style = Style(mention=mention, mention_on=occasions, **given)
        why = misfit(values["to"], style)
        if why is not None:
            raise self._wrong(_line(row), why)
        return Entry(
            id=values.get("id"),
            to=values["to"],
            filter=values.get("filter", Filter()),
            owner=values.get("owner"),
            style=style,
            rest=values.get("hold"),
            line=_line(row),
        )

    def _read(self, found: Mapping[str, Any], name: str, reader: Callable[[str], Any], row: Any) -> Any:
        text, line = self._text(found, name, row)
        try:
            return reader(text)
        except MistakeError as error:
            raise self._wrong(line, f"{name}: {error.message}\n{error.caret()}") from error
        except (TidingsError, ValueError) as error:
            raise self._wrong(line, f"{name}: {error}") from error

    def _mapping(self, node: Any, known: tuple[str, ...], what: str) -> dict[str, Any]:
        if not isinstance(node, yaml.MappingNode):
            raise self._wrong(_line(node), f"{what} is written as names with values, e.g. {known[1]}: …")
        found: dict[str, Any] = {}
        for key, value in node.value:
            name = str(key.value)
            if name not in known:
                close = did_you_mean(name, known)
                hint = f"did you mean {close}?" if close else f"there are {', '.join(known)}"
                raise self._wrong(_line(key), f"{what} has no {got(name)}; {hint}")
            if name in found:
                raise self._wrong(_line(key), f"{name}: is given twice")
            found[name] = value
        return found

    def _text(self, found: Mapping[str, Any], name: str, owner: Any) -> tuple[str, int]:
        node = found.get(name)
        if node is None:
            raise self._wrong(_line(owner), f"{name}: is missing")
        if not isinstance(node, yaml.ScalarNode):
            raise self._wrong(_line(node), f"{name}: text belongs here")
        return node.value, _line(node)

    def _distinct(self, entries: Iterable[Entry]) -> None:
        seen: dict[object, int] = {}
        for one in entries:
            for what in _identities(one):
                if what in seen:
                    raise self._wrong(one.line, f"the subscription of line {seen[what]} once more")
                seen[what] = one.line

    def _wrong(self, line: int, message: str) -> FileError:
        return FileError(f"{self._name}:{line}: {message}")


_STYLE: Final = ("mention", "digest", "quiet", "thread", "doubt", "show")
FIELDS: Final = ("id", "to", "filter", "owner", *_STYLE, "hold")


def same_wish(one: Entry) -> tuple[Target, str]:
    """What no two subscriptions of a workspace have in common."""
    return one.to, str(one.filter).casefold()


def with_owner(one: Entry, owner: str | None) -> Entry:
    """The entry, owned by `owner` where it names nobody."""
    return one if one.owner is not None else replace(one, owner=owner)


def _identities(one: Entry) -> Iterator[object]:
    yield same_wish(one)
    if one.id is not None:
        yield one.id


def _line(node: Any) -> int:
    line: int = node.start_mark.line
    return line + 1


def _rest(hold: Hold | None, *, rests: bool) -> Rest | None:
    return Rest(kind=hold.kind, until=hold.until) if rests and hold is not None else None


def _id(text: str) -> SubscriptionId:
    found = read_id(text)
    if len(found) != LENGTH or not set(found) <= set(ALPHABET):
        raise ValueError(f"an id is {LENGTH} characters, e.g. k7m2qx; got {got(text)}")
    return found


def _user(text: str) -> str:
    if text[:1] not in {"U", "W"} or not text.isalnum():
        raise ValueError(f"a Slack user ID belongs here (U024BE7LR); got {got(text)}")
    return text


def _called(text: str) -> tuple[str, tuple[Status, ...]]:
    """Whom a mention calls, and for which statuses: `U024BE7LR on failed,needs_review`."""
    target, on, statuses = text.partition(" on ")
    if target[:1] not in {"U", "W", "S"} or not target.isalnum():
        raise ValueError(f"the ID of a person or a user group belongs here (U024BE7LR, S024BE7LR); got {got(target)}")
    return target, occasions(_choice(Status, name.strip()) for name in statuses.split(",")) if on else ()


def _calling(target: str, on: Sequence[Status]) -> str:
    return f"{target} on {','.join(on)}" if on else target


def _choice(choices: Any, text: str) -> Any:
    if text not in tuple(choices):
        raise ValueError(f"there is no {got(text)}; there are {', '.join(choices)}")
    return choices(text)


def _held(text: str) -> Rest:
    word, _, until = text.partition(" until ")
    if word not in {Holding.PAUSED, Holding.MUTED}:
        raise ValueError(f"write paused or muted, or paused until 2026-12-01T10:00Z; got {got(text)}")
    if not until:
        return Rest(kind=Holding(word))
    try:
        moment = datetime.fromisoformat(until.strip())
    except ValueError:
        raise ValueError(f"{got(until)} is no time; write 2026-12-01T10:00Z") from None
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return Rest(kind=Holding(word), until=round(aware.timestamp() * 1000))
