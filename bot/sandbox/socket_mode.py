"""Socket Mode, Slack's side: tickets, hello, envelopes and acks, disconnect warnings.

Each payload goes to one connection, picked at random.
Source: docs.slack.dev/apis/events-api/using-socket-mode.

"""

import asyncio
import random
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal, Protocol

import orjson
from aiohttp import WSMsgType, web

from bot.sandbox.answers import Json
from bot.sandbox.delivery import Ack, Acked, Envelope, NotAcked, Retry

CONNECTION_LIMIT = 10
TICKET_SECONDS = 30.0
DisconnectReason = Literal["warning", "refresh_requested", "link_disabled", "too_many_websockets"]


class Presence(Protocol):
    """Hears when the app's first connection comes and its last one goes."""

    def __call__(self, *, connected: bool) -> None:
        """Whether there is a connection now."""
        ...


@dataclass(eq=False, slots=True)
class _Connection:
    socket: web.WebSocketResponse
    waiting: dict[str, asyncio.Future[Ack]] = field(default_factory=dict)


class SocketMode:
    """The app's connections and the envelopes under way on them."""

    def __init__(
        self,
        *,
        app_id: str,
        clock: Callable[[], float],
        chance: random.Random,
        on_presence: Presence,
    ) -> None:
        self._app_id = app_id
        self._clock = clock
        self._chance = chance
        self._on_presence = on_presence
        self._tickets: dict[str, float] = {}
        self._connections: list[_Connection] = []

    @property
    def connected(self) -> bool:
        """Whether the app has at least one connection."""
        return bool(self._connections)

    @property
    def count(self) -> int:
        """How many connections the app has."""
        return len(self._connections)

    def ticket(self) -> str:
        """A ticket for one WebSocket handshake within half a minute (apps.connections.open)."""
        ticket = secrets.token_urlsafe(16)
        self._tickets[ticket] = self._clock() + TICKET_SECONDS
        return ticket

    async def accept(self, request: web.Request) -> web.StreamResponse:
        """Serve one connection until it ends; a used or expired ticket gets 408, as from Slack."""
        expires_at = self._tickets.pop(request.query.get("ticket", ""), 0.0)
        if self._clock() >= expires_at:
            return web.Response(status=408, text="Request Timeout")
        socket = web.WebSocketResponse(timeout=1.0)
        await socket.prepare(request)
        if len(self._connections) >= CONNECTION_LIMIT:
            await self._part(socket, "too_many_websockets")
            return socket
        connection = _Connection(socket)
        self._connections.append(connection)
        if len(self._connections) == 1:
            self._on_presence(connected=True)
        try:
            await socket.send_str(orjson.dumps(self._hello()).decode())
            async for message in socket:
                if message.type is WSMsgType.TEXT:
                    self._acknowledge(connection, message.data)
        finally:
            self._drop(connection)
        return socket

    def _hello(self) -> Json:
        return {
            "type": "hello",
            "num_connections": len(self._connections),
            "debug_info": {"host": "sandbox", "build_number": 1, "approximate_connection_time": 18_060},
            "connection_info": {"app_id": self._app_id},
        }

    def _acknowledge(self, connection: _Connection, data: str) -> None:
        try:
            ack = orjson.loads(data)
        except orjson.JSONDecodeError:
            return
        waiting = connection.waiting.pop(ack.get("envelope_id", ""), None)
        if waiting is not None and not waiting.done():
            waiting.set_result(Acked(payload=ack.get("payload") or {}))

    def _drop(self, connection: _Connection) -> None:
        if connection not in self._connections:
            return
        self._connections.remove(connection)
        for waiting in connection.waiting.values():
            if not waiting.done():
                waiting.set_result(NotAcked(reason="connection_failed"))
        if not self._connections:
            self._on_presence(connected=False)

    async def send(self, envelope: Envelope, *, retry: Retry | None, timeout: float) -> Ack:  # noqa: ASYNC109 - see Transport
        """Send to one arbitrary connection and wait for its ack."""
        if not self._connections:
            return NotAcked(reason="connection_failed")
        connection = self._chance.choice(self._connections)
        envelope_id = secrets.token_hex(16)
        body: Json = {
            "envelope_id": envelope_id,
            "type": envelope.kind,
            "accepts_response_payload": envelope.expects_answer,
            "payload": envelope.payload,
        }
        if envelope.kind == "events_api":
            body["retry_attempt"] = retry.number if retry else 0
            body["retry_reason"] = retry.reason if retry else ""
        waiting: asyncio.Future[Ack] = asyncio.get_running_loop().create_future()
        connection.waiting[envelope_id] = waiting
        try:
            async with asyncio.timeout(timeout):
                await connection.socket.send_str(orjson.dumps(body).decode())
                return await waiting
        except TimeoutError:
            return NotAcked(reason="timeout")
        except ConnectionError:
            return NotAcked(reason="connection_failed")
        finally:
            connection.waiting.pop(envelope_id, None)

    async def disconnect(self, reason: DisconnectReason = "refresh_requested") -> None:
        """Tell every connection to go; all but a ``warning`` also close it."""
        for connection in list(self._connections):
            await self._part(connection.socket, reason)
            if reason != "warning":
                self._drop(connection)

    async def _part(self, socket: web.WebSocketResponse, reason: DisconnectReason) -> None:
        notice = {"type": "disconnect", "reason": reason, "debug_info": {"host": "sandbox"}}
        await socket.send_str(orjson.dumps(notice).decode())
        if reason != "warning":
            await socket.close()

    async def close(self) -> None:
        """Close every connection."""
        for connection in list(self._connections):
            self._drop(connection)
            await connection.socket.close()
