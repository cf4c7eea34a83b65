"""What browsers read."""

import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from bot.settings import Settings
from bot.telemetry import Metrics
from bot.web.access import Access
from bot.web.gateway import Gateway
from bot.web.streams import Streams
from bot.web.tickets import LocalTickets


@asynccontextmanager
async def streams(settings: Settings, metrics: Metrics) -> AsyncIterator[tuple[Gateway, Streams]]:
    """The gateway for browsers and its routes. An empty token in the settings closes them to everyone."""
    tickets = LocalTickets()
    token = settings.stream_token.get_secret_value() or secrets.token_urlsafe(32)
    access = Access(token, settings.stream_origins, tickets)
    async with Gateway(metrics) as gateway:
        yield gateway, Streams(gateway, access, tickets)
