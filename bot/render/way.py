"""How an inference came to where it is, in one small line of its card."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime

from bot.core.backoff import HOUR, MINUTE, SECOND
from bot.core.cards import Stage
from bot.render import figures
from bot.render.message import Message

_DAY = 24 * HOUR
_UNITS = ((_DAY, "d"), (HOUR, "h"), (MINUTE, "min"), (SECOND, "s"))
_HEAD = 2
"""Blocks above the line: the title and the facts."""


def with_way(message: Message, way: Sequence[Stage]) -> Message:
    """A card with the line under its facts; as it is where there was one step only."""
    if len(way) <= 1:
        return message
    # Statuses and times are ours; nothing from outside stands in this markup.
    line = {"type": "context", "elements": [{"type": "mrkdwn", "text": way_line(way)}]}
    return replace(message, blocks=(*message.blocks[:_HEAD], line, *message.blocks[_HEAD:]))


def way_line(way: Sequence[Stage]) -> str:
    """Say "queued 14:02 · running 14:02 · completed 14:05 (2 min 40 s)" in mrkdwn, in each reader's own time zone."""
    steps = " · ".join(f"{figures.word(stage.status)} {_clock(stage.at)}" for stage in way)
    return f"{steps} ({lasted(way[-1].at - way[0].at)})"


def lasted(milliseconds: int) -> str:
    """A time span in its two largest units: 2 min 40 s, 1 h 5 min, 0 s."""
    rest = max(0, milliseconds)
    parts: list[str] = []
    for unit, name in _UNITS:
        if (rest >= unit or parts) and len(parts) < 2:  # noqa: PLR2004 - two units
            parts.append(f"{rest // unit} {name}")
            rest %= unit
    return " ".join(part for part in parts if not part.startswith("0 ")) or "0 s"


def _clock(at: int) -> str:
    """https://docs.slack.dev/messaging/formatting-message-text#date-formatting."""
    seconds = at // SECOND
    return f"<!date^{seconds}^{{time}}|{datetime.fromtimestamp(seconds, UTC):%H:%M} UTC>"
