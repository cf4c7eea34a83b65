"""The receiver as a process: what it verifies, how it behaves badly, and what its ledger says of it."""

import asyncio
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import aiohttp
import orjson
import pytest
from standardwebhooks.webhooks import Webhook

from consumers.chaos.ledgers import Ledgers, Remarks
from consumers.demo.workspace import Workspace
from consumers.embedded.servers import child

SECRET = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD"


@dataclass(frozen=True)
class Rig:
    url: str
    session: aiohttp.ClientSession
    path: Path

    async def post(self, webhook: str, *, event: str = "e1", secret: str = SECRET, seconds: float = 5) -> int:
        body, now = orjson.dumps({"id": event}), datetime.now(UTC)
        headers = {
            "webhook-id": webhook,
            "webhook-timestamp": str(int(now.timestamp())),
            "webhook-signature": Webhook(secret).sign(webhook, now, body.decode()),
        }
        timeout = aiohttp.ClientTimeout(total=seconds)
        async with self.session.post(f"{self.url}/all", data=body, headers=headers, timeout=timeout) as answer:
            return answer.status

    async def mood(self, **mood: Any) -> None:
        body = {"path": "all", "until": time.time() + 60, **mood}
        async with self.session.post(f"{self.url}/control/mood", json=body) as answer:
            assert answer.status == 204

    async def closed(self) -> None:
        async with asyncio.timeout(10):
            while True:
                async with self.session.get(f"{self.url}/control/open") as answer:
                    if (await answer.json())["open"] == 0:
                        return

    async def ledgers(self) -> Ledgers:
        """A line is written once its request is over, a moment after its answer."""
        await self.closed()
        made = Ledgers(Workspace("http://unused", self.session), self.path.parent, {"C1": "alerts"}, list)
        made.read_webhooks()
        return made


@pytest.fixture
async def rig(tmp_path: Path) -> AsyncIterator[Rig]:
    path = tmp_path / "webhooks.jsonl"
    async with (
        child("consumers.chaos.receiver", ["--ledger", str(path)], log=tmp_path / "log") as url,
        aiohttp.ClientSession() as session,
    ):
        async with session.post(f"{url}/control/secrets", json={"all": SECRET}) as answer:
            assert answer.status == 204
        yield Rig(url, session, path)


async def test_only_what_verifies_is_a_delivery(rig: Rig) -> None:
    assert await rig.post("w1") == 204
    assert await rig.post("w2", secret="whsec_" + "A" * 32) == 401
    found = await rig.ledgers()
    assert [(one.place, one.event, one.webhook, one.status) for one in found.requests] == [
        ("hook all", "e1", "w1", 204)
    ]
    assert found.seen == {("hook all", "e1")}
    assert found.unverified == 1


async def test_a_webhook_id_suffers_once_and_then_passes(rig: Rig) -> None:
    await rig.mood(kind="status", status=502)
    assert [await rig.post("w1"), await rig.post("w1"), await rig.post("w2")] == [502, 204, 502]
    await rig.mood(kind="status", status=503, once=False)
    assert [await rig.post("w1"), await rig.post("w1")] == [503, 503]
    await rig.mood(kind="status", status=503, once=False, until=0)
    assert await rig.post("w1") == 204


async def test_a_reset_and_a_hang_that_outlasts_the_client_are_answered_by_nothing(rig: Rig) -> None:
    await rig.mood(kind="reset")
    with pytest.raises(aiohttp.ClientError):
        await rig.post("w1")
    await rig.mood(kind="hang", seconds=0.3)
    with pytest.raises(TimeoutError):
        await rig.post("w2", event="e2", seconds=0.1)
    found = await rig.ledgers()
    assert {one.webhook: one.status for one in found.requests} == {"w1": None, "w2": None}
    assert not found.seen


async def test_a_line_that_is_still_being_written_is_read_once_it_is_whole(rig: Rig) -> None:
    await rig.post("w1")
    ledgers = await rig.ledgers()
    line = rig.path.read_bytes()
    with rig.path.open("ab") as file:
        file.write(line[:20])
    ledgers.read_webhooks()
    assert len(ledgers.requests) == 1
    with rig.path.open("ab") as file:
        file.write(line[20:])
    ledgers.read_webhooks()
    assert len(ledgers.requests) == 2


def test_logs_tell_of_takeovers_and_of_what_should_never_happen(tmp_path: Path) -> None:
    log = tmp_path / "member.log"
    log.write_text(
        'tidings is ready\n{"event": "leases_expired", "lanes": 3}\n{"event": "leases_expired", "lanes": 2}\n'
        '{"event": "buried"}\n{"event": "turn_failed"}\nTraceback (most recent call last):\n  File "x"\n'
    )
    remarks = Remarks([log])
    assert remarks.takeovers == 5
    assert remarks.counts["buried"] == 1
    assert remarks.alarms == {"turn_failed": 1, "traceback": 1}
