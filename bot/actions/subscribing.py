"""Subscriptions made, changed, tested and ended."""

from collections.abc import Callable
from dataclasses import replace
from hashlib import blake2b

from bot.actions.door import Door
from bot.actions.ledger import Ledger
from bot.actions.places import Places, Ready
from bot.actions.world import World
from bot.core.answers import (
    Actor,
    AlreadySubscribed,
    BadPlace,
    Changed,
    NoSuchSubscription,
    NotAllowed,
    Overtaken,
    Subscribed,
    Tested,
    Unchanged,
    Unsubscribed,
)
from bot.core.destination import Target, Webhook, destination_id
from bot.core.filters import Filter
from bot.core.permission import Act
from bot.core.routing import places
from bot.core.sample import sample
from bot.core.subscription import IDS, Style, Subscription, SubscriptionId, subscription_id


class Subscribing:
    """What people do with subscriptions, one by one."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._door = Door(world)
        self._places = Places(world, self._door)
        self._ledger = Ledger(world)

    async def subscribe(
        self,
        actor: Actor,
        *,
        wanted: Filter,
        destination: Target,
        style: Style,
        confirmed: bool = False,
        request: str | None = None,
    ) -> Subscribed | AlreadySubscribed | BadPlace | NotAllowed:
        """Save a subscription, owned by the actor.

        A webhook's signing secret is part of the answer only while nobody else's subscription leads to the endpoint:
        who can read it can forge events. The same `request` done again gives the same answer.
        """
        ready = await self._places.prepare(actor, destination, confirmed=confirmed)
        if not isinstance(ready, Ready):
            return ready
        secret = await self._secret(actor, destination)
        draft = Subscription(
            id=subscription_id(0),
            team=actor.team,
            owner=actor.user,
            filter=wanted,
            destination=destination,
            style=style,
            created=self._world.now(),
            members=ready.members,
        )
        made, kept = await self._add(draft, request)
        if kept.id != made:
            return AlreadySubscribed(existing=kept)
        again = kept != replace(draft, id=made)
        if not again or not await self._world.audit.newest(actor.team, limit=1, subject=made):
            await self._ledger.note(actor, "subscribe", kept.id, after=kept)
        return Subscribed(subscription=kept, joined=ready.joined, secret=secret)

    async def see(self, actor: Actor, subscription: SubscriptionId) -> Subscription | NoSuchSubscription | NotAllowed:
        """One subscription, if the actor may see it; of others nothing is told."""
        return await self._own(actor, Act.SEE, subscription)

    async def edit(
        self,
        actor: Actor,
        subscription: SubscriptionId,
        *,
        wanted: Filter | None = None,
        destination: Target | None = None,
        style: Style | None = None,
        confirmed: bool = False,
        still: Callable[[Subscription], bool] | None = None,
    ) -> Changed | Unchanged | AlreadySubscribed | BadPlace | NoSuchSubscription | NotAllowed | Overtaken:
        """Change what is given, and leave the rest; its owner and admins may.

        `still` says whether it is as the actor saw it last; where it is not, nothing is changed.
        """
        while True:
            found = await self._own(actor, Act.EDIT, subscription)
            if not isinstance(found, Subscription):
                return found
            if still is not None and not still(found):
                return Overtaken(subject=subscription, by="")
            after = replace(
                found,
                filter=found.filter if wanted is None else wanted,
                destination=found.destination if destination is None else destination,
                style=found.style if style is None else style,
            )
            if after == found:
                return Unchanged(subscription=found, viewer=actor)
            ready, secret = Ready(members=found.members), None
            if after.destination != found.destination:
                prepared = await self._places.prepare(actor, after.destination, confirmed=confirmed)
                if not isinstance(prepared, Ready):
                    return prepared
                ready, secret = prepared, await self._secret(actor, after.destination)
            after = replace(after, members=ready.members)
            kept = await self._world.subscriptions.replace(found, after)
            if kept is None:
                continue  # somebody changed it in between: look again
            if kept.id != after.id:
                return AlreadySubscribed(existing=kept)
            await self._changed(actor, "edit", found, after)
            return Changed(before=found, after=after, viewer=actor, joined=ready.joined, secret=secret)

    async def unsubscribe(
        self, actor: Actor, subscription: SubscriptionId, *, still: Callable[[Subscription], bool] | None = None
    ) -> Unsubscribed | NoSuchSubscription | NotAllowed | Overtaken:
        """Forget a subscription. What waits in its own lanes goes to the dead-letter topic. `still` as with `edit`."""
        found = await self._own(actor, Act.END, subscription)
        if not isinstance(found, Subscription):
            return found
        if still is not None and not still(found):
            return Overtaken(subject=subscription, by="")
        if not await self._world.subscriptions.remove(subscription):
            return NoSuchSubscription(id=subscription)
        await self._changed(actor, "unsubscribe", found, None)
        return Unsubscribed(subscription=found, viewer=actor)

    async def unsubscribe_all(self, actor: Actor) -> tuple[Unsubscribed, ...]:
        """Forget all that the actor owns."""
        own = await self._world.subscriptions.of_owner(actor.team, actor.user)
        ended = [await self.unsubscribe(actor, one.id) for one in own]
        return tuple(answer for answer in ended if isinstance(answer, Unsubscribed))

    async def test(self, actor: Actor, subscription: SubscriptionId) -> Tested | NoSuchSubscription | NotAllowed:
        """Send a result that is marked TEST to where it leads."""
        found = await self._own(actor, Act.EDIT, subscription)
        if not isinstance(found, Subscription):
            return found
        now = self._world.now()
        await self._world.lanes.test(found, sample(found, by=actor.user, now=now, number=self._world.draw(1 << 48)))
        return Tested(subscription=found, viewer=actor)

    async def _own(
        self, actor: Actor, act: Act, subscription: SubscriptionId
    ) -> Subscription | NoSuchSubscription | NotAllowed:
        """The subscription, if the actor may do this with it. Of one they may not even see nothing is told."""
        found = await self._world.subscriptions.get(subscription)
        if found is None or found.team != actor.team:
            return NoSuchSubscription(id=subscription)
        refused = await self._door.refuse_with(actor, act, found)
        if refused is not None and await self._door.refuse_with(actor, Act.SEE, found) is not None:
            return NoSuchSubscription(id=subscription)
        return refused or found

    async def _changed(self, actor: Actor, act: str, before: Subscription, after: Subscription | None) -> None:
        """Audit it, and let what waits in lanes of its own be looked at again."""
        await self._ledger.note(actor, act, before.id, before=before, after=after)
        await self._world.lanes.nudge(before.id, [destination_id(place) for place in places(before)])

    async def _secret(self, actor: Actor, destination: Target) -> str | None:
        if not isinstance(destination, Webhook):
            return None
        place = destination_id(destination)
        others = await self._world.subscriptions.of_destination(place)
        return self._world.secret_of(place) if all(one.owner == actor.user for one in others) else None

    async def _add(self, draft: Subscription, request: str | None) -> tuple[SubscriptionId, Subscription]:
        """Give the draft an id and add it; what is kept has another id where there was an equal one.

        Where the same request has added it before, that is what is kept.
        """
        made = subscription_id(self._world.draw(IDS) if request is None else _drawn_for(request))
        while (kept := await self._world.subscriptions.add(replace(draft, id=made))) is None:
            before = None if request is None else await self._world.subscriptions.get(made)
            if before is not None and _same(before, draft):
                return made, before
            made, request = subscription_id(self._world.draw(IDS)), None
        return made, kept


def _same(one: Subscription, other: Subscription) -> bool:
    """Whether the same person wants the same for the same place."""
    return (one.team, one.owner, one.filter, one.destination) == (
        other.team,
        other.owner,
        other.filter,
        other.destination,
    )


def _drawn_for(request: str) -> int:
    drawn: int = int.from_bytes(blake2b(request.encode(), digest_size=8).digest()) % IDS
    return drawn
