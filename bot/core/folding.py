"""What counts as the same text: letter case, ways to write an accent and shapes of quotes make no difference."""

from unicodedata import normalize

_STRAIGHT = str.maketrans("“”„‟‘’‚‛", "\"\"\"\"''''")  # noqa: RUF001 - the point is that they look alike


def straighten(text: str) -> str:
    """Make typographic quotes plain, one for one: phones and Slack's composer bend them while people type."""
    return text.translate(_STRAIGHT)


def fold(text: str) -> str:
    """The form in which texts are compared (Unicode 3.13, canonical caseless matching)."""
    if text.isascii():
        return text.lower()
    return normalize("NFC", normalize("NFD", straighten(text)).casefold())
