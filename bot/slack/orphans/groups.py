"""User groups: who is in them now, and those that are gone. Each is asked for every ten minutes, a few at a time."""

from collections.abc import Mapping, Sequence
from typing import Final

import structlog

from bot.core.destination import SlackGroup, destination_id
from bot.core.errors import UnavailableError
from bot.core.notices import Orphanhood
from bot.core.subscription import Subscription
from bot.slack.orphans.registrar import Means, Registrar
from bot.slack.orphans.roll import Called, Key
from bot.slack.orphans.teller import Teller
from bot.stores.orphans import Told

EVERY: Final = 10 * 60_000
"""Milliseconds."""
AT_A_LOOK: Final = 2
"""Groups a look: 12 a minute of the 20 calls of usergroups.users.list."""
WHY: Final = "the user group is gone, or I may not read it"

log = structlog.get_logger()


class Groups:
    """Compares what Slack says with what subscriptions have. Raises UnavailableError."""

    def __init__(self, means: Means, registrar: Registrar, teller: Teller) -> None:
        self._means = means
        self._registrar = registrar
        self._teller = teller
        self._visited: dict[Key, int] = {}

    async def look(self, called: Called, known: Mapping[str, Told]) -> None:
        """Look at a few groups, and forget what was told of those that nothing leads to any more."""
        now = self._means.now()
        self._visited = {key: at for key, at in self._visited.items() if key in called.of_group}
        waiting = [key for key in called.of_group if self._visited.get(key, now - EVERY) <= now - EVERY]
        for team, group in sorted(waiting, key=lambda key: self._visited.get(key, 0))[:AT_A_LOOK]:
            try:
                await self.visit(team, group, called.of_group[team, group])
            except UnavailableError as error:
                log.warning("group_unknown", team=team, group=group, reason=str(error))
            self._visited[team, group] = now
        for key in known:
            if "/!" in key and not called.at.get(known[key].place):
                await self._means.told.forget(key)

    async def visit(self, team: str, group: str, subscriptions: Sequence[Subscription]) -> None:
        """Look at one group now. Raises UnavailableError."""
        if not subscriptions:
            return
        place = destination_id(SlackGroup(team=team, group=group))
        found = await self._means.people.group(team, group, fresh=True)
        told = (await self._means.told.all()).get(place)
        if found is None:
            # After it was told, what goes on nevertheless was resumed by somebody who may.
            if told is None:
                for one in subscriptions:
                    await self._registrar.orphan(one, WHY)
                await self._teller.tell(place, place, Orphanhood.DELETED, WHY, subscriptions)
            return
        for one in subscriptions:
            if set(one.members) != set(found.members):
                log.info("group_changed", team=team, group=group, subscription=one.id, members=len(found.members))
                await self._registrar.enrol(one, found.members)
        if told is not None:
            for one in subscriptions:
                await self._registrar.release(one, WHY)
            await self._teller.recovered(place, told)
