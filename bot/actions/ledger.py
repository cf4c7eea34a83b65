"""What follows every change: the audit has it, and whom it concerns is told."""

from bot.actions.world import World
from bot.core.answers import Actor
from bot.core.destination import SlackPerson
from bot.core.looks import Change
from bot.core.notices import ChangedByAnother
from bot.core.person import Person
from bot.core.subscription import Subscription, SubscriptionId


class Ledger:
    """Writes changes down."""

    def __init__(self, world: World) -> None:
        self._world = world

    async def note_person(
        self, actor: Actor, act: str, were: Person, are: Person, *, undoes: int | None = None
    ) -> None:
        """Audit a change of the actor's preferences, which concerns nobody else."""
        change = Change(
            at=self._world.now(),
            actor=actor,
            act=act,
            subject=SubscriptionId(""),
            undoes=undoes,
            were=were,
            are=are,
        )
        await self._world.audit.record(change)

    async def note(
        self,
        actor: Actor,
        act: str,
        subject: SubscriptionId,
        *,
        before: Subscription | None = None,
        after: Subscription | None = None,
        undoes: int | None = None,
    ) -> None:
        """Audit a change, and tell the owner and the recipient where somebody else made it."""
        world = self._world
        change = Change(
            at=world.now(), actor=actor, act=act, subject=subject, before=before, after=after, undoes=undoes
        )
        await world.audit.record(change)
        concerned = {user for one in (before, after) if one is not None for user in _concerned(one)} - {actor.user}
        if concerned:
            notice = ChangedByAnother(actor=actor, act=act, before=before, after=after)
            await world.notices.tell(actor.team, sorted(concerned), notice)


def _concerned(one: Subscription) -> tuple[str, ...]:
    match one.destination:
        case SlackPerson(user=user):
            return (one.owner, user)
        case _:
            return (one.owner,)
