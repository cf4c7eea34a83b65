"""Tells people about a lost place, once: admins all of it, each owner what is theirs."""

from collections.abc import Sequence

import structlog

from bot.core.destination import DestinationId
from bot.core.errors import UnavailableError
from bot.core.notices import Orphaned, Orphanhood, Recovered
from bot.core.subscription import Subscription
from bot.slack.orphans.registrar import Means
from bot.stores.orphans import Told

log = structlog.get_logger()


class Teller:
    """What was told is noted before it is told: nothing is told twice, whoever dies in between."""

    def __init__(self, means: Means) -> None:
        self._means = means

    async def tell(
        self, key: str, place: DestinationId, what: Orphanhood, why: str, affected: Sequence[Subscription]
    ) -> None:
        """Tell it, unless that was done. Raises UnavailableError."""
        means, team = self._means, place.split("/")[1]
        held = await means.halts.held(place)
        concerned = _concerned(place, what, affected)
        leftovers = held.deliveries and not affected and "/@" not in place
        admins = await self._admins(team, what) if concerned or leftovers or what is Orphanhood.INSTALLATION else ()
        owners = () if what in (_GONE, Orphanhood.INSTALLATION) else sorted({one.owner for one in concerned})
        others = [user for user in owners if user not in admins]
        told = Told(
            place=place,
            what=what,
            why=why,
            at=means.now(),
            users=(*admins, *others),
            subscriptions=tuple(one.id for one in affected),
        )
        if not await means.told.claim(key, told):
            return
        log.warning("orphaned", place=place, what=what, reason=why, subscriptions=len(affected), told=len(told.users))
        until = (means.now() if held.oldest is None else held.oldest) + means.hold
        readers = [(admins, concerned)] if admins else []
        for users, theirs in [*readers, *(((user,), _of(concerned, user)) for user in others)]:
            notice = Orphaned(
                place=place,
                what=what,
                why=why,
                subscriptions=tuple(theirs),
                held_until=until,
                waiting=held.deliveries,
            )
            await means.notices.tell(team, users, notice)

    async def recovered(self, key: str, told: Told) -> None:
        """Tell that it is back, to whom it was told that it is lost. Raises UnavailableError."""
        if await self._means.told.forget(key):
            log.info("recovered", place=told.place, what=told.what)
            notice = Recovered(place=told.place, subscriptions=told.subscriptions)
            await self._means.notices.tell(told.place.split("/")[1], told.users, notice)

    async def _admins(self, team: str, what: Orphanhood) -> tuple[str, ...]:
        try:
            return await self._means.people.admins(team)
        except UnavailableError:
            if what is not Orphanhood.INSTALLATION:
                raise
            # Without a token Slack tells nobody's rank, and takes no card either: the log has to do.
            log.warning("nobody_can_be_told", team=team)
            return ()


_GONE = Orphanhood.OWNER_GONE


def _concerned(place: DestinationId, what: Orphanhood, affected: Sequence[Subscription]) -> list[Subscription]:
    """Those of which somebody has to hear. Who has left needs no word of their own direct messages."""
    if what is _GONE:
        return list(affected)
    return [one for one in affected if not place.endswith(f"/@{one.owner}")]


def _of(subscriptions: Sequence[Subscription], owner: str) -> list[Subscription]:
    return [one for one in subscriptions if one.owner == owner]
