"""A webhook receiver as a process of its own: checks signatures, keeps a ledger, and behaves badly when told to.

`python -m consumers.chaos.receiver --ledger FILE` prints its URL. `POST /control/secrets` takes path → secret, and
`POST /control/mood` a mood for a path: how requests are treated until a time, or each webhook-id once (`once`), so that
its next attempt passes and an audit need not wait for the second wait of the schedule, which is minutes.
"""

import argparse
import asyncio
import signal
import sys
import time
from dataclasses import dataclass, field
from hashlib import blake2b
from http import HTTPStatus
from io import FileIO
from pathlib import Path
from typing import Any, Literal, TypeAlias

import orjson
from aiohttp import web
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

Kind: TypeAlias = Literal["ok", "hang", "reset", "status"]


@dataclass(slots=True, kw_only=True)
class Mood:
    """How a path treats requests: `hang` for `seconds`, `reset` the connection, or answer `status`.

    It lasts until `until`, in seconds since the epoch. With `once`, a webhook-id that was treated so passes afterwards.
    """

    kind: Kind = "ok"
    until: float = 0.0
    seconds: float = 0.0
    status: int = HTTPStatus.SERVICE_UNAVAILABLE
    once: bool = True
    met: set[str] = field(default_factory=set)

    def hits(self, webhook: str, now: float) -> bool:
        """Whether the request suffers; counts it if so."""
        if self.kind == "ok" or now > self.until or (self.once and webhook in self.met):
            return False
        self.met.add(webhook)
        return True


class Receiver:
    """Verifies, notes and answers. One line of the ledger is one request, written when it is over."""

    def __init__(self, ledger: FileIO) -> None:
        self._ledger = ledger
        self._secrets: dict[str, str] = {}
        self._moods: dict[str, Mood] = {}
        self._met: dict[str, set[str]] = {}
        self._open = 0

    def routes(self) -> list[web.RouteDef]:
        """Everything it answers."""
        return [
            web.post("/control/secrets", self._set_secrets),
            web.post("/control/mood", self._set_mood),
            web.get("/control/open", self._count_open),
            web.post("/{path}", self._take),
        ]

    async def _set_secrets(self, request: web.Request) -> web.Response:
        self._secrets |= await request.json()
        return web.Response(status=204)

    async def _set_mood(self, request: web.Request) -> web.Response:
        body: dict[str, Any] = await request.json()
        path = body.pop("path")
        self._moods[path] = Mood(**body, met=self._met.setdefault(path, set()))
        return web.Response(status=204)

    async def _count_open(self, _: web.Request) -> web.Response:
        return web.json_response({"open": self._open})

    async def _take(self, request: web.Request) -> web.StreamResponse:
        path, opened = request.match_info["path"], time.time()
        self._open += 1
        line: dict[str, Any] = {"path": path, "opened": opened, "id": request.headers.get("webhook-id", "")}
        try:
            body = await request.read()
            status = await self._judge(path, request, body, line)
            line["status"] = status
            response = web.Response(status=status)
            cut = _cut(request)
            await response.prepare(request)
            await response.write_eof()
            line["cut"] = cut or _cut(request)
        except BaseException as error:
            line |= {"cut": True, "error": type(error).__name__}
            raise
        else:
            return response
        finally:
            self._open -= 1
            self._ledger.write(orjson.dumps({**line, "answered": time.time()}) + b"\n")

    async def _judge(self, path: str, request: web.Request, body: bytes, line: dict[str, Any]) -> int:
        """Give the status to answer with, after whatever the mood does."""
        try:
            Webhook(self._secrets[path]).verify(body, dict(request.headers))
        except (KeyError, WebhookVerificationError):
            return HTTPStatus.UNAUTHORIZED
        line |= {"event": orjson.loads(body)["id"], "body": blake2b(body, digest_size=8).hexdigest()}
        mood = self._moods.get(path)
        if mood is None or not mood.hits(line["id"], line["opened"]):
            return HTTPStatus.NO_CONTENT
        line["mood"] = mood.kind
        match mood.kind:
            case "hang":
                await asyncio.sleep(mood.seconds)
            case "reset" if request.transport is not None:
                request.transport.abort()
            case "status":
                return mood.status
            case _:
                pass
        return HTTPStatus.NO_CONTENT


def _cut(request: web.Request) -> bool:
    return request.transport is None or request.transport.is_closing()


async def serve(ledger: Path, port: int) -> None:
    """Listen on loopback until SIGTERM or SIGINT."""
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    with FileIO(ledger, "a") as file:
        app = web.Application()
        app.add_routes(Receiver(file).routes())
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.5)
        await runner.setup()
        try:
            await web.TCPSite(runner, "127.0.0.1", port).start()
            sys.stdout.write(f"http://127.0.0.1:{runner.addresses[0][1]}\n")
            sys.stdout.flush()
            await stop.wait()
        finally:
            await runner.cleanup()


def main() -> None:
    """Run a receiver."""
    parser = argparse.ArgumentParser(prog="python -m consumers.chaos.receiver", description=__doc__)
    parser.add_argument("--ledger", type=Path, required=True, help="file that gets a line of JSON a request")
    parser.add_argument("--port", type=int, default=0, help="on 127.0.0.1; 0 takes a free one")
    options = parser.parse_args()
    asyncio.run(serve(options.ledger, options.port))


if __name__ == "__main__":
    main()
