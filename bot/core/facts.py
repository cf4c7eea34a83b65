"""An event as filters see it: the fields that a filter can name, and their values in the form they are compared in."""

from collections.abc import Callable, Iterator, Mapping
from typing import Final

from bot.core.event import Event, Json
from bot.core.folding import fold

WORDS: Final[Mapping[str, Callable[[Event], tuple[str | None, ...]]]] = {
    "model": lambda event: (event.model.name,),
    "version": lambda event: (event.model.version,),
    "provider": lambda event: (event.model.provider,),
    "status": lambda event: (event.status,),
    "type": lambda event: (event.type,),
    "source": lambda event: (event.source,),
    "user": lambda event: (event.requester.slack_id, event.requester.email) if event.requester else (),
    "session": lambda event: (event.session,),
    "inference": lambda event: (event.inference,),
    "tag": lambda event: event.tags,
    "env": lambda event: (event.environment,),
    "sensitivity": lambda event: (event.sensitivity,),
}
"""Fields that hold words; `label.KEY` is one more for each key."""

NUMBERS: Final[Mapping[str, Callable[[Event], float | None]]] = {
    "confidence": lambda event: event.confidence,
    "latency": lambda event: event.latency,
    "cost": lambda event: event.usage.cost,
    "tokens": lambda event: event.usage.tokens,
}
"""Fields that hold a number: confidence within 0 and 1, latency in seconds, cost in US dollars, tokens both ways."""

LABEL: Final = "label."


class Facts:
    """One event, each value folded once, however many filters look at it."""

    __slots__ = ("_event", "_labels", "_texts", "_words")

    def __init__(self, event: Event) -> None:
        self._event = event
        self._words: dict[str, tuple[str, ...]] = {}
        self._labels: dict[str, tuple[str, ...]] | None = None
        self._texts: tuple[str, ...] | None = None

    def words(self, field: str) -> tuple[str, ...]:
        """The field's values, folded; empty where the event has none."""
        if field.startswith(LABEL):
            return self.labels().get(field, ())
        known = self._words.get(field)
        if known is None:
            known = tuple(fold(value) for value in WORDS[field](self._event) if value is not None)
            self._words[field] = known
        return known

    def labels(self) -> Mapping[str, tuple[str, ...]]:
        """The labels by field (`label.KEY`, folded); keys that differ in case only are one field."""
        if self._labels is None:
            labels: dict[str, tuple[str, ...]] = {}
            for key, value in self._event.labels.items():
                field = LABEL + fold(key)
                labels[field] = (*labels.get(field, ()), fold(value))
            self._labels = labels
        return self._labels

    def fields(self) -> Iterator[str]:
        """Every field of words that this event may have values in."""
        yield from WORDS
        yield from self.labels()

    def number(self, field: str) -> float | None:
        """The field's number; None where the event has none."""
        return NUMBERS[field](self._event)

    def texts(self) -> tuple[str, ...]:
        """What a search for text looks at, folded: title, every text of the result, the error's message."""
        if self._texts is None:
            event = self._event
            message = event.error.message if event.error else None
            self._texts = tuple(fold(text) for text in (event.title, *_texts(event.result), message) if text)
        return self._texts


def _texts(value: Json) -> Iterator[str]:
    match value:
        case str():
            yield value
        case list():
            for item in value:
                yield from _texts(item)
        case dict():
            for key, item in value.items():
                yield key
                yield from _texts(item)
        case None:
            return
        case _:
            yield str(value)
