"""How much of an event a place may see: by the event's sensitivity, by who reads there, and as its subscriptions ask.

Rules of this file:
1. Each showing shows a part of what the one before it shows, so "the stricter of two" always has an answer.
2. CEILING is what a place may see at most, whatever anybody asks for; USUAL is what it sees where nobody asks.
3. Among several subscriptions of one place that want the event the strictest counts; one that asks for nothing asks for
   the usual.
4. Where it can't be told who reads, it is a shared channel.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from bot.core.event import Event, Sensitivity
from bot.core.facts import Facts
from bot.core.subscription import Showing, Subscription


class Audience(StrEnum):
    """Who reads in a place."""

    REQUESTER = "requester"
    """The person who asked for the inference, in a direct message."""
    PERSON = "person"
    """Another person, in a direct message."""
    PRIVATE = "private"
    """The members of a private channel."""
    PUBLIC = "public"
    """Everybody of the workspace."""
    SHARED = "shared"
    """People of another organisation, too: Slack Connect."""
    ENDPOINT = "endpoint"
    """A program of the team's own: a webhook."""


_OPEN: Final = dict.fromkeys(Audience, Showing.FULL)

CEILING: Final = {
    Sensitivity.PUBLIC: _OPEN,
    Sensitivity.INTERNAL: _OPEN | {Audience.SHARED: Showing.METADATA},
    Sensitivity.CONFIDENTIAL: _OPEN
    | {Audience.PRIVATE: Showing.METADATA, Audience.PUBLIC: Showing.METADATA, Audience.SHARED: Showing.LINK},
    Sensitivity.RESTRICTED: _OPEN
    | {
        Audience.PERSON: Showing.METADATA,
        Audience.PRIVATE: Showing.METADATA,
        Audience.PUBLIC: Showing.METADATA,
        Audience.SHARED: Showing.LINK,
    },
}
"""What may be seen at most."""

USUAL: Final = {
    **CEILING,
    Sensitivity.INTERNAL: CEILING[Sensitivity.INTERNAL] | {Audience.PUBLIC: Showing.MASKED},
}
"""What is seen where nobody asks. It differs from CEILING in one cell, in which an owner may ask for `full`."""

_STRICTNESS: Final = {showing: number for number, showing in enumerate(Showing)}
NOBODY_ASKS: Final[frozenset[Showing | None]] = frozenset({None})


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """How much an audience sees. `asked`: a subscription wants it to be less than it might be."""

    showing: Showing
    audience: Audience
    asked: bool = False


def view(
    event: Event, audience: Audience, *, reader: str | None = None, asked: Collection[Showing | None] = NOBODY_ASKS
) -> View:
    """How much of the event is shown. `reader` is the person of a direct message; `asked` is as from `asked_of`."""
    if audience is Audience.PERSON and event.requester is not None and event.requester.slack_id == reader:
        audience = Audience.REQUESTER
    usual = USUAL[event.sensitivity][audience]
    wanted = strictest(usual if one is None else one for one in asked or NOBODY_ASKS)
    shown = strictest((wanted, CEILING[event.sensitivity][audience]))
    return View(showing=shown, audience=audience, asked=_STRICTNESS[shown] > _STRICTNESS[usual])


def strictest(showings: Iterable[Showing]) -> Showing:
    """The one that shows least."""
    return max(showings, key=_STRICTNESS.__getitem__)


def anybody_asks(subscriptions: Iterable[Subscription]) -> bool:
    """Whether there is anything to find out: filters need not be asked where no subscription asks for a showing."""
    return any(one.style.show is not None for one in subscriptions)


def asked_of(subscriptions: Collection[Subscription], event: Event, *, now: int) -> frozenset[Showing | None]:
    """What those of a place's subscriptions ask for that want the event now (ms since the epoch)."""
    if not anybody_asks(subscriptions):
        return NOBODY_ASKS
    facts = Facts(event)
    return frozenset(one.style.show for one in subscriptions if not one.muted(now) and one.filter.accepts(facts))
