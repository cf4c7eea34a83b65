"""users.*, usergroups.*, team.info, bots.info. Source: docs.slack.dev/reference/methods/users.info and on."""

from bot.sandbox.answers import Json, Refusal
from bot.sandbox.arguments import flag, text
from bot.sandbox.methods.call import Call, Method


def _with_email(call: Call) -> bool:
    return "users:read.email" in call.scopes


def user_info(call: Call) -> Json:
    """One person."""
    person = call.workspace.person(text(call.arguments, "user", code="user_not_found"))
    return {"user": person.to_slack(with_email=_with_email(call))}


def user_by_email(call: Call) -> Json:
    """The person of an e-mail address."""
    email = text(call.arguments, "email", code="users_not_found").lower()
    for person in call.workspace.people.values():
        if person.email == email and not person.deleted:
            return {"user": person.to_slack(with_email=True)}
    raise Refusal("users_not_found")


def user_list(call: Call) -> Json:
    """Everybody."""
    page, following = call.page(list(call.workspace.people.values()))
    shown = [person.to_slack(with_email=_with_email(call)) for person in page]
    return {"members": shown, "cache_ts": int(call.backend.clock()), "response_metadata": following}


def group_list(call: Call) -> Json:
    """Every user group."""
    with_users = flag(call.arguments, "include_users")
    hidden = not flag(call.arguments, "include_disabled")
    groups = [each for each in call.workspace.usergroups.values() if not (hidden and each.disabled)]
    return {"usergroups": [each.to_slack(with_users=with_users) for each in groups]}


def group_users(call: Call) -> Json:
    """The members of one user group."""
    group = call.workspace.usergroups.get(text(call.arguments, "usergroup", code="no_such_subteam"))
    if group is None:
        raise Refusal("no_such_subteam")
    return {"users": list(group.members)}


def team_info(call: Call) -> Json:
    """The workspace itself."""
    workspace = call.workspace
    team = {"id": workspace.team_id, "name": workspace.name, "domain": workspace.domain}
    return {"team": team | {"email_domain": "example.com", "icon": {"image_default": True}}}


def bot_info(call: Call) -> Json:
    """The app's bot."""
    bot = call.workspace.bot
    if call.arguments.get("bot", bot.bot_id) != bot.bot_id:
        raise Refusal("bot_not_found")
    shown: Json = {"id": bot.bot_id, "deleted": False, "name": bot.real_name, "updated": 0, "icons": {}}
    return {"bot": shown | {"app_id": call.backend.app.id, "user_id": bot.id}}


METHODS = {
    "bots.info": Method(handler=bot_info, tier=3, scopes=("users:read",)),
    "team.info": Method(handler=team_info, tier=3, scopes=("team:read",)),
    "usergroups.list": Method(handler=group_list, tier=2, scopes=("usergroups:read",)),
    "usergroups.users.list": Method(handler=group_users, tier=2, scopes=("usergroups:read",)),
    "users.info": Method(handler=user_info, tier=4, scopes=("users:read",)),
    "users.list": Method(handler=user_list, tier=2, scopes=("users:read",)),
    "users.lookupByEmail": Method(handler=user_by_email, tier=3, scopes=("users:read.email",)),
}
