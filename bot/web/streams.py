"""The endpoints of the event stream: server-sent events, WebSocket, and the tickets for both."""

import asyncio
from random import SystemRandom
from typing import Final

from aiohttp import HttpVersion11, WSMsgType, hdrs, web
from aiohttp.abc import AbstractStreamWriter

from bot.core.errors import FilterError
from bot.core.filters import Filter, parse
from bot.render.frame import retry_line
from bot.web.access import Access
from bot.web.gateway import Gateway
from bot.web.problem import Problem
from bot.web.socket import LINGER_SECONDS, Farewell, Socket, Wire
from bot.web.tickets import LIFETIME_SECONDS, Tickets

INBOUND_BYTES: Final = 4 << 10
# After a restart browsers come back spread over this time, not all at once.
RETRY_MILLISECONDS: Final = (1_000, 4_000)
FULL_SECONDS: Final = 5
# How long a browser may take to answer a close frame: a little less than the gateway's own patience.
CLOSE_SECONDS: Final = LINGER_SECONDS * 0.8

_DICE: Final = SystemRandom()


class Streams:
    """`GET /stream`, `GET /ws` and `POST /stream/ticket`."""

    def __init__(self, gateway: Gateway, access: Access, tickets: Tickets) -> None:
        self._gateway = gateway
        self._access = access
        self._tickets = tickets

    def routes(self) -> list[web.RouteDef]:
        """For the server."""
        return [
            web.get("/stream", self.events, allow_head=False),
            web.options("/stream", self.preflight),
            web.get("/ws", self.socket, allow_head=False),
            web.post("/stream/ticket", self.ticket),
            web.options("/stream/ticket", self.preflight),
        ]

    async def preflight(self, request: web.Request) -> web.Response:
        """Whether a page of another origin may ask."""
        return self._access.preflight(request)

    async def ticket(self, request: web.Request) -> web.Response:
        """A single-use ticket for whoever has the token. `?filter=` is checked too: here a page can read its error."""
        headers = self._access.origin(request)
        _filter(request.query.get("filter", ""), headers)
        self._access.token(request, headers)
        ticket = await self._tickets.issue()
        return web.json_response({"ticket": ticket, "expires_in": LIFETIME_SECONDS}, status=201, headers=headers)

    async def events(self, request: web.Request) -> web.StreamResponse:
        """Server-sent events. Resumes behind `Last-Event-ID`, which an EventSource sends by itself, or `?after=`."""
        headers = self._access.origin(request)
        wanted = await self._admit(request, headers)
        headers |= {
            hdrs.CONTENT_TYPE: "text/event-stream; charset=utf-8",
            hdrs.CACHE_CONTROL: "no-store, no-transform",
            "X-Accel-Buffering": "no",  # nginx would otherwise hold the stream back
        }
        response = web.StreamResponse(headers=headers)
        writer = await response.prepare(request)
        await response.write(retry_line(_DICE.randint(*RETRY_MILLISECONDS)))
        socket = _socket(request, Wire.SSE_CHUNKED if request.version >= HttpVersion11 else Wire.SSE, wanted, writer)
        self._gateway.enter(socket)
        try:
            await self._follow(socket, request.headers.get("Last-Event-ID") or request.query.get("after"))
        finally:
            self._gateway.leave(socket)
        return response

    async def socket(self, request: web.Request) -> web.WebSocketResponse:
        """A WebSocket that speaks and only listens for pongs. Resumes behind `?after=`."""
        headers = self._access.origin(request)
        response = web.WebSocketResponse(
            timeout=CLOSE_SECONDS, autoping=False, compress=False, max_msg_size=INBOUND_BYTES
        )
        if not response.can_prepare(request):
            raise Problem(426, "This is a WebSocket.", headers=headers | {hdrs.UPGRADE: "websocket"})
        wanted = await self._admit(request, headers)
        writer = await response.prepare(request)
        socket = _socket(request, Wire.WS, wanted, writer)
        self._gateway.enter(socket)
        try:
            async with asyncio.TaskGroup() as group:
                listening = group.create_task(self._listen(response, socket), name="websocket_listen")
                why = await self._follow(socket, request.query.get("after"))
                listening.cancel()  # the close handshake reads its answer itself
                await asyncio.wait([listening])
                if why in {Farewell.GOING_AWAY, Farewell.PROTOCOL}:
                    await _say(why, response, socket)
        finally:
            self._gateway.leave(socket)
        return response

    async def _admit(self, request: web.Request, headers: dict[str, str]) -> Filter:
        wanted = _filter(request.query.get("filter", ""), headers)  # before the ticket is used up
        await self._access.token_or_ticket(request, headers)
        if not self._gateway.takes:
            full = headers | {hdrs.RETRY_AFTER: str(FULL_SECONDS)}
            raise Problem(503, "No room for another browser now; try again.", headers=full)
        return wanted

    async def _follow(self, socket: Socket, after: str | None) -> Farewell:
        async with asyncio.TaskGroup() as group:
            following = group.create_task(self._gateway.follow(socket, after=after), name="stream_follow")
            why = await socket.farewell
            following.cancel()
        return why

    async def _listen(self, response: web.WebSocketResponse, socket: Socket) -> None:
        """Take the pongs until the far side closes; anything but control frames is against the protocol."""
        while True:
            message = await response.receive()
            match message.type:
                case WSMsgType.PING:
                    await response.pong(message.data)
                case WSMsgType.PONG:
                    socket.answered = True
                case WSMsgType.TEXT | WSMsgType.BINARY:
                    self._gateway.drop(socket, Farewell.PROTOCOL)
                    return
                case _:  # closing, closed, or an error for which aiohttp has sent its close code
                    self._gateway.drop(socket, Farewell.GONE)
                    return


async def _say(why: Farewell, response: web.WebSocketResponse, socket: Socket) -> None:
    """Say the close frame and wait a little for its answer (RFC 6455, section 7.1.1)."""
    try:
        async with asyncio.timeout(LINGER_SECONDS):
            await response.close(code=why.code, message=why.reason.encode())
    except TimeoutError:
        socket.transport.abort()


def _socket(request: web.Request, wire: Wire, wanted: Filter, writer: AbstractStreamWriter | None) -> Socket:
    transport = request.transport
    if transport is None or writer is None:
        raise ConnectionResetError("the browser left during the handshake")
    return Socket(transport, wire, wanted, writer.drain)


def _filter(text: str, headers: dict[str, str]) -> Filter:
    try:
        return parse(text)
    except FilterError as error:
        raise Problem(
            400, error.message, headers=headers, filter=error.text, position=error.position, caret=error.caret()
        ) from error
