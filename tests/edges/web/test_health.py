import asyncio
import time
from collections.abc import AsyncIterator

import pytest
from aiohttp import ClientSession
from prometheus_client.parser import text_string_to_metric_families

from bot.telemetry import Metrics
from bot.web.health import Check, Health, LoopLag
from bot.web.server import Server
from tests.edges.web.browsers import until


async def fine() -> None:
    pass


async def broken() -> None:
    raise ConnectionError("redis://user:hunter2@10.0.0.1 refused the connection")


async def speechless() -> None:
    raise LookupError


async def hangs() -> None:
    await asyncio.Event().wait()


@pytest.fixture
async def lag(metrics: Metrics) -> AsyncIterator[LoopLag]:
    async with LoopLag(metrics) as lag:
        yield lag


async def answer(health: Health, path: str) -> tuple[int, object]:
    async with (
        Server(health.routes(), host="127.0.0.1", port=0) as url,
        ClientSession(url) as http,
        http.get(path) as response,
    ):
        return response.status, await response.json()


async def test_a_process_that_answers_is_alive_whatever_it_depends_on(metrics: Metrics, lag: LoopLag) -> None:
    status, said = await answer(Health(metrics, lag, {"redis": broken}), "/healthz")
    assert status == 200
    assert said == {"ok": True, "loop_lag_seconds": {"last": 0.0, "worst": 0.0}}


async def test_ready_when_every_dependency_is_fine(metrics: Metrics, lag: LoopLag) -> None:
    checks: dict[str, Check] = {"kafka": fine, "redis": fine}
    assert await answer(Health(metrics, lag, checks), "/readyz") == (
        200,
        {"ready": True, "checks": {"kafka": {"ok": True}, "redis": {"ok": True}}},
    )


async def test_not_ready_says_which_and_why_without_secrets_and_waits_for_nobody(
    metrics: Metrics, lag: LoopLag
) -> None:
    checks: dict[str, Check] = {"kafka": hangs, "redis": broken, "slack": fine, "odd": speechless}
    assert await answer(Health(metrics, lag, checks, patience=0.05), "/readyz") == (
        503,
        {
            "ready": False,
            "checks": {
                "kafka": {"ok": False, "why": "no answer within 0.05 s"},
                "redis": {"ok": False, "why": "redis://…@10.0.0.1 refused the connection"},
                "slack": {"ok": True},
                "odd": {"ok": False, "why": "LookupError"},
            },
        },
    )


async def test_the_metrics_are_served_as_prometheus_reads_them(metrics: Metrics, lag: LoopLag) -> None:
    metrics.deliveries_settled.labels("slack", "done").inc(2)
    async with Server(Health(metrics, lag, {}).routes(), host="127.0.0.1", port=0) as url, ClientSession(url) as http:
        async with http.get("/metrics") as response:
            assert response.content_type == "text/plain"
            families = {f.name: f for f in text_string_to_metric_families(await response.text())}
        async with http.get("/metrics", headers={"Accept": "application/openmetrics-text; version=1.0.0"}) as response:
            assert response.content_type == "application/openmetrics-text"
    (sample,) = [s for s in families["tidings_deliveries_settled"].samples if s.name.endswith("_total")]
    assert (sample.labels, sample.value) == ({"outlet": "slack", "step": "done"}, 2.0)


async def test_a_blocked_loop_is_seen(metrics: Metrics, lag: LoopLag) -> None:
    until_the_probe_is_late = time.monotonic() + 0.4
    while time.monotonic() < until_the_probe_is_late:
        pass
    await until(lambda: lag.worst > 0)
    assert 0.1 < lag.worst < 2
    assert metrics.registry.get_sample_value("tidings_loop_lag_seconds_bucket", {"le": "0.1"}) == 0
    assert metrics.registry.get_sample_value("tidings_loop_lag_seconds_count") == 1
