"""The whole sandbox on one port: assembled here, and nowhere else."""

import asyncio
import random
import secrets
import time
from collections.abc import Callable, Mapping
from contextlib import AsyncExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any, Self

from aiohttp import web

from bot.sandbox.asking import Asking
from bot.sandbox.backend import Backend
from bot.sandbox.client import Client
from bot.sandbox.control import Control
from bot.sandbox.delivery import ACK_SECONDS, RETRY_DELAYS, Deliveries
from bot.sandbox.events import Events
from bot.sandbox.faults import Fault, Faults, Kind
from bot.sandbox.files import SIZE_LIMIT, Files
from bot.sandbox.grants import Grants
from bot.sandbox.hooks import Hooks
from bot.sandbox.interaction import Interactions
from bot.sandbox.limits import Limits, Rates
from bot.sandbox.live import Live
from bot.sandbox.manifest import SlackApp, read_app
from bot.sandbox.methods.table import METHODS
from bot.sandbox.modal import Modals
from bot.sandbox.oauth import OAuth
from bot.sandbox.seed import LARKSPUR, Seed, settle
from bot.sandbox.signed_http import SignedHttp
from bot.sandbox.socket_mode import SocketMode
from bot.sandbox.stats import Stats
from bot.sandbox.tickets import ResponseUrls, Triggers
from bot.sandbox.views import Views
from bot.sandbox.web_api import WebApi
from bot.sandbox.workspace import Workspace


class Sandbox:
    """A Slack workspace on this machine.

    >>> async with Sandbox(manifest="manifest.yml") as sandbox:  # doctest: +SKIP
    ...     client = AsyncWebClient(token=sandbox.bot_token, base_url=sandbox.api_url)

    Args:
        host: the address to listen on.
        port: the port; 0 takes a free one.
        manifest: the app's manifest, as a file or its content; a capable default app without one.
        seed: people, channels and user groups to begin with.
        rates: rate limits; ``Rates(enabled=False)`` for none.
        clock: seconds since the epoch, for limits, tickets and timestamps.
        ack_seconds: how long the app may take to ack.
        retry_delays: seconds before each repeat of an unacked event.
        chance_seed: seeds the choice of the socket that gets a payload.
        message_bound: messages kept per channel.
        ledger_bound: entries kept in the audit trail.
    """

    def __init__(
        self,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        manifest: Path | str | Mapping[str, Any] | None = None,
        seed: Seed = LARKSPUR,
        rates: Rates | None = None,
        clock: Callable[[], float] = time.time,
        ack_seconds: float = ACK_SECONDS,
        retry_delays: tuple[float, ...] = RETRY_DELAYS,
        chance_seed: int = 0,
        message_bound: int = 5_000,
        ledger_bound: int = 20_000,
    ) -> None:
        self.app: SlackApp = read_app(manifest)
        self._address = (host, port)
        self._clock = clock
        self._seed = seed
        self._rates = rates or Rates()
        self._bounds = (message_bound, ledger_bound)
        workspace = self._settle()
        self.workspace = workspace
        self.live = Live(workspace, clock=clock)
        self.socket_mode = SocketMode(
            app_id=self.app.id,
            clock=clock,
            chance=random.Random(chance_seed),  # noqa: S311 - repeatable dice, no secret
            on_presence=self.live.presence,
        )
        self.deliveries = Deliveries(self.socket_mode, ack_seconds=ack_seconds, retry_delays=retry_delays)
        self.backend = Backend(
            app=self.app,
            workspace=workspace,
            views=Views(workspace, app_id=self.app.id, clock=clock),
            grants=self._grants(),
            triggers=Triggers(),
            response_urls=ResponseUrls(),
            limits=self._limits(),
            faults=Faults(),
            files=Files(workspace.ids),
            stats=Stats(),
            socket_mode=self.socket_mode,
            clock=clock,
        )
        self.events = Events(app=self.app, workspace=workspace, deliveries=self.deliveries, clock=clock)
        asking = Asking(backend=self.backend, deliveries=self.deliveries, notice=self.live.notice)
        self.interactions = Interactions(asking)
        self.modals = Modals(asking)
        self.client = Client(
            backend=self.backend,
            interactions=self.interactions,
            modals=self.modals,
            events=self.events,
            live=self.live,
        )
        self.hooks = Hooks(self.backend)
        self._http: SignedHttp | None = None
        self._stack = AsyncExitStack()
        self._listen()

    def _listen(self) -> None:
        self.client.connected = lambda: self._http is not None or self.socket_mode.connected
        self.workspace.listeners += [self.live.hear, self.events.hear]
        self.backend.on_throttle.append(self.live.limited)
        self.backend.on_revoke.append(self._revoked)

    def _settle(self) -> Workspace:
        message_bound, ledger_bound = self._bounds
        return settle(
            self._seed,
            app_name=self.app.name,
            clock=self._clock,
            message_bound=message_bound,
            ledger_bound=ledger_bound,
        )

    def _grants(self) -> Grants:
        return Grants(self.app, self.workspace.first_human().id)

    def _limits(self) -> Limits:
        return Limits(self._rates, {name: method.tier for name, method in METHODS.items()})

    def _revoked(self, event: str) -> None:
        detail = {"tokens": {"oauth": [], "bot": [self.workspace.bot.id]}} if event == "tokens_revoked" else {}
        self.events.emit(event, {"type": event, **detail})

    # -- what tests and the demo use -------------------------------------------------------------------------

    @property
    def url(self) -> str:
        """Where the page is, without a slash at the end."""
        return self.backend.url

    @property
    def api_url(self) -> str:
        """The ``base_url`` for a Slack client."""
        return f"{self.backend.url}/api/"

    @property
    def bot_token(self) -> str:
        """The token that calls the Web API."""
        return self.app.bot_token

    @property
    def app_token(self) -> str:
        """The token that opens Socket Mode connections."""
        return self.app.app_token

    @property
    def signing_secret(self) -> str:
        """The secret that signs requests to a request URL."""
        return self.app.signing_secret

    def channel_id(self, name: str) -> str:
        """The id of a channel by its name."""
        channel = self.workspace.channel_named(name.removeprefix("#"))
        if channel is None:
            raise KeyError(name)
        return channel.id

    def user_id(self, name: str) -> str:
        """The id of a person by their short name."""
        return next(person.id for person in self.workspace.people.values() if person.name == name)

    def fault(self, kind: Kind, **details: Any) -> Fault:
        """Put a fault in force; ``details`` are the fields of ``Fault``."""
        return self.backend.faults.add(Fault(kind=kind, **details))

    def deactivate(self, user: str) -> None:
        """Let a person leave the company."""
        self.workspace.people[user] = replace(self.workspace.person(user), deleted=True)

    async def deliver_to(self, request_url: str | None) -> None:
        """Deliver by signed HTTP to this URL from now on; by Socket Mode with None."""
        if self._http is not None:
            await self._http.close()
            self._http = None
        self.deliveries.transport = self.socket_mode
        if request_url is not None:
            self._http = SignedHttp(request_url, secret=self.app.signing_secret, clock=self._clock)
            self.deliveries.transport = self._http
        self.live.presence(connected=self.client.connected())

    async def verify_request_url(self) -> bool:
        """Whether the app answers the challenge that Slack sends to a new request URL."""
        return self._http is not None and await self._http.verify(secrets.token_urlsafe(16))

    async def reset(self) -> None:
        """Begin anew: the seed's workspace, no faults, counts or budgets used; connections stay."""
        await self.deliveries.close()
        self.workspace.adopt(self._settle())
        back = self.backend
        back.views = Views(self.workspace, app_id=self.app.id, clock=self._clock)
        back.grants = self._grants()
        back.triggers, back.response_urls = Triggers(), ResponseUrls()
        back.limits, back.stats = self._limits(), Stats()
        back.files = Files(self.workspace.ids)
        back.faults.clear()
        self.deliveries.undelivered.clear()

    # -- life ------------------------------------------------------------------------------------------------

    async def __aenter__(self) -> Self:
        """Listen."""
        application = web.Application(client_max_size=SIZE_LIMIT + 1024)
        control = Control(self.backend, reset=self.reset, deliver_to=self.deliver_to)
        for part in (WebApi(self.backend), self.hooks, OAuth(self.backend), control, self.client):
            application.add_routes(part.routes())
        application.router.add_get("/link/", self.socket_mode.accept)
        runner = web.AppRunner(application, access_log=None, shutdown_timeout=1.0)
        async with AsyncExitStack() as stack:
            await runner.setup()
            stack.push_async_callback(runner.cleanup)
            stack.push_async_callback(self._part)
            site = web.TCPSite(runner, *self._address)
            await site.start()
            host, port = runner.addresses[0][:2]
            self.backend.url = f"http://{host}:{port}"
            meter = asyncio.create_task(self.live.meter(), name="sandbox meter")
            stack.callback(meter.cancel)
            self._stack = stack.pop_all()
        return self

    async def _part(self) -> None:
        """Stop deliveries, then let pages and the app's sockets go, so that no handler is left waiting."""
        await self.deliveries.close()
        self.live.close()
        await self.socket_mode.close()
        await self.deliver_to(None)

    async def __aexit__(self, *_: object) -> None:
        """Stop listening."""
        await self._stack.aclose()
