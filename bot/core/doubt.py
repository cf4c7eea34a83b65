"""Which policy holds for a result that may have been shown already: see `subscription.Doubt`."""

from collections.abc import Iterable, Sequence

from bot.core.event import Event
from bot.core.facts import Facts
from bot.core.subscription import Doubt, Subscription


def policy(subscriptions: Iterable[Subscription], events: Sequence[Event]) -> Doubt:
    """The policy of those among a place's subscriptions that want one of the events now: ASK if any says so.

    It is looked up when it is needed, so a subscription that was changed meanwhile has its new say, and one that has
    ended none.
    """
    asking = (one for one in subscriptions if one.style.doubt is Doubt.ASK and one.hold is None)
    facts = [Facts(event) for event in events]
    return Doubt.ASK if any(one.filter.accepts(fact) for one in asking for fact in facts) else Doubt.REPEAT
