"""A long result as the parts of a thread: nothing left out, each part well-formed and within a message's room."""

from collections import deque
from collections.abc import Sequence

from bot.render.cuts import divided, heading, loosened
from bot.render.richtext import DIVIDER, Element, weight

LEAST = 100
"""A part with less room than this is refused: it would hold no sentence."""


def parts(pieces: Sequence[Element], *, first: int, room: int) -> list[list[Element]]:
    """Cut the whole into parts: the first within `first`, each other within `room`, both as `weight` counts.

    The visible text of all parts is that of the whole, but for blanks and dividers at the cuts. Cuts fall between
    blocks where that leaves a part at least half full, else between paragraphs, items or lines, else after a sentence
    or word; `cuts` tells more. A numbered list goes on with its number. The first part may be empty, for want of
    room or of text; the others are not. Raises ValueError if `room` is below LEAST or `first` below 0.
    """
    if room < LEAST or first < 0:
        raise ValueError(f"a part needs a room of {LEAST} at least, not {first} and {room}")
    waiting = deque(pieces)
    made = [_trimmed(_filled(waiting, first, room, must=False))]
    while waiting:
        if part := _trimmed(_filled(waiting, room, room, must=True)):
            made.append(part)
    return made


def _filled(waiting: deque[Element], limit: int, room: int, *, must: bool) -> list[Element]:
    """Take one part off the waiting pieces; with `must`, at least something."""
    part: list[Element] = []
    left = limit
    while waiting:
        heavy = weight(waiting[0])
        if heavy <= left:
            part.append(waiting.popleft())
            left -= heavy
        elif (heavy > room or left * 2 > limit) and (begun := _begun(waiting, left, must=must and not part)):
            return [*part, *begun]
        else:
            break
    if waiting and part and part[-1] is not DIVIDER:
        before, line = heading(part[-1])
        if line and [*part[:-1], *before]:
            part[-1:] = before
            waiting.extendleft(line)
    return part


def _begun(waiting: deque[Element], room: int, *, must: bool) -> list[Element]:
    """Take the beginning of the next piece, if it has a good one."""
    piece = waiting.popleft()
    head, rest = divided(piece, room, must=must)
    while must and not head:
        piece = loosened(piece, room)
        head, rest = ([piece], []) if weight(piece) <= room else divided(piece, room, must=must)
    waiting.extendleft(reversed(rest))
    return head


def _trimmed(part: list[Element]) -> list[Element]:
    """Without dividers and empty lines at either end."""
    while part and part[-1] is DIVIDER:
        part.pop()
    while part and part[0] is DIVIDER:
        del part[0]
    match part:
        case [{"type": "rich_text_section", "elements": [{"type": "text", "text": "\n"}, _, *_]} as piece, *others]:
            return [{**piece, "elements": piece["elements"][1:]}, *others]
        case _:
            return part
