"""What an operator's probes ask: is the process alive, can it work, and how is it doing."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Final, Self, TypeAlias

from aiohttp import hdrs, web
from prometheus_client.exposition import choose_encoder

from bot.core.redaction import redact_text
from bot.telemetry import Metrics

PROBE_SECONDS: Final = 0.25
CHECK_SECONDS: Final = 2.0

Check: TypeAlias = Callable[[], Awaitable[None]]
"""Looks at one dependency: returns when it is fine, raises with the reason when it is not."""


class LoopLag:
    """Measures how late the event loop runs a timer, four times a second. `last` and `worst` are in seconds."""

    def __init__(self, metrics: Metrics) -> None:
        self._observe = metrics.loop_lag_seconds.observe
        self._timer: asyncio.TimerHandle | None = None
        self.last = 0.0
        self.worst = 0.0

    async def __aenter__(self) -> Self:
        """Start measuring."""
        self._again()
        return self

    async def __aexit__(self, *_: object) -> None:
        """Stop measuring."""
        if self._timer is not None:
            self._timer.cancel()

    def _again(self) -> None:
        loop = asyncio.get_running_loop()
        due = loop.time() + PROBE_SECONDS
        self._timer = loop.call_at(due, self._measure, due)

    def _measure(self, due: float) -> None:
        self.last = max(0.0, asyncio.get_running_loop().time() - due)
        self.worst = max(self.worst, self.last)
        self._observe(self.last)
        self._again()


class Health:
    """`GET /healthz`, `/readyz` and `/metrics`. Each check has `patience` seconds; one that takes longer has failed."""

    def __init__(
        self, metrics: Metrics, lag: LoopLag, checks: Mapping[str, Check], *, patience: float = CHECK_SECONDS
    ) -> None:
        self._metrics = metrics
        self._lag = lag
        self._checks = dict(checks)
        self._patience = patience

    def routes(self) -> list[web.RouteDef]:
        """For the server."""
        return [web.get("/healthz", self.alive), web.get("/readyz", self.ready), web.get("/metrics", self.metrics)]

    async def alive(self, _request: web.Request) -> web.Response:
        """The process answers. That alone is the check: whoever hears nothing may restart it."""
        lag = {"last": round(self._lag.last, 4), "worst": round(self._lag.worst, 4)}
        return web.json_response({"ok": True, "loop_lag_seconds": lag})

    async def ready(self, _request: web.Request) -> web.Response:
        """Every dependency by name; 503 when any is not fine."""
        reasons = await asyncio.gather(*(self._why_not(check) for check in self._checks.values()))
        named = zip(self._checks, reasons, strict=True)
        checks = {name: {"ok": True} if why is None else {"ok": False, "why": why} for name, why in named}
        ready = not any(reasons)
        return web.json_response({"ready": ready, "checks": checks}, status=200 if ready else 503)

    async def metrics(self, request: web.Request) -> web.Response:
        """The metrics in the format that the scraper prefers."""
        encode, content_type = choose_encoder(request.headers.get(hdrs.ACCEPT, ""))
        return web.Response(body=encode(self._metrics.registry), headers={hdrs.CONTENT_TYPE: content_type})

    async def _why_not(self, check: Check) -> str | None:
        """Whatever a check raises is its answer: a probe must not fail because what it looks at does."""
        try:
            async with asyncio.timeout(self._patience):
                await check()
        except TimeoutError:
            return f"no answer within {self._patience:g} s"
        except Exception as error:  # noqa: BLE001  # see above
            return redact_text(str(error)) or type(error).__name__
        return None
