"""What Slack knows about user groups, remembered for five minutes.

Both methods are of tier 2, 20 calls a minute and workspace. Slack lists all groups of a workspace in one answer.
"""

from collections.abc import Callable, Mapping

import structlog

from bot.ports.people import GroupFacts
from bot.slack.directory.lookup import Lookup, RefusedError, said
from bot.slack.directory.remembered import Remembered

KEEP_SECONDS = 300.0
FRESH_SECONDS = 15.0
"""What counts as asked now: four calls a minute at most about one group."""

_NONE = ("no_such_subteam", "subteam_not_found")
_CLOSED = ("plan_upgrade_required", "missing_scope", "permission_denied", "team_access_not_granted")
"""Errors that mean: this workspace has no user groups for us."""

log = structlog.get_logger()


class SlackGroups:
    """Asks Slack. `clock` gives seconds that never go back."""

    def __init__(self, lookup: Lookup, *, clock: Callable[[], float]) -> None:
        self._lookup = lookup
        self._handles: Remembered[str, Mapping[str, str]] = Remembered(clock, seconds=KEEP_SECONDS)
        self._members: Remembered[tuple[str, str], tuple[str, ...] | None] = Remembered(clock, seconds=KEEP_SECONDS)

    async def group(self, team: str, group: str, *, fresh: bool = False) -> GroupFacts | None:
        """What is known of a user group; None where there is none, or it is disabled. Raises UnavailableError."""
        handles = await self._handles.ask(team, lambda: self._all(team))
        if group not in handles or fresh:
            handles = await self._handles.ask(team, lambda: self._all(team), within=FRESH_SECONDS)
        if group not in handles:
            return None
        members = await self.members(team, group, fresh=fresh)
        return None if members is None else GroupFacts(group=group, handle=handles[group], members=members)

    async def members(self, team: str, group: str, *, fresh: bool = False) -> tuple[str, ...] | None:
        """User ids of its members; None where there is no such group. Raises UnavailableError."""
        within = FRESH_SECONDS if fresh else None
        return await self._members.ask((team, group), lambda: self._members_of(team, group), within=within)

    async def _all(self, team: str) -> Mapping[str, str]:
        """The handle of each enabled group, by its id."""
        web, token = self._lookup.web, await self._lookup.token_of(team)
        try:
            data = said("usergroups.list", await web.ask(web.api.usergroups_list(token=token, team_id=team)))
        except RefusedError as error:
            if error.error in _CLOSED:
                log.warning("groups_closed", team=team, reason=str(error))
                return {}
            raise
        return {str(one["id"]): str(one.get("handle", "")) for one in data.get("usergroups", ())}

    async def _members_of(self, team: str, group: str) -> tuple[str, ...] | None:
        web, token = self._lookup.web, await self._lookup.token_of(team)
        call = web.api.usergroups_users_list(token=token, usergroup=group, team_id=team)
        try:
            data = said("usergroups.users.list", await web.ask(call))
        except RefusedError as error:
            if error.error in _CLOSED:
                log.warning("groups_closed", team=team, reason=str(error))
                return None
            if error.error in _NONE:
                return None
            raise
        return tuple(map(str, data.get("users", ())))
