"""Owners who left: each owner is looked at about once a day, a few at a time, and what they leave behind rests."""

import re
from collections.abc import Mapping
from typing import Final

import structlog

from bot.core.destination import SlackPerson, destination_id
from bot.core.errors import UnavailableError
from bot.core.notices import Orphanhood
from bot.core.orphans import outlives_owner
from bot.core.permission import Rank
from bot.slack.orphans.registrar import Means, Registrar
from bot.slack.orphans.roll import Called, Key
from bot.slack.orphans.teller import Teller
from bot.stores.orphans import Told, owner_key

DAY: Final = 24 * 3_600_000
"""Milliseconds."""
AT_A_LOOK: Final = 5
"""Owners a look: 30 a minute of the 100 calls of users.info, and 10,000 owners in six hours."""
WHY: Final = "its owner has left"

_USER: Final = re.compile(r"[A-Z][A-Z0-9]{2,}")
"""What a user id looks like; owners that are none, such as an operator's name, are not Slack's to know."""

log = structlog.get_logger()


class Owners:
    """Remembers whom it has looked at; a process that takes over begins anew."""

    def __init__(self, means: Means, registrar: Registrar, teller: Teller) -> None:
        self._means = means
        self._registrar = registrar
        self._teller = teller
        self._visited: dict[Key, int] = {}

    def hurry(self, team: str, user: str) -> None:
        """Look at this one next: Slack refused a message to them."""
        self._visited.pop((team, user), None)

    async def look(self, called: Called, known: Mapping[str, Told]) -> None:
        """Look at a few owners. Raises UnavailableError."""
        now = self._means.now()
        # One who was looked at lately stays; one who owns nothing any more is forgotten.
        self._visited = {key: at for key, at in self._visited.items() if key in called.of_owner}
        waiting = [key for key in called.of_owner if self._visited.get(key, now - DAY) <= now - DAY]
        for key in sorted(waiting, key=lambda key: self._visited.get(key, 0))[:AT_A_LOOK]:
            await self._visit(key, called, known.get(owner_key(*key)))
            self._visited[key] = now
        for name, told in known.items():
            if told.what is Orphanhood.OWNER_GONE and not _owns_some(name, called):
                await self._means.told.forget(name)  # all were taken over, or ended

    async def _visit(self, key: Key, called: Called, told: Told | None) -> None:
        team, user = key
        if _USER.fullmatch(user) is None:
            return
        try:
            found = await self._means.people.person(team, user)
        except UnavailableError as error:
            log.warning("owner_unknown", team=team, user=user, reason=str(error))
            return
        left = [one for one in called.of_owner[key] if outlives_owner(one)]
        if found is None or found.rank is Rank.GONE:
            # After it was told, what goes on nevertheless was resumed by somebody who may.
            if told is None and left:
                for one in left:
                    await self._registrar.orphan(one, WHY)
                place = destination_id(SlackPerson(team=team, user=user))
                await self._teller.tell(owner_key(team, user), place, Orphanhood.OWNER_GONE, WHY, left)
        elif told is not None:
            for one in left:
                await self._registrar.release(one, WHY)
            await self._teller.recovered(owner_key(team, user), told)


def _owns_some(key: str, called: Called) -> bool:
    _, team, user = key.split("/", 2)
    return any(outlives_owner(one) for one in called.of_owner.get((team, user), ()))
