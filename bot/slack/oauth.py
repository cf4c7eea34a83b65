"""`/slack/install` and `/slack/oauth_redirect`: how a workspace or organisation installs the app by itself.

The browser that begins gets a cookie, and Slack a state that is bound to it, so that nobody can be made to finish what
another began (RFC 6749, section 10.12). https://docs.slack.dev/authentication/installing-with-oauth
"""

import secrets
from base64 import b64encode
from collections.abc import Callable, Collection, Sequence
from hashlib import sha256
from typing import Final
from urllib.parse import urlencode, urljoin

import structlog
from aiohttp import hdrs, web

from bot.core.delivery import Failed, Unknown
from bot.core.errors import UnavailableError
from bot.outlets.slack.errors import Answer, Kind, kind_of
from bot.outlets.slack.web import Said, SlackWeb
from bot.ports.installation import Installation
from bot.render import install
from bot.render.install import Page
from bot.slack.grant import Granted, Granting
from bot.slack.lifecycle import Lifecycle
from bot.stores.states import STATE_SECONDS, States

log = structlog.get_logger()

INSTALL: Final = "/slack/install"
REDIRECT: Final = "/slack/oauth_redirect"
ANYONE: Final = "*"
POLICY: Final = (
    f"default-src 'none'; style-src 'sha256-{b64encode(sha256(install.STYLE.encode()).digest()).decode()}'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
OURS: Final = ("bad_client_secret", "invalid_client_id", "bad_redirect_uri", "not_a_bot_token", "invalid_grant_type")
"""Answers to a code that no other code would mend."""
SETTINGS: Final = "TIDINGS_SLACK_CLIENT_ID, TIDINGS_SLACK_CLIENT_SECRET, TIDINGS_PUBLIC_URL"
_ORGANISATION: Final = "https://app.slack.com/manage/{}/integrations/profile/{}/workspaces/add"


class OAuth:
    """The two routes. `teams` may install, or anyone (`*`); `public_url` is ours, as a browser sees it.

    `clock` gives milliseconds since the epoch.
    """

    def __init__(
        self,
        web: SlackWeb,
        granting: Granting,
        states: States,
        lifecycle: Lifecycle,
        *,
        client_id: str,
        api_url: str,
        public_url: str,
        scopes: Sequence[str],
        teams: Collection[str],
        clock: Callable[[], int],
    ) -> None:
        self._web = web
        self._granting = granting
        self._states = states
        self._lifecycle = lifecycle
        self._client_id = client_id
        self._consent = urljoin(api_url, "/oauth/v2/authorize")
        self._public = public_url.rstrip("/")
        self._scopes = tuple(scopes)
        self._teams = frozenset(teams)
        self._clock = clock
        self._secure = self._public.startswith("https:")
        # A __Host- cookie can't be set by a neighbour on a sister domain; it has to be Secure (RFC 6265bis, 4.1.3.2).
        self._cookie = "__Host-tidings-install" if self._secure else "tidings-install"

    def routes(self) -> list[web.RouteDef]:
        """For the web server."""
        return [web.get(INSTALL, self._begin), web.get(REDIRECT, self._finish)]

    async def _begin(self, request: web.Request) -> web.StreamResponse:
        """Offer, or with `?now=1` go to Slack at once."""
        if request.query.get("now") != "1":
            return _page(install.offer(self._again))
        browser = request.cookies.get(self._cookie) or secrets.token_urlsafe(32)
        try:
            state = await self._states.issue(browser)
        except UnavailableError as error:
            log.warning("install_unavailable", reason=str(error))
            return _page(install.away(self._again), status=503)
        asked = {
            "client_id": self._client_id,
            "scope": ",".join(self._scopes),
            "redirect_uri": self._redirect_uri,
            "state": state,
        }
        answer = web.Response(status=302, headers={hdrs.LOCATION: f"{self._consent}?{urlencode(asked)}"})
        answer.set_cookie(
            self._cookie,
            browser,
            max_age=STATE_SECONDS,
            path="/",
            secure=self._secure,
            httponly=True,
            samesite="Lax",
        )
        return answer

    async def _finish(self, request: web.Request) -> web.StreamResponse:
        """Slack sent the browser back, with a code or a no."""
        state, browser = request.query.get("state", ""), request.cookies.get(self._cookie, "")
        try:
            if not state or not browser or not await self._states.consume(state, browser):
                return _page(install.stale(self._again), status=400)
            if "error" in request.query or "code" not in request.query:
                log.info("install_denied", error=request.query.get("error", "")[:100])
                return _page(install.denied(self._again), status=403)
            granted = await self._granting.redeem(request.query["code"], redirect_uri=self._redirect_uri)
            if isinstance(granted, Granted):
                return await self._granted(granted)
        except UnavailableError as error:
            log.warning("install_unavailable", reason=str(error))
            return _page(install.away(self._again), status=503)
        return self._refused(granted)

    def _refused(self, reply: Answer | Failed | Unknown) -> web.StreamResponse:
        """Slack gave no token for the code."""
        log.warning("install_failed", reply=repr(reply))
        match reply:
            case Answer(error=str(error)) if error in OURS:
                log.error("install_misconfigured", error=error, look_at=SETTINGS)
                return _page(install.misconfigured(self._again), status=500)
            case Answer(error=str()) if kind_of(reply) is Kind.UNDESCRIBED:
                return _page(install.stale(self._again), status=400)
            case _:
                return _page(install.away(self._again), status=503)

    async def _granted(self, granted: Granted) -> web.StreamResponse:
        ids = {identity for identity in (granted.team, granted.enterprise) if identity}
        if ANYONE not in self._teams and not ids & self._teams:
            log.warning("install_not_allowed", team=granted.team, enterprise=granted.enterprise)
            await self._web.ask(self._web.api.auth_revoke(token=granted.token))
            return _page(install.not_allowed(granted.team or granted.enterprise or ""), status=403)
        installation = await self._installation(granted)
        await self._lifecycle.begin(installation)
        await self._greet(installation)
        if granted.is_org_wide:
            link = _ORGANISATION.format(granted.enterprise, granted.app)
            return _page(install.installed_in_organisation(granted.name, link))
        return _page(install.installed(granted.name))

    async def _installation(self, granted: Granted) -> Installation:
        """With the bot's id, which only auth.test tells. Raises UnavailableError."""
        match await self._web.ask(self._web.api.auth_test(token=granted.token)):
            case Said(data={"bot_id": str(bot)}):
                pass
            case reply:
                raise UnavailableError(f"Slack does not say whose token it gave: {reply!r}")
        now = self._clock()
        return Installation(
            team=granted.team or "",
            enterprise=granted.enterprise,
            bot=bot,
            bot_user=granted.bot_user,
            token=granted.token,
            is_org_wide=granted.is_org_wide,
            scopes=granted.scopes,
            refresh_token=granted.refresh_token,
            expires_at=None if granted.expires_in is None else now + granted.expires_in * 1000,
            installed_at=now,
            installer=granted.installer,
        )

    async def _greet(self, installation: Installation) -> None:
        """A greeting that fails is no reason to say that the installation did."""
        message = install.greeting()
        call = self._web.api.chat_postMessage(
            token=installation.token,
            channel=installation.installer,
            text=message.text,
            blocks=list(message.blocks),
            unfurl_links=False,
            unfurl_media=False,
        )
        reply = await self._web.ask(call)
        if not isinstance(reply, Said):
            log.warning("greeting_failed", reply=repr(reply))

    @property
    def _redirect_uri(self) -> str:
        return f"{self._public}{REDIRECT}"

    @property
    def _again(self) -> str:
        return f"{self._public}{INSTALL}?now=1"


def _page(page: Page, *, status: int = 200) -> web.Response:
    headers = {"Content-Security-Policy": POLICY, hdrs.CACHE_CONTROL: "no-store"}
    return web.Response(text=install.html(page), content_type="text/html", status=status, headers=headers)
