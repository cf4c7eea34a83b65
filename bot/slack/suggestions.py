"""What the form's pickers offer as somebody types: names seen lately, and what they typed as a pattern."""

import re
from collections.abc import Sequence
from functools import cache
from typing import Final
from zoneinfo import available_timezones

from bot.core.errors import FilterError
from bot.core.filters import parse
from bot.core.folding import fold
from bot.core.terms import OneOf, Pattern
from bot.render.inputs import CHOICES, VALUE, option
from bot.render.message import Block
from bot.render.preferences import automatic
from bot.slack.desk import Desk, Request

SEARCHED: Final = re.compile(r"^form\.(models|tags|zone)$")


async def suggest(desk: Desk, request: Request) -> list[Block]:
    """The options for what was typed so far."""
    if request.body["action_id"] == "form.zone":
        return [automatic(""), *(option(zone, zone) for zone in zones(str(request.body.get("value", ""))))]
    tokens = desk.actions.tokens()
    field, names = ("model", tokens.models) if request.body["action_id"] == "form.models" else ("tag", tokens.tags)
    return [option(shown, value) for value, shown in offered(field, names, str(request.body.get("value", "")))]


def offered(field: str, names: Sequence[str], typed: str) -> list[tuple[str, str]]:
    """Values and how they are shown: the names that have all of the words, most used first, and what was typed.

    That comes last, since Enter takes the first; a pattern with a star comes first.
    """
    words = fold(typed.replace("*", " ")).split()
    found = {str(Pattern(parts=(name,))): name for name in names if all(word in fold(name) for word in words)}
    pattern = _pattern(field, typed.strip())
    if pattern is not None and (value := str(pattern)) not in found:
        own = {value: f"{value}, as you typed it"}
        found = own | found if len(pattern.parts) > 1 else dict(list(found.items())[: CHOICES - 1]) | own
    return [(value, shown) for value, shown in found.items() if 0 < len(value) <= VALUE][:CHOICES]


def zones(typed: str) -> list[str]:
    """Time zones that have all of the words in their names."""
    words = typed.casefold().replace("_", " ").split()
    named = ((zone, zone.casefold().replace("_", " ")) for zone in _zones())
    return [zone for zone, name in named if all(word in name for word in words)][: CHOICES - 1]


@cache
def _zones() -> tuple[str, ...]:
    return tuple(sorted(available_timezones()))


def _pattern(field: str, typed: str) -> Pattern | None:
    """What was typed as one pattern, blanks and commas included; None where it can be none."""
    if not typed:
        return None
    for text in (typed, f'"{typed}"'):
        try:
            read = parse(f"{field}:{text}").terms
        except FilterError:
            continue
        match read:
            case (OneOf(patterns=(only,)),):
                return only
    return None
