"""Questions before and after the fact: would it match, why did it (not) come, how do things stand."""

from collections.abc import Sequence

from bot.actions.listing import Listings
from bot.core.answers import Actor, NotAllowed, NotKept, Shown, ShownBefore
from bot.core.delivery import DeliveryId, delivery_id
from bot.core.destination import Destination, SlackPerson, destination_id, slack_installation
from bot.core.event import Event
from bot.core.facts import Facts
from bot.core.filters import Filter
from bot.core.looks import History, NoSuchEvent, Preview, Report, Tokens, Trace, Verdict, Why
from bot.core.permission import Act, Rank
from bot.core.routing import places
from bot.core.subscription import Subscription, SubscriptionId
from bot.core.terms import Term, holds

SAMPLES = 3
LETTERS = 5
VERDICTS = 25
"""Subscriptions that are explained at once."""


class Looking(Listings):
    """Looks at events and at how things stand; changes nothing."""

    async def preview(self, actor: Actor, wanted: Filter) -> Preview | NotAllowed:
        """What the filter would have matched of the events seen lately."""
        refused = await self._door.refuse(actor, Act.PREVIEW)
        if refused is not None:
            return refused
        events = self._world.recent.events()
        matched = [event for event in events if wanted.matches(event)]
        return Preview(
            filter=wanted,
            matched=len(matched),
            of=len(events),
            samples=tuple(reversed(matched[-SAMPLES:])),
            viewer=actor,
        )

    def tokens(self) -> Tokens:
        """Models and tags seen lately."""
        return self._world.recent.tokens()

    def find(self, query: str) -> Event | None:
        """The newest of the events seen lately that has this id, key or inference."""
        for event in reversed(self._world.recent.events()):
            if query in {event.id, event.key, event.inference}:
                return event
        return None

    async def why(self, actor: Actor, query: str, *, here: Destination | None = None) -> Why | NoSuchEvent | NotAllowed:
        """For each subscription that the actor may see: whether it wants the event, and what became of it."""
        refused = await self._door.refuse(actor, Act.PREVIEW)
        if refused is not None:
            return refused
        event = self.find(query)
        if event is None:
            return NoSuchEvent(query=query, of=len(self._world.recent.events()))
        return await self.why_of(actor, event, here=here)

    async def why_of(self, actor: Actor, event: Event, *, here: Destination | None = None) -> Why:
        """What each subscription that the actor may see makes of an event. Whether they may ask was looked at."""
        facts = Facts(event)
        judged = [(one, failing(one.filter, facts)) for one in await self._visible(actor, here)]
        judged.sort(key=lambda pair: (pair[1] is not None, pair[0].created, pair[0].id))
        judged = judged[:VERDICTS]
        ways = [
            (one, place, delivery_id(event.key, destination_id(place)))
            for one, failed in judged
            if failed is None
            for place in places(one)
        ]
        traces = await self._world.lanes.trace([delivery for _, _, delivery in ways]) if ways else []
        found: dict[SubscriptionId, list[tuple[Destination, Trace]]] = {}
        for (one, place, _), trace in zip(ways, traces, strict=True):
            found.setdefault(one.id, []).append((place, trace))
        verdicts = tuple(
            Verdict(subscription=one, failed=failed, traces=tuple(found.get(one.id, ()))) for one, failed in judged
        )
        return Why(event=event, verdicts=verdicts, viewer=actor)

    async def status(self, actor: Actor) -> Report | NotAllowed:
        """How things stand; more of it for admins."""
        refused = await self._door.refuse(actor, Act.PREVIEW)
        if refused is not None:
            return refused
        detailed = await self.is_admin(actor)
        state = await self._world.lanes.state()
        events = self._world.recent.events()
        own = await self._world.subscriptions.of_owner(actor.team, actor.user)
        dead = await self._world.letters.newest(actor.team) if detailed else None
        newest = max((event.time.timestamp() for event in events), default=None)
        return Report(
            waiting=state.deliveries,
            lanes=state.lanes,
            parked=state.parked,
            paused=await self._paused(actor),
            subscriptions=len(own),
            events=len(events),
            since=None if newest is None else max(0, self._world.now() - round(newest * 1000)),
            viewer=actor,
            detailed=detailed,
            dead=None if dead is None else len(dead),
            fallen=(dead or ())[:LETTERS],
        )

    async def history(
        self, actor: Actor, subject: SubscriptionId | None = None, *, limit: int = 20
    ) -> History | NotAllowed:
        """Who changed what; of one subscription those may who see it, of all admins."""
        found = None if subject is None else await self._world.subscriptions.get(subject)
        if found is not None and found.team == actor.team:
            refused = await self._door.refuse_with(actor, Act.SEE, found)
        else:
            refused = await self._door.refuse(actor, Act.SEE_ALL)
        if refused is not None:
            return refused
        changes = await self._world.audit.newest(actor.team, limit=limit, subject=subject)
        return History(subject=subject, changes=changes, viewer=actor)

    async def show(self, actor: Actor, deliveries: Sequence[DeliveryId]) -> Shown | ShownBefore | NotKept:
        """Show results that a card asked about, each once. Whoever sees the card may: the results were meant for it.

        Nothing of it is for the audit, which is about subscriptions.
        """
        recalled = await self._world.lanes.show(slack_installation(actor.team), deliveries)
        if recalled.shown:
            return Shown(viewer=actor)
        return ShownBefore() if recalled.known else NotKept(deliveries=tuple(deliveries))

    async def _visible(self, actor: Actor, here: Destination | None) -> tuple[Subscription, ...]:
        """Subscriptions whose verdicts the actor may read: all for admins, else those near."""
        if await self._door.rank(actor) is Rank.ADMIN:
            _, everyone = await self._world.subscriptions.snapshot()
            return tuple(one for one in everyone if one.team == actor.team)
        near = (await self.list_near(actor, here)).subscriptions
        mine = SlackPerson(team=actor.team, user=actor.user)
        if here is None or here == mine or await self._door.is_inside(actor, here):
            return near
        return tuple(one for one in near if one.owner == actor.user or one.destination == mine)


def failing(wanted: Filter, facts: Facts) -> Term | None:
    """The first term of the filter that does not hold, None where all do."""
    return next((term for term in wanted.terms if not holds(term, facts)), None)
