"""Subscriptions that rest, places that were lost, and how both come back."""

from collections.abc import Sequence
from dataclasses import replace

from bot.actions.places import Ready
from bot.actions.subscribing import Subscribing
from bot.core.answers import (
    Actor,
    Adopted,
    BadPlace,
    Changed,
    Moved,
    NoSuchPlace,
    NoSuchSubscription,
    NotAllowed,
    PlaceResumed,
    Unchanged,
)
from bot.core.destination import (
    Destination,
    DestinationId,
    SlackChannel,
    SlackGroup,
    SlackThread,
    Target,
    workspace_of,
)
from bot.core.permission import Act, Role
from bot.core.subscription import Hold, Holding, Subscription, SubscriptionId


class Resting(Subscribing):
    """Pause, mute, resume; move, adopt."""

    async def hold(
        self, actor: Actor, subscription: SubscriptionId, kind: Holding, *, until: int | None = None
    ) -> Changed | Unchanged | NoSuchSubscription | NotAllowed:
        """Pause (events wait) or mute (they pass by) until a time in ms since the epoch, or until it is resumed."""
        return await self._rest(
            actor, subscription, str(kind), Hold(kind=kind, at=self._world.now(), until=until, by=actor.user)
        )

    async def resume(
        self, actor: Actor, subscription: SubscriptionId
    ) -> Changed | Unchanged | NoSuchSubscription | NotAllowed:
        """Let it go on; what waited is sent. In a channel that is shared with others by now, admins may."""
        found = await self._own(actor, Act.HOLD, subscription)
        if isinstance(found, Subscription) and found.hold is not None and found.hold.kind is Holding.ORPHANED:
            refused = await self._refuse_external(actor, found.destination)
            if refused is not None:
                return refused
        return await self._rest(actor, subscription, "resume", None)

    async def resume_place(self, actor: Actor, place: DestinationId) -> PlaceResumed | NoSuchPlace | NotAllowed:
        """Let everything that was held for a place go on; those may who may hold a subscription that leads there."""
        if workspace_of(place) != actor.team:
            return NoSuchPlace(place=place)
        affected = await self._affected(actor, place)
        refused = await self._refuse_place(actor, affected)
        if refused is not None:
            return refused
        if not affected and place not in await self._world.lanes.paused():
            return NoSuchPlace(place=place)
        refused = await self._refuse_external(actor, affected[0].destination) if affected else None
        if refused is not None:
            return refused
        for one in affected:
            if one.hold is not None and one.hold.kind is Holding.ORPHANED:
                await self._rest(actor, one.id, "resume", None)
        lanes = await self._world.lanes.resume(place)
        return PlaceResumed(place=place, lanes=lanes, viewer=actor)

    async def move_place(
        self, actor: Actor, place: DestinationId, to: Destination
    ) -> Moved | BadPlace | NoSuchPlace | NotAllowed:
        """Let the subscriptions of a lost place that the actor may edit lead elsewhere.

        What waits for the place is everybody's who is subscribed there: it goes along once nobody else's is left.
        """
        if workspace_of(place) != actor.team:
            return NoSuchPlace(place=place)
        movable = await self._editable(actor, await self._affected(actor, place))
        if isinstance(movable, NotAllowed):
            return movable
        if not movable:
            return NoSuchPlace(place=place)
        ready = await self._places.prepare(actor, to, confirmed=False)
        if not isinstance(ready, Ready):
            return ready
        led = [await self._lead(actor, one, to) for one in movable]
        left = len(await self._affected(actor, place))
        return Moved(
            place=place,
            to=to,
            subscriptions=tuple(one for one in led if one is not None),
            waiting=0 if left else await self._world.move(place, to),
            left=left,
            viewer=actor,
        )

    async def adopt(
        self, actor: Actor, subscriptions: Sequence[SubscriptionId]
    ) -> Adopted | NoSuchSubscription | NotAllowed:
        """Become the owner of subscriptions whose owner has left, and let them go on; admins may."""
        refused = await self._door.refuse(actor, Act.ADMINISTER)
        if refused is not None:
            return refused
        adopted = []
        for subscription in subscriptions:
            found = await self._world.subscriptions.get(subscription)
            while found is not None and found.team == actor.team:
                hold = None if found.hold is not None and found.hold.kind is Holding.ORPHANED else found.hold
                after = replace(found, owner=actor.user, hold=hold)
                if await self._world.subscriptions.replace(found, after) is not None:
                    await self._changed(actor, "adopt", found, after)
                    adopted.append(after)
                    break
                found = await self._world.subscriptions.get(subscription)
        if not adopted:
            return NoSuchSubscription(id=subscriptions[0] if subscriptions else SubscriptionId(""))
        return Adopted(subscriptions=tuple(adopted), viewer=actor)

    async def _rest(
        self, actor: Actor, subscription: SubscriptionId, act: str, hold: Hold | None
    ) -> Changed | Unchanged | NoSuchSubscription | NotAllowed:
        while True:
            found = await self._own(actor, Act.HOLD, subscription)
            if not isinstance(found, Subscription):
                return found
            if found.hold is None and hold is None:
                return Unchanged(subscription=found, viewer=actor)
            after = replace(found, hold=hold)
            if await self._world.subscriptions.replace(found, after) is not None:
                await self._changed(actor, act, found, after)
                return Changed(before=found, after=after, viewer=actor)

    async def _editable(self, actor: Actor, there: Sequence[Subscription]) -> Sequence[Subscription] | NotAllowed:
        """Those that the actor may edit: an admin all, everybody else their own; NotAllowed where that is none."""
        own = [one for one in there if one.owner == actor.user]
        if own:
            refused = await self._door.refuse(actor, Act.EDIT, frozenset({Role.OWNER}), owner=actor.user)
            if refused is not None or len(own) == len(there):
                return refused or own
        refused = await self._door.refuse(actor, Act.EDIT, owner=there[0].owner if there else None)
        return there if refused is None else own or refused

    async def _lead(self, actor: Actor, one: Subscription, to: Destination) -> Subscription | None:
        """Let it lead elsewhere; None where it is gone, or one there wants just this already."""
        while True:
            found = await self._world.subscriptions.get(one.id)
            if found is None or (found.owner, found.destination) != (one.owner, one.destination):
                return None  # somebody else's by now, or moved already: not what was asked for
            after = replace(found, destination=to, hold=None, members=())
            kept = await self._world.subscriptions.replace(found, after)
            if kept is None:
                continue  # somebody changed it in between: look again
            if kept.id == found.id:
                await self._ledger.note(actor, "move", found.id, before=found, after=after)
                return after
            await self._world.subscriptions.remove(found.id)
            await self._ledger.note(actor, "unsubscribe", found.id, before=found)
            return None

    async def _refuse_external(self, actor: Actor, place: Target) -> NotAllowed | None:
        """Why the actor may not let results into a channel where people of another organisation are, or None."""
        match place:
            case SlackChannel(team=team, channel=channel) | SlackThread(team=team, channel=channel):
                facts = await self._world.channels.find(team, channel)
                if facts is not None and facts.is_external:
                    return await self._door.refuse(actor, Act.SUBSCRIBE_EXTERNAL)
            case _:
                pass
        return None

    async def _affected(self, actor: Actor, place: DestinationId) -> tuple[Subscription, ...]:
        there = await self._world.subscriptions.of_destination(place)
        return tuple(one for one in there if one.team == actor.team and not isinstance(one.destination, SlackGroup))

    async def _refuse_place(self, actor: Actor, affected: Sequence[Subscription]) -> NotAllowed | None:
        """Owners of what leads to a place may care for it, and admins."""
        owns = any(one.owner == actor.user for one in affected)
        roles = frozenset({Role.OWNER} if owns else set[Role]())
        owner = affected[0].owner if affected else None
        return await self._door.refuse(actor, Act.HOLD, roles, owner=owner)
