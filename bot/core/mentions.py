"""Whom a message calls: see `subscription.Style.mention`."""

from collections.abc import Iterable, Sequence
from typing import Final

from bot.core.event import Event, Status
from bot.core.facts import Facts
from bot.core.subscription import Subscription

MOST: Final = 3
"""How many are called for a result of its own."""
LOUD: Final = frozenset({Status.FAILED, Status.NEEDS_REVIEW})
"""The statuses for which a summary calls anybody."""


def called(
    subscriptions: Iterable[Subscription], events: Sequence[Event], *, now: int, summary: bool = False
) -> tuple[str, ...]:
    """The user and group ids that a message calls which tells of these events to a place with these subscriptions.

    Those count that want one of the events now (ms since the epoch), the oldest first. A single event calls three at
    most, several events together one; where they are only summed up, one of them has to be LOUD.
    """
    calling = [one for one in subscriptions if one.style.mention is not None and not one.muted(now)]
    told = [event for event in events if not summary or event.status in LOUD] if calling else []
    if not told:
        return ()
    facts = [(event.status, Facts(event)) for event in told]
    found = dict.fromkeys(
        one.style.mention
        for one in sorted(calling, key=lambda one: (one.created, one.id))
        if one.style.mention is not None and any(_calls(one, status, about) for status, about in facts)
    )
    return tuple(found)[: MOST if len(events) == 1 and not summary else 1]


def _calls(one: Subscription, status: Status, facts: Facts) -> bool:
    on = one.style.mention_on
    return (not on or status in on) and one.filter.accepts(facts)
