"""Every error of the core, drawn.

TidingsError
├── MistakeError       typed text that can't be understood: what, where, and what to type instead
│   ├── FilterError    … a filter
│   ├── CommandError   … a slash command
│   └── MomentError    … a point in time
├── DestinationError   a place that can't be delivered to
└── UnavailableError   a service that is needed for an answer doesn't answer: try again
    └── LaterError     … not before a time, by its limits

Errors are for what must not go on; what a far side answers is a value (`delivery.Outcome`), and a record that can't be
read is a value too (`event.Unreadable`).
"""


class TidingsError(Exception):
    """Something a person can mend; the text says how."""


class MistakeError(TidingsError):
    """Typed text that can't be understood; `message` says what is wrong and what to type instead.

    `text` is what was typed, on one line, and `position` the zero-based place in it at which reading failed.
    """

    def __init__(self, message: str, *, text: str, position: int) -> None:
        super().__init__(message)
        self.message = message
        self.text = text
        self.position = position

    def caret(self) -> str:
        """The text with a caret under the place where reading failed: two lines for a monospaced font."""
        return f"{self.text}\n{' ' * self.position}^"


class FilterError(MistakeError):
    """A filter, alone or within a command, that can't be parsed."""


class CommandError(MistakeError):
    """A slash command that can't be understood."""


class MomentError(MistakeError):
    """A point in time that can't be understood."""


class DestinationError(TidingsError):
    """A place that can't be delivered to; the text names it, the reason and the remedy."""


class UnavailableError(TidingsError):
    """A service that is needed for an answer (Redis, Slack) doesn't answer; the text names it. Nothing was changed."""


class LaterError(UnavailableError):
    """A service's limits let it be asked again at `until`, in milliseconds since the epoch; the text names it."""

    def __init__(self, message: str, *, until: int) -> None:
        super().__init__(message)
        self.until = until
