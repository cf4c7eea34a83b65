"""Every error of the core, drawn.

TidingsError
├── FilterError        a filter that can't be parsed: what, where, and what to type instead
├── CommandError       a slash command that can't be understood
├── DestinationError   a place that can't be delivered to
└── UnavailableError   a service that is needed for an answer doesn't answer: try again

Errors are for what must not go on; what a far side answers is a value (`delivery.Outcome`), and a record that can't be
read is a value too (`event.Unreadable`).
"""


class TidingsError(Exception):
    """Something a person can mend; the text says how."""


class FilterError(TidingsError):
    """A filter that can't be parsed.

    `text` is the whole filter, `position` the zero-based place in it at which reading failed.
    """

    def __init__(self, message: str, *, text: str, position: int) -> None:
        super().__init__(message)
        self.message = message
        self.text = text
        self.position = position

    def caret(self) -> str:
        """The filter with a caret under the place where reading failed: two lines for a monospaced font."""
        return f"{self.text}\n{' ' * self.position}^"


class CommandError(TidingsError):
    """A command that can't be understood; the text says what to type instead."""


class DestinationError(TidingsError):
    """A place that can't be delivered to; the text names it, the reason and the remedy."""


class UnavailableError(TidingsError):
    """A service that is needed for an answer (Redis, Slack) doesn't answer; the text names it. Nothing was changed."""
