"""Small facts in few characters: status, confidence, times, tokens and cost."""

from collections.abc import Mapping
from math import floor, log10

from bot.core.backoff import HOUR, MINUTE, SECOND
from bot.core.event import Event, Model, Status, Usage
from bot.render.text import clean, shorten

MARKS: Mapping[Status, str] = {
    Status.QUEUED: "🕓",
    Status.RUNNING: "⏳",
    Status.NEEDS_REVIEW: "👀",
    Status.COMPLETED: "✅",
    Status.FAILED: "❌",
    Status.CANCELLED: "🚫",
}
_CELLS = 10
_CENT, _MILLIONTH = 0.01, 0.000_001
_LATE = MINUTE
_DAY = 24 * HOUR


def word(status: Status) -> str:
    """The status for people."""
    return status.replace("_", " ")


def title(event: Event, room: int) -> str:
    """The event's title on one line; its inference's id where it has none."""
    return line(event.title or "", room) or line(f"Inference {event.inference}", room)


def model(of: Model, room: int = 80) -> str:
    """Name, version and provider."""
    name = " ".join(part for part in (of.name, of.version) if part)
    return line(f"{name} · {of.provider}" if of.provider else name, room)


def line(text: str, room: int) -> str:
    """Text of strangers on one line."""
    return shorten(" ".join(clean(text).split()), room)


def confidence(value: float | None) -> str:
    """A bar of ten cells and the percentage; empty where nothing is known."""
    if value is None:
        return ""
    full = round(value * _CELLS)
    return f"{'▰' * full}{'▱' * (_CELLS - full)} {value:.0%}"


def seconds(value: float | None) -> str:
    """A latency, from milliseconds to minutes."""
    if value is None:
        return ""
    return f"{value * SECOND:.0f} ms" if value < 1 else f"{value:.1f} s" if value < 60 else age(round(value * SECOND))  # noqa: PLR2004 - a minute


def age(milliseconds: int) -> str:
    """A time span in its largest unit: 40 s, 3 min, 2 h, 4 d."""
    for unit, name in ((_DAY, "d"), (HOUR, "h"), (MINUTE, "min")):
        if milliseconds >= unit:
            return f"{milliseconds // unit} {name}"
    return f"{max(0, milliseconds) // SECOND} s"


def late(appended: int, now: int) -> str:
    """How long a delivery waited, where that is worth a word: over a minute."""
    return f"waited {age(now - appended)}" if now - appended >= _LATE else ""


def usage(of: Usage) -> str:
    """Tokens and cost; empty where neither is known."""
    parts = []
    if of.tokens is not None:
        parts.append(f"{of.tokens:,} tokens")
    if of.cost is not None:
        parts.append(_dollars(of.cost))
    return " · ".join(parts)


def _dollars(cost: float) -> str:
    """Cents, or two digits that say something where it is less than a cent."""
    if cost >= _CENT or cost <= 0:
        return f"${cost:,.2f}"
    return f"${cost:.{1 - floor(log10(cost))}f}" if cost >= _MILLIONTH else "under $0.000001"
