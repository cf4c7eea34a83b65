"""Which subscriptions there are: near, all, of a place, of a person."""

from bot.actions.resting import Resting
from bot.core.answers import Actor, Listing, NotAllowed, Shelf
from bot.core.destination import (
    Destination,
    DestinationId,
    InstallationId,
    SlackPerson,
    Target,
    destination_id,
)
from bot.core.permission import Act, Rank, Role
from bot.core.subscription import Subscription


class Listings(Resting):
    """Lists of subscriptions."""

    async def list_near(self, actor: Actor, here: Destination | None) -> Listing:
        """The actor's own subscriptions, those that come to them, and those that lead `here`."""
        subscriptions = self._world.subscriptions
        mine = SlackPerson(team=actor.team, user=actor.user)
        found = [*await subscriptions.of_owner(actor.team, actor.user)]
        for place in {destination_id(mine): mine, **({} if here is None else {destination_id(here): here})}:
            found += await subscriptions.of_destination(place)
        return await self._listing(actor, Shelf.NEAR, found, here=here)

    async def list_all(self, actor: Actor, *, wanted: str = "") -> Listing | NotAllowed:
        """Every subscription of the workspace in which `wanted` occurs; admins may. Reads all subscriptions."""
        refused = await self._door.refuse(actor, Act.SEE_ALL)
        if refused is not None:
            return refused
        _, everyone = await self._world.subscriptions.snapshot()
        theirs = [one for one in everyone if one.team == actor.team and mentions(one, wanted)]
        return await self._listing(actor, Shelf.ALL, theirs, wanted=wanted)

    async def list_place(self, actor: Actor, place: Target) -> Listing | NotAllowed:
        """Those that lead to a place; who is in it may."""
        inside = await self._door.is_inside(actor, place)
        roles = frozenset({Role.INSIDER} if inside else set[Role]())
        refused = await self._door.refuse(actor, Act.SEE, roles)
        if refused is not None:
            return refused
        found = await self._world.subscriptions.of_destination(destination_id(place))
        return await self._listing(
            actor, Shelf.PLACE, [one for one in found if one.team == actor.team], wanted=destination_id(place)
        )

    async def list_person(self, actor: Actor, user: str) -> Listing | NotAllowed:
        """Those that a person owns or gets; they and admins may."""
        roles = frozenset({Role.RECIPIENT} if user == actor.user else set[Role]())
        refused = await self._door.refuse(actor, Act.SEE, roles)
        if refused is not None:
            return refused
        subscriptions = self._world.subscriptions
        found = [
            *await subscriptions.of_owner(actor.team, user),
            *await subscriptions.of_destination(destination_id(SlackPerson(team=actor.team, user=user))),
        ]
        return await self._listing(actor, Shelf.PERSON, found, wanted=user)

    async def is_admin(self, actor: Actor) -> bool:
        """Whether the actor sees everything; for what is shown, not for what is done."""
        return await self._door.rank(actor) is Rank.ADMIN

    async def _listing(
        self,
        actor: Actor,
        shelf: Shelf,
        found: list[Subscription],
        *,
        here: Destination | None = None,
        wanted: str = "",
    ) -> Listing:
        once = {one.id: one for one in found}
        ordered = tuple(sorted(once.values(), key=lambda one: (one.created, one.id)))
        paused = await self._paused(actor)
        return Listing(shelf=shelf, subscriptions=ordered, viewer=actor, here=here, wanted=wanted, paused=paused)

    async def _paused(self, actor: Actor) -> dict[DestinationId | InstallationId, str]:
        """What is paused of the actor's team."""
        everyones = await self._world.lanes.paused()
        return {name: why for name, why in everyones.items() if name.split("/")[1] == actor.team}


def mentions(one: Subscription, wanted: str) -> bool:
    """Whether all words of a search occur in what identifies a subscription."""
    words = wanted.casefold().replace("#", "").replace("@", "").split()
    if not words:
        return True
    text = f"{one.id} {one.filter} {one.owner} {destination_id(one.destination)} {one.hold.kind if one.hold else ''}"
    folded = text.casefold()
    return all(word in folded for word in words)
