"""All acts together: what the edges call."""

from dataclasses import replace

from bot.actions.browsing import Browsing
from bot.actions.finding import Finding
from bot.actions.results import Results
from bot.core.answers import Actor, BadPlace, NotAllowed
from bot.core.destination import SlackPerson, destination_id
from bot.core.filters import Filter, parse
from bot.core.looks import Preferred
from bot.core.permission import Act, Role
from bot.core.subscription import Style, Subscription
from bot.core.timing import Quiet


class Actions(Finding, Browsing, Results):
    """What people can do; here what they say of themselves."""

    async def preferences(self, actor: Actor) -> Preferred | NotAllowed:
        """The actor's preferences."""
        refused = await self._door.refuse(actor, Act.SUBSCRIBE_SELF, frozenset({Role.RECIPIENT}))
        if refused is not None:
            return refused
        person = await self._world.persons.get(actor.team, actor.user)
        facts = await self._world.people.person(actor.team, actor.user)
        own = await self._own_results(actor)
        zone = person.zone or (facts.zone if facts is not None else "UTC")
        return Preferred(person=person, zone=zone, results=own.id if own is not None else None, viewer=actor)

    async def want_results(self, actor: Actor, *, wanted: bool) -> Preferred | BadPlace | NotAllowed:
        """Get, by direct message, the results of what the actor asked models themselves; or no longer."""
        own = await self._own_results(actor)
        if wanted and own is None:
            made = await self.subscribe(
                actor,
                wanted=await self._asked_by(actor),
                destination=SlackPerson(team=actor.team, user=actor.user),
                style=Style(),
            )
            if isinstance(made, BadPlace | NotAllowed):
                return made
        elif not wanted and own is not None:
            ended = await self.unsubscribe(actor, own.id)
            if isinstance(ended, NotAllowed):
                return ended
        return await self.preferences(actor)

    async def be_quiet(self, actor: Actor, quiet: Quiet | None) -> Preferred | NotAllowed:
        """Hold direct messages to the actor at these hours of their day; None: at none."""
        return await self._prefer(actor, quiet=quiet)

    async def live_in(self, actor: Actor, zone: str | None) -> Preferred | NotAllowed:
        """Reckon the actor's hours in an IANA time zone, None: in the one that Slack knows."""
        return await self._prefer(actor, zone=zone)

    async def _prefer(self, actor: Actor, **change: Quiet | str | None) -> Preferred | NotAllowed:
        refused = await self._door.refuse(actor, Act.SUBSCRIBE_SELF, frozenset({Role.RECIPIENT}))
        if refused is not None:
            return refused
        person = await self._world.persons.get(actor.team, actor.user)
        after = replace(person, **change)  # type: ignore[arg-type]
        if after != person:
            await self._take_up(after)
            await self._ledger.note_person(actor, "prefer", person, after)
        return await self.preferences(actor)

    async def _asked_by(self, actor: Actor) -> Filter:
        facts = await self._world.people.person(actor.team, actor.user)
        email = facts.email if facts is not None else ""
        return parse(f"user:{actor.user},{email}" if email else f"user:{actor.user}")

    async def _own_results(self, actor: Actor) -> Subscription | None:
        """The subscription by which the actor gets what they asked themselves."""
        mine = SlackPerson(team=actor.team, user=actor.user)
        wanted = str(await self._asked_by(actor))
        there = await self._world.subscriptions.of_destination(destination_id(mine))
        short = f"user:{actor.user}".casefold()
        return next((one for one in there if str(one.filter).casefold() in {wanted.casefold(), short}), None)
