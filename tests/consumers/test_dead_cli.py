"""`tidings dead` and `tidings replay` as an operator types them, on real servers."""

import asyncio
import json
import os
import pty
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from typer.testing import CliRunner, Result

from bot.core.cloudevent import encode
from bot.core.delivery import Attempt, Bury, Delivery, Lane, delivery_id
from bot.core.destination import Destination, SlackChannel, Webhook, destination_id
from bot.core.event import Position, Status, Unreadable
from bot.ports.outlet import Item
from bot.settings import Settings, variable
from bot.stores.deadletters import KafkaDeadLetters
from bot.wiring.stores import now_ms
from consumers import shell
from consumers.__main__ import app
from consumers.kafka import producer
from consumers.keeper import at_hand
from tests.consumers.test_cli import servers
from tests.walk.parts import cloudevent, event

__all__ = ["servers"]

HOOK = Webhook(team="T1", url="https://hooks.example.com/very/secret")
CHANNEL = SlackChannel(team="T1", channel="C024BE7LR")

pytestmark = pytest.mark.usefixtures("logging_put_back")


def tidings(*arguments: str) -> Result:
    return CliRunner().invoke(app, list(arguments))


@pytest.fixture(autouse=True)
def _wide_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    for console in (shell.out, shell.err):
        monkeypatch.setattr(console, "_width", 200)


def said(result: Result) -> str:
    return re.sub(r"\s+", " ", result.output)


@dataclass
class Place:
    """An installation with nothing running but its servers."""

    kafka: str
    redis: str

    @property
    def settings(self) -> Settings:
        return Settings(_env_file=None)

    def bury(
        self, number: int, to: Destination = HOOK, *, title: str = "", reason: str = "HTTP 500", hours: int = 0
    ) -> str:
        return asyncio.run(self._bury(number, to, title, reason, now_ms() - hours * 3_600_000))

    async def _bury(self, number: int, to: Destination, title: str, reason: str, at: int) -> str:
        one = event(number, status=Status.FAILED, result=title)
        place = destination_id(to)
        first = Attempt(
            at=at - 60_000, outcome="unknown", reason="no answer from https://hooks.slack.com/services/T/B/x"
        )
        delivery = Delivery(
            id=delivery_id(one.key, place), event=one.key, destination=place, appended=at - 90_000, history=(first,)
        )
        why = Bury(reason=reason, attempt=Attempt(at=at, outcome="refused", reason=reason))
        async with producer(self.kafka) as kafka:
            letters = KafkaDeadLetters(kafka, "inference.dead")
            await letters.buried(Item(delivery=delivery, body=encode(one)), to, why, lane=Lane(place))
        return delivery.id

    def spoil(self, offset: int) -> None:
        async def spoil() -> None:
            place = Position(topic="inference.events", partition=0, offset=offset)
            async with producer(self.kafka) as kafka:
                why = Unreadable(reason="value: is not JSON \x1b[31m")
                headers = [("source", b"x")]
                letters = KafkaDeadLetters(kafka, "inference.dead")
                await letters.unreadable(place, b"line one\n\xffline two", headers, why, key=b"k")
                await kafka.send_and_wait("inference.dead", b"?")

        asyncio.run(spoil())

    def publish(self, *values: bytes) -> None:
        async def publish() -> None:
            async with producer(self.kafka) as kafka:
                for value in values:
                    await kafka.send_and_wait("inference.events", value, key=b"k")

        asyncio.run(publish())

    def waiting(self) -> int:
        async def look() -> int:
            async with at_hand(self.settings) as kept:
                return (await kept.outbox.state()).deliveries

        return asyncio.run(look())


@pytest.fixture
def place(servers: tuple[str, str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Place:
    for name in Settings.model_fields:
        monkeypatch.delenv(variable(name), raising=False)
    monkeypatch.chdir(tmp_path)
    kafka, redis = servers
    monkeypatch.setenv("TIDINGS_KAFKA", kafka)
    monkeypatch.setenv("TIDINGS_REDIS", redis)

    async def create() -> None:
        admin = AIOKafkaAdminClient(bootstrap_servers=kafka)
        await admin.start()
        await admin.create_topics([NewTopic("inference.events", 2, 1), NewTopic("inference.dead", 2, 1)])
        await admin.close()

    asyncio.run(create())
    return Place(kafka, redis)


def listed(*arguments: str) -> list[dict[str, Any]]:
    result = tidings("dead", "list", "--json", *arguments)
    assert result.exit_code == 0, result.output
    found: list[dict[str, Any]] = json.loads(result.stdout)
    return found


def test_an_operator_lists_shows_replays_and_drops(place: Place) -> None:
    assert "No dead letters. All is well." in said(tidings("dead", "list"))
    one = place.bury(1, title="Chargeback", hours=3)
    two = place.bury(2, CHANNEL, reason="msg_too_long")
    place.spoil(7)

    table = tidings("dead", "list")
    assert "4 dead letters" in said(table)
    for part in (
        one[:12],
        two[:12],
        "Event 1 · fraud-scorer · failed",
        "https://hooks.example.com/…",
        "3h",
        "inference.events/0@7",
    ):
        assert part in said(table)
    assert "secret" not in table.output
    assert "\x1b" not in table.output

    assert [letter["kind"] for letter in listed()] == ["garbled", "unread", "buried", "buried"]
    assert [letter["id"] for letter in listed("status:failed", "--since", "2h")] == [two]
    assert [letter["id"] for letter in listed("--until", "2h")] == [one]
    assert [letter["id"] for letter in listed("--destination", "hooks.example")] == [one]
    assert [letter["id"] for letter in listed("--reason", "TOO_LONG")] == [two]
    assert "the newest 1 of 4 dead letters" in said(tidings("dead", "list", "--limit", "1"))
    assert "No dead letters match." in said(tidings("dead", "list", "status:completed"))

    page = tidings("dead", "show", one[:6])
    assert page.exit_code == 0
    for part in ("HTTP 500", "unknown", "+ 30.0 s", "+ 90.0 s", '"status": "failed"', "https://hooks.example.com/…"):
        assert part in said(page)
    assert "may have arrived" in said(page)
    assert "secret" not in page.output
    assert "services/T/B/x" not in page.output
    record = tidings("dead", "show", "inference.events/0@7")
    assert "line one\n" in record.output
    assert "\\xffline two" in record.output
    assert "\x1b" not in record.output
    assert "can only be dropped" in said(tidings("dead", "show", "inference.dead/"))
    shown = json.loads(tidings("dead", "show", one, "--json").stdout)
    assert (shown["event"]["id"], shown["to"]) == ("e1", "https://hooks.example.com/…")

    dry = tidings("dead", "replay", "--filter", "", "--dry-run", "--json")
    assert json.loads(dry.stdout) == {"dry_run": True, "buried": 2, "unread": 1, "garbled": 1}
    assert "2 deliveries and 1 record to replay; 1 letter can't be read and stay" in said(dry)
    assert (len(listed()), place.waiting()) == (4, 0)

    done = tidings("dead", "replay", one[:8], "--yes", "--json")
    assert json.loads(done.stdout)["deliveries"] == {"entered": 1, "waiting": 0, "delivered": 0}
    assert (len(listed()), place.waiting()) == (3, 1)
    assert "1 record back in inference.events" in said(tidings("dead", "replay", "inference.events/", "--yes"))
    dropped = tidings("dead", "drop", "--since", "1d", "--yes", "--json")
    assert json.loads(dropped.stdout) == {"dry_run": False, "dropped": 2}
    assert listed() == []


def test_events_of_the_past_are_replayed(place: Place) -> None:
    place.publish(*(cloudevent(number, status="failed" if number % 2 else "completed") for number in range(6)))
    plan = tidings(
        "replay", "--since", "1h", "--filter", "status:failed", "--to", "#C024BE7LR", "--team", "T1", "--dry-run"
    )
    assert plan.exit_code == 0
    assert "3 matching events of 6 records, 3 deliveries, 0 delivered already (left out; --again sends them)" in said(
        plan
    )
    assert "3 deliveries to send" in said(plan)
    assert "no longer known" not in said(plan)
    assert place.waiting() == 0
    done = tidings("replay", "--since", "2d", "--to", "#C024BE7LR", "--team", "T1", "--yes", "--json")
    assert "more than 24 hours ago is no longer known and will be sent again" in said(done)
    found = json.loads(done.stdout)
    assert (found["events"], found["entered"], place.waiting()) == (6, 6, 6)
    assert "0 deliveries to send" in said(tidings("replay", "--since", "1h", "--subscriptions"))


MISTAKES = [
    (("dead", "list", "colour:red"), "colour"),
    (("dead", "list", "--since", "soon"), "2h, 15m, 3d, yesterday or 2026-11-23T10:00Z"),
    (("dead", "show", "zz"), "no open dead letter begins with 'zz'; `tidings dead list` shows what there is"),
    (("dead", "replay"), "say which"),
    (("dead", "drop", "--yes"), "say which"),
    (("replay",), "--since"),
    (("replay", "--since", "2h", "--until", "3h"), "--until 3h is not after --since 2h"),
    (("replay", "--since", "2h", "--to", "#general"), "#C024BE7LR"),
    (("replay", "--since", "2h", "--to", "https://localhost/x", "--team", "T1"), "local to a machine"),
    (("replay", "--since", "2h", "--to", "C024BE7LR", "--subscriptions"), "give one of them"),
]


@pytest.mark.usefixtures("place")
def test_what_cannot_be_done_is_said_with_the_remedy() -> None:
    for arguments, complaint in MISTAKES:
        result = tidings(*arguments)
        assert result.exit_code == 2, arguments
        assert complaint in said(result)
        assert "Traceback" not in result.output


def test_without_a_terminal_nothing_is_done_unless_told_so(place: Place) -> None:
    identity = place.bury(1)
    for act in ("replay", "drop"):
        result = tidings("dead", act, identity)
        assert result.exit_code == 2
        assert "--yes" in said(result)
    assert len(listed()) == 1


def test_on_a_terminal_it_asks(place: Place) -> None:
    identity = place.bury(1)
    assert (drop_at_a_terminal(identity, b"n\n"), len(listed())) == (1, 1)
    assert (drop_at_a_terminal(identity, b"y\n"), len(listed())) == (0, 0)


def drop_at_a_terminal(identity: str, answer: bytes) -> int:
    master, slave = pty.openpty()
    try:
        child = subprocess.Popen(
            [sys.executable, "-m", "consumers", "dead", "drop", identity],
            stdin=slave,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=dict(os.environ),
        )
        os.write(master, answer)
        _, told = child.communicate(timeout=90)
    finally:
        os.close(master)
        os.close(slave)
    assert b"1 dead letter to drop" in told
    assert b"Go on?" in told
    return child.returncode


def test_kafka_away_is_said_with_the_remedy(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TIDINGS_KAFKA", "127.0.0.1:1")
    result = tidings("dead", "list")
    assert result.exit_code == 2
    assert "Start it, or set TIDINGS_KAFKA (now 127.0.0.1:1)" in said(result)
