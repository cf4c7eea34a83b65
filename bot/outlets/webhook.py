"""Webhooks: one POST per delivery, to public addresses only, whatever the URL, the DNS or the receiver says."""

import asyncio
import socket
import ssl
import time
from collections.abc import Awaitable, Callable, Collection
from contextlib import AsyncExitStack, suppress
from datetime import UTC, datetime
from functools import lru_cache
from typing import Self
from urllib.parse import urlsplit

import aiohttp
import httpx
from aiohttp import AddrInfoType
from aiohttp.abc import AbstractResolver
from httpx_aiohttp import AiohttpTransport

from bot.core.address import Network, check_url, refusal
from bot.core.delivery import Failed, Outcome, Refused, Scope
from bot.core.destination import Webhook, destination_id
from bot.core.errors import UnavailableError
from bot.outlets import deadline
from bot.outlets.transport import BROKEN, outcome_of_exception, retry_after
from bot.outlets.webhook_errors import outcome_of_status
from bot.ports.outlet import Item, Parcel
from bot.render.webhook import Request, request, signing_secret

_LONGEST_ANSWER = 20_000
"""Bytes of a body that are read so that its connection can be used again; what Svix reads, too."""
_LONGEST_DRAIN = 2
"""Seconds for that."""
_BROKEN: tuple[type[Exception], ...] = (httpx.HTTPError, httpx.InvalidURL, *BROKEN)
_HEADERS = {"user-agent": "Tidings/0.1", "accept": "*/*", "accept-encoding": "identity"}


async def _as_it_is(_place: Webhook, item: Item) -> bytes:
    return item.body


class AddressRefusedError(Exception):
    """The connection would have gone to an address that webhooks may not reach. Not one packet was sent."""


class WebhookOutlet:
    """POSTs events to HTTPS endpoints, signed.

    `secret` is the installation's master secret. `allow` and `ports` are as in `core.address.refusal`. `timeout` and
    `connect_timeout` are in seconds; the first bounds a whole attempt. `clock` gives seconds since the epoch; `tls`
    says whom to trust, the system's authorities by default; `body_of` gives as much of an event as the endpoint is to
    get, written as a CloudEvent, and may raise UnavailableError. Enter it as an async context manager; connections are
    kept between sends.
    """

    def __init__(
        self,
        secret: str,
        *,
        allow: Collection[Network] = (),
        ports: Collection[int] = (443,),
        timeout: float = 15,
        connect_timeout: float = 5,
        clock: Callable[[], float] = time.time,
        tls: ssl.SSLContext | None = None,
        resolver: AbstractResolver | None = None,
        body_of: Callable[[Webhook, Item], Awaitable[bytes]] = _as_it_is,
    ) -> None:
        self._secret = secret
        self._allow = tuple(allow)
        self._ports = frozenset(ports)
        self._timeout = timeout
        self._connect_timeout = connect_timeout
        self._clock = clock
        self._tls = tls
        self._resolver = resolver
        self._body_of = body_of
        self._stack = AsyncExitStack()
        self._connector: aiohttp.TCPConnector | None = None
        self._transport: httpx.AsyncBaseTransport | None = None
        self._extensions = {"timeout": httpx.Timeout(timeout, connect=connect_timeout).as_dict()}

    async def __aenter__(self) -> Self:
        """Open the transport; its connections are made when they are needed.

        httpx's transport without its client: a client adds redirects, cookies and authentication, none of which a
        webhook may have, and half as much time again to each request.
        """
        tls = self._tls or ssl.create_default_context()
        self._connector = connector = aiohttp.TCPConnector(
            ssl=tls,
            socket_factory=self._socket,
            resolver=self._resolver,
            limit=0,
            # Below the idle time after which common servers hang up (Node and uvicorn: 5 s): a POST on a connection
            # that is just being closed has an unknown outcome.
            keepalive_timeout=4,
        )
        session = aiohttp.ClientSession(
            connector=connector,
            cookie_jar=aiohttp.DummyCookieJar(),
            trust_env=False,
            trace_configs=[deadline.watch()],
        )
        self._stack.push_async_callback(session.close)
        self._transport = AiohttpTransport(client=session, verify=tls)
        return self

    async def __aexit__(self, *_: object) -> None:
        """Close all connections."""
        await self._stack.aclose()

    async def send(self, parcel: Parcel) -> Outcome:
        """POST the one delivery of the parcel. Raises ValueError for a parcel that is no webhook's or holds several."""
        if not isinstance(parcel.destination, Webhook):
            raise TypeError("not a webhook's parcel")
        (item,) = parcel.items
        url = parcel.destination.url
        if (why := check_url(url, self._allow, self._ports)) is not None:
            return Refused(reason=why, scope=Scope.DESTINATION)
        try:
            body = await self._body_of(parcel.destination, item)
        except UnavailableError as error:
            return Failed(reason=f"could not tell how much the endpoint gets: {error}")
        post = request(
            body,
            delivery=item.delivery.id,
            secret=signing_secret(self._secret, destination_id(parcel.destination)),
            at=datetime.fromtimestamp(self._clock(), UTC),
        )
        host = urlsplit(url).hostname or ""
        try:
            with deadline.before(parcel.deadline):
                return await self._post(url, post, host)
        except AddressRefusedError as error:
            return Refused(reason=f"{host}: {error}", scope=Scope.DESTINATION)
        except _BROKEN as error:
            # httpx's names for what aiohttp raised are too coarse: it calls a lost answer ConnectTimeout.
            cause = error.__cause__ if isinstance(error, httpx.HTTPError) else None
            return outcome_of_exception(cause or error, host=host)

    async def _post(self, url: str, post: Request, host: str) -> Outcome:
        """POST, and judge by the status; what is left to read has a deadline of its own."""
        if self._transport is None:
            raise RuntimeError("enter the outlet before sending")
        wanted = httpx.Request(
            "POST", _parsed(url), headers={**_HEADERS, **post.headers}, content=post.body, extensions=self._extensions
        )
        async with asyncio.timeout(self._timeout):
            answer = await self._transport.handle_async_request(wanted)
        try:
            after = retry_after(answer.headers.get("retry-after"), now=round(self._clock() * 1000))
            await _drain(answer)
        finally:
            await answer.aclose()
        return outcome_of_status(answer.status_code, host=host, after=after)

    def _socket(self, address: AddrInfoType) -> socket.socket:
        """Make the socket for a connection, or refuse to.

        aiohttp asks for every address that it is about to connect to, whether it came from a literal, from DNS or from
        a second answer of DNS: the one place that no URL gets around.
        """
        family, kind, protocol, _, where = address
        if (why := refusal(str(where[0]), int(where[1]), self._allow, self._ports)) is not None:
            raise AddressRefusedError(why)
        return socket.socket(family=family, type=kind, proto=protocol)


@lru_cache(maxsize=1_024)
def _parsed(url: str) -> httpx.URL:
    return httpx.URL(url)


async def _drain(answer: httpx.Response) -> None:
    # A short answer is read, so that the connection can be used again; a long or broken one is cut off. The status
    # has decided already, and nothing is decompressed.
    if answer.is_stream_consumed:
        return
    read = 0
    with suppress(*_BROKEN):
        async with asyncio.timeout(_LONGEST_DRAIN):
            async for chunk in answer.aiter_raw():
                read += len(chunk)
                if read > _LONGEST_ANSWER:
                    return
