"""What forms and the Home tab show: a subscription to edit, those of a person's channels, what passed lately."""

import asyncio
from collections.abc import Iterable, Sequence

from bot.actions.looking import Looking
from bot.core.answers import Actor, Listing, NoSuchSubscription, NotAllowed, Shelf
from bot.core.destination import DestinationId, SlackChannel, SlackPerson, Target, destination_id
from bot.core.event import Event
from bot.core.facts import Facts
from bot.core.looks import Passed
from bot.core.permission import Act
from bot.core.subscription import Subscription, SubscriptionId


class Browsing(Looking):
    """Looks; changes nothing."""

    async def editable(
        self, actor: Actor, subscription: SubscriptionId
    ) -> Subscription | NoSuchSubscription | NotAllowed:
        """The subscription, if the actor may edit it."""
        return await self._own(actor, Act.EDIT, subscription)

    async def list_mine(self, actor: Actor, channels: Iterable[str]) -> Listing:
        """The actor's own subscriptions, those that come to them, and those of channels that they are in.

        The caller has it from Slack that they are in all of these channels.
        """
        subscriptions = self._world.subscriptions
        places: list[Target] = [SlackPerson(team=actor.team, user=actor.user)]
        places += [SlackChannel(team=actor.team, channel=channel) for channel in channels]
        found = await asyncio.gather(
            subscriptions.of_owner(actor.team, actor.user),
            *(subscriptions.of_destination(destination_id(place)) for place in places),
        )
        theirs = [one for some in found for one in some if one.team == actor.team]
        return await self._listing(actor, Shelf.NEAR, theirs)

    async def bringing(self, actor: Actor, event: Event, place: Target) -> Subscription | None:
        """The oldest subscription that leads an event to a place and that the actor may edit, own ones first."""
        there = await self._world.subscriptions.of_destination(destination_id(place))
        facts = Facts(event)
        for one in sorted(there, key=lambda one: one.owner != actor.user):
            matches = one.team == actor.team and one.filter.accepts(facts)
            if matches and await self._door.refuse_with(actor, Act.EDIT, one) is None:
                return one
        return None

    async def leads_to(self, place: DestinationId) -> bool:
        """Whether anybody's subscription leads there."""
        return bool(await self._world.subscriptions.of_destination(place))

    def lately(self, subscriptions: Sequence[Subscription], *, limit: int) -> tuple[Passed, ...]:
        """The newest of the events seen lately that some of the subscriptions want, each with the first that does."""
        found: list[Passed] = []
        for event in reversed(self._world.recent.events()):
            if len(found) == limit:
                break
            facts = Facts(event)
            wanted = next((one for one in subscriptions if one.filter.accepts(facts)), None)
            if wanted is not None:
                found.append(Passed(event=event, subscription=wanted))
        return tuple(found)
