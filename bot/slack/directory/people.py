"""What Slack knows about people: the port `People`, remembered for five minutes at most.

`users.info` is of tier 4, `users.lookupByEmail` of tier 3, `users.list` of tier 2: 100, 50 and 20 calls a minute and
workspace (docs.slack.dev, rate limits).
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

import structlog

from bot.core.permission import Rank
from bot.ports.people import GroupFacts, PersonFacts
from bot.slack.directory.groups import SlackGroups
from bot.slack.directory.lookup import Lookup, RefusedError, said
from bot.slack.directory.remembered import Remembered

KEEP_SECONDS = 300.0
ADMINS_SECONDS = 6 * 3600.0
"""The workspace's admins are found by reading the list of everybody."""

SLACKBOT: Final = "USLACKBOT"
_ADMIN_FLAGS: Final = ("is_admin", "is_owner", "is_primary_owner")
_NO_PERSON: Final = ("user_not_found", "user_not_visible", "users_not_found")

log = structlog.get_logger()


class SlackPeople:
    """Asks Slack. `clock` gives seconds that never go back.

    `admins` are user ids, and ids of user groups (S…), of those who administer Tidings besides the workspace's admins.
    """

    def __init__(
        self, lookup: Lookup, groups: SlackGroups, *, clock: Callable[[], float], admins: Sequence[str] = ()
    ) -> None:
        self._lookup = lookup
        self._groups = groups
        self._named = frozenset(one for one in admins if not one.startswith("S"))
        self._admin_groups = tuple(one for one in admins if one.startswith("S"))
        self._people: Remembered[tuple[str, str], PersonFacts | None] = Remembered(clock, seconds=KEEP_SECONDS)
        self._emails: Remembered[tuple[str, str], str | None] = Remembered(clock, seconds=KEEP_SECONDS)
        self._admins: Remembered[str, tuple[str, ...]] = Remembered(clock, seconds=ADMINS_SECONDS)

    async def person(self, team: str, user: str, *, fresh: bool = False) -> PersonFacts | None:
        """What is known of a person; with `fresh` Slack is asked now. Raises UnavailableError."""
        return await self._people.ask(
            (team, user), lambda: self._person(team, user, fresh=fresh), within=0 if fresh else None
        )

    async def by_email(self, team: str, email: str) -> str | None:
        """The user id of the person with this address. Raises UnavailableError."""
        address = email.strip().lower()
        return await self._emails.ask((team, address), lambda: self._by_email(team, address))

    async def group(self, team: str, group: str, *, fresh: bool = False) -> GroupFacts | None:
        """What is known of a user group. Raises UnavailableError."""
        return await self._groups.group(team, group, fresh=fresh)

    async def admins(self, team: str) -> tuple[str, ...]:
        """Those whom the settings name; without that, the workspace's admins and owners. Raises UnavailableError."""
        if self._named or self._admin_groups:
            return tuple(sorted(self._named | await self._of_admin_groups(team)))
        return await self._admins.ask(team, lambda: self._listed(team))

    async def _person(self, team: str, user: str, *, fresh: bool) -> PersonFacts | None:
        web, token = self._lookup.web, await self._lookup.token_of(team)
        try:
            found = said("users.info", await web.ask(web.api.users_info(token=token, user=user)))["user"]
        except RefusedError as error:
            if error.error in _NO_PERSON:
                return None
            raise
        rank = rank_of(team, found)
        # People of another organisation administer nothing here, whoever wrote them into the settings.
        if rank in (Rank.MEMBER, Rank.GUEST) and (
            user in self._named or user in await self._of_admin_groups(team, fresh=fresh)
        ):
            rank = Rank.ADMIN
        return _facts(user, found, rank)

    async def _of_admin_groups(self, team: str, *, fresh: bool = False) -> frozenset[str]:
        found = [await self._groups.members(team, group, fresh=fresh) for group in self._admin_groups]
        return frozenset(user for members in found for user in members or ())

    async def _by_email(self, team: str, email: str) -> str | None:
        web, token = self._lookup.web, await self._lookup.token_of(team)
        try:
            data = said("users.lookupByEmail", await web.ask(web.api.users_lookupByEmail(token=token, email=email)))
        except RefusedError as error:
            if error.error == "missing_scope":
                log.warning("emails_closed", team=team, reason=str(error))
            elif error.error not in _NO_PERSON:
                raise
            return None
        return str(data["user"]["id"])

    async def _listed(self, team: str) -> tuple[str, ...]:
        """All members of the workspace are read, page by page: ten thousand are ten calls, for hours."""
        api, token = self._lookup.web.api, await self._lookup.token_of(team)
        found: list[str] = []
        async for page in self._lookup.pages("users.list", api.users_list, "members", token=token, team_id=team):
            found += [str(one["id"]) for one in page if rank_of(team, one) is Rank.ADMIN]
        return tuple(sorted(found))


def rank_of(team: str, found: Mapping[str, Any]) -> Rank:
    """What a user object says that the person is in the workspace.

    Its flags are relative to the token's workspace. Where that is part of an organisation, people of its other
    workspaces are met too: `enterprise_user.teams` says whether this one is theirs
    (docs.slack.dev, developing for Enterprise organizations; Slack Connect).
    """
    if found.get("deleted") or found.get("is_bot") or found.get("id") == SLACKBOT:
        return Rank.GONE
    org = found.get("enterprise_user") or {}
    at_home = found.get("team_id") in (None, team) or team in org.get("teams", ())
    if found.get("is_stranger") or not at_home:
        return Rank.STRANGER
    if found.get("is_restricted") or found.get("is_ultra_restricted"):
        return Rank.GUEST
    if any(found.get(flag) for flag in _ADMIN_FLAGS) or org.get("is_admin") or org.get("is_owner"):
        return Rank.ADMIN
    return Rank.MEMBER


def _facts(user: str, found: Mapping[str, Any], rank: Rank) -> PersonFacts:
    profile = found.get("profile") or {}
    return PersonFacts(
        user=user,
        rank=rank,
        name=str(profile.get("display_name") or found.get("real_name") or found.get("name") or ""),
        zone=str(found.get("tz") or "UTC"),
        email=str(profile.get("email") or ""),
    )
