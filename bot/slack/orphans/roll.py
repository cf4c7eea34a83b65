"""All subscriptions, called over by channel, place, owner and group; read anew only when one changed."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from bot.core.destination import DestinationId, SlackGroup, destination_id
from bot.core.orphans import channel_of
from bot.core.subscription import Subscription
from bot.ports.people import Subscriptions

Key = tuple[str, str]
"""A team, and the id of something in it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Called:
    """One version of the roll."""

    version: int = -1
    everyone: tuple[Subscription, ...] = ()
    at: Mapping[DestinationId, Sequence[Subscription]] = field(default_factory=dict)
    in_channel: Mapping[Key, Sequence[Subscription]] = field(default_factory=dict)
    of_owner: Mapping[Key, Sequence[Subscription]] = field(default_factory=dict)
    of_group: Mapping[Key, Sequence[Subscription]] = field(default_factory=dict)


class Roll:
    """Keeps the last version."""

    def __init__(self, subscriptions: Subscriptions) -> None:
        self._subscriptions = subscriptions
        self._called = Called()

    async def call(self) -> Called:
        """The roll as it is now. Raises UnavailableError."""
        if await self._subscriptions.version() != self._called.version:
            version, everyone = await self._subscriptions.snapshot()
            self._called = _called(version, everyone)
        return self._called


def _called(version: int, everyone: tuple[Subscription, ...]) -> Called:
    at: defaultdict[DestinationId, list[Subscription]] = defaultdict(list)
    in_channel, of_owner, of_group = (defaultdict[Key, list[Subscription]](list) for _ in range(3))
    for one in everyone:
        at[destination_id(one.destination)].append(one)
        of_owner[one.team, one.owner].append(one)
        if (channel := channel_of(one.destination)) is not None:
            in_channel[one.team, channel].append(one)
        if isinstance(one.destination, SlackGroup):
            of_group[one.team, one.destination.group].append(one)
    return Called(
        version=version,
        everyone=everyone,
        at=dict(at),
        in_channel=dict(in_channel),
        of_owner=dict(of_owner),
        of_group=dict(of_group),
    )
