"""The description holds: an independent validator, and requests made from it by schemathesis to the real server."""

import asyncio
import os
import sys
from pathlib import Path

from aiohttp import ClientSession
from openapi_spec_validator import OpenAPIV31SpecValidator

from bot.core.apikey import PATTERN, Scope
from bot.web.api.openapi import document, openapi
from bot.web.api.table import ENDPOINTS, PREFIX
from tests.edges.web.api.office import BOSS, Client, Office

ROOT = Path(__file__).parents[4]
EXAMPLES = 3
"""Random requests of each kind for each endpoint, beside those for each bound of each field."""
CONFIG = """
[checks.positive_data_acceptance]
expected-statuses = ["2xx", 401, 403, 404, 409, 412]
"""
"""What may be answered to what fits its schema: 412, for nobody can guess an ETag."""


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


async def test_the_service_tells_it_to_whoever_asks(office: Office) -> None:
    async with office.open() as url, ClientSession() as http, http.get(f"{url}{PREFIX}/openapi.json") as answer:
        assert await answer.json() == document()


async def test_the_service_keeps_to_it_whatever_is_sent(office: Office, ana: Client, tmp_path: Path) -> None:
    await ana.subscribe()
    office.slack.everywhere = True
    (tmp_path / "schemathesis.toml").write_text(CONFIG, encoding="utf-8")
    described = tmp_path / "openapi.json"
    described.write_text(openapi(), encoding="utf-8")
    key = await office.key(Scope.ADMIN, user=BOSS)
    async with office.open() as url:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "schemathesis.cli", "run", str(described), "--url", url),
            *("--header", f"Authorization: Bearer {key}", "--checks", "all", "--max-examples", str(EXAMPLES)),
            *("--phases", "examples,coverage,fuzzing", "--generation-database", "none", "--no-color", "--seed", "1"),
            *("--continue-on-failure", "--warnings", "off"),
            cwd=tmp_path,
            env={**os.environ, "SCHEMATHESIS_HOOKS": "tests.edges.web.api.formats", "PYTHONPATH": str(ROOT)},
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        told, _ = await process.communicate()
    assert process.returncode == 0, told.decode()
