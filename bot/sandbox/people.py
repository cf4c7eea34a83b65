"""Who is in the workspace: people, the app's bot, and user groups."""

from dataclasses import dataclass

from bot.sandbox.answers import Json


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """A member of the workspace, human or bot."""

    id: str
    name: str
    real_name: str
    team_id: str
    title: str = ""
    color: str = "5b6ee1"
    bot_id: str | None = None
    is_admin: bool = False
    is_owner: bool = False
    is_primary_owner: bool = False
    is_restricted: bool = False
    is_ultra_restricted: bool = False
    is_stranger: bool = False
    deleted: bool = False
    tz: str = "Europe/Berlin"
    tz_offset: int = 3600

    @property
    def is_bot(self) -> bool:
        """Whether this is an app's bot user."""
        return self.bot_id is not None

    @property
    def email(self) -> str:
        """The address that users.lookupByEmail finds; bots have none."""
        return "" if self.is_bot else f"{self.name}@example.com"

    def to_page(self) -> Json:
        """What the sandbox page needs of a person."""
        return {
            "id": self.id,
            "name": self.name,
            "real_name": self.real_name,
            "title": self.title,
            "is_bot": self.is_bot,
            "is_admin": self.is_admin,
            "is_owner": self.is_owner,
            "color": self.color,
        }

    def to_slack(self, *, with_email: bool) -> Json:
        """The user object of users.info; the address only with the scope users:read.email."""
        profile: Json = {
            "real_name": self.real_name,
            "display_name": self.name,
            "title": self.title,
            "team": self.team_id,
        }
        if self.bot_id is not None:
            profile["bot_id"] = self.bot_id
        elif with_email:
            profile["email"] = self.email
        return {
            "id": self.id,
            "team_id": self.team_id,
            "name": self.name,
            "deleted": self.deleted,
            "color": self.color,
            "real_name": self.real_name,
            "tz": self.tz,
            "tz_label": self.tz,
            "tz_offset": self.tz_offset,
            "profile": profile,
            "is_admin": self.is_admin,
            "is_owner": self.is_owner,
            "is_primary_owner": self.is_primary_owner,
            "is_restricted": self.is_restricted,
            "is_ultra_restricted": self.is_ultra_restricted,
            "is_bot": self.is_bot,
            "is_app_user": False,
            "updated": 0,
            # Slack names it of people met in a shared channel only
            **({"is_stranger": True} if self.is_stranger else {}),
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Usergroup:
    """A group of people with a handle, e.g. ``@ml-oncall``."""

    id: str
    team_id: str
    handle: str
    name: str
    members: tuple[str, ...] = ()
    disabled: bool = False

    def to_slack(self, *, with_users: bool) -> Json:
        """The user group object of usergroups.list."""
        group: Json = {
            "id": self.id,
            "team_id": self.team_id,
            "is_usergroup": True,
            "name": self.name,
            "handle": self.handle,
            "date_delete": 1 if self.disabled else 0,
            "user_count": len(self.members),
        }
        if with_users:
            group["users"] = list(self.members)
        return group
