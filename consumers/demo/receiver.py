"""A webhook endpoint as a customer would write it: checks the signature with the reference library, answers 204."""

import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import orjson
from aiohttp import web
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

Seen = Callable[[str, float], None]
"""Called with a CloudEvents id and the time, in seconds since the epoch, for each request that verifies."""


class Receiver:
    """Verifies and counts. `secret` is set once the subscription exists; requests before that are refused.

    With another `status` than 204 it answers that, and has seen nothing.
    """

    def __init__(self, seen: Seen) -> None:
        self._seen = seen
        self.secret: str | None = None
        self.url = ""
        self.refused = 0
        self.status = 204

    async def take(self, request: web.Request) -> web.Response:
        """Check one request; 401 for a signature that does not verify."""
        body = await request.read()
        try:
            if self.secret is None:
                raise WebhookVerificationError("no secret yet")
            Webhook(self.secret).verify(body, dict(request.headers))
        except WebhookVerificationError as error:
            self.refused += 1
            return web.Response(status=401, text=str(error))
        if self.status != 204:  # noqa: PLR2004 (No Content)
            return web.Response(status=self.status)
        self._seen(orjson.loads(body)["id"], time.time())
        return web.Response(status=204)


@asynccontextmanager
async def receiver(seen: Seen, *, host: str = "127.0.0.1", port: int = 0) -> AsyncIterator[Receiver]:
    """Listen on loopback until left."""
    made = Receiver(seen)
    app = web.Application()
    app.router.add_post("/inference-events", made.take)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    try:
        site = web.TCPSite(runner, host, port)
        await site.start()
        _, bound = runner.addresses[0][:2]
        made.url = f"http://{host}:{bound}/inference-events"
        yield made
    finally:
        await runner.cleanup()
