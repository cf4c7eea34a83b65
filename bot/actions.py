"""The one way state changes: every command, button, REST call and CLI call ends here.

Each act checks who may do it, does it, leaves an audit record, and returns what it came to as a value. What an act
needs from the world is a port; a port that can't answer raises UnavailableError.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from bot.core.answers import (
    Actor,
    AlreadySubscribed,
    BadPlace,
    Listing,
    NoSuchSubscription,
    NotAllowed,
    NotKept,
    Problem,
    Shelf,
    Shown,
    ShownBefore,
    Subscribed,
    Unsubscribed,
)
from bot.core.delivery import DeliveryId
from bot.core.destination import (
    Destination,
    DestinationId,
    InstallationId,
    SlackChannel,
    SlackPerson,
    SlackThread,
    Webhook,
    destination_id,
    slack_installation,
)
from bot.core.filters import Filter
from bot.core.subscription import IDS, Style, Subscription, SubscriptionId, subscription_id
from bot.ports.outbox import Lanes
from bot.ports.people import Audit, Change, Channels, People, Subscriptions


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """What acts need from elsewhere.

    `refuse_url` gives the reason for which a webhook's URL is refused, or None; `secret_of` gives the signing secret of
    an endpoint; `now` milliseconds since the epoch; `draw(n)` a random number from 0 up to, not including, n.
    """

    subscriptions: Subscriptions
    people: People
    channels: Channels
    audit: Audit
    lanes: Lanes
    refuse_url: Callable[[str], str | None]
    secret_of: Callable[[DestinationId], str]
    now: Callable[[], int]
    draw: Callable[[int], int]


class Actions:
    """What people can do."""

    def __init__(self, world: World) -> None:
        self._world = world

    async def subscribe(
        self, actor: Actor, *, wanted: Filter, destination: Destination, style: Style
    ) -> Subscribed | AlreadySubscribed | BadPlace:
        """Save a subscription, owned by the actor.

        A public channel is joined where the installation allows it. A webhook's signing secret is part of the answer
        only while nobody else's subscription leads to the endpoint: who can read it can forge events.
        """
        ready = await self._prepare(destination)
        if isinstance(ready, BadPlace):
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
        )
        made, kept = await self._add(draft)
        if kept.id != made:
            return AlreadySubscribed(existing=kept)
        await self._record(actor, "subscribe", kept.id, after=kept)
        return Subscribed(subscription=kept, joined=ready.joined, secret=secret)

    async def unsubscribe(
        self, actor: Actor, subscription: SubscriptionId
    ) -> Unsubscribed | NoSuchSubscription | NotAllowed:
        """Forget a subscription. Its owner and the workspace's admins may."""
        found = await self._world.subscriptions.get(subscription)
        if found is None or found.team != actor.team:
            return NoSuchSubscription(id=subscription)
        if found.owner != actor.user and not await self._world.people.is_admin(actor.team, actor.user):
            return NotAllowed(owner=found.owner)
        if not await self._world.subscriptions.remove(subscription):
            return NoSuchSubscription(id=subscription)
        await self._record(actor, "unsubscribe", subscription, before=found)
        return Unsubscribed(subscription=found, viewer=actor)

    async def list_near(self, actor: Actor, here: Destination | None) -> Listing:
        """The actor's own subscriptions, and those that lead `here`."""
        own = await self._world.subscriptions.of_owner(actor.team, actor.user)
        local = await self._world.subscriptions.of_destination(destination_id(here)) if here is not None else ()
        near = {one.id: one for one in (*own, *local)}
        ordered = sorted(near.values(), key=lambda one: (one.created, one.id))
        paused = await self._paused(actor)
        return Listing(shelf=Shelf.NEAR, subscriptions=tuple(ordered), viewer=actor, here=here, paused=paused)

    async def list_all(self, actor: Actor) -> Listing | NotAllowed:
        """Every subscription of the workspace; admins may. Reads all subscriptions."""
        if not await self._world.people.is_admin(actor.team, actor.user):
            return NotAllowed()
        _, everyone = await self._world.subscriptions.snapshot()
        theirs = tuple(one for one in everyone if one.team == actor.team)
        return Listing(shelf=Shelf.ALL, subscriptions=theirs, viewer=actor, paused=await self._paused(actor))

    async def show(self, actor: Actor, deliveries: Sequence[DeliveryId]) -> Shown | ShownBefore | NotKept:
        """Show results that a card asked about, each once. Whoever sees the card may: the results were meant for it.

        Nothing of it is for the audit, which is about subscriptions.
        """
        recalled = await self._world.lanes.show(slack_installation(actor.team), deliveries)
        if recalled.shown:
            return Shown(viewer=actor)
        return ShownBefore() if recalled.known else NotKept(deliveries=tuple(deliveries))

    async def _paused(self, actor: Actor) -> dict[DestinationId | InstallationId, str]:
        """What is paused of the actor's team."""
        everyones = await self._world.lanes.paused()
        return {name: why for name, why in everyones.items() if name.split("/")[1] == actor.team}

    async def _prepare(self, destination: Destination) -> "_Ready | BadPlace":
        match destination:
            case Webhook(url=url):
                reason = self._world.refuse_url(url)
                if reason is None:
                    return _Ready()
                return BadPlace(destination=destination, problem=Problem.URL, detail=reason)
            case SlackPerson():
                return _Ready()
            case SlackChannel(team=team, channel=channel) | SlackThread(team=team, channel=channel):
                return await self._enter(destination, team, channel)

    async def _enter(self, destination: Destination, team: str, channel: str) -> "_Ready | BadPlace":
        facts = await self._world.channels.find(team, channel)
        if facts is None:
            return BadPlace(destination=destination, problem=Problem.UNSEEN)
        if facts.is_archived:
            return BadPlace(destination=destination, problem=Problem.ARCHIVED)
        if facts.is_external:
            return BadPlace(destination=destination, problem=Problem.EXTERNAL)
        if facts.is_member:
            return _Ready()
        if facts.is_private or not await self._world.channels.join(team, channel):
            return BadPlace(destination=destination, problem=Problem.UNINVITED)
        return _Ready(joined=True)

    async def _secret(self, actor: Actor, destination: Destination) -> str | None:
        if not isinstance(destination, Webhook):
            return None
        place = destination_id(destination)
        others = await self._world.subscriptions.of_destination(place)
        return self._world.secret_of(place) if all(one.owner == actor.user for one in others) else None

    async def _add(self, draft: Subscription) -> tuple[SubscriptionId, Subscription]:
        """Give the draft an id and add it; what is kept has another id where there was an equal one."""
        while True:
            made = subscription_id(self._world.draw(IDS))
            kept = await self._world.subscriptions.add(replace(draft, id=made))
            if kept is not None:
                return made, kept

    async def _record(
        self,
        actor: Actor,
        act: str,
        subject: SubscriptionId,
        *,
        before: Subscription | None = None,
        after: Subscription | None = None,
    ) -> None:
        change = Change(at=self._world.now(), actor=actor, act=act, subject=subject, before=before, after=after)
        await self._world.audit.record(change)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Ready:
    joined: bool = False
