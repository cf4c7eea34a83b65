"""The description holds: independent validators, and thousands of requests made from it against the real server."""

import asyncio
import threading
from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from hypothesis import strategies as st
from openapi_spec_validator import OpenAPIV31SpecValidator
from redis.asyncio import Redis
from schemathesis.config import SchemathesisConfig

from bot.core.apikey import PATTERN, Scope
from bot.stores.keys import Keys
from bot.web.api.openapi import document
from bot.web.api.table import ENDPOINTS, PREFIX
from tests.edges.web.api.office import BOSS, Office

EXAMPLES = 12
"""Requests of each kind for each endpoint."""


class Running(threading.Thread):
    """The server in a loop of its own: schemathesis's client blocks."""

    def __init__(self, valkey: str) -> None:
        super().__init__(daemon=True)
        self._valkey = valkey
        self._up = threading.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stop: asyncio.Event | None = None
        self.url = ""
        self.key = ""

    def run(self) -> None:
        asyncio.run(self._serve())

    async def _serve(self) -> None:
        self._loop, self._stop = asyncio.get_running_loop(), asyncio.Event()
        async with Redis(unix_socket_path=self._valkey, protocol=3) as redis:
            office = Office(redis, Keys("openapi"))
            self.key = await office.key(Scope.ADMIN, user=BOSS)
            async with office.open() as self.url:
                self._up.set()
                await self._stop.wait()

    def __enter__(self) -> "Running":
        self.start()
        assert self._up.wait(20)
        return self

    def __exit__(self, *_: object) -> None:
        assert self._loop is not None
        assert self._stop is not None
        self._loop.call_soon_threadsafe(self._stop.set)
        self.join(20)
        assert not self.is_alive()


@pytest.fixture(scope="module")
def running(valkey: str) -> Iterator[Running]:
    with Running(valkey) as up:
        yield up


def test_an_independent_validator_takes_it() -> None:
    assert list(OpenAPIV31SpecValidator(document()).iter_errors()) == []


def test_every_endpoint_is_described_with_its_scope_and_its_refusals() -> None:
    described = document()["paths"]
    for one in ENDPOINTS:
        operation = described[PREFIX + one.path][one.method.lower()]
        assert operation["operationId"] == one.name
        assert str(one.scope) in operation["description"]
        assert {"401", "403", "503", str(one.status)} <= set(operation["responses"])
    assert sum(len(operations) for operations in described.values()) == len(ENDPOINTS)
    assert document()["components"]["securitySchemes"]["key"]["bearerFormat"] == PATTERN


def test_the_service_tells_it_to_whoever_asks(running: Running) -> None:
    import httpx

    answer = httpx.get(f"{running.url}{PREFIX}/openapi.json")
    assert answer.json() == document()


@pytest.fixture(scope="module")
def formats() -> None:
    words = st.sampled_from(
        ["", "status:failed", "model:fraud-* -tag:test", '"chargeback" confidence<0.8', "cost>=0.1"]
    )
    schemathesis.openapi.format("tidings-filter", words)
    schemathesis.openapi.format(
        "tidings-webhook", st.from_regex(r"https://[a-z]{1,10}\.example\.com/[a-z0-9]{0,9}", fullmatch=True)
    )
    schemathesis.openapi.format("tidings-quiet", st.sampled_from(["22:00-07:00", "9:30-10:15"]))
    schemathesis.openapi.format(
        "tidings-future", st.sampled_from(["2027-06-01T00:00:00Z", "2028-01-01T12:00:00+02:00"])
    )


def test_the_service_keeps_to_it_whatever_is_sent(running: Running, formats: None) -> None:
    loaded: Any = schemathesis.openapi.from_dict(document(), config=SchemathesisConfig())
    loaded.config.update(base_url=running.url)
    seen: set[str] = set()
    for result in loaded.get_all_operations():
        operation = result.ok()

        @schemathesis_settings
        def check(case: Any) -> None:
            response = case.call_and_validate(headers={"Authorization": f"Bearer {running.key}"})
            seen.add(f"{case.method} {case.path} {response.status_code}")

        operation.as_strategy  # noqa: B018
        check(operation)
    assert seen
