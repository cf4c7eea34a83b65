"""The consent page and its redirect. Source: docs.slack.dev/authentication/installing-with-oauth."""

from html import escape
from urllib.parse import urlencode, urlsplit

from aiohttp import web

from bot.sandbox.answers import Refusal
from bot.sandbox.backend import Backend

_PAGE = """<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>Allow {app}?</title>
<style>
 body {{ font: 16px/1.5 system-ui, sans-serif; max-width: 34rem; margin: 10vh auto; padding: 0 1rem;
   background: Canvas; color: CanvasText; color-scheme: light dark }}
 li {{ font-family: ui-monospace, monospace; font-size: .9rem }}
 button {{ font: inherit; padding: .5rem 1.25rem; border-radius: .5rem; border: 1px solid; cursor: pointer }}
 button[value=allow] {{ background: #2f7d6b; border-color: #2f7d6b; color: white }}
</style></head><body>
<h1>{app} wants to access {workspace}</h1>
<p>It asks for these permissions:</p><ul>{scopes}</ul>
<form method="post">{fields}
<label><input type="checkbox" name="org"> for the whole organisation</label>
<button name="decision" value="deny">Cancel</button>
<button name="decision" value="allow">Allow</button></form>
</body></html>
"""


class OAuth:
    """Asks a person, then sends the browser back to the app with a code."""

    def __init__(self, backend: Backend) -> None:
        self._backend = backend

    def routes(self) -> list[web.RouteDef]:
        """The consent page and its answer."""
        return [web.get("/oauth/v2/authorize", self._ask), web.post("/oauth/v2/authorize", self._decide)]

    async def _ask(self, request: web.Request) -> web.Response:
        try:
            scopes = self._check(dict(request.query))
        except Refusal as refusal:
            return web.Response(status=400, text=refusal.code)
        fields = "".join(
            f'<input type="hidden" name="{escape(name)}" value="{escape(value)}">'
            for name, value in request.query.items()
        )
        page = _PAGE.format(
            app=escape(self._backend.app.name),
            workspace=escape(self._backend.workspace.name),
            scopes="".join(f"<li>{escape(scope)}</li>" for scope in scopes),
            fields=fields,
        )
        return web.Response(text=page, content_type="text/html")

    async def _decide(self, request: web.Request) -> web.StreamResponse:
        given = {name: str(value) for name, value in (await request.post()).items()}
        try:
            scopes = self._check(given)
        except Refusal as refusal:
            return web.Response(status=400, text=refusal.code)
        answer = {"state": given.get("state", "")}
        if given.get("decision") == "allow":
            user = given.get("user") or self._backend.workspace.first_human().id
            answer["code"] = self._backend.grants.authorize(
                user=user,
                scopes=scopes,
                redirect_uri=given["redirect_uri"],
                now=self._backend.clock(),
                org="org" in given,
            )
        else:
            answer["error"] = "access_denied"
        target = given["redirect_uri"]
        raise web.HTTPFound(target + ("&" if urlsplit(target).query else "?") + urlencode(answer))

    def _check(self, given: dict[str, str]) -> tuple[str, ...]:
        app = self._backend.app
        if given.get("client_id") != app.client_id:
            raise Refusal("invalid_client_id")
        target = given.get("redirect_uri", "")
        if urlsplit(target).scheme not in {"http", "https"}:
            raise Refusal("bad_redirect_uri")
        if app.redirect_urls and not any(target.startswith(known) for known in app.redirect_urls):
            raise Refusal("bad_redirect_uri")
        scopes = tuple(scope for scope in given.get("scope", "").split(",") if scope)
        if not scopes:
            raise Refusal("invalid_scope_requested")
        unknown = set(scopes) - set(app.scopes)
        if unknown:
            raise Refusal("invalid_scope")
        return scopes
