"""The last change taken back."""

from dataclasses import replace

from bot.actions.looking import Looking
from bot.core.answers import Actor, AlreadySubscribed, NotAllowed, NothingToUndo, Overtaken, Undone
from bot.core.destination import SlackPerson, destination_id
from bot.core.looks import Change
from bot.core.permission import Act
from bot.core.person import Person
from bot.core.subscription import Subscription

LOOK_BACK = 50
"""Changes of a person that are looked at for one to take back."""


class Undoing(Looking):
    """Undo."""

    async def undo(self, actor: Actor) -> Undone | NothingToUndo | Overtaken | AlreadySubscribed | NotAllowed:
        """Take back the actor's last change that is not taken back yet, unless the subscription was changed since."""
        last = await self._last_change(actor)
        if last is None:
            return NothingToUndo()
        if last.were is not None and last.are is not None:
            return await self._prefer_again(actor, last, last.were, last.are)
        current = await self._world.subscriptions.get(last.subject)
        if _told(current) != _told(last.after):
            newest = await self._world.audit.newest(actor.team, limit=1, subject=last.subject)
            return Overtaken(subject=last.subject, by=newest[0].actor.user if newest else actor.user)
        refused = await self._door.refuse_with(actor, Act.END, last.before or last.after or _nothing())
        if refused is not None:
            return refused
        if last.before is not None and (shared := await self._refuse_external(actor, last.before.destination)):
            return shared
        kept = await self._put_back(last)
        if isinstance(kept, AlreadySubscribed | Overtaken):
            return kept
        await self._ledger.note(actor, "undo", last.subject, before=last.after, after=last.before, undoes=last.at)
        return Undone(act=last.act, subject=last.subject, before=last.after, after=last.before, viewer=actor)

    async def _last_change(self, actor: Actor) -> Change | None:
        """The actor's last change that is not taken back yet; None where there is none to take back."""
        changes = await self._world.audit.newest(actor.team, limit=LOOK_BACK, user=actor.user)
        undone = {change.undoes for change in changes}
        return next((one for one in changes if one.undoes is None and one.at not in undone), None)

    async def _prefer_again(self, actor: Actor, last: Change, were: Person, are: Person) -> Undone | Overtaken:
        if await self._world.persons.get(actor.team, actor.user) != are:
            return Overtaken(subject=last.subject, by=actor.user)
        await self._take_up(were)
        await self._ledger.note_person(actor, "undo", are, were, undoes=last.at)
        return Undone(act=last.act, subject=last.subject, before=None, after=None, viewer=actor)

    async def _take_up(self, person: Person) -> None:
        """Keep what somebody prefers, and let what waits for them be looked at again."""
        await self._world.persons.put(person)
        mine = destination_id(SlackPerson(team=person.team, user=person.user))
        there = await self._world.subscriptions.of_destination(mine)
        for subscription in (None, *(one.id for one in there)):
            await self._world.lanes.nudge(subscription, [mine])

    async def _put_back(self, last: Change) -> AlreadySubscribed | Overtaken | None:
        subscriptions, before = self._world.subscriptions, last.before
        if before is None:
            await subscriptions.remove(last.subject)
            return None
        current = await subscriptions.get(last.subject)
        kept = await subscriptions.add(before) if current is None else await subscriptions.replace(current, before)
        if kept is None:
            return Overtaken(subject=last.subject, by="")
        return None if kept.id == before.id else AlreadySubscribed(existing=kept)


def _told(one: Subscription | None) -> Subscription | None:
    """All of it that people decide: a group's members are looked up by ourselves."""
    return None if one is None else replace(one, members=())


def _nothing() -> Subscription:
    raise AssertionError("a change without before and after")
