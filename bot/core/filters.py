"""The filter language (stub: the parser lands next)."""

from dataclasses import dataclass

from bot.core.event import Event


@dataclass(frozen=True, slots=True)
class Filter:
    """A parsed filter; `str()` gives its canonical text, and parsing that gives an equal filter."""

    text: str = ""

    def matches(self, event: Event) -> bool:
        """Whether the event is wanted."""
        raise NotImplementedError(event)

    def __str__(self) -> str:
        """The canonical text."""
        return self.text


def parse(text: str) -> Filter:
    """Read a filter; the empty text matches every event. Raises FilterError."""
    return Filter(text)
