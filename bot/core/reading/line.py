"""One command as it was typed: its words, and where in it a mistake is."""

from collections.abc import Sequence

from bot.core.errors import CommandError, FilterError, MistakeError
from bot.core.filters import Filter, parse
from bot.core.typed import plain
from bot.core.words import Word, split


class Line:
    """The text of one command as Slack sends it. Every mistake points into the text as the person sees it."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.words = split(text)

    def mistake(self, message: str, at: Word | int) -> CommandError:
        """What is wrong with a word, or missing at a place of the text."""
        position = self._shown_at(at if isinstance(at, int) else at.start)
        return CommandError(message, text=plain(self.text), position=position)

    def missing(self, message: str) -> CommandError:
        """What is missing at the end."""
        return self.mistake(message, len(self.text))

    def within(self, error: MistakeError, words: Sequence[Word]) -> CommandError:
        """A mistake that was found in what some words say, placed at the word that it is about."""
        about = next((word for word in words if error.text.strip() in word.shown), words[0])
        return self.mistake(error.message, about)

    def filter(self, words: Sequence[Word]) -> Filter:
        """Read a filter from words that stand together; without any, every event is wanted. Raises FilterError."""
        if not words:
            return Filter()
        start = words[0].start
        try:
            return parse(self.text[start : words[-1].end])
        except FilterError as error:
            position = self._shown_at(start) + error.position
            raise FilterError(error.message, text=plain(self.text), position=position) from error

    def _shown_at(self, place: int) -> int:
        return len(plain(self.text[:place]))
