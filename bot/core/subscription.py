"""Who wants which events, where, and in which style."""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import NewType

from bot.core.destination import Destination
from bot.core.filters import Filter

SubscriptionId = NewType("SubscriptionId", str)
"""Short enough to type: 6 characters of Crockford's base 32, lower case."""

ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
"""Crockford's base 32 (crockford.com/base32.html): no I, L, O, U."""

LENGTH = 6
IDS = len(ALPHABET) ** LENGTH
"""How many ids there are."""

_ALIKE = str.maketrans("ilo", "110")


def subscription_id(number: int) -> SubscriptionId:
    """Write a number from 0 up to, not including, IDS as an id."""
    digits = [ALPHABET[number >> shift & 31] for shift in range(5 * (LENGTH - 1), -1, -5)]
    return SubscriptionId("".join(digits))


def read_id(text: str) -> SubscriptionId:
    """Read an id as a person types it: capitals, hyphens and look-alikes (I or l for 1, O for 0) are understood."""
    return SubscriptionId(text.strip().lower().replace("-", "").translate(_ALIKE))


class Doubt(StrEnum):
    """What becomes of a result that may have been shown already, where Slack does not let us look."""

    REPEAT = "repeat"
    """It is shown again, and says so: a repeat is better than a loss."""
    ASK = "ask"
    """A card asks whether to show it: a repeat would mislead."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Style:
    """How a subscription's deliveries look. `mention` is a Slack user or group id to call, or None."""

    mention: str | None = None
    doubt: Doubt = Doubt.REPEAT


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
