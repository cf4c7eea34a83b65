"""What can be done with one result, after it was shown: rate it, have it sent, have it explained."""

from collections.abc import Awaitable, Callable
from hashlib import blake2b
from typing import TypeVar

from bot.actions.looking import Looking
from bot.core.answers import Actor, Forgotten, NotAllowed, Rated, Resent
from bot.core.cloudevent import encode
from bot.core.delivery import Delivery, DeliveryId, Lane
from bot.core.destination import Destination, SlackPerson, SlackPlace, destination_id
from bot.core.event import Event
from bot.core.feedback import Feedback, Rating
from bot.core.looks import Why
from bot.core.marks import Mark
from bot.core.permission import Act, Role
from bot.ports.archive import Found
from bot.ports.outbox import Parked

T = TypeVar("T")


class Results(Looking):
    """Acts on a result by its card's mark. `place` is where the card is, and the actor stands."""

    async def marked(self, mark: Mark) -> Event | None:
        """The event, for as long as Kafka keeps it. Raises UnavailableError."""
        found = await self._world.archive.find(mark)
        return None if found is None else found.event

    async def explain(self, actor: Actor, mark: Mark, place: Destination) -> Why | Forgotten | NotAllowed:
        """For each subscription that the actor may see: whether it wants the event, and what became of it."""
        return await self._with(
            actor, Act.PREVIEW, frozenset(), mark, lambda found: self.why_of(actor, found.event, here=place)
        )

    async def rate(
        self, actor: Actor, mark: Mark, place: SlackPlace, rating: Rating, *, at: int
    ) -> Rated | Forgotten | NotAllowed:
        """Say whether a result is good, at a time in ms since the epoch; the last word of a person counts."""

        async def keep(found: Found) -> Rated:
            said = Feedback(event=found.event, rating=rating, team=actor.team, user=actor.user, at=at)
            return Rated(rating=rating, anew=await self._world.opinions.keep(said))

        return await self._with(actor, Act.RATE, await self._standing(actor, place), mark, keep)

    async def fetch(
        self, actor: Actor, mark: Mark, place: SlackPlace, *, request: str
    ) -> Resent | Forgotten | NotAllowed:
        """Send a result to the actor, by direct message, once for a request."""
        own = SlackPerson(team=actor.team, user=actor.user)
        roles = await self._standing(actor, place)
        return await self._with(actor, Act.FETCH, roles, mark, lambda found: self._resend(actor, found, own, request))

    async def repeat(
        self, actor: Actor, mark: Mark, place: SlackPlace, *, request: str
    ) -> Resent | Forgotten | NotAllowed:
        """Send a result to its place once more, once for a request."""
        there = await self._world.subscriptions.of_destination(destination_id(place))
        owners = [one.owner for one in there if one.team == actor.team]
        roles = frozenset({Role.OWNER} if actor.user in owners else set[Role]())
        return await self._with(
            actor, Act.REPEAT, roles, mark, lambda found: self._resend(actor, found, place, request), owners[:1]
        )

    async def _with(
        self,
        actor: Actor,
        act: Act,
        roles: frozenset[Role],
        mark: Mark,
        do: Callable[[Found], Awaitable[T]],
        owners: list[str] | None = None,
    ) -> T | Forgotten | NotAllowed:
        refused = await self._door.refuse(actor, act, roles, owner=next(iter(owners or ()), None))
        if refused is not None:
            return refused
        found = await self._world.archive.find(mark)
        return Forgotten() if found is None else await do(found)

    async def _standing(self, actor: Actor, place: SlackPlace) -> frozenset[Role]:
        """What the actor is towards what is said in a place."""
        if not await self._door.is_inside(actor, place):
            return frozenset()
        return frozenset({Role.RECIPIENT if isinstance(place, SlackPerson) else Role.INSIDER})

    async def _resend(self, actor: Actor, found: Found, place: SlackPlace, request: str) -> Resent:
        event, name = found.event, destination_id(place)
        again = blake2b(f"{event.key}{name}{request}".encode(), digest_size=16).hexdigest()
        delivery = Delivery(id=DeliveryId(again), event=event.key, destination=name, appended=self._world.now())
        await self._world.afresh.enter(
            Parked(delivery=delivery, lane=Lane(name), destination=place, body=encode(event), position=found.position)
        )
        return Resent(place=place, viewer=actor)
