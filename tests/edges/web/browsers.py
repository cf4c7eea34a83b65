"""What the web tests share: events, a served gateway, and readers of both wires that know nothing of our framing."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Collection
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from aiohttp import ClientResponse, ClientSession, ClientWebSocketResponse, TCPConnector

from bot.core.event import Event, Model, Status
from bot.web.access import Access
from bot.web.gateway import Gateway
from bot.web.server import Server
from bot.web.streams import Streams
from bot.web.tickets import LocalTickets, Tickets

TOKEN = "the-stream-token"
DEADLINE = 30.0


def event(number: int, *, model: str = "fraud-scorer", status: Status = Status.COMPLETED) -> Event:
    return Event(
        source="/tests",
        id=str(number),
        type=f"ai.inference.{status}",
        time=datetime(2026, 11, 1, tzinfo=UTC),
        inference=f"inf-{number}",
        status=status,
        model=Model(name=model),
    )


def body(number: int, *, padding: int = 0) -> bytes:
    return json.dumps({"id": str(number), "padding": "x" * padding}).encode()


def publish(gateway: Gateway, *numbers: int, model: str = "fraud-scorer", padding: int = 0) -> None:
    for number in numbers:
        gateway.publish(event(number, model=model), body(number, padding=padding))


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    url: str
    gateway: Gateway
    server: Server


@asynccontextmanager
async def site(
    gateway: Gateway, *, token: str = TOKEN, origins: Collection[str] = (), tickets: Tickets | None = None
) -> AsyncIterator[Site]:
    tickets = tickets or LocalTickets()
    streams = Streams(gateway, Access(token, origins, tickets), tickets)
    server = Server(streams.routes(), host="127.0.0.1", port=0, farewells=[gateway.close])
    async with server as url:
        yield Site(url=url, gateway=gateway, server=server)


def session(served: Site, *, token: str = TOKEN) -> ClientSession:
    """A client with the token."""
    headers = {"Authorization": f"Bearer {token}"}
    return ClientSession(served.url, headers=headers, connector=TCPConnector(limit=0))


async def raw(served: Site, request: str) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """A connection on which those characters were sent."""
    host, port = served.url.removeprefix("http://").split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    writer.write(request.encode())
    return reader, writer


async def until(condition: Callable[[], bool]) -> None:
    """Wait for the condition, looking again and again up to the deadline."""
    async with asyncio.timeout(DEADLINE):
        while not condition():  # noqa: ASYNC110 - what is waited for is across a real socket and sets no asyncio.Event
            await asyncio.sleep(0.001)


def following(gateway: Gateway) -> int:
    """How many sockets have caught up and follow the stream."""
    return sum(len(sockets) for audience in gateway._audiences.values() for sockets in audience.sockets.values())


async def says(socket: ClientWebSocketResponse) -> dict[str, Any]:
    """The next message."""
    said: dict[str, Any] = await socket.receive_json(timeout=DEADLINE)
    return said


async def ids(socket: ClientWebSocketResponse, count: int) -> list[int]:
    """The ids of the next `count` events; what is no event is passed over."""
    found: list[int] = []
    while len(found) < count:
        said = await says(socket)
        if "event" in said:
            found.append(int(said["event"]["id"]))
    return found


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """A block of an event stream, parsed as the HTML standard's section 9.2.6 says."""

    id: str | None = None
    event: str = "message"
    data: str | None = None
    retry: int | None = None


async def blocks(response: ClientResponse) -> AsyncIterator[Block]:
    """The blocks as they arrive."""
    fields: dict[str, str] = {}
    while True:
        async with asyncio.timeout(DEADLINE):
            line = (await response.content.readline()).decode()
        if not line:
            return
        if line == "\n":
            retry = fields.pop("retry", None)
            yield Block(**fields, retry=int(retry) if retry else None)
            fields = {}
            continue
        name, _, value = line.removesuffix("\n").partition(":")
        fields[name] = value.removeprefix(" ")
