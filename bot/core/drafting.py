"""Filters drafted from an event: more like this, less like this."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from bot.core.errors import FilterError
from bot.core.event import Event
from bot.core.facts import LABEL
from bot.core.filters import Filter, parse
from bot.core.folding import fold
from bot.core.terms import Not, OneOf, Pattern


def more_like(event: Event, tags: Sequence[str] = ()) -> Filter:
    """A filter for events like this one: its model, its status and the most telling of its tags and labels.

    `tags` are those seen lately, the most frequent first: the rarer, the more it tells. What no filter can be written
    for (a name of nothing but blanks) is left out; the event matches in any case.
    """
    terms = [term for term in (_model(event), _status(event)) if term is not None]
    return Filter((*terms, *list(_telling(event, tags))[:1]))


def less_like(wanted: Filter, event: Event, tags: Sequence[str] = ()) -> Filter | None:
    """What the filter wants, without events like this one; events of other models come as before.

    One that wants several models loses this one. One that wants this model only loses the most telling of the event's
    tags and labels, or its status where it has none. None where no filter can be written for it.
    """
    if not wanted.matches(event):
        return wanted
    if _wants_only(wanted, event.model.name):
        term = next(iter(_telling(event, tags)), None) or _status(event)
    else:
        term = _model(event)
    return None if term is None else replace(wanted, terms=(*wanted.terms, Not(term=term)))


def _wants_only(wanted: Filter, model: str) -> bool:
    """Whether events of any other model are turned away already."""
    names = {(fold(model),)}
    return any(
        isinstance(term, OneOf) and term.field == "model" and {pattern.folded for pattern in term.patterns} <= names
        for term in wanted.terms
    )


def _model(event: Event) -> OneOf | None:
    return _term("model", event.model.name)


def _status(event: Event) -> OneOf | None:
    return _term("status", event.status)


def _telling(event: Event, tags: Sequence[str]) -> Iterator[OneOf]:
    """Terms for the event's tags, then its labels, the most telling first."""
    rank = {fold(tag): place for place, tag in enumerate(tags)}
    for tag in sorted(event.tags, key=lambda tag: -rank.get(fold(tag), -1)):
        if (term := _term("tag", tag)) is not None:
            yield term
    for key, value in sorted(event.labels.items()):
        if (term := _term(f"{LABEL}{fold(key)}", value)) is not None:
            yield term


def _term(field: str, value: str) -> OneOf | None:
    """The term, if a person could have typed it."""
    term = OneOf(field=field, patterns=(Pattern(parts=(value,)),))
    alone = Filter((term,))
    try:
        return term if parse(str(alone)) == alone else None
    except FilterError:
        return None
