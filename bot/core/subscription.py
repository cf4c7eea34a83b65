"""Who wants which events, where, and in which style."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import NewType

from bot.core.destination import Target
from bot.core.event import Status
from bot.core.filters import Filter
from bot.core.timing import Digest, Quiet

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


class Threading(StrEnum):
    """Which of a channel's messages become replies in one thread."""

    OFF = "off"
    """None: each result is a message of its own."""
    INFERENCE = "inference"
    """Those of one inference."""
    SESSION = "session"
    """Those of one session; events without one as with INFERENCE."""


class Showing(StrEnum):
    """How much of an event is shown. Each shows a part of what the one before it shows."""

    FULL = "full"
    """All of it."""
    MASKED = "masked"
    """All, with personal data and secrets masked: see `core.pii`."""
    SUMMARY = "summary"
    """Title, figures and the beginning of the result, masked likewise."""
    METADATA = "metadata"
    """Status, model and figures: no content, no title, nobody's name."""
    LINK = "link"
    """The status, and the event's own links."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Style:
    """How and when a subscription's deliveries look.

    `mention` is a Slack user or group id to call, or None; where `mention_on` is not empty, for these statuses only
    (as `occasions` writes them). `show` None leaves it to `core.showing` how much is shown.
    """

    mention: str | None = None
    mention_on: tuple[Status, ...] = ()
    doubt: Doubt = Doubt.REPEAT
    digest: Digest | None = None
    quiet: Quiet | None = None
    thread: Threading = Threading.OFF
    show: Showing | None = None

    @property
    def prompt(self) -> bool:
        """Whether every event is sent as it comes, at any hour."""
        return self.digest is None and self.quiet is None


def occasions(named: Iterable[str]) -> tuple[Status, ...]:
    """The statuses named, each once and in the order of their table, so that equal ones are written alike."""
    names = frozenset(named)
    return tuple(status for status in Status if status in names)


class Holding(StrEnum):
    """What becomes of a held subscription's events."""

    PAUSED = "paused"
    """They wait, and come when it is resumed."""
    MUTED = "muted"
    """They pass by."""
    ORPHANED = "orphaned"
    """They wait: the keeper found that the place or the owner is gone, and asked somebody what to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Hold:
    """A subscription's rest: since `at`, `until` a time (None: until somebody resumes it); both in ms since the epoch.

    `by` is the user id of who asked for it, empty for Tidings itself, and `why` what the keeper found.
    """

    kind: Holding
    at: int
    until: int | None = None
    by: str = ""
    why: str = ""

    def holds(self, now: int) -> bool:
        """Whether it is not over yet."""
        return self.until is None or now < self.until


@dataclass(frozen=True, slots=True, kw_only=True)
class Subscription:
    """A filter, a destination and a delivery style, owned by a person of a Slack workspace (`team`).

    `created` is in milliseconds since the epoch. `members` are the user ids behind a destination that is a group, as
    of the last look.
    """

    id: SubscriptionId
    team: str
    owner: str
    filter: Filter
    destination: Target
    style: Style = field(default_factory=Style)
    created: int = 0
    hold: Hold | None = None
    members: tuple[str, ...] = ()

    def muted(self, now: int) -> bool:
        """Whether events pass it by, at a time in ms since the epoch."""
        return self.hold is not None and self.hold.kind is Holding.MUTED and self.hold.holds(now)
