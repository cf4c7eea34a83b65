"""Whether a place can be subscribed, and by this actor."""

from dataclasses import dataclass

from bot.actions.door import Door
from bot.actions.world import World
from bot.core.answers import Actor, BadPlace, NotAllowed, Problem
from bot.core.destination import SlackChannel, SlackGroup, SlackPerson, SlackThread, Target, Webhook
from bot.core.permission import Act, Rank, Role


@dataclass(frozen=True, slots=True, kw_only=True)
class Ready:
    """It can. `joined`: the bot joined the channel for it; `members` are a group's."""

    joined: bool = False
    members: tuple[str, ...] = ()


class Places:
    """Looks at a place before anything is written."""

    def __init__(self, world: World, door: Door) -> None:
        self._world = world
        self._door = door

    async def prepare(self, actor: Actor, place: Target, *, confirmed: bool) -> Ready | BadPlace | NotAllowed:
        """Make a place ready to be written to: a public channel is joined where the installation allows it.

        A channel that is shared with another organisation takes an admin who has `confirmed` it.
        """
        match place:
            case Webhook(url=url):
                refused = await self._door.refuse(actor, Act.SUBSCRIBE_WEBHOOK)
                reason = self._world.refuse_url(url)
                if refused is None and reason is not None:
                    return BadPlace(destination=place, problem=Problem.URL, detail=reason)
                return refused or Ready()
            case SlackPerson(user=user) if user == actor.user:
                return await self._door.refuse(actor, Act.SUBSCRIBE_SELF, frozenset({Role.RECIPIENT})) or Ready()
            case SlackPerson():
                return await self._person(actor, place)
            case SlackGroup():
                return await self._group(actor, place)
            case SlackChannel() | SlackThread():
                return await self._channel(actor, place, confirmed=confirmed)

    async def _person(self, actor: Actor, place: SlackPerson) -> Ready | BadPlace | NotAllowed:
        refused = await self._door.refuse(actor, Act.SUBSCRIBE_PERSON)
        if refused is not None:
            return refused
        facts = await self._world.people.person(place.team, place.user)
        if facts is None or facts.rank in {Rank.GONE, Rank.STRANGER}:
            return BadPlace(destination=place, problem=Problem.STRANGER)
        return Ready()

    async def _group(self, actor: Actor, place: SlackGroup) -> Ready | BadPlace | NotAllowed:
        facts = await self._world.people.group(place.team, place.group, fresh=True)
        if facts is None:
            return await self._door.refuse(actor, Act.PREVIEW) or BadPlace(destination=place, problem=Problem.STRANGER)
        roles = frozenset({Role.RECIPIENT} if actor.user in facts.members else set[Role]())
        return await self._door.refuse(actor, Act.SUBSCRIBE_GROUP, roles) or Ready(members=facts.members)

    async def _channel(
        self, actor: Actor, place: SlackChannel | SlackThread, *, confirmed: bool
    ) -> Ready | BadPlace | NotAllowed:
        facts = await self._world.channels.find(place.team, place.channel)
        inside = facts is not None and await self._door.is_inside(actor, place)
        roles = frozenset({Role.INSIDER} if inside else set[Role]())
        refused = await self._door.refuse(actor, Act.SUBSCRIBE_CHANNEL, roles)
        if refused is not None and refused.rank is not Rank.MEMBER:
            return refused
        if facts is None or refused is not None:
            # Whether a private channel exists is not told to people who are not in it.
            return BadPlace(destination=place, problem=Problem.UNSEEN)
        if facts.is_archived:
            return BadPlace(destination=place, problem=Problem.ARCHIVED)
        if facts.is_external and not confirmed:
            stranger = await self._door.refuse(actor, Act.SUBSCRIBE_EXTERNAL)
            return BadPlace(destination=place, problem=Problem.CONFIRM if stranger is None else Problem.EXTERNAL)
        if facts.is_external and (refused := await self._door.refuse(actor, Act.SUBSCRIBE_EXTERNAL)) is not None:
            return refused
        if facts.is_member:
            return Ready()
        if facts.is_private or not await self._world.channels.join(place.team, place.channel):
            return BadPlace(destination=place, problem=Problem.UNINVITED)
        return Ready(joined=True)
