"""What a command has to know before it can be carried out."""

from bot.actions.undoing import Undoing
from bot.core.answers import Actor, AlreadySubscribed, NotAllowed, NothingToUndo, Overtaken, Undone
from bot.core.fingerprint import fingerprint
from bot.core.permission import Act
from bot.core.subscription import SubscriptionId


class Finding(Undoing):
    """People by their address, subscriptions by their id, a change by what it made."""

    def now(self) -> int:
        """The time by which acts go, in milliseconds since the epoch."""
        return self._world.now()

    async def find_person(self, actor: Actor, email: str) -> str | NotAllowed | None:
        """The user id of whoever has this address in the actor's workspace; members may ask."""
        refused = await self._door.refuse(actor, Act.PREVIEW)
        return refused or await self._world.people.by_email(actor.team, email)

    async def undo_this(
        self, actor: Actor, subscription: SubscriptionId, made: str
    ) -> Undone | NothingToUndo | Overtaken | AlreadySubscribed | NotAllowed | None:
        """Take back the actor's last change, if it is the one that `made` the subscription what that fingerprint says.

        None where it is another one.
        """
        last = await self._last_change(actor)
        if last is None:
            return NothingToUndo()
        if (last.subject, fingerprint(last.after)) != (subscription, made):
            return None
        return await self.undo(actor)
