"""api.test, auth.*, apps.*, oauth.v2.access, blocks.validate.

Source: docs.slack.dev/reference/methods/oauth.v2.access and its neighbours.
"""

from bot.sandbox.answers import Json, Refusal
from bot.sandbox.arguments import flag
from bot.sandbox.grants import ROTATION_SECONDS
from bot.sandbox.methods.call import Call, Method
from bot.sandbox.validation.surfaces import validate

ENTERPRISE_ID = "E0SANDBOX"


def api_test(call: Call) -> Json:
    """Say back what was said."""
    said = {key: value for key, value in call.arguments.items() if key != "token"}
    if said.get("error"):
        raise Refusal(str(said["error"]), args=said)
    return {"args": said}


def auth_test(call: Call) -> Json:
    """Who the token is."""
    workspace, bot = call.workspace, call.workspace.bot
    return {
        "url": f"{call.backend.url}/",
        "team": workspace.name,
        "user": bot.name,
        "team_id": workspace.team_id,
        "user_id": bot.id,
        "bot_id": bot.bot_id,
        "is_enterprise_install": call.grant is not None and call.grant.org,
    }


def auth_revoke(call: Call) -> Json:
    """Make the token useless, unless it is only a test."""
    rehearsed = flag(call.arguments, "test")
    if not rehearsed and call.grant is not None:
        call.backend.grants.revoke(call.grant.token)
        for heard in call.backend.on_revoke:
            heard("tokens_revoked")
    return {"revoked": not rehearsed}


def uninstall(call: Call) -> Json:
    """Take the app out of the workspace."""
    app = call.backend.app
    given = (call.arguments.get("client_id"), call.arguments.get("client_secret"))
    if given != (app.client_id, app.client_secret):
        raise Refusal("bad_client_secret")
    if call.grant is not None:
        call.backend.grants.revoke(call.grant.token)
    for heard in call.backend.on_revoke:
        heard("app_uninstalled")
    return {}


def open_connection(call: Call) -> Json:
    """A WebSocket URL with a ticket for one connection."""
    ticket = call.backend.socket_mode.ticket()
    host = call.backend.url.replace("http", "ws", 1)
    return {"url": f"{host}/link/?ticket={ticket}&app_id={call.backend.app.id}"}


def oauth_access(call: Call) -> Json:
    """Exchange a code, or a refresh token, for an access token."""
    backend, given = call.backend, call.arguments
    client = call.basic or (given.get("client_id"), given.get("client_secret"))
    if client[0] != backend.app.client_id:
        raise Refusal("invalid_client_id")
    if client[1] != backend.app.client_secret:
        raise Refusal("bad_client_secret")
    now = backend.clock()
    if given.get("grant_type") == "refresh_token":
        grant, refresh_token = backend.grants.refresh(str(given.get("refresh_token")), now=now)
    else:
        redirect_uri = given.get("redirect_uri") or None
        grant, refresh_token = backend.grants.redeem(str(given.get("code")), redirect_uri=redirect_uri, now=now)
    answer: Json = {
        "access_token": grant.token,
        "token_type": "bot",
        "scope": ",".join(grant.scopes),
        "bot_user_id": call.workspace.bot.id,
        "app_id": backend.app.id,
        "team": None if grant.org else {"id": call.workspace.team_id, "name": call.workspace.name},
        "enterprise": {"id": ENTERPRISE_ID, "name": call.workspace.name} if grant.org else None,
        "is_enterprise_install": grant.org,
        "authed_user": {"id": grant.user},
    }
    if refresh_token is not None:
        answer |= {"refresh_token": refresh_token, "expires_in": ROTATION_SECONDS}
    return answer


def validate_blocks(call: Call) -> Json:
    """Check blocks, a view or a message without sending them."""
    validate(call.arguments)
    return {}


METHODS = {
    "api.test": Method(handler=api_test, tier=4, token=None),
    "apps.connections.open": Method(
        handler=open_connection,
        tier=3,
        scopes=("connections:write",),
        token="app",  # noqa: S106 - a kind, not a secret
    ),
    "apps.uninstall": Method(handler=uninstall, tier=1),
    "auth.revoke": Method(handler=auth_revoke, tier=3),
    "auth.test": Method(handler=auth_test, tier=None),
    "blocks.validate": Method(handler=validate_blocks, tier=3, token=None),
    "oauth.v2.access": Method(handler=oauth_access, tier=None, token=None),
}
