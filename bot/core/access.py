"""By which of its terms a filter is found: the one that the fewest events will satisfy."""

from collections.abc import Callable, Iterator, Mapping
from typing import Final, NamedTuple

from bot.core.facts import LABEL
from bot.core.filters import Filter
from bot.core.terms import OneOf, Term


class Access(NamedTuple):
    """A value under which filters are kept: an event whose field has it, or begins with it, leads to them."""

    field: str
    value: str
    prefix: bool


_SHARE: Final[Mapping[str, float]] = {
    "inference": 0.000_01,
    "session": 0.000_1,
    "user": 0.001,
    LABEL: 0.02,
    "tag": 0.02,
    "model": 0.05,
    "version": 0.05,
    "source": 0.05,
    "type": 0.2,
    "provider": 0.2,
    "status": 0.2,
    "env": 0.3,
    "sensitivity": 0.5,
}
"""The share of events that one value of the field is guessed to meet. Only their order matters, and only roughly."""

_PREFIX_COSTS: Final = 4
"""How many times more events a prefix is guessed to meet than a whole value."""


def choose(wanted: Filter, crowd: Callable[[Access], int]) -> tuple[Access, ...]:
    """The accesses under which to keep the filter, none where every event has to be looked at.

    `crowd` tells how many filters an access holds already: a value that many filters name is probably common, so a
    filter that names a rarer one beside it is better found by that.
    """

    def cost(accesses: tuple[Access, ...]) -> float:
        return sum(_guess(access) * (1 + crowd(access)) for access in accesses)

    return min((accesses for term in wanted.terms for accesses in _accesses(term)), key=cost, default=())


def _guess(access: Access) -> float:
    share = _SHARE[LABEL if access.field.startswith(LABEL) else access.field]
    return share * _PREFIX_COSTS if access.prefix else share


def _accesses(term: Term) -> Iterator[tuple[Access, ...]]:
    """The accesses that lead to every event of which the term holds, if there are such."""
    match term:
        case OneOf(field=field, patterns=patterns) if all(pattern.folded[0] for pattern in patterns):
            yield tuple(Access(field, pattern.folded[0], len(pattern.folded) > 1) for pattern in patterns)
        case _:
            return
