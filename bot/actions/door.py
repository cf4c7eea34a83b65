"""Who stands before us, and what they may do: rank from Slack, roles from the subscription, the rest from a table."""

from bot.actions.world import World
from bot.core.answers import Actor, NotAllowed
from bot.core.destination import SlackChannel, SlackGroup, SlackPerson, SlackThread, Target, Webhook
from bot.core.permission import Act, Rank, Role, may
from bot.core.subscription import Subscription


class Door:
    """Asks about people, no more than it must."""

    def __init__(self, world: World) -> None:
        self._world = world

    async def rank(self, actor: Actor, *, fresh: bool = False) -> Rank:
        """What the actor is in the workspace. Raises UnavailableError."""
        if actor.rank is not None:
            return actor.rank
        facts = await self._world.people.person(actor.team, actor.user, fresh=fresh)
        return Rank.GONE if facts is None else facts.rank

    async def refuse(
        self, actor: Actor, act: Act, roles: frozenset[Role] = frozenset(), *, owner: str | None = None
    ) -> NotAllowed | None:
        """Why the actor may not do it, or None. Where only rank allows it, Slack is asked anew."""
        policy = self._world.policy
        rank = await self.rank(actor)
        if rank is Rank.ADMIN or not may(act, roles, rank=rank, policy=policy):
            usual = rank is Rank.ADMIN and may(act, roles, rank=Rank.MEMBER, policy=policy)
            if not usual:
                rank = await self.rank(actor, fresh=True)
        if may(act, roles, rank=rank, policy=policy):
            return None
        return NotAllowed(act=act, owner=owner, rank=rank)

    async def refuse_with(self, actor: Actor, act: Act, subscription: Subscription) -> NotAllowed | None:
        """Why the actor may not do it with this subscription, or None."""
        return await self.refuse(actor, act, await self.roles(actor, subscription, act), owner=subscription.owner)

    async def roles(self, actor: Actor, subscription: Subscription, act: Act) -> frozenset[Role]:
        """What the actor is towards a subscription, as far as the act makes use of it."""
        roles = {Role.OWNER} if subscription.owner == actor.user else set[Role]()
        match subscription.destination:
            case SlackPerson(user=user) if user == actor.user:
                roles.add(Role.RECIPIENT)
            case SlackGroup() if act is Act.SEE and actor.user in subscription.members:
                roles.add(Role.RECIPIENT)
            case SlackChannel() | SlackThread() if act is Act.SEE and not roles:
                if await self.is_inside(actor, subscription.destination):
                    roles.add(Role.INSIDER)
            case _:
                pass
        return frozenset(roles)

    async def is_inside(self, actor: Actor, place: Target) -> bool:
        """Whether the actor may read a channel: it is public, or they are in it."""
        match place:
            case SlackChannel(team=team, channel=channel) | SlackThread(team=team, channel=channel):
                facts = await self._world.channels.find(team, channel)
                if facts is None:
                    return False
                return not facts.is_private or await self._world.channels.has(team, channel, actor.user)
            case SlackPerson(user=user):
                return user == actor.user
            case SlackGroup() | Webhook():
                return False
