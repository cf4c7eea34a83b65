"""URLs that the sandbox hands out: response URLs, incoming webhooks, uploads, file and message links."""

from http import HTTPStatus

import orjson
from aiohttp import web

from bot.sandbox.answers import Json, Refusal
from bot.sandbox.backend import Backend
from bot.sandbox.channel import Channel
from bot.sandbox.web_api import suffer


class Hooks:
    """Answers what the app posts outside the Web API."""

    def __init__(self, backend: Backend) -> None:
        self._backend = backend

    def routes(self) -> list[web.RouteDef]:
        """Every handed-out URL."""
        return [
            web.post("/{kind:commands|actions|app}/{team}/{secret}", self._respond),
            web.post("/services/{team}/{app}/{channel}", self._webhook),
            web.post("/upload/v1/{secret}", self._upload),
            web.get("/files/{file}", self._download),
            web.get("/archives/{channel}/{message}", _archive),
        ]

    def webhook_url(self, channel: str) -> str:
        """The incoming webhook of a channel."""
        back = self._backend
        return f"{back.url}/services/{back.workspace.team_id}/{back.app.id}/{channel}"

    async def _respond(self, request: web.Request) -> web.StreamResponse:
        """A response URL: 404 with a reason when it is used up or too old."""
        faults = self._backend.faults.strike("response_url", None)
        self._backend.stats.called("response_url")
        for fault in faults:
            if not fault.after and (cut := await suffer(request, fault)) is not None:
                return cut
        try:
            self._backend.answer_url(request.match_info["secret"], _object(await request.read()))
        except Refusal as refusal:
            self._backend.stats.refused("response_url", refusal.code)
            status = 400 if refusal.status == 200 else refusal.status  # noqa: PLR2004 - HTTP's own names
            return web.Response(
                body=orjson.dumps(refusal.body()), status=status, content_type="application/json"
            )
        for fault in faults:
            if fault.after and (cut := await suffer(request, fault)) is not None:
                return cut
        return web.Response(text="ok")

    async def _webhook(self, request: web.Request) -> web.StreamResponse:
        """An incoming webhook: plain text answers with real HTTP codes.

        Source: docs.slack.dev/messaging/sending-messages-using-incoming-webhooks#handling_errors.
        """
        back = self._backend
        back.stats.called("incoming_webhook")
        try:
            self._post(back.workspace.channel(request.match_info["channel"]), _object(await request.read()))
        except Refusal as refusal:
            back.stats.refused("incoming_webhook", refusal.code)
            headers = {"Retry-After": str(refusal.retry_after)} if refusal.retry_after is not None else None
            return web.Response(text=refusal.code, status=_status(refusal), headers=headers)
        return web.Response(text="ok")

    def _post(self, channel: Channel, body: Json) -> None:
        back = self._backend
        if channel.is_archived:
            raise Refusal("channel_is_archived")
        content = back.content(body)
        back.spend("incoming_webhook", channel=channel.id)
        back.workspace.post(channel, back.workspace.bot, content, app_id=back.app.id)

    async def _upload(self, request: web.Request) -> web.StreamResponse:
        body = await request.read()
        try:
            self._backend.files.receive(request.match_info["secret"], body)
        except Refusal as refusal:
            return web.Response(text=refusal.code, status=refusal.status)
        return web.Response(text=f"OK - {len(body)}")

    async def _download(self, request: web.Request) -> web.StreamResponse:
        try:
            body = self._backend.files.body(request.match_info["file"])
        except Refusal:
            raise web.HTTPNotFound from None
        return web.Response(body=body, content_type="application/octet-stream")


def _status(refusal: Refusal) -> int:
    """Outside the Web API an error is an HTTP error."""
    known = {"channel_not_found": 404, "channel_is_archived": 410}
    return known.get(
        refusal.code, HTTPStatus.BAD_REQUEST if refusal.status == HTTPStatus.OK else refusal.status
    )


def _object(body: bytes) -> Json:
    try:
        parsed = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise Refusal("invalid_payload", status=400) from error
    if not isinstance(parsed, dict):
        raise Refusal("invalid_payload", status=400)
    return parsed


async def _archive(request: web.Request) -> web.StreamResponse:
    """A permalink leads to the page."""
    place = request.match_info
    raise web.HTTPFound(f"/#{place['channel']}/{place['message']}")
