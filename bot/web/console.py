"""The page at `/`: a live table of the stream, for whoever has its token.

Plain files without a build step. The page may load nothing but itself and speak to nobody but this server.
"""

from importlib.resources import files
from typing import Final

from aiohttp import hdrs, web
from aiohttp.typedefs import Handler

POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'"
)
FILES: Final = {
    "/": ("index.html", "text/html"),
    "/console/style.css": ("style.css", "text/css"),
    "/console/icon.svg": ("icon.svg", "image/svg+xml"),
    "/console/main.js": ("main.js", "text/javascript"),
    "/console/stream.js": ("stream.js", "text/javascript"),
    "/console/table.js": ("table.js", "text/javascript"),
}


def routes() -> list[web.RouteDef]:
    """For the server. The files are read here, once."""
    return [web.get(path, _serve(name, content_type)) for path, (name, content_type) in FILES.items()]


def _serve(name: str, content_type: str) -> Handler:
    text = files("bot.web").joinpath("page", name).read_text("utf-8")

    async def serve(_request: web.Request) -> web.StreamResponse:
        headers = {"Content-Security-Policy": POLICY, hdrs.CACHE_CONTROL: "no-cache"}
        return web.Response(text=text, content_type=content_type, headers=headers)

    return serve
