"""Who wants which events, where, and in which style."""

from dataclasses import dataclass, field
from typing import NewType

from bot.core.destination import Destination
from bot.core.filters import Filter

SubscriptionId = NewType("SubscriptionId", str)
"""Short enough to type: 6 characters of Crockford's base 32, lower case."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Style:
    """How a subscription's deliveries look. `mention` is a Slack user or group id to call, or None."""

    mention: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Subscription:
    """A filter, a destination and a delivery style, owned by a person of a Slack workspace (`team`).

    `created` is in milliseconds since the epoch. A paused subscription matches nothing.
    """

    id: SubscriptionId
    team: str
    owner: str
    filter: Filter
    destination: Destination
    style: Style = field(default_factory=Style)
    created: int = 0
    paused: bool = False
