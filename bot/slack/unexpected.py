"""Requests that no listener asked for: acknowledged, so that Slack neither repeats them nor alarms the person."""

import re
from typing import Any

import structlog
from slack_bolt.async_app import AsyncApp
from slack_bolt.context.ack.async_ack import AsyncAck

log = structlog.get_logger()

_ANY = re.compile("")


def listen(bolt: AsyncApp) -> None:
    """Register what catches all the rest; the last of the listeners, since the first that fits wins."""

    @bolt.event(_ANY)
    @bolt.action(_ANY)
    @bolt.view_submission(_ANY)
    @bolt.view_closed(_ANY)
    @bolt.shortcut(_ANY)
    @bolt.command(_ANY)
    async def anything(ack: AsyncAck, body: dict[str, Any]) -> None:
        # A button that opens a link sends a click as well, so this is no news.
        log.debug("request_unexpected", kind=body.get("type") or body.get("command"))
        await ack()

    @bolt.options(_ANY)
    async def options(ack: AsyncAck) -> None:
        await ack(options=[])
