"""What acts need from elsewhere."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from bot.core.destination import Destination, DestinationId
from bot.core.permission import CLOSED, Policy
from bot.ports.archive import Afresh, Archive, Opinions
from bot.ports.letters import RecentLetters
from bot.ports.outbox import Lanes
from bot.ports.people import Audit, Channels, Notices, People, Persons, Recent, Subscriptions


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """The ports, the policy, time and chance.

    `move` lets what waits for a place wait for another one instead, and tells how many deliveries; done again it goes
    on where it was broken off. It raises UnavailableError.
    `refuse_url` gives the reason for which a webhook's URL is refused, or None; `secret_of` gives the signing secret of
    an endpoint; `now` milliseconds since the epoch; `draw(n)` a random number from 0 up to, not including, n.
    """

    subscriptions: Subscriptions
    people: People
    channels: Channels
    audit: Audit
    lanes: Lanes
    persons: Persons
    recent: Recent
    notices: Notices
    letters: RecentLetters
    move: Callable[[DestinationId, Destination], Awaitable[int]]
    refuse_url: Callable[[str], str | None]
    secret_of: Callable[[DestinationId], str]
    now: Callable[[], int]
    draw: Callable[[int], int]
    archive: Archive
    opinions: Opinions
    afresh: Afresh
    policy: Policy = CLOSED
